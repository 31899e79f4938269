"""Judging a list of tokens: which cell it is, and at which places it differs from another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nastut.cells.cell import Cell
from nastut.cells.sequence import SequenceError, Token, places


def as_cell(answer: Any) -> Cell:
    """Return the cell that an answer is: a list of tokens, or a cell already.

    Raises
    ------
    SequenceError
        If the answer is no cell.
    """
    return answer if isinstance(answer, Cell) else Cell.from_sequence(answer)


def same_cell(answer: Any, wanted: list[Token]) -> bool:
    """Tell whether two lists of tokens are the same cell, up to the order of children."""
    return as_cell(answer).canonical() == as_cell(wanted).canonical()


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
            if other not in (token, "Max", "Sin"):
                changed = Cell.from_sequence([*tokens[: number - 1], other, *tokens[number:]])
                yield number, f"{place.meaning} is {token}, yours is {other}", changed


def _differing(cell: Cell, other: Cell) -> list[str]:
    pairs = zip(places(cell.base), cell.sequence, other.sequence, strict=True)
    return [place.meaning for place, one, two in pairs if one != two]
