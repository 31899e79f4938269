"""Exercises of notebook 04."""

from __future__ import annotations

from typing import Any

import sympy as sp

from nastut.cell import Cell
from nastut.lessons.exercise import Exercise
from nastut.linearize import linearize
from nastut.reading import NotRepresentable
from nastut.sequence import SequenceError, Token, split_text
from nastut.symbols import c_next, c_prev, gate, sigmoid
from nastut.zoo import LSTM

_G, _I, _F, _O = sp.tanh(gate("g")), *(sigmoid(gate(name)) for name in "ifo")

VARIANTS = {
    "A": (sp.tanh(c_next), _F * c_prev + _I * _G),
    "B": (_O * sp.tanh(c_next), c_prev + _I * _G),
    "C": (_O * sp.tanh(c_next), _F * c_prev + (1 - _F) * _G),
    "D": (_O * sp.tanh(c_next), sigmoid(gate("f") + c_prev) * c_prev + _I * _G),
}
"""Exercise 4.3: h_t and c_t of an LSTM without output gate (A), without forget gate (B), with
coupled gates (C), and with a forget gate that looks at the memory (D)."""


def _fits(letter: str) -> bool:
    try:
        linearize(*VARIANTS[letter])
    except NotRepresentable:
        return False
    return True


def _matrices_needed() -> int:
    """Count the matrices in LSTM's formulas: two for each gate that its leaves hold."""
    found = linearize(_O * sp.tanh(c_next), _F * c_prev + _I * _G)
    return 2 * sum(leaf is not None for leaf in found.leaves)


def _same_cell(answer: Any, wanted: list[Token]) -> bool:
    """Tell whether two lists of tokens are the same cell, up to the order of children."""
    return Cell.from_sequence(answer).canonical() == Cell.from_sequence(wanted).canonical()


def _about_tokens(answer: Any) -> str:
    try:
        return f"{Cell.from_sequence(answer)} is a cell, but another one"
    except SequenceError as error:
        return str(error)


EXERCISES = {
    "4.1": Exercise(
        truth=lambda: 4 * LSTM.base // 2 - _matrices_needed(),
        mistakes={
            "that counts leaves; each has two matrices": lambda: 4,
            "of the leaves 2 to 7 two are needed: one for f and one for o": lambda: 12,
            "of the six pass-through leaves two are needed, and each leaf has two matrices": (
                lambda: 6
            ),
            "that counts all matrices, needed or not": lambda: 16,
        },
    ),
    "4.2": Exercise(
        truth=lambda: linearize(sp.tanh(c_next), _F * c_prev + _G).cell.sequence,
        same=_same_cell,
        remark=_about_tokens,
        mistakes={
            "c_{t-1} is multiplied with f, so it enters at the leaf of f": lambda: split_text(
                "Add Sigmoid  Add Tanh  Add Tanh  Multiply Identity  2 1"
            ),
            "c_{t-1} is multiplied with f, yours is added": lambda: split_text(
                "Add Sigmoid  Add Tanh  Add Tanh  Add Identity  2 0"
            ),
            "the two indices are swapped; create comes first": lambda: split_text(
                "Add Sigmoid  Add Tanh  Add Tanh  Multiply Identity  0 2"
            ),
            "the root adds the two, yours multiplies": lambda: split_text(
                "Add Sigmoid  Add Tanh  Multiply Tanh  Multiply Identity  2 0"
            ),
            "h_t is the tanh of c_t: the root needs an activation": lambda: split_text(
                "Add Sigmoid  Add Tanh  Add Identity  Multiply Identity  2 0"
            ),
        },
    ),
    "4.3": Exercise(
        truth=lambda: {letter for letter in VARIANTS if _fits(letter)},
        same=lambda answer, wanted: {str(letter) for letter in answer} == set(wanted),
        mistakes={
            "C needs f at two places, and a 1": lambda: {"A", "B", "C"},
            "D needs the memory at two places": lambda: {"A", "B", "D"},
            "B fits: the memory is added where i * g is": lambda: {"A"},
            "A fits: the root is then a tanh": lambda: {"B"},
            "the value of a node goes to one place only; look at C and D": lambda: set(VARIANTS),
        },
    ),
}
