"""What can be said from some runs: intervals and tests, also for runs that never arrived.

A run that did not arrive within its budget is *censored*: it needs more, nobody knows how much.
Here it counts as infinity. So medians and ranks come out right, as long as all runs had the same
budget; a mean does not exist, and :func:`restricted_mean` takes its place.

Every p-value is two-sided: the probability, if there were no difference, of one at least as far
from none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, erfc, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

RESAMPLES = 10_000

Statistic = Callable[..., Any]
"""Takes samples whose last axis goes over the runs, and returns a number for each of the rest."""


def arrivals(reached: Sequence[float | None]) -> np.ndarray:
    """Return evaluations until arrival, with infinity for None, a run that never arrived."""
    return np.array([np.inf if evaluation is None else evaluation for evaluation in reached], float)


def median(values: np.ndarray) -> Any:
    """Return the smallest value within which at least half of the runs lie; it may be infinite."""
    return np.quantile(values, 0.5, axis=-1, method="inverted_cdf")


def restricted_mean(values: np.ndarray, budget: float) -> Any:
    """Return the mean evaluations that a run spends if it stops on arrival or at the budget."""
    return np.minimum(values, budget).mean(axis=-1)


def share(values: np.ndarray) -> Any:
    """Return the share of runs that arrived."""
    return np.isfinite(values).mean(axis=-1)


def bootstrap(
    statistic: Statistic,
    *samples: np.ndarray,
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile interval of a statistic when the runs are drawn again.

    Each sample is drawn again by itself, with replacement, ten thousand times. An end is
    infinite where the statistic is; a difference of infinities is undefined, so medians of
    which one may be infinite are compared by :func:`rank_test`. Source: Efron & Tibshirani
    (1993), *An Introduction to the Bootstrap*, chapter 13.

    Parameters
    ----------
    statistic
        Such as :func:`median`; of two samples, such as ``lambda a, b: median(a) - median(b)``.
    samples
        (runs,) each. For paired runs, give one sample, of the differences.
    rng
        Draws.
    level
        Of the interval.
    """
    again = [rng.choice(sample, size=(RESAMPLES, len(sample))) for sample in samples]
    ends = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.quantile(statistic(*again), ends, method="inverted_cdf")
    return float(low), float(high)


def wilson(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share, by Wilson's score: `count` of `of` independent runs.

    Source: Wilson (1927), *Journal of the American Statistical Association* 22.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (count + z * z / 2) / (of + z * z)
    half = z / (of + z * z) * sqrt(count * (of - count) / of + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def duels(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return 1 where `a` is smaller, that is better, 0.5 where the two are equal, and 0 else."""
    return np.asarray((a < b) + 0.5 * (a == b))


def rank_test(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Compare two independent samples by the test of Mann and Whitney.

    Equal values, and so all runs that never arrived, are half a win each. With one budget for
    all this is Gehan's test of censored samples. The p-value is that of the normal
    approximation, corrected for ties and for the steps of the sum; it is close from about ten
    runs a sample on.

    Returns
    -------
    wins : float
        The share of pairs in which the run of `a` is the smaller one.
    p : float
    """
    n, m = len(a), len(b)
    wins = duels(a[:, None], b).sum()
    _, ties = np.unique(np.concatenate([a, b]), return_counts=True)
    variance = n * m / 12 * (n + m + 1 - (ties**3 - ties).sum() / ((n + m) * (n + m - 1)))
    distance = abs(wins - n * m / 2) - 0.5
    p = erfc(distance / sqrt(2 * float(variance))) if variance else 1.0
    return float(wins / (n * m)), min(1.0, p)


def exact_rank_test(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return what :func:`rank_test` does, with the exact p-value: for samples of a few runs.

    If the two were alike, any of the runs might as well have been those of `a`: all choices of so
    many are counted in which the share of wins is as far from a half, or farther.
    """
    every, n = np.concatenate([a, b]), len(a)
    beats = duels(every[:, None], every)
    index = set(range(len(every)))

    def wins(mine: Iterable[int]) -> float:
        others = sorted(index.difference(mine))
        return float(beats[np.ix_([*mine], others)].mean())

    found = wins(range(n))
    far = [abs(wins(mine) - 0.5) >= abs(found - 0.5) - 1e-12 for mine in combinations(index, n)]
    return found, float(np.mean(far))


@dataclass(frozen=True)
class Comparison:
    """What came of comparing two samples, as one of several questions.

    Attributes
    ----------
    wins
        The share of pairs of runs in which the first sample's is the smaller one.
    p
        Of :func:`rank_test`.
    corrected
        The same, corrected for the number of questions.
    """

    wins: float
    p: float
    corrected: float


def compared(
    samples: Mapping[str, np.ndarray], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Comparison]:
    """Compare pairs of samples by :func:`rank_test`, corrected for their number by :func:`holm`."""
    tested = {(a, b): rank_test(samples[a], samples[b]) for a, b in pairs}
    corrected = holm([p for _, p in tested.values()]).tolist()
    return {
        pair: Comparison(wins, p, of)
        for (pair, (wins, p)), of in zip(tested.items(), corrected, strict=True)
    }


def paired_test(shares: np.ndarray, rng: np.random.Generator) -> float:
    """Return the p-value of shares of wins, one number a pair of runs, against a half.

    If the two sides were alike, each pair might as well have come out the other way round: so
    they are swapped at random, ten thousand times. Source: Phipson & Smyth (2010), *Statistical
    Applications in Genetics and Molecular Biology* 9 (why 1 is added on both sides).
    """
    signs = rng.choice([-1, 1], size=(RESAMPLES, len(shares)))
    by_chance = np.abs((signs * (shares - 0.5)).mean(axis=1))
    extreme = by_chance >= abs(shares.mean() - 0.5) - 1e-12
    return float((1 + extreme.sum()) / (1 + RESAMPLES))


def fisher_test(count: int, of: int, other_count: int, other_of: int) -> float:
    """Return the exact p-value that two shares of independent runs are equal, by Fisher's test."""
    total, every = count + other_count, of + other_of
    possible = range(max(0, total - other_of), min(of, total) + 1)
    ways = {k: comb(of, k) * comb(other_of, total - k) for k in possible}
    extreme = [way for way in ways.values() if way <= ways[count]]
    return sum(extreme) / comb(every, total)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of the ranks of two measurements of the same things: Spearman's.

    Equal values share the mean of their ranks.
    """

    def ranks(values: np.ndarray) -> np.ndarray:
        ordered = np.sort(values)
        ends = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
        return np.asarray(sum(ends))

    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return p-values corrected for their number, by Holm's rule.

    Those below 0.05 are then all true but for one time in twenty. Source: Holm (1979),
    *Scandinavian Journal of Statistics* 6.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    steps = p[order] * np.arange(len(p), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
