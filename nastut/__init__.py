"""nastut: a recurrent cell is a small tree, and everything else is a view of it.

Names load when they are first used (see ``__init__.pyi`` for the list), so that
drawing a cell does not wait for torch.
"""

import lazy_loader as lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
