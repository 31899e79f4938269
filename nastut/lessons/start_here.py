"""Exercises of notebook 00, and how a list of tokens is judged: as the cell that it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nastut.cells.cell import Cell
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.cells.sequence import SequenceError, Token, places
from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise
from nastut.zoo.named import EXAMPLE

USUAL = (*Space().combinations, *Space().activations)
"""The operations that the notebooks search with."""
LEFT_OUT = [word for word in (*COMBINATIONS, *ACTIVATIONS) if word not in USUAL]
"""The others, of the paper's control experiment."""


def as_cell(answer: Any) -> Cell:
    """Return the cell that an answer is: a list of tokens, or a cell already.

    Raises
    ------
    SequenceError
        If the answer is no cell.
    """
    return answer if isinstance(answer, Cell) else Cell.from_sequence(answer)


def same_cell(answer: Any, right: list[Token]) -> bool:
    """Tell whether two lists of tokens are the same cell, up to the order of children."""
    return as_cell(answer).canonical() == as_cell(right).canonical()


def about_tokens(answer: Any, right: Cell | None = None) -> str:
    """Say which token keeps an answer from being a cell, or from being the right one of base 2."""
    try:
        cell = as_cell(answer)
    except SequenceError as error:
        return str(error)
    if right is None or cell.base != right.base:
        return f"{cell} is a cell, but another one"
    wrong = min((_differing(cell, form) for form in (right, exchange_leaves(right))), key=len)
    return f"that is a cell, but another one: look again at {', and at '.join(wrong)}"


def exchange_leaves(cell: Cell) -> Cell:
    """Return a cell of base 2 with its leaves in the other order: it computes the same."""
    left, right, root = cell.nodes
    create_index, inject_index = ((1, 0, 2)[k] for k in (cell.create_index, cell.inject_index))
    return Cell((right, left, root), cell.inject, create_index, inject_index)


def neighbours(cell: Cell) -> Iterator[tuple[int, str, Cell]]:
    """Yield every cell that differs in one token: the place, what differs in words, the cell."""
    tokens = cell.sequence
    for number, (place, token) in enumerate(zip(places(cell.base), tokens, strict=True), 1):
        for other in place.allowed:
            if other not in (token, *LEFT_OUT):
                changed = Cell.from_sequence([*tokens[: number - 1], other, *tokens[number:]])
                yield number, f"{place.meaning} is {token}, yours is {other}", changed


def _differing(cell: Cell, other: Cell) -> list[str]:
    pairs = zip(places(cell.base), cell.sequence, other.sequence, strict=True)
    return [place.meaning for place, one, two in pairs if one != two]


def _kind(answer: Any) -> str:
    """Say what kind of answer to exercise 0.2 this is."""
    if isinstance(answer, str):
        return "text"
    cell = as_cell(answer)
    if cell.base != EXAMPLE.base:
        return "another base"
    if cell not in Space(EXAMPLE.base):
        return "another operation"
    return "the example" if cell == EXAMPLE else "a cell"


EXERCISES = {
    "0.1": Exercise(
        truth=lambda: sum(token in COMBINATIONS for token in EXAMPLE.sequence),
        mistakes=lambda: {
            "that is one for each node; the injection has a combination too": 3,
            "that is one for each block; the last block holds two indices": 5,
            "that counts different words; count places, Add stands at two of them": 2,
            "that counts all words; half of them are activations": 8,
            "that counts all tokens": 10,
        },
    ),
    # Any cell of base 2 will do, so answers are the same if they are of the same kind.
    "0.2": Exercise(
        truth=lambda: exchange_leaves(EXAMPLE),
        mistakes=lambda: {
            "this is the example itself; change at least one token": EXAMPLE,
            "this is text; give a list, as in ['Add', 'Tanh', ...]": str(EXAMPLE),
            "this is a cell, but not one of three nodes; ten tokens make three": (
                Space(1).decode([0] * 6)
            ),
            f"{' and '.join(LEFT_OUT)} are left out here; "
            f"use {' and '.join(Space().combinations)}, {', '.join(Space().activations)}": (
                ["Max", *EXAMPLE.sequence[1:]]
            ),
        },
        same=lambda answer, right: _kind(answer) == _kind(right),
        remark=about_tokens,
    ),
}
