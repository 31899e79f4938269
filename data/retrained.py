"""The table's best cells, trained again from fresh seeds: the study ``retrained``.

Who picks the best of many by a noisy measurement picks luck, too. Fresh seeds tell how much of a
place in the table belongs to the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from nastut.studies.contest import table
from nastut.studies.exhaustive import TaskSettings
from nastut.studies.study import Study
from nastut.studies.transfer import ends

BEST = 384
"""How many of the table's best cells are trained again: about two per cent."""

SEEDS = tuple(range(10, 15))


def retrained() -> Study:
    """Return the study: one run for each batch of cells and each seed."""
    task, how = made()
    settings = {
        "table": table().digest,
        "task": task,
        "digest": how.make(task).digest,
        "best": BEST,
        "at_once": how.at_once,
        "seeds": SEEDS,
        "table_seeds": how.seeds,
    }
    chosen = [str(cell) for cell in table().best(BEST)]
    batches = {start: chosen[start : start + how.at_once] for start in range(0, BEST, how.at_once)}
    runs = {
        f"ranks from {start + 1}, seed {seed}": (tuple(batch), seed)
        for seed in SEEDS
        for start, batch in batches.items()
    }
    return Study("retrained", settings, runs, run)


def made() -> tuple[str, TaskSettings]:
    """Return the table's first task, and how its cells were trained on it."""
    task = table().tasks[0]
    return task, TaskSettings.recorded(table(), task)


def run(sequences: tuple[str, ...], seed: int) -> list[dict[str, Any]]:
    """Train cells as the table did, from another seed; see :func:`nastut.studies.transfer.ends`."""
    task, how = made()
    return ends(sequences, how.make(task), how.recipe, how.hidden_size, seed, how.at_once)


def fresh_rewards(runs: Mapping[str, Any], stream: str = "validation") -> np.ndarray:
    """Return the rewards that the table's best earned from the fresh seeds.

    Parameters
    ----------
    runs
        Of the recorded study.
    stream
        ``validation``, by which the table ranks, or ``test``.

    Returns
    -------
    np.ndarray
        (cells, seeds), in the order of the table's ranks, the best first. The mean of a row is
        to the fresh seeds what :meth:`nastut.studies.table.Table.reward` is to the table's.
    """
    best = table().settings["tasks"][table().tasks[0]]["best"]
    earned: dict[str, list[float]] = {}
    for record in (record for run in runs.values() for record in run):
        earned.setdefault(record["cell"], []).append((best / (record[stream] or inf)) ** 2)
    return np.array([earned[str(cell)] for cell in table().best(len(earned))])


def kept(one: np.ndarray, other: np.ndarray, n: int) -> int:
    """Return how many of the `n` best by one measurement of the cells are so by the other, too."""
    best = [set(np.argsort(-values, kind="stable")[:n].tolist()) for values in (one, other)]
    return len(best[0] & best[1])


def standard_error(rewards: np.ndarray) -> float:
    """Return the standard error of a cell's mean reward over seeds, of shape (cells, seeds).

    The variance is the mean over the cells: a few seeds say too little of that of a single one.
    """
    return float(np.sqrt(rewards.var(axis=1, ddof=1).mean() / rewards.shape[1]))
