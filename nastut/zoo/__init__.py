"""Cells that have a name, and layers with weights from elsewhere.

A cell enters with its source; another library's weights enter by one function in ``weights.py``.
Open ``named.py`` first.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
