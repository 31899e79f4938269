"""Cells that have a name, and layers with weights from elsewhere.

A cell enters with its source; another library's weights enter by one function in ``weights.py``.
Open ``named.py`` first.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
