"""nastut: a recurrent cell is a small tree, and everything else is a view of it.

Names load when they are first used (see ``__init__.pyi`` for the list), so that
drawing a cell does not wait for torch.
"""

from nastut.names import attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(__name__, __file__)
