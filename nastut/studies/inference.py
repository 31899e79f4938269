"""What can be said from some runs: intervals and tests, also for runs that never arrived.

A run that did not arrive within its budget is *censored*: it needs more, nobody knows how much.
Here it counts as infinity. So medians and ranks come out right, as long as all runs had the same
budget; a mean does not exist, and :func:`restricted_mean` takes its place.

Every p-value is two-sided. Tests without anything of ours are called from :mod:`scipy.stats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
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


def bootstrap(
    statistic: Statistic,
    *samples: np.ndarray,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic when the runs are drawn again.

    Each sample is drawn again by itself, with replacement, ten thousand times. An end is
    infinite where the statistic is; a difference of infinities is undefined, so medians of
    which one may be infinite are compared by :func:`compared`. Source: Efron & Tibshirani
    (1993), *An Introduction to the Bootstrap*, chapter 13.

    Parameters
    ----------
    statistic
        Such as :func:`median`; of two samples, such as ``lambda a, b: median(a) - median(b)``.
    samples
        (runs,) each. For paired runs, give one sample, of the differences.
    rng
        Draws.
    """
    again = [rng.choice(sample, size=(RESAMPLES, len(sample))) for sample in samples]
    low, high = np.quantile(statistic(*again), (0.025, 0.975), method="inverted_cdf")
    return float(low), float(high)


def duels(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return 1 where `a` is smaller, that is better, 0.5 where the two are equal, and 0 else."""
    return np.asarray((a < b) + 0.5 * (a == b))


@dataclass(frozen=True)
class Comparison:
    """What came of comparing two sides, as one of several questions.

    Attributes
    ----------
    value
        What was measured: the share of pairs, or of duels, that the first side wins, or a count.
    p, corrected
        The p-value; corrected for the number of questions by :func:`holm`.
    low, high
        An interval, where there is one: 95 % for a share, 95 % of what chance gives for a count.
    """

    value: float
    p: float
    corrected: float
    low: float = nan
    high: float = nan


def compared(
    samples: Mapping[str, np.ndarray], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Comparison]:
    """Compare pairs of independent samples by the test of Mann and Whitney.

    The value is the share of pairs of runs in which the first sample's run is the smaller one;
    equal runs, and so all that never arrived, are half a win each. With one budget for all this is
    Gehan's test of censored samples. The p-value is asymptotic: close from about ten runs a sample
    on.
    """
    from scipy.stats import mannwhitneyu  # only now: it takes a second to load

    tested = {}
    for a, b in pairs:
        test = mannwhitneyu(samples[a], samples[b], method="asymptotic")
        count = len(samples[a]) * len(samples[b])
        tested[a, b] = float((count - test.statistic) / count), float(test.pvalue)
    corrected = holm([p for _, p in tested.values()]).tolist()
    return {
        pair: Comparison(wins, p, of_all)
        for (pair, (wins, p)), of_all in zip(tested.items(), corrected, strict=True)
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
