"""Judging a formula: whether it equals another, and what else may be wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from nastut.lessons.plain import close


def same_formula(answer: Any, wanted: sp.Expr) -> bool:
    """Tell whether two formulas have the same letters and agree at random points."""
    formula = _in_letters_of(answer, wanted.free_symbols)
    symbols = sorted(wanted.free_symbols, key=str)
    if not formula.free_symbols <= set(symbols):
        return False
    rng = np.random.default_rng(0)
    for _ in range(12):
        point = dict(zip(symbols, map(sp.Float, rng.normal(size=len(symbols))), strict=True))
        if not close(*(complex(f.xreplace(point).evalf()) for f in (formula, wanted))):
            return False
    return True


def about_formula(answer: Any, letters: set[sp.Symbol], spelled: str) -> str:
    """Say what keeps an answer from being a formula in the given letters.

    Parameters
    ----------
    spelled
        How the learner writes the letters.
    """
    if isinstance(answer, sp.Equality):
        return "give only what stands to the right of the equals sign"
    if isinstance(answer, str):
        return "a sympy formula is expected, this is a text; leave the quotes out"
    if isinstance(answer, (int, float, complex)):
        return f"a formula in {spelled} is expected, this is a number"
    if not isinstance(answer, sp.Expr):
        return f"a sympy formula is expected, this is {type(answer).__name__}"
    foreign = sorted(map(str, _in_letters_of(answer, letters).free_symbols - letters))
    if foreign:
        return f"use the letters {spelled}; these are others: {', '.join(foreign)}"
    return "not right, and no slip that is known here; see the hint"


def _in_letters_of(answer: Any, letters: set[sp.Symbol]) -> sp.Expr:
    """Return the formula with each letter replaced by the one of the same name, {a_0} by a_0."""
    if isinstance(answer, str):
        raise TypeError("a text is no formula")
    formula = sp.sympify(answer)
    if not isinstance(formula, sp.Expr):
        raise TypeError(f"{type(answer).__name__} is no formula")
    by_name = {_name(letter): letter for letter in letters}
    return formula.xreplace({s: by_name.get(_name(s), s) for s in formula.free_symbols})


def _name(symbol: sp.Symbol) -> str:
    return str(symbol).replace("{", "").replace("}", "")
