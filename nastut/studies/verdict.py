"""What the records say of the searches: on the table (notebook 07), and without one (notebook 09).

``tuning`` compares the methods on the table. ``beyond`` is of the paper's own space, cells of base
8 on text; there a lower perplexity is better, and what diverged has an infinite one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from nastut.cells.cell import Cell
from nastut.learning.models import BASELINES
from nastut.studies.inference import arrivals, bootstrap
from nastut.zoo.named import NASCELL

Runs = Mapping[str, Any]
"""The results of a study's runs, by their names."""

# The study tuning

EVALUATIONS = 1_500
"""The budget of each search of ``tuning``."""

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


def arrived(runs: Runs) -> dict[str, np.ndarray]:
    """Return, for each judged line, evaluations until arrival of every seed; infinite for never.

    To arrive is to find one of the best per mille of the cells.
    """
    reached: dict[str, list[int | None]] = {}
    for run in runs.values():
        if run["line"] is not None:
            reached.setdefault(run["line"], []).extend(run["reached"]["1 per mille"])
    return {line: arrivals(of_line) for line, of_line in reached.items()}


# The study beyond

METHODS = ("random", "evolution", "reinforce", "priority_queue")
FINALISTS = 5
"""How many cells of each method go to the finals."""

FRESH_SEEDS = (0, 1, 2, 3, 4)
"""Of the finals."""


def finalists(runs: Runs) -> dict[str, dict[str, float]]:
    """Return the finalists of each method, best first, with the reward that chose them."""
    found = {}
    for method in METHODS:
        searches = [run for run in runs.values() if _is(run, "search", method=method)]
        tops = [(name, reward) for run in searches for name, reward in run["top"]]
        found[method] = dict(sorted(tops, key=lambda top: -top[1])[:FINALISTS])
    return found


def classes(runs: Runs) -> list[str]:
    """Return the finalists of all methods; of equal cells, only the first."""
    names: dict[Cell, str] = {}
    for name in (name for of_method in finalists(runs).values() for name in of_method):
        names.setdefault(Cell.parse(name).canonical(), name)
    return list(names.values())


def lift(runs: Runs, method: str, best: int) -> np.ndarray:
    """Return by how much a method's rewards are above random search's, as in the paper's figure 6.

    Returns
    -------
    array
        Shape (seeds, points): after each 16 evaluations the mean reward of the
        `best` highest, minus the mean of the same over random search's seeds; not a number where
        there were not so many cells yet.
    """
    lift: np.ndarray = _curves(runs, method, best) - _curves(runs, "random", best).mean(axis=0)
    return lift


def _curves(runs: Runs, method: str, best: int) -> np.ndarray:
    searches = [run for run in runs.values() if _is(run, "search", method=method)]
    return np.array([run["curves"][str(best)] for run in searches], float)


def perplexities(runs: Runs, text: str, stream: str = "test") -> dict[str, np.ndarray]:
    """Return the perplexities of each model over the fresh seeds, by name: of shape (seeds,).

    Parameters
    ----------
    runs
        Of the study.
    text
        ``"manual"``, or ``"source"``, the second text.
    stream
        ``"test"``, or ``"validation"``: the lowest during training.
    """
    found: dict[str, list[float]] = {}
    for run in runs.values():
        if _is(run, "train", text=text) and run["seed"] in FRESH_SEEDS:
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


def ratio(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return by which share the mean of `a` is above that of `b`, and its interval."""

    def above(a: np.ndarray, b: np.ndarray) -> Any:
        return a.mean(axis=-1) / b.mean(axis=-1) - 1

    return float(above(a, b)), *bootstrap(above, a, b, rng=rng)


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
        for method, names in finalists(runs).items()
    }


def _is(run: Mapping[str, Any], phase: str, **settings: str) -> bool:
    return run["phase"] == phase and settings.items() <= run.items()
