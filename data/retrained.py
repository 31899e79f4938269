"""Make ``retrained.json``: the table's best cells, trained again from fresh seeds.

Whoever picks the best of many by a noisy measurement picks luck, too. Fresh seeds tell how much of
a place in the table belongs to the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from base2 import TaskSettings
from nastut.learning.tasks import Task
from nastut.studies.study import Study
from nastut.studies.table import load_table
from transfer import ends

TABLE = load_table()
TASK = TABLE.tasks[0]
HOW = TaskSettings.recorded(TABLE, TASK)
BEST = 384
"""How many of the table's best cells are trained again: about two per cent."""

SEEDS = tuple(range(10, 15))


def study() -> Study:
    """Return the study: one run for each batch of cells and each seed."""
    settings = {
        "table": TABLE.digest,
        "task": TASK,
        "digest": streams().digest,
        "best": BEST,
        "at_once": HOW.at_once,
        "seeds": SEEDS,
        "table_seeds": HOW.seeds,
    }
    names = [str(cell) for cell in TABLE.best(BEST)]
    runs = {
        f"ranks from {start + 1}, seed {seed}": (tuple(names[start : start + HOW.at_once]), seed)
        for seed in SEEDS
        for start in range(0, BEST, HOW.at_once)
    }
    return Study("retrained", settings, runs, run)


@cache
def streams() -> Task:
    """Return the streams of the table's task, made once in a process."""
    return HOW.streams(TASK)


def run(sequences: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Train cells as the table did, from another seed; see :func:`transfer.ends`."""
    return ends(sequences, streams(), HOW.recipe, HOW.hidden_size, seed, HOW.at_once)


if __name__ == "__main__":
    study().main()
