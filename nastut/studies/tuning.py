"""Every search tuned with the same effort, and judged on other seeds: the study ``tuning``.

Each method of :mod:`nastut.search` that has settings gets the same number of them, the same
seeds and the same evaluations. The setting that a rule chooses is then judged on fresh seeds,
beside chance and the paper's own setting; and with the queue's two helpers, the redraw and the
bonus, given to REINFORCE and taken from the queue.
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
from nastut.search.loop import Strategy
from nastut.search.strategies import Evolution, Random
from nastut.studies.contest import own_settings, table
from nastut.studies.inference import arrivals, restricted_mean
from nastut.studies.study import Study

EVALUATIONS = 1_500
TUNING_SEEDS = tuple(range(2_000, 2_020))
SEEDS = tuple(range(3_000, 3_040))
AT_ONCE = 20
"""Seeds of one run of the study."""

RATE_AND_BONUS = {"learning_rate": (0.003, 0.01, 0.03), "entropy": (0.01, 0.1, 0.2, 0.4)}
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "evolution": {"population": (20, 50, 100), "sample": (2, 5, 10, 25)},
    "reinforce": {"batch": (10,), **RATE_AND_BONUS},
    "priority_queue": {"batch": (10,), "best": (10,), **RATE_AND_BONUS},
}
"""Function of :mod:`nastut.search` -> what is tried of its settings: every combination.

Both controllers get the same rates, bonuses and batch, and the queue is as long as the batch.
"""

PAIRS = (
    ("REINFORCE", "random"),
    ("REINFORCE, tuned", "random"),
    ("REINFORCE, tuned", "REINFORCE"),
    ("evolution, tuned", "random"),
    ("priority queue, tuned", "random"),
    ("priority queue, tuned", "evolution, tuned"),
    ("priority queue, tuned", "priority queue"),
    # What is learned, with the same helpers: both, the bonus, the redraw, none.
    ("priority queue, tuned", "REINFORCE, with redraw"),
    ("priority queue, no redraw", "REINFORCE, tuned"),
    ("priority queue, no bonus", "REINFORCE, with redraw, no bonus"),
    ("priority queue, no redraw, no bonus", "REINFORCE, no bonus"),
    # The redraw.
    ("REINFORCE, with redraw", "REINFORCE, tuned"),
    ("priority queue, tuned", "priority queue, no redraw"),
    # The bonus.
    ("REINFORCE, tuned", "REINFORCE, no bonus"),
    ("priority queue, tuned", "priority queue, no bonus"),
)
"""Judged lines to compare, asked together: the p-values are corrected for their number."""

BANDS = (0.5, 1.0, 2.0)
"""Per mille of the classes that count as the best; the rule goes by the second."""

Given = dict[str, Any]


def tuning() -> Study:
    """Return the study: its first runs try the settings, those that follow judge the chosen."""
    settings = {
        "table": table().digest,
        "task": table().tasks[0],
        "evaluations": EVALUATIONS,
        "bands": bands(),
        "tuning_seeds": TUNING_SEEDS,
        "seeds": SEEDS,
        "grids": GRIDS,
        "defaults": {name: own_settings(getattr(search, name)) for name in ("random", *GRIDS)},
        "rule": "the lowest restricted mean of evaluations until a cell of the best per mille",
    }
    runs = {
        f"tuning of {method}, {', '.join(f'{name} {given[name]}' for name in given)}": (
            method,
            given,
            TUNING_SEEDS,
        )
        for method in GRIDS
        for given in tried(method)
    }
    return Study("tuning", settings, runs, run, then=_of_the_chosen)


def tried(method: str) -> list[Given]:
    """Return the settings that are tried of a method, in the order of its grid."""
    names = GRIDS[method]
    return [dict(zip(names, values, strict=True)) for values in product(*names.values())]


def bands() -> dict[str, int]:
    """Return the rank of the last cell of each band, by the band's name."""
    return {f"{band:g} per mille": int(len(table()) * band / 1000) for band in BANDS}


def chosen(results: Mapping[str, Any], method: str, band: str = "1 per mille") -> Given:
    """Return the setting of a method that the rule chooses; of equal ones, the one tried first."""
    ours = [r for r in results.values() if (r["method"], r["line"]) == (method, None)]
    spent = [restricted_mean(arrivals(r["reached"][band]), EVALUATIONS) for r in ours]
    return dict(ours[int(np.argmin(spent))]["given"])


def lines(results: Mapping[str, Any]) -> dict[str, tuple[str, Given]]:
    """Return what is judged, by its name: a method and its settings that are no defaults.

    Names without an addition are those of the study ``searches``: the defaults. The helpers are
    given and taken at the tuned settings.
    """
    reinforce, queue = chosen(results, "reinforce"), chosen(results, "priority_queue")
    return {
        "random": ("random", {}),
        "evolution": ("evolution", {}),
        "evolution, tuned": ("evolution", chosen(results, "evolution")),
        "REINFORCE": ("reinforce", {}),
        "REINFORCE, tuned": ("reinforce", reinforce),
        "REINFORCE, with redraw": ("reinforce", reinforce | {"redraw": True}),
        "REINFORCE, no bonus": ("reinforce", reinforce | {"entropy": 0.0}),
        "REINFORCE, with redraw, no bonus": (
            "reinforce",
            reinforce | {"redraw": True, "entropy": 0.0},
        ),
        "priority queue": ("priority_queue", {}),
        "priority queue, tuned": ("priority_queue", queue),
        "priority queue, no redraw": ("priority_queue", queue | {"redraw": False}),
        "priority queue, no bonus": ("priority_queue", queue | {"entropy": 0.0}),
        "priority queue, no redraw, no bonus": (
            "priority_queue",
            queue | {"redraw": False, "entropy": 0.0},
        ),
    }


def _of_the_chosen(results: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {
        f"{name}, seeds from {SEEDS[start]}": (method, given, SEEDS[start : start + AT_ONCE], name)
        for start in range(0, len(SEEDS), AT_ONCE)
        for name, (method, given) in lines(results).items()
    }


def run(method: str, given: Given, seeds: tuple[int, ...], line: str | None = None) -> Given:
    """Search once from every seed, and return when each search arrived.

    Returns
    -------
    dict
        ``line`` (None for a setting that is tried), ``method``, ``given`` and ``seeds``.
        ``reached``: for each band, and in it for each seed, the evaluation, from 1, that proposed
        the first cell of the band; None if none did.
    """
    torch.set_num_threads(1)
    of_seeds = [arrival(strategy(method, given, seed)) for seed in seeds]
    reached = {band: [of_seed[band] for of_seed in of_seeds] for band in bands()}
    made_by = {"line": line, "method": method, "given": given, "seeds": list(seeds)}
    return {**made_by, "reached": reached}


def strategy(method: str, given: Given, seed: int) -> Strategy:
    """Return what the function of :mod:`nastut.search` of that name puts in the loop."""
    space, rng = table().space, np.random.default_rng(seed)
    if method in ("random", "evolution"):
        return {"random": Random, "evolution": Evolution}[method](space.choices, rng, **given)
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


def judged(results: Mapping[str, Any], band: str = "1 per mille") -> dict[str, np.ndarray]:
    """Return, for each judged line, evaluations until arrival of every seed; infinite for never."""
    reached: dict[str, list[int | None]] = {}
    for result in (result for result in results.values() if result["line"] is not None):
        reached.setdefault(result["line"], []).extend(result["reached"][band])
    return {line: arrivals(of_line) for line, of_line in reached.items()}
