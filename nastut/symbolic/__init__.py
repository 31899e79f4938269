"""A cell's formulas, both ways: from the tree to equations, and from equations to a tree.

What needs sympy enters here, nothing that needs torch. Open ``formulas.py`` first; ``linearize.py``
is the way back, by ``reading.py`` and ``layout.py``.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
