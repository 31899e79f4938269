"""The table: every cell of a space, with what came of training it.

The file is a CSV, packed by xz; its first lines start with ``#`` and hold the settings as JSON.
``data/base2.py`` makes it. Reading it needs no torch.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import recorded


class _ReadOnly:
    """What has arrays that cannot be changed by accident, in copies and pickles neither."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Results(_ReadOnly):
    """What came of one task: arrays with one row for each class.

    Attributes
    ----------
    parameters : (classes,)
        How many numbers a network of each class learns.
    validation : (classes, seeds, points of training)
        The perplexity of the validation stream. The last point is the end of training. What
        follows a divergence is infinite.
    test : (classes, seeds)
        The perplexity of the test stream, of the weights that were best in validation.
    diverged : (classes, seeds)
        The training step, counted from 1, at which the loss was no finite number; 0 if never.
    rewards, ranks : (classes,)
        See :meth:`Table.reward` and :meth:`Table.rank`.
    """

    parameters: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    diverged: np.ndarray
    rewards: np.ndarray
    ranks: np.ndarray

    def __post_init__(self) -> None:
        self.__setstate__(vars(self))

    @classmethod
    def parse(cls, settings: Mapping[str, Any], columns: Sequence[Sequence[str]]) -> Results:
        """Return the arrays of a task's columns."""
        parameters, *rest = columns
        seeds, points = len(settings["seeds"]), len(settings["at"])
        numbers = np.array([[float(text or 0) for text in column] for column in rest])
        numbers = numbers.reshape(seeds, points + 2, -1).transpose(2, 0, 1)
        validation, diverged = numbers[..., :points].copy(), numbers[..., -1].astype(int)
        by_seed = np.where(diverged > 0, 0.0, (settings["best"] / validation[..., -1]) ** 2)
        rewards = by_seed.mean(axis=1)
        ranks = np.empty(len(rewards), int)
        ranks[np.argsort(-rewards, kind="stable")] = np.arange(1, len(ranks) + 1)
        count = np.array([int(text) for text in parameters])
        return cls(count, validation, numbers[..., points].copy(), diverged, rewards, ranks)


class Table(_ReadOnly):
    """What came of training every cell of a space, on one or more tasks, from several seeds.

    Sequences that differ only by swaps of children are one class and share a row, so any of
    them may be asked for. Arrays have one row for each class, in the order of :attr:`cells`.

    Whoever trains a cell again by the recorded settings gets the recorded perplexity, rounded
    to five digits, on a machine of the same kind. On another, rounding differs from the start
    and grows with training.

    `task` is the name of a task in :attr:`tasks`; the first of them if left out. A cell that is not
    in the space, or a task that is not in the table, is a ValueError.

    Attributes
    ----------
    space
        The space whose cells these are.
    settings
        How they were trained, as the file says.
    tasks
        Names of the tasks: functions of :mod:`nastut.learning.tasks`.
    sequences
        The canonical sequence of each class, as text.
    has_memory : (classes,)
        Whether c_t can depend on c_{t-1}.
    digest
        A hash of the rows, to be written beside any result that depends on them.
    """

    def __init__(
        self, settings: dict[str, Any], columns: Sequence[Sequence[str]], digest: str
    ) -> None:
        self.settings, self.digest = settings, digest
        self.space = Space(**settings["space"])
        self.tasks = tuple(settings["tasks"])
        self.sequences, memory, *numbers = columns
        self.has_memory = np.array(memory) == "1"
        self._row = {sequence: row for row, sequence in enumerate(self.sequences)}
        self._results = {}
        for task, of_task in settings["tasks"].items():
            width = 1 + len(of_task["seeds"]) * (len(of_task["at"]) + 2)
            self._results[task] = Results.parse(of_task, numbers[:width])
            numbers = numbers[width:]
        self.__setstate__(vars(self))

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self.sequences)

    def __repr__(self) -> str:
        tasks = ", ".join(self.tasks)
        return f"<Table: {len(self):,} classes of base {self.space.base}; {tasks}>"

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The canonical cell of each class."""
        return tuple(map(Cell.parse, self.sequences))

    def reward(self, cell: Cell, task: str | None = None) -> float:
        """Return the mean over seeds of (p* / perplexity)^2, where 1 is perfect.

        p* is the best possible perplexity of the task. The perplexity is that of the
        validation stream at the end of training, so that a search may go by it: the test
        stays unseen. A child that diverged counts as 0.
        """
        return float(self.rewards(task)[self.row(cell)])

    def perplexity(self, cell: Cell, task: str | None = None) -> float:
        """Return the mean over seeds of the validation perplexity at the end of training.

        It is infinite if one of the children diverged.
        """
        return float(self.validation(task)[self.row(cell), :, -1].mean())

    def rank(self, cell: Cell, task: str | None = None) -> int:
        """Return the place of a cell by reward; 1 is the best.

        Among equal rewards the one that comes first in :attr:`cells` is the better.
        """
        return int(self.ranks(task)[self.row(cell)])

    def best(self, n: int, task: str | None = None) -> list[Cell]:
        """Return the `n` cells with the highest rewards, the best first.

        Raises
        ------
        ValueError
            If there are not so many, or there is no such task.
        """
        if not 1 <= n <= len(self):
            raise ValueError(f"n is {n}; it must be from 1 to {len(self)}")
        return [Cell.parse(self.sequences[row]) for row in np.argsort(self.ranks(task))[:n]]

    def row(self, cell: Cell) -> int:
        """Return the row of a cell's class in every array."""
        self.space.encode(cell)
        return self._row[str(cell.canonical())]

    def rewards(self, task: str | None = None) -> np.ndarray:
        """Return the reward of each class, of shape (classes,); see :meth:`reward`."""
        return self.results(task).rewards

    def ranks(self, task: str | None = None) -> np.ndarray:
        """Return the rank of each class, of shape (classes,); see :meth:`rank`."""
        return self.results(task).ranks

    def validation(self, task: str | None = None) -> np.ndarray:
        """Return the validation perplexities, (classes, seeds, points); see :class:`Results`."""
        return self.results(task).validation

    def results(self, task: str | None = None) -> Results:
        """Return all arrays of a task."""
        name = self.tasks[0] if task is None else task
        if name not in self._results:
            raise ValueError(f"task is {task!r}; this table has {', '.join(self.tasks)}")
        return self._results[name]


def load_table(path: str | os.PathLike[str] | None = None) -> Table:
    """Return a table from its file; the recorded one, ``data/base2.csv.xz``, if left out.

    Raises
    ------
    OSError
        If there is none, or it cannot be read.
    ValueError
        If the file is damaged or holds something else.
    """
    path = recorded("base2.csv.xz") if path is None else Path(path)
    packed = path.read_bytes()
    try:
        lines = lzma.decompress(packed).decode().splitlines()
        start = next(n for n, line in enumerate(lines) if not line.startswith("#"))
        settings = json.loads("".join(line[1:] for line in lines[:start]))
        columns = list(zip(*(line.split(",") for line in lines[start + 1 :]), strict=True))
        digest = hashlib.sha256("\n".join(lines[start:]).encode()).hexdigest()[:16]
        return Table(settings, columns, digest)
    except (ValueError, LookupError, TypeError, StopIteration, lzma.LZMAError) as error:
        raise ValueError(
            f"{path} is damaged or holds something else: {error}; restore it, or move it away and "
            "make it anew: python data/base2.py"
        ) from None
