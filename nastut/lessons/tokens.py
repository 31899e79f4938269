"""Judging a list of tokens that is neither right nor a known mistake."""

from __future__ import annotations

from typing import Any

from nastut.cells.cell import Cell
from nastut.cells.sequence import SequenceError


def about_tokens(answer: Any) -> str:
    """Say which token keeps an answer from being a cell, if one does."""
    try:
        return f"{Cell.from_sequence(answer)} is a cell, but another one"
    except SequenceError as error:
        return str(error)
