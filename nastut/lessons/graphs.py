"""Exercises of notebook 01, and how a formula is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import sympy as sp

from nastut.cells.cell import Cell, Node
from nastut.cells.evaluate import evaluate
from nastut.lessons.exercise import UNKNOWN, Exercise
from nastut.lessons.plain import NUMBERS, close, show
from nastut.lessons.start_here import neighbours
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import c_prev, leaf_symbols, sigmoid, to_text
from nastut.zoo.named import EXAMPLE

PICTURE = Cell.parse("Multiply Sigmoid  Add Tanh  Add Tanh  Multiply ReLU  2 1")
"""The cell of exercises 1.1 and 1.2, which the learner sees as a picture only."""


def same_formula(answer: Any, right: sp.Expr) -> bool:
    """Tell whether two formulas have the same letters and agree at random points."""
    formula = _in_letters_of(answer, right.free_symbols)
    symbols = sorted(right.free_symbols, key=str)
    if not formula.free_symbols <= set(symbols):
        return False
    rng = np.random.default_rng(0)
    for _ in range(12):
        point = dict(zip(symbols, rng.normal(size=len(symbols)), strict=True))
        if not close(_at(formula, point), _at(right, point)):
            return False
    return True


def about_formula(answer: Any, right: sp.Expr, letters: Mapping[str, sp.Symbol]) -> str:
    """Say what keeps an answer from being the right formula.

    Parameters
    ----------
    right
        The right formula.
    letters
        Its letters, by how the learner writes them.
    """
    *most, last = letters
    spelled = f"{', '.join(most)} and {last}"
    if isinstance(answer, sp.Equality):
        return "give only what stands to the right of the equals sign"
    if isinstance(answer, str):
        return "a sympy formula is expected, this is a text; leave the quotes out"
    if isinstance(answer, NUMBERS):
        return f"a formula in {spelled} is expected, this is a number"
    if not isinstance(answer, sp.Expr):
        return f"a sympy formula is expected, this is {type(answer).__name__}"
    formula = _in_letters_of(answer, set(letters.values()))
    foreign = sorted(map(to_text, formula.free_symbols - {*letters.values()}))
    if foreign:
        return f"use the letters {spelled}; these are others: {', '.join(foreign)}"
    rng = np.random.default_rng(0)
    for _ in range(100):
        numbers = rng.choice((-2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2), len(letters)).tolist()
        point = dict(zip(letters.values(), numbers, strict=True))
        value, expected = _at(formula, point), _at(right, point)
        if not close(value, expected):
            at = ", ".join(f"{name} = {point[letter]:g}" for name, letter in letters.items())
            given = show(value if value.imag else value.real)
            return f"for {at} it gives {given}, not {show(expected.real)}"
    return UNKNOWN


def _at(formula: sp.Expr, point: Mapping[sp.Symbol, float]) -> complex:
    """Return what a formula is where its letters have these values."""
    return complex(formula.xreplace({s: sp.Float(v) for s, v in point.items()}).evalf())


def _in_letters_of(answer: Any, letters: set[sp.Symbol]) -> sp.Expr:
    """Return the formula with each letter replaced by the one of the same name, {a_0} by a_0."""
    if not isinstance(answer, (sp.Expr, *NUMBERS)):  # sympify would run text as code
        raise TypeError(f"{type(answer).__name__} is no formula")
    formula = sp.sympify(answer)
    by_name = {_name(letter): letter for letter in letters}
    return formula.xreplace({s: by_name.get(_name(s), s) for s in formula.free_symbols})


def _name(symbol: sp.Symbol) -> str:
    return to_text(symbol).replace("{", "").replace("}", "")


_X, _H = zip(leaf_symbols(0), leaf_symbols(1), strict=True)
_LETTERS = {"Wx_0": _X[0], "Wh_0": _H[0], "Wx_1": _X[1], "Wh_1": _H[1], "nt.c_prev": c_prev}
_EXCHANGED = Cell.parse("Multiply Tanh  Add Sigmoid  Add Tanh  Multiply ReLU  2 1")
_WITHOUT = replace(PICTURE, inject=Node("Add", "Identity"))
"""With c_{t-1} = 0 it has no injection at all."""
_RELU_ALONE = replace(PICTURE, inject=Node("Add", "ReLU"))
"""With c_{t-1} = 0 nothing of the injection is left but its activation."""

_picture = partial(evaluate, PICTURE)


def _relu(a: Any) -> Any:
    return np.maximum(a, 0)


def _with_node_1(a_1: Any, x: Any, h: Any) -> tuple[Any, Any]:
    """Finish the step when node 1 has got its value in another way."""
    c_new = 1 / (1 + np.exp(-x[0] * h[0])) + a_1
    return np.tanh(c_new), c_new


def _vectors(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for size in (1, 3, 5, 8):
        yield rng.normal(size=(2, size)), rng.normal(size=(2, size)), rng.normal(size=size)


def _sizes(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for base in (1, 2, 4, 8):
        inputs, hidden = rng.choice(np.arange(2, 50), size=2, replace=False)
        yield base, int(inputs), int(hidden)


@cache
def _memory(cell: Cell) -> sp.Expr:
    return formulas(cell).c


EXERCISES = {
    "1.1": Exercise(
        cases=_vectors,
        truth=_picture,
        mistakes=lambda x, h, c: {
            "c_t leaves the root before its Tanh, yours leaves after it": (
                (_picture(x, h, c)[0],) * 2
            ),
            "c_{t-1} never enters": evaluate(_WITHOUT, x, h, 0 * c),
            "c_{t-1} never enters, though the ReLU of the injection is there": (
                evaluate(_RELU_ALONE, x, h, 0 * c)
            ),
            "c_{t-1} enters after the Tanh of node 1, yours enters before it": (
                _with_node_1(_relu(np.tanh((x[1] + h[1]) * c)), x, h)
            ),
            "ReLU acts after c_{t-1} has joined node 1, yours acts before": (
                _with_node_1(_relu(np.tanh(x[1] + h[1])) * c, x, h)
            ),
            "c_t is made at the root, above node 1: it holds what node 1 is after the injection": (
                (_picture(x, h, c)[0], evaluate(_WITHOUT, x, h, 0 * c)[1])
            ),
            "leaf 0 and leaf 1 are exchanged": _picture(x[::-1], h[::-1], c),
            "both leaves read x_parts[0] and h_parts[0]; each has its own": (
                _picture(x[[0, 0]], h[[0, 0]], c)
            ),
            "both leaves read x_parts[1] and h_parts[1]; each has its own": (
                _picture(x[[1, 1]], h[[1, 1]], c)
            ),
            "x_parts[0] belongs to h_parts[0], and x_parts[1] to h_parts[1]": (
                _picture(x, h[::-1], c)
            ),
            "Tanh and Sigmoid are exchanged: leaf 0 has Sigmoid, leaf 1 Tanh": (
                evaluate(_EXCHANGED, x, h, c)
            ),
            "that is the article's cell, not the one in the picture": evaluate(EXAMPLE, x, h, c),
            "that is (c_t, h_t); h_t comes first": _picture(x, h, c)[::-1],
            "in the picture the activation of node 2 is Tanh, yours is Identity, or ReLU, which is "
            "the same where no sum is below 0": (_picture(x, h, c)[1],) * 2,
            **{
                f"in the picture {words}": evaluate(cell, x, h, c)
                for _, words, cell in neighbours(PICTURE)
                if cell.nodes[2].activation not in ("Identity", "ReLU")
            },
        },
    ),
    "1.2": Exercise(
        truth=lambda: _memory(PICTURE),
        same=same_formula,
        remark=lambda answer: about_formula(answer, _memory(PICTURE), _LETTERS),
        mistakes=lambda: {
            "that is h_t; c_t leaves before the Tanh of the root": formulas(PICTURE).h,
            "c_{t-1} is missing; it enters at node 1": evaluate(_WITHOUT, _X, _H, 0)[1],
            "c_{t-1} is missing, though the ReLU of the injection is there": (
                evaluate(_RELU_ALONE, _X, _H, 0)[1]
            ),
            "c_{t-1} enters after the Tanh of node 1, yours enters before it": (
                sigmoid(_X[0] * _H[0]) + sp.Max(0, sp.tanh((_X[1] + _H[1]) * c_prev))
            ),
            "ReLU acts after c_{t-1} has joined node 1, yours acts before": (
                sigmoid(_X[0] * _H[0]) + sp.Max(0, sp.tanh(_X[1] + _H[1])) * c_prev
            ),
            "the sign: sigmoid(u) is 1 / (1 + exp(-u))": (
                _memory(PICTURE) + sigmoid(-_X[0] * _H[0]) - sigmoid(_X[0] * _H[0])
            ),
            "a_0 and a_1 are still the article's; write out those of this cell": (
                sp.tanh(_X[0] + _H[0]) + sp.Max(0, _X[1] * _H[1])
            ),
            "Tanh and Sigmoid are exchanged: leaf 0 has Sigmoid, leaf 1 Tanh": _memory(_EXCHANGED),
            **{
                f"in the picture {words}": _memory(cell)
                for place, words, cell in neighbours(PICTURE)
                # c_t has left before the activation of the root, and without what enters there
                if place != 6 and cell.inject_index != 2
            },
        },
    ),
    "1.3": Exercise(
        cases=_sizes,
        truth=lambda b, i, h: b * h * (i + h),
        mistakes=lambda b, i, h: {
            "inner nodes have no matrices, only leaves do": (2 * b - 1) * h * (i + h),
            "each leaf has two matrices; that counts the one for x_t alone": b * h * i,
            "each leaf has two matrices; that counts the one for h_{t-1} alone": b * h * h,
            "each leaf has a matrix for h_{t-1} of its own; that counts one": b * h * i + h * h,
            "the matrix of h_{t-1} has hidden x hidden elements": 2 * b * h * i,
            "the paper's cells have no biases": b * h * (i + h + 1),
            "the paper's cells have no biases, and yours have two for each leaf": (
                b * h * (i + h + 2)
            ),
            "that counts matrices, not their elements": 2 * b,
            "that is one leaf; there are `base` of them": h * (i + h),
            "that is twice as many as it should be": 2 * b * h * (i + h),
        },
    ),
}
