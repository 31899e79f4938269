"""What the record of the study ``beyond`` says: its searches, its finals, and its second text.

A lower perplexity is better. What diverged has an infinite one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import numpy as np

from nastut.cells.cell import Cell
from nastut.studies import beyond
from nastut.studies.beyond import rewards as rewards
from nastut.studies.finalists import BASELINES
from nastut.studies.inference import bootstrap, exact_rank_test, holm
from nastut.zoo.named import NASCELL

Runs = Mapping[str, Any]
"""The results of the study's runs, by their names."""

BEST = (1, 5, 15)
"""Of how many of the best cells a curve of a search is the mean."""


class Interval(NamedTuple):
    """A number, and its 95 % interval."""

    value: float
    low: float
    high: float


def lift(runs: Runs, method: str, best: int) -> np.ndarray:
    """Return by how much a method's rewards are above random search's, as in the paper's figure 6.

    Returns
    -------
    array
        Shape (seeds, points): after each :data:`beyond.EVERY` evaluations the mean reward of the
        `best` highest, minus the mean of the same over random search's seeds; not a number where
        there were not so many cells yet.
    """
    lift: np.ndarray = _curves(runs, method, best) - _curves(runs, "random", best).mean(axis=0)
    return lift


def _curves(runs: Runs, method: str, best: int) -> np.ndarray:
    searches = [run for run in runs.values() if _is(run, phase="search", method=method)]
    return np.array([run["curves"][str(best)] for run in searches], float)


def perplexities(runs: Runs, text: str, stream: str = "test") -> dict[str, np.ndarray]:
    """Return the perplexities of each model over the fresh seeds, by name: of shape (seeds,).

    Parameters
    ----------
    runs
        Of the study.
    text
        A name among :data:`nastut.studies.finalists.TEXTS`.
    stream
        ``"test"``, or ``"validation"``: the lowest on the way.
    """
    found: dict[str, list[float]] = {}
    for run in runs.values():
        if _is(run, phase="train", text=text) and run["seed"] in beyond.FRESH_SEEDS:
            value = run["test"] if stream == "test" else min(run["validation"], default=None)
            found.setdefault(run["cell"], []).append(inf if value is None else value)
    return {name: np.array(values) for name, values in found.items()}


def best_baseline(runs: Runs) -> str:
    """Return the name of torch's own layer that is best in validation, over the fresh seeds."""
    validation = perplexities(runs, "manual", "validation")
    return min(BASELINES, key=lambda name: float(validation[name].mean()))


def first_three(runs: Runs) -> list[str]:
    """Return the finalists that are best in validation: those that went to the second text."""
    second = perplexities(runs, "source")
    return [name for name in second if name not in BASELINES and name != str(NASCELL)]


@dataclass(frozen=True)
class Verdict:
    """One cell beside one baseline.

    Attributes
    ----------
    ratio
        Mean perplexity of the cell over that of the baseline, minus 1: negative is better.
    wins
        The share of pairs of seeds in which the cell's perplexity is the lower one.
    p, corrected
        Of the exact test of Mann and Whitney; corrected for the number of cells by Holm's rule.
    """

    ratio: Interval
    wins: float
    p: float
    corrected: float


def against(
    measured: Mapping[str, np.ndarray],
    cells: Sequence[str],
    baseline: str,
    rng: np.random.Generator,
) -> dict[str, Verdict]:
    """Compare some cells with one baseline."""
    tests = {name: exact_rank_test(measured[name], measured[baseline]) for name in cells}
    corrected = holm([p for _, p in tests.values()]).tolist()
    return {
        name: Verdict(ratio(measured[name], measured[baseline], rng), wins, p, of)
        for (name, (wins, p)), of in zip(tests.items(), corrected, strict=True)
    }


def ratio(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> Interval:
    """Return by which share the mean of `a` is above that of `b`, and its interval."""

    def above(a: np.ndarray, b: np.ndarray) -> Any:
        return a.mean(axis=-1) / b.mean(axis=-1) - 1

    return Interval(float(above(a, b)), *bootstrap(above, a, b, rng=rng))


def finals(runs: Runs) -> dict[str, dict[str, np.ndarray]]:
    """Return the test perplexities of each method's finalists at full size, by method and name.

    A class that two methods found counts for both.
    """
    measured = {
        Cell.parse(name).canonical(): values
        for name, values in perplexities(runs, "manual").items()
        if name not in BASELINES
    }
    return {
        method: {name: measured[Cell.parse(name).canonical()] for name in names}
        for method, names in rewards(runs).items()
    }


def _is(run: Mapping[str, Any], **wanted: Any) -> bool:
    return all(run.get(key) == value for key, value in wanted.items())
