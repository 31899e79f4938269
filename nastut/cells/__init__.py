"""What a cell is: its operations, its tokens, its tree, and the one walk that gives it meaning.

Only what holds for every use of a cell belongs here; numbers come from NumPy, torch or sympy
through ``number_systems``. Open ``cell.py`` first, then ``evaluate.py``, which alone says what a
cell means.
"""
