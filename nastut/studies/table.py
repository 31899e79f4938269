"""The table: every cell of a space, with what came of training it.

The file is a CSV, packed by xz. Its first lines start with ``#``: a hash of all that follows,
then the settings as JSON. ``nastut.studies.exhaustive`` makes it; reading it needs no torch.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import lzma
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import recorded

HASH = b"# sha256 of all that follows this line: "


class Table:
    """What came of training every cell of a space, on one or more tasks, from several seeds.

    Sequences that differ only by swaps of children are one class and share a row, so any of
    them may be asked for. Arrays have one row for each class, in the order of :attr:`cells`.

    Whoever trains a cell again by the recorded settings gets the recorded perplexity, rounded
    to five digits, on a machine of the same kind. On another, rounding differs from the start
    and grows with training.

    `task` is the name of a task in :attr:`tasks`; the first of them if left out.

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
        A hash of the content, to be written beside any result that depends on it.
    """

    def __init__(
        self, settings: dict[str, Any], columns: Sequence[Sequence[str]], digest: str
    ) -> None:
        self.digest = digest
        self.space = Space(**settings["space"])
        self.settings = settings
        self.tasks = tuple(settings["tasks"])
        self.sequences, memory, *numbers = columns
        self.has_memory = _fixed(np.array(memory) == "1")
        self._row = {sequence: row for row, sequence in enumerate(self.sequences)}
        if not len(self._row) == len(self.sequences) == self.space.classes:
            raise ValueError(
                f"it has {len(self._row)} different sequences in {len(self.sequences)} rows; "
                f"its space has {self.space.classes} classes"
            )
        self._results = {}
        for task, made in settings["tasks"].items():
            width = 1 + len(made["seeds"]) * (len(made["at"]) + 2)
            self._results[task] = _Results(made, numbers[:width])
            numbers = numbers[width:]

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self.sequences)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The canonical cell of each class."""
        return tuple(map(Cell.parse, self.sequences))

    def reward(self, cell: Cell, task: str | None = None) -> float:
        """Return the mean over seeds of (p* / perplexity)^2, where 1 is perfect.

        p* is the best possible perplexity of the task. The perplexity is that of the
        validation stream at the end of training, so that a search may go by it: the test
        stays unseen. A child that diverged counts as 0.

        Raises
        ------
        ValueError
            If the cell is not in the space, or there is no such task.
        """
        return float(self.rewards(task)[self.row(cell)])

    def perplexity(self, cell: Cell, task: str | None = None) -> float:
        """Return the mean over seeds of the validation perplexity at the end of training.

        It is infinite if one of the children diverged.

        Raises
        ------
        ValueError
            If the cell is not in the space, or there is no such task.
        """
        return float(self.validation(task)[self.row(cell), :, -1].mean())

    def rank(self, cell: Cell, task: str | None = None) -> int:
        """Return the place of a cell by reward; 1 is the best.

        Among equal rewards the one that comes first in :attr:`cells` is the better.

        Raises
        ------
        ValueError
            If the cell is not in the space, or there is no such task.
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
        """Return the row of a cell's class in every array.

        Raises
        ------
        ValueError
            If the cell is not in the space; the message names the token.
        """
        self.space.encode(cell)
        return self._row[str(cell.canonical())]

    def rewards(self, task: str | None = None) -> np.ndarray:
        """Return the reward of each class, of shape (classes,); see :meth:`reward`."""
        return self._of(task).rewards

    def ranks(self, task: str | None = None) -> np.ndarray:
        """Return the rank of each class, of shape (classes,); see :meth:`rank`."""
        return self._of(task).ranks

    def validation(self, task: str | None = None) -> np.ndarray:
        """Return the validation perplexity, of shape (classes, seeds, points of training).

        The last point is the end of training. What follows a divergence is infinite.
        """
        return self._of(task).validation

    def test(self, task: str | None = None) -> np.ndarray:
        """Return the test perplexity of the weights that were best in validation.

        Its shape is (classes, seeds).
        """
        return self._of(task).test

    def diverged(self, task: str | None = None) -> np.ndarray:
        """Return the training step, counted from 1, at which the loss was no finite number.

        0 where that never was. The shape is (classes, seeds).
        """
        return self._of(task).diverged

    def parameters(self, task: str | None = None) -> np.ndarray:
        """Return how many numbers a network of each class learns, of shape (classes,)."""
        return self._of(task).parameters

    def _of(self, task: str | None) -> _Results:
        if task is None:
            task = self.tasks[0]
        if task not in self._results:
            raise ValueError(f"task is {task!r}; this table has {', '.join(self.tasks)}")
        return self._results[task]


class _Results:
    """The arrays of one task, made from its columns of the file."""

    def __init__(self, made: dict[str, Any], columns: Sequence[Sequence[str]]) -> None:
        parameters, *rest = columns
        points = len(made["at"])
        self.parameters = _fixed(np.array(list(map(int, parameters))))
        numbers = np.array([[float(text or 0) for text in column] for column in rest])
        numbers = numbers.reshape(len(made["seeds"]), points + 2, -1).transpose(2, 0, 1)
        self.validation = _fixed(numbers[..., :points].copy())
        self.test = _fixed(numbers[..., points].copy())
        self.diverged = _fixed(numbers[..., points + 1].astype(int))
        if not ((self.validation >= 1).all() and (self.test >= 1).all()):
            raise ValueError("it has a perplexity below 1, or one that is no number")
        lost = self.diverged > 0
        rewards = np.where(lost, 0.0, (made["best"] / self.validation[..., -1]) ** 2)
        self.rewards = _fixed(rewards.mean(axis=1))
        ranks = np.empty(len(self.rewards), int)
        ranks[np.argsort(-self.rewards, kind="stable")] = np.arange(1, len(ranks) + 1)
        self.ranks = _fixed(ranks)


def _fixed(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def column_names(settings: dict[str, Any]) -> list[str]:
    """Return what the columns are called."""
    names = ["sequence", "has_memory"]
    for task, made in settings["tasks"].items():
        names.append(f"{task}_parameters")
        for seed in made["seeds"]:
            measured = [*(f"step{step}" for step in made["at"]), "test", "diverged"]
            names += [f"{task}_seed{seed}_{name}" for name in measured]
    return names


def pack(settings: dict[str, Any], rows: Iterable[Sequence[str]]) -> bytes:
    """Return the content of a table's file; the same rows give the same bytes.

    Parameters
    ----------
    settings
        What JSON can hold. Needed are ``space``, the attributes of a :class:`nastut.Space`,
        and ``tasks``: for each name ``best``, ``seeds`` and ``at``, the training steps at
        which validation was measured.
    rows
        The fields of each class, in the order of :func:`column_names`: ``0`` or ``1`` in
        ``has_memory``, the step or nothing in ``diverged``.
    """
    text = io.StringIO()
    text.writelines(f"# {line}\n" for line in json.dumps(settings, indent=1).splitlines())
    csv.writer(text, lineterminator="\n").writerows([column_names(settings), *rows])
    body = text.getvalue().encode()
    return lzma.compress(HASH + _sha256(body) + b"\n" + body)


def load_table(path: str | os.PathLike[str] | None = None) -> Table:
    """Return a table from its file; the recorded one, ``data/base2.csv.xz``, if left out.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If the file is damaged or holds something else.
    """
    path = recorded("base2.csv.xz") if path is None else Path(path)
    try:
        packed = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist; 'python -m nastut table build' makes it"
        ) from None
    remedy = "restore it, or move it away and make it anew: python -m nastut table build"
    try:
        content = lzma.decompress(packed)
    except lzma.LZMAError as error:
        raise ValueError(f"{path} is damaged or no table ({error}); {remedy}") from None
    first, _, body = content.partition(b"\n")
    if not first.startswith(HASH):
        raise ValueError(f"{path} holds no table of nastut; {remedy}")
    if first.removeprefix(HASH) != _sha256(body):
        raise ValueError(f"{path} is damaged: its content is not what its hash says; {remedy}")
    try:
        return _read(body.decode(), _sha256(body).decode()[:16])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds a table that cannot be read ({error}); {remedy}") from None


def _read(text: str, digest: str) -> Table:
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    settings = json.loads("\n".join(line.removeprefix("#") for line in comments))
    names, *rows = csv.reader(lines[len(comments) :])
    if names != column_names(settings):
        raise ValueError("its columns are not those that its settings name")
    return Table(settings, list(zip(*rows, strict=True)), digest)


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
