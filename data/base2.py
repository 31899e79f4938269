"""Train every cell of a space: the making of the table, ``python -m nastut table build``.

The classes are trained in batches that are always the same. Each batch is written down when it
ends, in a folder beside the table, so that a build that was broken off loses only the batches
under way and goes on to the identical file.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import Form, remove_leftovers, write_atomically
from nastut.learning.children import CHILD, train
from nastut.learning.tasks import Task, delayed_recall, embedded_reber
from nastut.learning.training import Recipe, Record, plan
from nastut.studies.parts import Parts, require_same
from nastut.studies.processes import finished
from nastut.studies.table import Table, load_table, pack

DIGITS = 5
"""Significant digits of a perplexity in the table."""

MAKERS: dict[str, Callable[..., Task]] = {
    "embedded_reber": embedded_reber,
    "delayed_recall": delayed_recall,
}
LENGTHS = {"train": 131_088, "validation": 8_208, "test": 16_400}


@dataclass(frozen=True)
class TaskSettings:
    """How the cells are trained on one task.

    Attributes
    ----------
    stream_seed, arguments
        What the function of :mod:`nastut.learning.tasks` gets: the seed of its generator, and the
        rest by name. All children learn from the same streams.
    recipe, hidden_size
        How each child is trained, and its size.
    at_once
        Number of cells in a batch.
    seeds
        Seeds of the starting weights.
    """

    stream_seed: int = 0
    arguments: Mapping[str, int] = field(default_factory=lambda: dict(LENGTHS))
    recipe: Recipe = CHILD
    hidden_size: int = 16
    at_once: int = 128
    seeds: tuple[int, ...] = (0, 1, 2)

    @classmethod
    def recorded(cls, table: Table, task: str) -> TaskSettings:
        """Return how a table says that its cells were trained."""
        made = table.settings["tasks"][task]
        values = {name: made[name] for name in cls.__dataclass_fields__}
        values |= {"recipe": Recipe(**made["recipe"]), "seeds": tuple(made["seeds"])}
        return cls(**values)

    def make(self, task: str) -> Task:
        """Return the streams of the task of that name."""
        return MAKERS[task](np.random.default_rng(self.stream_seed), **self.arguments)


SPACE = Space()
TASKS = {
    "embedded_reber": TaskSettings(),
    "delayed_recall": TaskSettings(
        arguments={"delay": 8, "keys": 4, "distractors": 2, **LENGTHS},
        recipe=replace(CHILD, learning_rate=0.02),
        seeds=(0,),
    ),
}


def settings(space: Space, tasks: Mapping[str, TaskSettings]) -> dict[str, Any]:
    """Return all that a table depends on, as JSON has it."""
    described = {}
    for name, how in tasks.items():
        task = how.make(name)
        described[name] = {
            "name": task.name,
            "best": task.best and round(task.best, 9),  # the last digits depend on the machine
            "digest": task.digest,
            **asdict(how),
            "at": sorted(plan(task, how.recipe)[1]),
        }
    content = {
        "command": "python -m nastut table build",
        "python": platform.python_version(),
        "torch": version("torch").partition("+")[0],
        "space": asdict(space),
        "tasks": described,
    }
    return dict(json.loads(json.dumps(content)))


def classes(space: Space) -> list[Cell]:
    """Return the canonical cell of each class, in the order of the space."""
    return [cell for cell in space if cell.canonical() == cell]


RECORD: Form = {
    "seed": int,
    "parameters": int,
    "at": [int],
    "validation": [float],
    "test": float,
    "diverged": int | None,
}
"""A :class:`nastut.learning.training.Record` in a file."""


@dataclass(frozen=True)
class Batch:
    """Cells that are trained side by side on one task from one seed.

    Attributes
    ----------
    start
        Place of the first cell among all classes.
    """

    task: str
    seed: int
    start: int
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """What the part with its records is called."""
        return f"{self.task}-seed{self.seed}-{self.start:05}"


def run(batch: Batch, task: Task, how: TaskSettings) -> list[Record]:
    """Train a batch on one thread and return the record of each cell."""
    torch.set_num_threads(1)
    return train(
        batch.cells,
        task,
        recipe=how.recipe,
        hidden_size=how.hidden_size,
        seed=batch.seed,
        at_once=how.at_once,
        progress=False,
    )


def build(
    path: Path,
    executor: Executor,
    space: Space = SPACE,
    tasks: Mapping[str, TaskSettings] = TASKS,
) -> Table:
    """Make the table, or go on with it, and return what `path` then holds.

    Each batch is written down when it ends, in the folder ``<path>.parts``, which is removed
    once the table is there.

    Raises
    ------
    ValueError
        If `path` or the folder was made by other settings, or is damaged.
    """
    wanted = settings(space, tasks)
    remove_leftovers(path)
    parts = Parts(path.with_name(f"{path.name}.parts"), wanted)
    if not path.exists():
        cells = classes(space)
        batches = _batches(cells, tasks)
        records = _train_missing(parts, batches, tasks, executor)
        write_atomically(path, pack(wanted, _rows(cells, wanted, batches, records)))
    table = load_table(path)
    require_same(path, table.settings, wanted)
    parts.remove()
    return table


def _batches(cells: Sequence[Cell], tasks: Mapping[str, TaskSettings]) -> list[Batch]:
    return [
        Batch(task, seed, start, tuple(cells[start : start + how.at_once]))
        for task, how in tasks.items()
        for seed in how.seeds
        for start in range(0, len(cells), how.at_once)
    ]


def _train_missing(
    parts: Parts, batches: Sequence[Batch], tasks: Mapping[str, TaskSettings], executor: Executor
) -> dict[str, list[Record]]:
    """Train the batches that are not there yet; return the records of each, by its name."""
    parts.open()
    there = {b.name: records for b in batches if (records := _read(parts, b)) is not None}
    streams = {name: how.make(name) for name, how in tasks.items()}
    futures = {
        executor.submit(run, batch, streams[batch.task], tasks[batch.task]): batch
        for batch in batches
        if batch.name not in there
    }
    count = sum(len(batch.cells) for batch in batches)
    done = sum(map(len, there.values()))
    with tqdm(total=count, initial=done, desc="table", unit="child", smoothing=0) as bar:
        for batch, records in finished(futures):
            there[batch.name] = records
            parts.write(batch.name, [asdict(record) for record in records])
            bar.update(len(batch.cells))
    return there


def _read(parts: Parts, batch: Batch) -> list[Record] | None:
    """Return what is written down of a batch; None if nothing is."""
    content = parts.read(batch.name, [RECORD])
    if content is None:
        return None
    if len(content) != len(batch.cells):
        raise ValueError(
            f"part {batch.name} in {parts.folder} has {len(content)} records for "
            f"{len(batch.cells)} cells; delete it and build again"
        )
    return [Record(**record) for record in content]


def _rows(
    cells: Sequence[Cell],
    wanted: dict[str, Any],
    batches: Sequence[Batch],
    records: Mapping[str, list[Record]],
) -> Iterator[list[str]]:
    """Yield the row of each cell, task after task and seed after seed."""
    results: dict[tuple[str, int], list[Record]] = {}
    for batch in batches:
        results.setdefault((batch.task, batch.seed), []).extend(records[batch.name])
    for place, cell in enumerate(cells):
        row = [str(cell), str(int(cell.has_memory))]
        for task, made in wanted["tasks"].items():
            by_seed = [results[task, seed][place] for seed in made["seeds"]]
            row.append(str(by_seed[0].parameters))  # depends on no seed
            for record in by_seed:
                row += _fields(record, made["at"])
        yield row


def _fields(record: Record, at: Sequence[int]) -> list[str]:
    """Return the validation perplexities, the test perplexity and the step of divergence."""
    if list(record.at) != list(at[: len(record.at)]):
        raise ValueError(f"a record was measured at steps {record.at}; the settings say {at}")
    lost = [math.inf] * (len(at) - len(record.at))
    perplexities = (*record.validation, *lost, record.test)
    return [*(f"{number:.{DIGITS}g}" for number in perplexities), str(record.diverged or "")]
