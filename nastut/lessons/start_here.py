"""Exercises of notebook 00."""

from __future__ import annotations

from typing import Any

from nastut.cells.cell import Cell
from nastut.cells.operations import COMBINATIONS
from nastut.cells.sequence import SequenceError
from nastut.lessons.exercise import Exercise
from nastut.lessons.tokens import about_tokens
from nastut.zoo.named import EXAMPLE


def _is_cell(tokens: Any, base: int = 2) -> bool:
    try:
        return Cell.from_sequence(tokens).base == base
    except SequenceError:
        return False


EXERCISES = {
    "0.1": Exercise(
        truth=lambda: sum(token in COMBINATIONS for token in EXAMPLE.sequence),
        mistakes={
            "that is one for each node; the injection has a combination too": lambda: 3,
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
            "this is a cell, but of another base; ten tokens make base 2": lambda: "base",
        },
        same=lambda answer, kind: _kind(answer) == kind,
        remark=about_tokens,
    ),
}


def _kind(answer: Any) -> str:
    if isinstance(answer, str):
        return "text"
    if _is_cell(answer):
        return "example" if Cell.from_sequence(answer) == EXAMPLE else "a cell"
    return "base" if any(_is_cell(answer, base) for base in (1, 4, 8)) else "none"
