"""Make the table: train every cell of a space.

``python data/base2.py`` writes ``base2.csv.xz``. While it runs, what is trained is kept in
``base2.json`` beside it.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import write_atomically
from nastut.learning.children import CHILD, train
from nastut.learning.tasks import Task, delayed_recall, embedded_reber
from nastut.learning.training import Recipe, Record, plan
from nastut.studies.study import Study
from nastut.studies.table import Table

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
        recorded = table.settings["tasks"][task]
        values = {name: recorded[name] for name in cls.__dataclass_fields__}
        values |= {"recipe": Recipe(**recorded["recipe"]), "seeds": tuple(recorded["seeds"])}
        return cls(**values)

    def streams(self, task: str) -> Task:
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


def study() -> Study:
    """Return the study: one run for each batch of cells, each task and each seed."""
    cells = [str(cell) for cell in SPACE if cell.canonical() == cell]
    runs = {
        f"{task}, seed {seed}, cells from {start}": (
            task, seed, tuple(cells[start : start + how.at_once])
        )
        for task, how in TASKS.items()
        for seed in how.seeds
        for start in range(0, len(cells), how.at_once)
    }  # fmt: skip
    return Study("base2", {"space": asdict(SPACE), "tasks": described()}, runs, run)


def described() -> dict[str, Any]:
    """Return all that the numbers of each task depend on."""
    found = {}
    for name, how in TASKS.items():
        task = streams(name)
        found[name] = {
            "name": task.name,
            "best": task.best and round(task.best, 9),  # the last digits depend on the machine
            "digest": task.digest,
            **asdict(how),
            "at": sorted(plan(task, how.recipe)[1]),
        }
    return found


@cache
def streams(task: str) -> Task:
    """Return the streams of a task, made once in a process."""
    return TASKS[task].streams(task)


def run(task: str, seed: int, sequences: Sequence[str]) -> dict[str, list[str]]:
    """Train some cells on one thread; return for each the fields of its row, as text."""
    torch.set_num_threads(1)
    how, cells = TASKS[task], map(Cell.parse, sequences)
    records = train(
        cells, streams(task), how.recipe, how.hidden_size, seed, how.at_once, progress=False
    )
    at = sorted(plan(streams(task), how.recipe)[1])
    return {name: fields(record, at) for name, record in zip(sequences, records, strict=True)}


def fields(record: Record, at: Sequence[int]) -> list[str]:
    """Return the number of parameters, then all that depends on the seed."""
    lost = [math.inf] * (len(at) - len(record.at))
    perplexities = (*record.validation, *lost, record.test)
    numbers = [f"{number:.{DIGITS}g}" for number in perplexities]
    return [str(record.parameters), *numbers, str(record.diverged or "")]


def pack(settings: Mapping[str, Any], runs: Mapping[str, Mapping[str, list[str]]]) -> bytes:
    """Return the content of the table's file."""
    names = ["sequence", "has_memory"]
    rows: dict[str, list[str]] = {}
    for task, how in settings["tasks"].items():
        names.append(f"{task}_parameters")
        for seed in how["seeds"]:
            measured = [*(f"step{step}" for step in how["at"]), "test", "diverged"]
            names += [f"{task}_seed{seed}_{name}" for name in measured]
            batches = [
                batch for name, batch in runs.items() if name.startswith(f"{task}, seed {seed},")
            ]
            for cell, (parameters, *numbers) in (
                pair for batch in batches for pair in batch.items()
            ):
                row = rows.setdefault(cell, [cell, str(int(Cell.parse(cell).has_memory))])
                row += numbers if seed != how["seeds"][0] else [parameters, *numbers]
    text = io.StringIO()
    text.writelines(f"# {line}\n" for line in json.dumps(settings, indent=1).splitlines())
    csv.writer(text, lineterminator="\n").writerows([names, *rows.values()])
    return lzma.compress(text.getvalue().encode())


if __name__ == "__main__":
    if len(sys.argv) == 1 and Path(__file__).with_name("base2.csv.xz").exists():
        print("base2.csv.xz is there; move it away to make it anew")
        sys.exit()
    path = study().main()
    content = json.loads(path.read_bytes())
    write_atomically(path.with_suffix(".csv.xz"), pack(content["settings"], content["runs"]))
    path.unlink()
