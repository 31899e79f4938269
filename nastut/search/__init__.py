"""What to try next: the controller, the strategies, and the one loop of every search.

A strategy proposes cells and hears their rewards; it neither trains nor writes files. Open
``loop.py`` first; ``strategies.py`` has the two shortest strategies.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
