"""Every method tuned with the same effort: the study ``tuning``.

Each method of :mod:`nastut.search` that has settings gets the same number of them, the same
seeds and the same evaluations. What it chooses is judged on other seeds, in the study
``searches``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import torch

from nastut import search
from nastut.search.controller import Controller
from nastut.search.learners import PriorityQueue, Reinforce
from nastut.search.strategies import Evolution, Strategy
from nastut.studies.contest import own_settings, table
from nastut.studies.inference import arrivals, restricted_mean
from nastut.studies.study import Study

EVALUATIONS = 1_500
SEEDS = tuple(range(2_000, 2_020))
RATE_AND_BONUS = {"learning_rate": (0.003, 0.01, 0.03), "entropy": (0.01, 0.1, 0.2, 0.4)}
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "evolution": {"population": (20, 50, 100), "sample": (2, 5, 10, 25)},
    "reinforce": {"batch": (10,), **RATE_AND_BONUS},
    "priority_queue": {"batch": (10,), "best": (10,), **RATE_AND_BONUS},
}
"""Function of :mod:`nastut.search` -> what is tried of its settings: every combination.

Both controllers get the same rates, bonuses and batch. The queue is as long as the batch, and
its redraw is on: what that is worth, the study ``searches`` shows.
"""

BANDS = (0.5, 1.0, 2.0)
"""Per mille of the classes that count as the best; the rule goes by the second."""


def tuning() -> Study:
    """Return the study: one run for each setting, with all seeds in it."""
    settings = {
        "table": table().digest,
        "task": table().tasks[0],
        "evaluations": EVALUATIONS,
        "bands": bands(),
        "seeds": SEEDS,
        "grids": GRIDS,
        "defaults": {method: own_settings(getattr(search, method)) for method in GRIDS},
        "rule": "the lowest restricted mean of evaluations until a cell of the best per mille",
    }
    runs = {
        f"{method}, {', '.join(f'{name} {value}' for name, value in given.items())}": (
            method,
            given,
        )
        for method in GRIDS
        for given in tried(method)
    }
    return Study("tuning", settings, runs, run)


def tried(method: str) -> list[dict[str, float]]:
    """Return the settings that are tried of a method, in the order of its grid."""
    names = GRIDS[method]
    return [dict(zip(names, values, strict=True)) for values in product(*names.values())]


def bands() -> dict[str, int]:
    """Return the rank of the last cell of each band, by the band's name."""
    return {f"{band:g} per mille": int(len(table()) * band / 1000) for band in BANDS}


def run(method: str, given: dict[str, float]) -> dict[str, Any]:
    """Search once from every seed, and return when each search arrived.

    Returns
    -------
    dict
        ``method`` and ``given``. ``reached``: for each band, and in it for each seed, the
        evaluation, from 1, that proposed the first cell of the band; None if none did.
    """
    torch.set_num_threads(1)
    of_seeds = [arrival(strategy(method, given, seed)) for seed in SEEDS]
    reached = {band: [of_seed[band] for of_seed in of_seeds] for band in bands()}
    return {"method": method, "given": given, "reached": reached}


def strategy(method: str, given: dict[str, Any], seed: int) -> Strategy:
    """Return what the function of :mod:`nastut.search` of that name puts in the loop."""
    space, rng = table().space, np.random.default_rng(seed)
    if method == "evolution":
        return Evolution(space.choices, rng, **given)
    learner = {"reinforce": Reinforce, "priority_queue": PriorityQueue}[method]
    return learner(Controller(space, seed=seed), rng, **given)


def arrival(strategy: Strategy) -> dict[str, int | None]:
    """Search until every band is reached, or the budget is spent.

    Returns
    -------
    dict
        For each band the first evaluation, from 1, that proposed one of its cells, or None.
    """
    reached: dict[str, int | None] = dict.fromkeys(bands())
    evaluations = 0
    while evaluations < EVALUATIONS and None in reached.values():
        proposed = strategy.propose()
        cells = [table().space.decode(choices) for choices in proposed]
        for cell in cells[: EVALUATIONS - evaluations]:
            evaluations += 1
            for band, last in bands().items():
                if reached[band] is None and table().rank(cell) <= last:
                    reached[band] = evaluations
        strategy.learn(proposed, [table().reward(cell) for cell in cells])
    return reached


def chosen(runs: Mapping[str, Any], method: str, band: str = "1 per mille") -> dict[str, float]:
    """Return the setting of a method that the rule chooses; of equal ones, the one tried first."""
    ours = [result for result in runs.values() if result["method"] == method]
    spent = [restricted_mean(arrivals(result["reached"][band]), EVALUATIONS) for result in ours]
    return dict(ours[int(np.argmin(spent))]["given"])
