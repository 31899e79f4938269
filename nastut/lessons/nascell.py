"""Exercises of notebook 05."""

from __future__ import annotations

from typing import Any

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate
from nastut.lessons.exercise import Exercise
from nastut.zoo.named import EXAMPLE, LSTM, MAXCELL, NASCELL

PORT = (0.618672, 0.630180, 0.630712)
"""What a port of NASCell gives in TensorFlow's test, where .576751 .618936 .627393 is right."""

NAMED = {"EXAMPLE": EXAMPLE, "LSTM": LSTM, "NASCELL": NASCELL, "MAXCELL": MAXCELL}


def golden_test(cell: Cell) -> tuple[float, ...]:
    """Return h_t for the three rows of TensorFlow's test: all weights and states are constants."""
    x = [np.array([1.0, 2.0, 3.0]) * 4 * 0.5] * cell.base
    h = [np.full(3, 6 * 0.1 * 0.5)] * cell.base
    return tuple(evaluate(cell, x, h, np.full(3, 0.1))[0])


def _wrong_place() -> tuple[int, str]:
    """Change each word of the sequence in turn until the port's values come out."""
    for place, word in enumerate(NASCELL.sequence, 1):
        for other in ("Add", "Multiply", "Identity", "Tanh", "Sigmoid", "ReLU"):
            tokens = NASCELL.sequence
            tokens[place - 1] = other
            same_kind = (word in ("Add", "Multiply")) == (other in ("Add", "Multiply"))
            if isinstance(word, str) and other != word and same_kind:
                given = golden_test(Cell.from_sequence(tokens))
                if np.allclose(given, PORT, rtol=0, atol=1e-6):
                    return place, other
    raise AssertionError("no change of one word gives the port's values")


def _is_bounded(cell: Cell) -> bool:
    """Tell whether c_t stays within 1 in size, tried on large random values."""
    rng = np.random.default_rng(0)
    for scale in (1, 10, 100):
        x, h = scale * rng.normal(size=(2, cell.base, 1000))
        c = scale * rng.normal(size=1000)
        if np.abs(evaluate(cell, x, h, c)[1]).max() > 1:
            return False
    return True


def _as_pair(answer: Any) -> tuple[int, str]:
    place, token = answer
    return int(place), str(token)


EXERCISES = {
    "5.1": Exercise(
        truth=lambda: {name for name, cell in NAMED.items() if _is_bounded(cell)},
        same=lambda answer, wanted: {str(name).upper() for name in answer} == set(wanted),
        mistakes={
            "LSTM adds i * g, at most 1, at every step: its memory can grow": lambda: (
                {"NASCELL", "LSTM"}
            ),
            "MAXCELL multiplies a sum with a sigmoid; the sum is not bounded": lambda: (
                {"NASCELL", "MAXCELL"}
            ),
            "the example's c_t is a product of two sums without any activation": lambda: (
                {"NASCELL", "EXAMPLE"}
            ),
            "NASCELL's c_t is a product of two tanh": lambda: set(),
            "only one of them has every way to c_t closed by a tanh": lambda: set(NAMED),
        },
    ),
    "5.2": Exercise(
        truth=_wrong_place,
        same=lambda answer, wanted: _as_pair(answer) == wanted,
        mistakes={
            "places are counted from 1": lambda: (6, "Add"),
            "that is what stands there in the right sequence; what does the port have?": lambda: (
                (7, "Multiply")
            ),
            "that leaf adds in the right sequence too": lambda: (5, "Add"),
            "3 is the number of the leaf; its two words stand at places 7 and 8": lambda: (
                (3, "Add")
            ),
            "that is node 8, an inner node; the port is wrong at a leaf": lambda: (17, "Add"),
        },
    ),
}
