"""Every method tuned with the same effort: the study ``tuning``.

Each method of :mod:`nastut.search` that has settings gets the same number of them, the same
seeds and the same evaluations. What it chooses is judged on other seeds, in the study
``searches``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from nastut import search
from nastut.search.result import SearchResult
from nastut.studies.contest import own_settings, summary, table
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
        "bands": {f"{band} per mille": last_rank(band) for band in BANDS},
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


def last_rank(band: float) -> int:
    """Return the rank of the last cell among that many per mille of the classes."""
    return int(len(table()) * band / 1000)


def run(method: str, given: dict[str, float]) -> dict[str, Any]:
    """Search once from every seed, and return when each search arrived.

    Returns
    -------
    dict
        ``method`` and ``given``. ``reached``: for each band, and in it for each seed, the
        evaluation, from 1, that proposed the first cell of the band; None if none did.
    """
    function: Callable[..., SearchResult] = getattr(search, method)
    improvements = [
        summary(
            function(table().space, table().reward, EVALUATIONS, seed, progress=False, **given),
            table(),
        )["improvements"]
        for seed in SEEDS
    ]
    reached = {
        f"{band} per mille": [arrival(of_seed, last_rank(band)) for of_seed in improvements]
        for band in BANDS
    }
    return {"method": method, "given": given, "reached": reached}


def arrival(improvements: Iterable[tuple[int, float, int]], rank: int) -> int | None:
    """Return the first evaluation that proposed a cell of that rank or better; None: none did."""
    return next((evaluation for evaluation, _, of in improvements if of <= rank), None)
