"""Make ``tuning.json``: every search tuned with the same effort, and judged on other seeds.

Each method of :mod:`nastut.search` that has settings gets the same number of them, the same
seeds and the same evaluations. The setting that a rule chooses is then judged on fresh seeds,
beside chance and the paper's own setting; and with the queue's two helpers, the redraw and the
bonus, given to REINFORCE and taken from the queue.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch

from nastut import search
from nastut.studies.inference import arrivals, restricted_mean
from nastut.studies.study import Results, Study
from nastut.studies.table import load_table
from nastut.studies.verdict import EVALUATIONS
from searches import own_settings

TABLE = load_table()
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

BANDS = (0.5, 1.0, 2.0)
"""Per mille of the classes that count as the best; the rule goes by the second."""

Settings = dict[str, Any]


def study() -> Study:
    """Return the study: its first runs try the settings, those that follow judge the chosen."""
    settings = {
        "table": TABLE.digest,
        "task": TABLE.tasks[0],
        "evaluations": EVALUATIONS,
        "bands": bands(),
        "tuning_seeds": TUNING_SEEDS,
        "seeds": SEEDS,
        "grids": GRIDS,
        "defaults": {name: own_settings(getattr(search, name)) for name in ("random", *GRIDS)},
        "rule": "the lowest restricted mean of evaluations until a cell of the best per mille",
    }
    runs = {
        f"tuning of {method}, {', '.join(f'{name} {options[name]}' for name in options)}": (
            method,
            options,
            TUNING_SEEDS,
        )
        for method in GRIDS
        for options in tried(method)
    }
    return Study("tuning", settings, runs, run, then=[judging])


def tried(method: str) -> list[Settings]:
    """Return the settings that are tried of a method, in the order of its grid."""
    names = GRIDS[method]
    return [dict(zip(names, values, strict=True)) for values in product(*names.values())]


def bands() -> dict[str, int]:
    """Return the rank of the last cell of each band, by the band's name."""
    return {f"{band:g} per mille": int(len(TABLE) * band / 1000) for band in BANDS}


def chosen(results: Results, method: str, band: str = "1 per mille") -> Settings:
    """Return the setting of a method that the rule chooses; of equal ones, the one tried first."""
    ours = [r for r in results.values() if (r["method"], r["line"]) == (method, None)]
    spent = [restricted_mean(arrivals(r["reached"][band]), EVALUATIONS) for r in ours]
    return dict(ours[int(np.argmin(spent))]["given"])


def lines(results: Results) -> dict[str, tuple[str, Settings]]:
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


def judging(results: Results) -> dict[str, tuple[Any, ...]]:
    """Return the runs of the chosen settings, and of those that they are compared with."""
    return {
        f"{name}, seeds from {SEEDS[start]}": (
            method,
            options,
            SEEDS[start : start + AT_ONCE],
            name,
        )
        for start in range(0, len(SEEDS), AT_ONCE)
        for name, (method, options) in lines(results).items()
    }


def run(
    method: str, options: Settings, seeds: tuple[int, ...], line: str | None = None
) -> Settings:
    """Search once from every seed, and return when each search arrived.

    Returns
    -------
    dict
        ``line`` (None for a setting that is tried), ``method``, ``given`` and ``seeds``.
        ``reached``: for each band, and in it for each seed, the evaluation, from 1, that proposed
        the first cell of the band; None if none did.
    """
    torch.set_num_threads(1)
    reached: dict[str, list[int | None]] = {band: [] for band in bands()}
    for seed in seeds:
        result = getattr(search, method)(
            TABLE.space, TABLE.reward, EVALUATIONS, seed, progress=False, **options
        )
        ranks = np.array([TABLE.rank(cell) for cell in result.cells])
        for band, last in bands().items():
            arrived = np.flatnonzero(ranks <= last)
            reached[band].append(int(arrived[0]) + 1 if len(arrived) else None)
    asked = {"line": line, "method": method, "given": options, "seeds": list(seeds)}
    return {**asked, "reached": reached}


if __name__ == "__main__":
    study().main()
