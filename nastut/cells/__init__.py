"""What a cell is: its operations, its tokens, its tree, and the one walk that gives it meaning.

Only what holds for every use of a cell enters here; numbers come from NumPy, torch or sympy through
``number_systems``. Open ``cell.py`` first, then ``evaluate.py``: it alone says what a cell means.
"""

from nastut.names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
