"""Networks that design networks, again and again: the study ``generations``.

The controller of generation 0 has LSTM as its own cell, its *core*. The best cell that it finds
becomes the core of the next controller, and so on: the question with which the article ends.
A line alone says nothing, so others are run beside it: controllers with a core drawn at random,
with LSTM for ever, with LSTM at as many parameters, and with a core that passes nothing on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch

from nastut import search
from nastut.cell import Cell
from nastut.contest import own_settings, per_mille, summary, table
from nastut.controller import Controller
from nastut.learners import PriorityQueue
from nastut.space import Space
from nastut.study import Study

EVALUATIONS = 1_500
GENERATIONS = 5
SEEDS = tuple(range(1_000, 1_020))
UNITS = 35
SMALL = 25
"""Units with which an LSTM controller has as many parameters as one of base 2 with 35 units."""

DEAD = Cell.parse("Multiply Tanh  Multiply Tanh  Multiply Tanh  Add Identity  2 0")
"""Its h_t is 0 at every step, because h_0 is: a controller with this core reads nothing."""

LINES = {
    "found": "the cell that was found, and a new seed for each generation",
    "same seed": "the cell that was found, and one seed for all generations",
    "random": "a cell drawn at random",
    "LSTM": "LSTM again",
    "small LSTM": "LSTM again, with as many parameters as the others",
    "dead": "a cell whose h_t is always 0",
}
"""Name of each line -> what the core of its next controller is."""

Searched = Callable[[Cell | None, int, int], dict[str, Any]]


def generations() -> Study:
    """Return the study: one run for each seed, with all lines in it."""
    settings = {
        "table": table().digest,
        "task": table().tasks[0],
        "evaluations": EVALUATIONS,
        "per_mille": per_mille(table()),
        "method": own_settings(PriorityQueue),
        "generations": GENERATIONS,
        "seeds": SEEDS,
        "units": UNITS,
        "small": SMALL,
        "dead": str(DEAD),
        "lines": LINES,
    }
    return Study("generations", settings, {f"seed {seed}": (seed,) for seed in SEEDS}, run)


def run(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return, for each line, what :func:`searched` says of generation 0, 1, and so on."""
    torch.set_num_threads(1)
    once = cache(searched)  # Several lines begin with the same search.
    return {line: lineage(line, seed, table().space, once) for line in LINES}


def lineage(line: str, seed: int, space: Space, searched: Searched) -> list[dict[str, Any]]:
    """Search again and again, each time with the core that the line says.

    Parameters
    ----------
    line
        One of :data:`LINES`.
    seed
        Of generation 0; a thousand more for each later one, but in the line ``same seed``.
    space
        Where cells are drawn from.
    searched
        Called with a core (None: LSTM), a number of units and a seed. It returns a dict, in
        which ``best`` is the sequence of the found cell.

    Raises
    ------
    ValueError
        If there is no such line.
    """
    if line not in LINES:
        raise ValueError(f"line is {line!r}; it must be one of {', '.join(LINES)}")
    core = DEAD if line == "dead" else None
    units = SMALL if line == "small LSTM" else UNITS
    history = []
    for generation in range(GENERATIONS + 1):
        history.append(searched(core, units, seed + 1_000 * generation * (line != "same seed")))
        if line in ("found", "same seed"):
            core = Cell.parse(history[-1]["best"])
        elif line == "random":
            core = space.sample(np.random.default_rng([seed, generation]))
    return history


def searched(core: Cell | None, units: int, seed: int) -> dict[str, Any]:
    """Search the table with a controller of that core, and return what came of it.

    Returns
    -------
    dict
        ``core``: its sequence (None: LSTM). ``best``: that of the best cell found, in canonical
        form, so that equal cells are equal. ``reached`` and ``improvements``: see
        :func:`nastut.contest.summary`; of each improvement the evaluation and the rank.
        ``trained``: the number of different cells proposed until ``reached``; ``distinct``: in
        all. ``entropy`` and :func:`dependence` of the policy at the end, in nats; None if the
        policy was lost to infinities.
    """
    space = table().space
    controller = Controller(space, core, units, seed=seed)
    strategy = PriorityQueue(controller, np.random.default_rng(seed))
    result = search.run(strategy, space, table().reward, EVALUATIONS, progress=False)
    found = summary(result, table())
    last, reached = result.updates[-1], found["reached"]
    measured = {"entropy": sum(last["entropy"]), "dependence": dependence(last)}
    return {
        "core": core and str(core),
        "best": str(result.best.canonical()),
        "reached": reached,
        "trained": int(result.distinct()[reached - 1]) if reached else None,
        "improvements": [[evaluation, rank] for evaluation, _, rank in found["improvements"]],
        "distinct": result.calls,
        # Adding 0 makes -0.0 a plain zero.
        **{name: round(x, 4) + 0.0 if np.isfinite(x) else None for name, x in measured.items()},
    }


def dependence(update: dict[str, Any]) -> float:
    """Return how much a policy's choices owe to the tokens written before them, in nats.

    It is the sum over places of H(mean of P) - mean of H(P), where P is the distribution of the
    next token, and the means go over the sequences that were learned: the mutual information of
    a token and what stands before it. It is 0 for a controller that reads nothing.
    """
    means = [np.array(place) for place in update["probabilities"]]
    alone = sum(-(p[p > 0] * np.log(p[p > 0])).sum() for p in means)
    return float(alone - sum(update["entropy"]))
