"""Make ``generations.json``: networks that design networks, again and again.

The controller of generation 0 has LSTM as its own cell, its *core*. The best cell that it finds
becomes the core of the next controller, and so on: the question with which the article ends.
A line of controllers alone says nothing, so others are run beside it: with cores drawn at random,
with LSTM for ever, with LSTM at as many parameters, with a core that passes nothing on, and with
other learning rates, because the usual one may suit one core better than another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.search import loop
from nastut.search.controller import Controller
from nastut.search.learners import PriorityQueue
from nastut.studies.lineages import EVALUATIONS, RATES
from nastut.studies.study import Study
from nastut.studies.table import load_table
from searches import on_the_table, own_settings, summary

TABLE = load_table()
GENERATIONS = 5
SEEDS = tuple(range(1_000, 1_020))

UNITS, SMALL = 35, 25
"""Units of a layer. LSTM with 25 has as many parameters as a cell of base 2 with 35."""

METHOD = own_settings(PriorityQueue)
RATE = METHOD["learning_rate"]

DEAD = "Multiply Tanh Multiply Tanh Multiply Tanh Add Identity 2 0"
"""A cell whose h_t is 0 at every step, because h_0 is: a controller with it reads nothing."""


@dataclass(frozen=True)
class Line:
    """One line of controllers.

    Attributes
    ----------
    next_core
        ``found``: what was found last; ``random``: a random cell; ``same``: no other.
    first
        The sequence of the core in generation 0; None: LSTM.
    units, learning_rate
        Of each controller.
    new_seeds
        Whether each generation has a seed of its own.
    """

    next_core: str
    first: str | None = None
    units: int = UNITS
    learning_rate: float = RATE
    new_seeds: bool = True


LINES = {
    "found": Line("found"),
    "same seed": Line("found", new_seeds=False),
    "random": Line("random"),
    "LSTM": Line("same"),
    "small LSTM": Line("same", units=SMALL),
    "dead": Line("same", first=DEAD),
    **{
        f"{core}, {name}": Line(next_core, learning_rate=factor * RATE)
        for name, factor in RATES.items()
        for core, next_core in (("found", "found"), ("LSTM", "same"))
    },
}

Searched = Callable[[Cell | None, int, float, int], dict[str, Any]]


def study() -> Study:
    """Return the study: one run for each seed, with all lines in it."""
    settings = {
        **on_the_table(EVALUATIONS),
        "method": METHOD,
        "generations": GENERATIONS,
        "seeds": SEEDS,
        "lines": {name: asdict(line) for name, line in LINES.items()},
    }
    return Study("generations", settings, {f"seed {seed}": (seed,) for seed in SEEDS}, run)


def run(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return, for each line, what :func:`searched` says of generation 0, 1, and so on."""
    once = cache(searched)  # Several lines begin with the same search.
    return {name: lineage(line, seed, TABLE.space, once) for name, line in LINES.items()}


def lineage(line: Line, seed: int, space: Space, searched: Searched) -> list[dict[str, Any]]:
    """Search again and again, each time with the core that the line says.

    Parameters
    ----------
    line
        What changes from one generation to the next.
    seed
        Of generation 0; with new seeds, a thousand more for each later one.
    space
        Where cells are drawn from.
    searched
        Called with a core (None: LSTM), a number of units, a learning rate and a seed. It
        returns a dict, in which ``best`` is the sequence of the found cell.
    """
    core = None if line.first is None else Cell.parse(line.first)
    history = []
    for generation in range(GENERATIONS + 1):
        of_search = seed + 1_000 * generation if line.new_seeds else seed
        history.append(searched(core, line.units, line.learning_rate, of_search))
        if line.next_core == "found":
            core = Cell.parse(history[-1]["best"])
        elif line.next_core == "random":
            core = space.sample(np.random.default_rng([seed, generation]))
    return history


def searched(core: Cell | None, units: int, learning_rate: float, seed: int) -> dict[str, Any]:
    """Search the table with a controller of that core, and return what came of it.

    Returns
    -------
    dict
        ``core``: its sequence (None: LSTM). ``best``: that of the best cell found, in canonical
        form, so that equal cells are equal. ``reached`` and ``improvements``: see
        :func:`searches.summary`; of each improvement the evaluation and the rank.
        ``distinct``: the number of different cells proposed. ``entropy`` and :func:`dependence`
        of the policy at the end, in nats; None if the policy was lost to infinities.
    """
    space = TABLE.space
    controller = Controller(space, core, units, seed=seed)
    strategy = PriorityQueue(controller, np.random.default_rng(seed), learning_rate=learning_rate)
    result = loop.run(strategy, space, TABLE.reward, EVALUATIONS, progress=False)
    found = summary(result, TABLE)
    last = result.updates[-1]
    measured = {"entropy": sum(last["entropy"]), "dependence": dependence(last)}
    return {
        "core": core and str(core),
        "best": str(result.best.canonical()),
        "reached": found["reached"],
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


if __name__ == "__main__":
    study().main()
