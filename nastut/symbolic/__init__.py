"""A cell's formulas, both ways: from the tree to equations, and from equations to a tree.

What needs sympy belongs here, nothing that needs torch. Open ``formulas.py`` first;
``linearize.py`` is the inverse, by ``reading.py`` and ``layout.py``.
"""
