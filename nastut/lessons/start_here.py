"""Exercises of notebook 00."""

from __future__ import annotations

from typing import Any

from nastut.cells.operations import COMBINATIONS
from nastut.cells.sequence import SequenceError
from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise
from nastut.lessons.tokens import about_tokens, as_cell
from nastut.zoo.named import EXAMPLE


def _kind(answer: Any) -> str:
    """Say what kind of answer to exercise 0.2 this is, in the words that `same` compares."""
    if isinstance(answer, str):
        return "text"
    try:
        cell = as_cell(answer)
    except SequenceError:
        return "no cell"
    if cell.base != EXAMPLE.base:
        return "base"
    if cell not in Space(EXAMPLE.base):
        return "operation"
    return "example" if cell == EXAMPLE else "a cell"


EXERCISES = {
    "0.1": Exercise(
        truth=lambda: sum(token in COMBINATIONS for token in EXAMPLE.sequence),
        mistakes={
            "that is one for each node; the injection has a combination too": lambda: 3,
            "that is one for each block; the last block holds two indices": lambda: 5,
            "that counts different words; count places, Add stands at two of them": lambda: 2,
            "that counts all words; half of them are activations": lambda: 8,
            "that counts all tokens": lambda: 10,
        },
    ),
    # Any cell of base 2 will do, so `same` asks what the answer is, not whether it is equal.
    "0.2": Exercise(
        truth=lambda: "a cell",
        mistakes={
            "this is the example itself; change at least one token": lambda: "example",
            "this is text; give a list, as in ['Add', 'Tanh', ...]": lambda: "text",
            "this is a cell, but not one of three nodes; ten tokens make three": lambda: "base",
            "Max and Sin are left out here; use Add and Multiply, Identity, Tanh, Sigmoid, ReLU": (
                lambda: "operation"
            ),
        },
        same=lambda answer, kind: _kind(answer) == kind,
        remark=about_tokens,
    ),
}
