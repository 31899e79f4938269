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
from nastut.files import LARGEST, Form, parse_json, read_limited, recorded, require_form
from nastut.studies.rows import Results, fixed, require_classes

SETTINGS: Form = {
    "space": {"base": int, "combinations": [str], "activations": [str]},
    "tasks": {...: {"best": float, "seeds": [int], "at": [int], ...: object}},
    ...: object,
}
"""What is needed of the settings in a file."""

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
        self.has_memory = fixed(np.array(memory) == "1")
        self._row = {sequence: row for row, sequence in enumerate(self.sequences)}
        require_classes(self.space, self.sequences, memory)
        self._results = {}
        for task, made in settings["tasks"].items():
            width = 1 + len(made["seeds"]) * (len(made["at"]) + 2)
            self._results[task] = Results(made, numbers[:width])
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
        form = str(cell.canonical())
        if form not in self._row:
            raise ValueError(f"the table lacks {form}, the canonical form of {cell}: it is damaged")
        return self._row[form]

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

    def _of(self, task: str | None) -> Results:
        if task is None:
            task = self.tasks[0]
        if task not in self._results:
            raise ValueError(f"task is {task!r}; this table has {', '.join(self.tasks)}")
        return self._results[task]


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
        content = _unpack(read_limited(path))
        first, _, body = content.partition(b"\n")
        if not first.startswith(HASH):
            raise ValueError("it does not begin with a hash")
        if first.removeprefix(HASH) != _sha256(body):
            raise ValueError("its content is not what its hash says")
        return _read(body.decode(), _sha256(body).decode()[:16])
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist; 'python -m nastut table build' makes it"
        ) from None
    except (ValueError, csv.Error) as error:
        raise ValueError(
            f"{path} is damaged or holds something else: {error}; restore it, or move it away and "
            "make it anew: python -m nastut table build"
        ) from None


def _unpack(packed: bytes) -> bytes:
    """Return what was packed, if it is of a size that a table has."""
    unpacker = lzma.LZMADecompressor(memlimit=LARGEST)
    try:
        content = unpacker.decompress(packed, LARGEST)
    except lzma.LZMAError as error:
        raise ValueError(f"it cannot be unpacked ({error})") from None
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"it is cut short, or longer than it says, or than {LARGEST >> 20} MiB")
    return content


def _read(text: str, digest: str) -> Table:
    lines = text.split("\n")[:-1]
    comments = [line for line in lines if line.startswith("#")]
    settings = parse_json("\n".join(line.removeprefix("#") for line in comments))
    require_form(settings, SETTINGS, "its settings")
    if not lines[len(comments) :]:
        raise ValueError("it has no rows")
    names, *rows = csv.reader(lines[len(comments) :])
    if names != column_names(settings):
        raise ValueError("its columns are not those that its settings name")
    return Table(settings, list(zip(*rows, strict=True)), digest)


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
