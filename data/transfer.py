"""Make ``transfer.json``: how far the table's ranking holds on real text.

Cells drawn at random and the table's best learn Python's reference manual, character by character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from math import inf, isfinite
from typing import Any

import numpy as np
import torch

from nastut.cells.cell import Cell
from nastut.learning.children import CHILD, train
from nastut.learning.tasks import Task, python_reference
from nastut.learning.training import Recipe
from nastut.studies.study import Study
from nastut.studies.table import load_table

TABLE = load_table()
DRAWN, BEST = 500, 40
AT_ONCE = 60
SEEDS = (0, 1)
HIDDEN_SIZE = 32
RECIPE = replace(CHILD, learning_rate=0.01)
LENGTHS = {"train": 262_160, "validation": 16_400, "test": 16_400}


def study() -> Study:
    """Return the study."""
    task = text()
    settings = {
        "table": TABLE.digest,
        "task": {"name": task.name, "digest": task.digest, "symbols": len(task.symbols)},
        "drawn": DRAWN,
        "best": BEST,
        "at_once": AT_ONCE,
        "recipe": asdict(RECIPE),
        "hidden_size": HIDDEN_SIZE,
        "lengths": LENGTHS,
        "seeds": SEEDS,
    }
    names = [str(cell) for cell in cells()]
    runs = {
        f"cells from {start}, seed {seed}": (tuple(names[start : start + AT_ONCE]), seed)
        for start in range(0, len(names), AT_ONCE)
        for seed in SEEDS
    }
    return Study("transfer", settings, runs, run)


def cells() -> list[Cell]:
    """Return classes of the table, each once: some drawn at random, then the best."""
    rng = np.random.default_rng(0)
    drawn = [TABLE.cells[row] for row in rng.permutation(len(TABLE))[:DRAWN]]
    return [*drawn, *(cell for cell in TABLE.best(BEST) if cell not in drawn)]


@cache
def text() -> Task:
    """Return the text, cut to the lengths that are used."""
    whole = python_reference()
    return replace(whole, **{name: getattr(whole, name)[:n] for name, n in LENGTHS.items()})


def run(sequences: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Train some cells on the text; see :func:`ends` for what is returned."""
    return ends(sequences, text(), RECIPE, HIDDEN_SIZE, seed, AT_ONCE)


def ends(
    sequences: Sequence[str],
    task: Task,
    recipe: Recipe,
    hidden_size: int,
    seed: int,
    at_once: int,
) -> list[dict[str, Any]]:
    """Train some cells on one thread and return, for each, its sequence and perplexities.

    ``validation`` is measured at the end of training, ``test`` with the weights that were best
    in validation. One that is infinite is None: JSON has no infinity.
    """
    torch.set_num_threads(1)
    chosen = map(Cell.parse, sequences)
    records = train(chosen, task, recipe, hidden_size, seed, at_once, progress=False)
    return [
        {
            "cell": sequence,
            "seed": seed,
            "validation": _finite(inf if record.diverged else record.validation[-1]),
            "test": _finite(record.test),
        }
        for sequence, record in zip(sequences, records, strict=True)
    ]


def _finite(perplexity: float) -> float | None:
    return round(perplexity, 4) if isfinite(perplexity) else None


if __name__ == "__main__":
    study().main()
