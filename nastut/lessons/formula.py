"""Judging a formula: whether it equals another, and what else may be wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from nastut.lessons.exercise import close


def same_formula(answer: Any, wanted: sp.Expr) -> bool:
    """Tell whether two formulas have the same letters and agree at random points."""
    formula = sp.sympify(answer)
    symbols = sorted(wanted.free_symbols, key=str)
    if not formula.free_symbols <= set(symbols):
        return False
    both = sp.lambdify(symbols, [formula, wanted], modules="math")
    rng = np.random.default_rng(0)
    return all(close(*map(float, both(*rng.normal(size=len(symbols))))) for _ in range(20))


def about_formula(answer: Any, letters: set[sp.Symbol], spelled: str) -> str:
    """Say what keeps an answer from being a formula in the given letters.

    Parameters
    ----------
    spelled
        How the learner writes the letters.
    """
    if isinstance(answer, sp.Equality):
        return "give only what stands to the right of the equals sign"
    if not isinstance(answer, sp.Expr):
        return f"a sympy formula is expected, this is {type(answer).__name__}"
    foreign = sorted(map(str, answer.free_symbols - letters))
    if foreign:
        return f"use the letters {spelled}; these are others: {', '.join(foreign)}"
    return "not right, and no slip that is known here; see the hint"
