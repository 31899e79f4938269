"""Cells that have a name, and layers with weights from elsewhere.

A new cell needs its source; weights of another library need one function in ``weights.py``.
Open ``named.py`` first.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
