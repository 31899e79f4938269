"""A cell that is changed token by token: what it was before, and what there is to say about it.

This is the playground without its buttons; :mod:`nastut.lessons.playground` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from nastut.cells.cell import Cell, require_cell
from nastut.cells.evaluate import Step, trace
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.cells.sequence import Token
from nastut.cells.space import Space
from nastut.pictures.drawing import draw_trace
from nastut.pictures.picture import Picture
from nastut.pictures.words import number, say_step
from nastut.studies.table import Table, load_table
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import to_text

PARTS = ((0.5, 0.5), (2.0, 0.25), (-1.0, 0.5), (1.5, -0.5))
"""What goes into the leaves, again and again: each leaf's products with x_t and with h_{t-1}."""

MEMORY = -0.25
"""What goes in as c_{t-1}."""

LONG = 160
"""Letters of a derivative that are still read."""

recorded_table = cache(load_table)


def space_of(cell: Cell) -> Space:
    """Return the space of a cell's base: the searched one, or all operations where it needs them.

    Raises
    ------
    TypeError
        If it is no cell.
    """
    require_cell(cell)
    usual = Space(cell.base)
    return usual if cell in usual else Space(cell.base, tuple(COMBINATIONS), tuple(ACTIVATIONS))


class Board:
    """A cell, and the cells that it was before.

    Parameters
    ----------
    cell
        The cell to begin with.
    rng
        Where random cells come from.

    Attributes
    ----------
    cell
        The cell as it is now.
    space
        The cells that it may become, token by token.
    """

    def __init__(self, cell: Cell, rng: np.random.Generator) -> None:
        self.space = space_of(cell)
        self.cell = cell
        self._rng = rng
        self._before: list[Cell] = []

    def put(self, cell: Cell) -> None:
        """Take another cell, of any base.

        Raises
        ------
        TypeError
            If it is no cell.
        """
        require_cell(cell)
        if cell != self.cell:
            self._before.append(self.cell)
            self._set(cell)

    def put_token(self, place: int, token: Token) -> None:
        """Change the token at a place, counted from 1.

        Raises
        ------
        SequenceError
            If the token does not belong there.
        """
        tokens = self.cell.sequence
        tokens[place - 1] = token
        self.put(Cell.from_sequence(tokens))

    def put_random(self) -> None:
        """Take a random cell of the space."""
        self.put(self.space.sample(self._rng))

    def undo(self) -> None:
        """Take the cell from before the last change; nothing happens if there was none."""
        if self._before:
            self._set(self._before.pop())

    @property
    def changes(self) -> int:
        """The number of changes that can be undone."""
        return len(self._before)

    def _set(self, cell: Cell) -> None:
        self.cell = cell
        if cell not in self.space:
            self.space = space_of(cell)

    def steps(self) -> list[Step]:
        """Return the walk through the cell with the numbers that go in."""
        x_parts, h_parts = zip(*self._parts(), strict=True)
        return trace(self.cell, x_parts, h_parts, MEMORY)

    def picture(self, done: int) -> Picture:
        """Return the graph with the numbers of the first steps in it."""
        return draw_trace(self.cell, self.steps(), done)

    def say_step(self, done: int) -> str:
        """Return in words what the last of the first `done` steps does."""
        steps = self.steps()
        return f"{done} of {len(steps)}. {say_step(steps[done - 1])}" if done else "No step yet."

    def formulas(self) -> list[str]:
        """Return the formulas as lines of text."""
        return repr(formulas(self.cell)).splitlines()

    def facts(self) -> dict[str, str]:
        """Return what else there is to say: a name for each fact -> the fact, as text."""
        size = self.cell.class_size
        alone = "no other list is the same cell up to swaps of children"
        return {
            "memory path": self._memory_path(),
            "sequences in its class": f"{size:,}" if size > 1 else f"1: {alone}",
            "rank in the table": self._rank(),
            "numbers that go in": ", ".join(self._inputs()),
        }

    def _parts(self) -> list[tuple[float, float]]:
        return [PARTS[i % len(PARTS)] for i in range(self.cell.base)]

    def _inputs(self) -> Iterator[str]:
        for i, (x_part, h_part) in enumerate(self._parts()):
            yield f"W_{2 * i + 1} x_t = {number(x_part)}"
            yield f"W_{2 * i + 2} h_{{t-1}} = {number(h_part)}"
        yield f"c_{{t-1}} = {number(MEMORY)}"

    def _memory_path(self) -> str:
        if not self.cell.has_memory:
            return "none: c_t does not depend on c_{t-1}"
        ends = f"from node {self.cell.inject_index} to node {self.cell.create_index}"
        derivative = to_text(formulas(self.cell).memory_path)
        if len(derivative) > LONG:
            return f"{ends}; the derivative has {len(derivative)} letters"
        return f"{ends}; ∂c_t/∂c_{{t-1}} = {derivative}"

    def _rank(self) -> str:
        """Return the rank for each task, where the cell is in the recorded table."""
        if self.cell not in Space():
            return "only cells of base 2 without Max and Sin are in it"
        table: Table = recorded_table()
        ranks = [f"{table.rank(self.cell, task):,} ({_name(task)})" for task in table.tasks]
        return f"{' and '.join(ranks)} of {len(table):,}"


def _name(task: str) -> str:
    return task.replace("_", " ")
