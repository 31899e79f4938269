"""Exercises of notebook 04."""

from __future__ import annotations

from typing import Any

import sympy as sp

from nastut.cells.cell import Cell
from nastut.lessons.exercise import Exercise
from nastut.lessons.start_here import about_tokens, same_cell
from nastut.pictures.drawing import draw
from nastut.pictures.picture import Picture
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
    ends: str = "2 0",
) -> Cell:
    """Return the cell of exercise 4.2, or one that is wrong in some block."""
    return Cell.parse(f"{f} {g} {root} {injection} {ends}")


_LEAVES_NEEDED = sum(leaf is not None for leaf in linearize(*VARIANTS["B"]).leaves)

EXERCISES = {
    "4.1": Exercise(
        truth=lambda: 2 * (LSTM.base - _LEAVES_NEEDED),
        mistakes=lambda: {
            "that is LSTM with its forget gate; without it one leaf more is free": 8,
            "that counts leaves; each has two matrices": 5,
            "that counts the matrices that are needed": 6,
            "that counts the leaves that are needed": 3,
            "that counts all matrices, needed or not": 16,
            **{
                f"{number} that are not needed leave {16 - number} that are, two a leaf; count the "
                "leaves that are needed": number
                for number in (0, 2, 4, 12, 14)
            },
        },
    ),
    "4.2": Exercise(
        truth=_stripped,
        same=same_cell,
        remark=lambda answer: about_tokens(answer, _stripped()),
        mistakes=lambda: {
            "c_{t-1} is multiplied with f, so it enters at the leaf of f": _stripped(ends="2 1"),
            "c_{t-1} is multiplied with f, yours is added": _stripped(injection="Add Identity"),
            "the two indices are swapped; create comes first": _stripped(ends="0 2"),
            "the root adds the two, yours multiplies": _stripped(root="Multiply Tanh"),
            "block 3 is the root and block 4 the injection; yours are exchanged": (
                _stripped(root="Multiply Identity", injection="Add Tanh")
            ),
            "the sigmoid acts on f before c_{t-1} joins it; an injection acts after": (
                _stripped(f="Add Identity", injection="Multiply Sigmoid")
            ),
            "a leaf adds its two products; what is multiplied with c_{t-1} is f as a whole": (
                _stripped(f="Multiply Sigmoid")
            ),
            "f has its sigmoid at its leaf; the injection needs none": (
                _stripped(injection="Multiply Sigmoid")
            ),
            "c_t = f * c_{t-1} + g has no tanh around f * c_{t-1}; the injection needs none": (
                _stripped(injection="Multiply Tanh")
            ),
            "the leaf of f is a gate, the sigmoid of its sum": _stripped(f="Add Identity"),
            "g is the tanh of its sum": _stripped(g="Add Identity"),
            "the memory enters at the root, too late: c_t must contain it": _stripped(ends="2 2"),
            "h_t is the tanh of c_t: the root needs an activation": _stripped(root="Add Identity"),
        },
    ),
    "4.3": Exercise(
        truth=lambda: {letter for letter in VARIANTS if _fits(letter)},
        same=lambda answer, right: _letters(answer) == _letters(right),
        remark=_about_letters,
        mistakes=lambda: {
            _ABOUT["C"]: ({"A", "B", "C"}),
            _ABOUT["D"]: ({"A", "B", "D"}),
            _ABOUT["B"]: ({"A"}),
            _ABOUT["A"]: ({"B"}),
        },
    ),
}


def draw_textbook() -> Picture:
    """Draw LSTM with the textbook's letters: no number tells how many leaves its tree has."""
    picture = draw(LSTM, fold=True)
    letters = {
        **{"W_1, W_2": "W_g, U_g", "W_3, W_4": "W_i, U_i"},
        **{"W_5 ... W_8": "W_f, U_f", "W_9 ... W_16": "W_o, U_o"},
        **{"a_0": "g", "a_1": "i", "a_9": "f", "a_13": "o", "a_9'": "f c_{t-1}", "a_8": "i g"},
        **{"node 12": " ", "a_12": " ", "a_14": " "},
    }
    for ours, theirs in letters.items():
        old, new = f'\\n{ours}"', f'\\n{theirs}"'
        picture.dot.body = [line.replace(old, new) for line in picture.dot.body]
    alt = (
        "The tanh of W_g x + U_g h is g; sigmoids of such sums are i, f and o. i times g, plus f "
        "times the old c, is the new c: that memory path is a thick line. The tanh of the new c, "
        "times o, is the new h."
    )
    return Picture(picture.dot, "LSTM as textbooks draw it", alt)
