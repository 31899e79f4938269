"""Exercises of notebook 04."""

from __future__ import annotations

from functools import partial
from typing import Any

import sympy as sp

from nastut.cells.cell import Cell
from nastut.lessons.exercise import Exercise
from nastut.lessons.start_here import about_tokens, same_cell
from nastut.symbolic.linearize import linearize
from nastut.symbolic.reading import NotRepresentable
from nastut.symbolic.symbols import c_next, c_prev, gate, h_prev, sigmoid
from nastut.zoo.named import LSTM

_G, _I, _F, _O = sp.tanh(gate("g")), *(sigmoid(gate(name)) for name in "ifo")

VARIANTS = {
    "A": (_O + sp.tanh(c_next), _F * c_prev + _I * _G),
    "B": (_O * sp.tanh(c_next), c_prev + _I * _G),
    "C": (_O * sp.tanh(c_next), _F * c_prev + _I * sp.tanh(gate("g", _I * h_prev))),
    "D": (_O * sp.tanh(c_next), sigmoid(gate("f") + c_prev) * c_prev + _I * _G),
}
"""Exercise 4.3: h_t and c_t of an LSTM whose output gate is added (A), without forget gate (B),
with a candidate that is reset (C), and with a forget gate that looks at the memory (D)."""

_ABOUT = {
    "A": "look at A again: the root adds o and a tanh; nothing keeps it from doing so",
    "B": "look at B again: the memory is added where i * g is",
    "C": "look at C again: U_g multiplies something that the cell has computed",
    "D": "look at D again: the memory would enter at two places",
}


def _letters(answer: Any) -> set[str]:
    if isinstance(answer, dict):
        raise TypeError("a dict is no set of letters")
    return set("".join(answer).upper())


def _about_letters(answer: Any) -> str:
    """Say which letter is there without reason, or missing."""
    try:
        letters = _letters(answer)
    except TypeError:
        letters = set()
    if not letters or not letters <= set(VARIANTS):
        return 'a set of some of the letters A, B, C and D is expected, such as {"A", "D"}'
    return _ABOUT[next(name for name in VARIANTS if (name in letters) != _fits(name))]


def _fits(letter: str) -> bool:
    try:
        linearize(*VARIANTS[letter])
    except NotRepresentable:
        return False
    return True


def _stripped(
    f: str = "Add Sigmoid",
    g: str = "Add Tanh",
    root: str = "Add Tanh",
    injection: str = "Multiply Identity",
    indices: str = "2 0",
) -> Cell:
    """Return the cell of exercise 4.2, or one that is wrong in some block."""
    return Cell.parse(f"{f} {g} {root} {injection} {indices}")


_LEAVES_NEEDED = sum(leaf is not None for leaf in linearize(*VARIANTS["B"]).leaves)

EXERCISES = {
    "4.1": Exercise(
        truth=lambda: 2 * (LSTM.base - _LEAVES_NEEDED),
        mistakes={
            "that is LSTM with its forget gate; without it one leaf more is free": lambda: 8,
            "that counts leaves; each has two matrices": lambda: 5,
            "that counts the matrices that are needed": lambda: 6,
            "that counts the leaves that are needed": lambda: 3,
            "that counts all matrices, needed or not": lambda: 16,
        },
    ),
    "4.2": Exercise(
        truth=_stripped,
        same=same_cell,
        remark=lambda answer: about_tokens(answer, _stripped()),
        mistakes={
            words: partial(_stripped, **blocks)
            for words, blocks in {
                "c_{t-1} is multiplied with f, so it enters at the leaf of f": {"indices": "2 1"},
                "c_{t-1} is multiplied with f, yours is added": {"injection": "Add Identity"},
                "the two indices are swapped; create comes first": {"indices": "0 2"},
                "the root adds the two, yours multiplies": {"root": "Multiply Tanh"},
                "block 3 is the root and block 4 the injection; yours are exchanged": {
                    "root": "Multiply Identity",
                    "injection": "Add Tanh",
                },
                "the sigmoid acts on f before c_{t-1} joins it; an injection acts after": {
                    "f": "Add Identity",
                    "injection": "Multiply Sigmoid",
                },
                "a leaf adds its two products; what is multiplied with c_{t-1} is f as a whole": {
                    "f": "Multiply Sigmoid"
                },
                "f has its sigmoid at its leaf; the injection needs none": {
                    "injection": "Multiply Sigmoid"
                },
                "c_t = f * c_{t-1} + g has no tanh around f * c_{t-1}; the injection needs none": {
                    "injection": "Multiply Tanh"
                },
                "the leaf of f is a gate, the sigmoid of its sum": {"f": "Add Identity"},
                "g is the tanh of its sum": {"g": "Add Identity"},
                "the memory enters at the root, too late: c_t must contain it": {"indices": "2 2"},
                "h_t is the tanh of c_t: the root needs an activation": {"root": "Add Identity"},
            }.items()
        },
    ),
    "4.3": Exercise(
        truth=lambda: {letter for letter in VARIANTS if _fits(letter)},
        same=lambda answer, right: _letters(answer) == _letters(right),
        remark=_about_letters,
        mistakes={
            _ABOUT["C"]: lambda: {"A", "B", "C"},
            _ABOUT["D"]: lambda: {"A", "B", "D"},
            _ABOUT["B"]: lambda: {"A"},
            _ABOUT["A"]: lambda: {"B"},
        },
    ),
}
