"""What the study ``generations`` says: its lines measured, and judged against each other.

A *duel* is one later generation of a line against the same generation of another, from the same
seed. The generations of a seed are not independent, so their duels count as one number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nastut.studies.inference import (
    RESAMPLES,
    Comparison,
    bootstrap,
    duels,
    holm,
    paired_test,
    restricted_mean,
)

EVALUATIONS = 1_000
"""The budget of each search."""

RATES = {"quarter rate": 0.25, "half rate": 0.5, "twice the rate": 2.0}
"""Other learning rates that some lines are run at, as factors of the usual one."""

Runs = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


def measured(runs: Runs, line: str, key: str) -> np.ndarray:
    """Return one measurement of every search of a line, of shape (seeds, generations).

    Parameters
    ----------
    runs
        Of the recorded study.
    line
        Its name.
    key
        ``reached``: evaluations until the best per mille, infinite for never. ``rank``: of the
        best cell found. ``itself``: whether that is the core. ``distinct``, ``entropy``,
        ``dependence``: as recorded; not a number where the policy was lost.
    """

    def of(search: Mapping[str, Any]) -> float:
        if key == "reached":
            return float(search["reached"] or np.inf)
        if key == "rank":
            return float(search["improvements"][-1][1])
        if key == "itself":
            return float(search["core"] == search["best"])
        return float(np.nan if search[key] is None else search[key])

    return np.array([[of(search) for search in run[line]] for run in runs.values()])


def middle(runs: Runs, line: str, key: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the median of a measurement over later generations, and its 95 % interval.

    The median is the smallest value within which at least half of the searches lie. For the
    interval whole seeds are drawn again. Policies that were lost are left out.
    """
    later = measured(runs, line, key)[:, 1:]
    again = later[rng.integers(len(later), size=(RESAMPLES, len(later)))].reshape(RESAMPLES, -1)
    low, high = np.quantile(_median(again), (0.025, 0.975), method="inverted_cdf")
    return float(_median(later.ravel())), float(low), float(high)


def won(runs: Runs, a: str, b: str, key: str) -> np.ndarray:
    """Return the share of duels that line `a` wins against line `b`, for each seed.

    The smaller number wins; equal is half a win.
    """
    later = duels(measured(runs, a, key), measured(runs, b, key))[:, 1:]
    return np.asarray(later.mean(axis=1))


def won_at_own_rates(runs: Runs, a: str, b: str, key: str) -> np.ndarray:
    """Return what :func:`won` does, with each line at the learning rate that suits it best.

    The best rate is that with the lowest restricted mean of evaluations. It is chosen on every
    other seed, and the duels are those of the seeds between: no seed judges what it chose.
    """
    shares = np.empty(len(runs))
    names = list(runs)
    for start in (0, 1):
        judging = {name: runs[name] for name in names[start::2]}
        choosing = {name: runs[name] for name in names[1 - start :: 2]}
        shares[start::2] = won(judging, best_rate(choosing, a), best_rate(choosing, b), key)
    return shares


def best_rate(runs: Runs, line: str) -> str:
    """Return the name of a line at the rate at which it arrives first, by restricted mean."""

    def spent(name: str) -> float:
        return float(restricted_mean(measured(runs, name, "reached")[:, 1:], EVALUATIONS).mean())

    return min((line, *(f"{line}, {rate}" for rate in RATES)), key=spent)


def judge(shares: Mapping[Any, np.ndarray], rng: np.random.Generator) -> dict[Any, Comparison]:
    """Judge shares of duels, one number a seed, against a half; corrected for their number."""
    ends = [
        bootstrap(lambda again: again.mean(-1), of_seeds, rng=rng) for of_seeds in shares.values()
    ]
    p = [paired_test(of_seeds, rng) for of_seeds in shares.values()]
    values = [float(of_seeds.mean()) for of_seeds in shares.values()]
    judged = map(Comparison, values, p, holm(p).tolist(), *zip(*ends, strict=True))
    return dict(zip(shares, judged, strict=True))


def found_themselves(
    runs: Runs, lines: Sequence[str], rng: np.random.Generator
) -> dict[str, Comparison]:
    """Judge how often a core found itself: more or less often than another of its generation.

    If the core did not matter, the cores of a generation might be dealt out to the seeds anew:
    so they are, ten thousand times. The p-value is twice that of the nearer end.
    """
    counts, ends, p = [], [], []
    for line in lines:
        searches = [run[line][1:] for run in runs.values()]
        cores = np.array([[search["core"] for search in later] for later in searches])
        finds = np.array([[search["best"] for search in later] for later in searches])
        _, both = np.unique([cores, finds], return_inverse=True)  # numbers, for speed
        cores, finds = both.reshape(2, *cores.shape)
        count = int((cores == finds).sum())
        dealt = np.array(
            [(rng.permuted(cores, axis=0) == finds).sum() for _ in range(RESAMPLES)], int
        )
        counts.append(count)
        ends.append(np.quantile(dealt, (0.025, 0.975), method="inverted_cdf").tolist())
        nearer = min(np.sum(dealt <= count), np.sum(dealt >= count))
        p.append(min(1.0, 2 * float(1 + nearer) / (1 + RESAMPLES)))
    judged = map(Comparison, counts, p, holm(p).tolist(), *zip(*ends, strict=True))
    return dict(zip(lines, judged, strict=True))


def _median(values: np.ndarray) -> Any:
    """Return the median of what is a number, over the last axis; not a number if nothing is."""
    count = np.sum(~np.isnan(values), axis=-1, keepdims=True)
    ordered = np.sort(values, axis=-1)  # what is not a number comes last
    return np.take_along_axis(ordered, (count + 1) // 2 - 1, axis=-1)[..., 0]
