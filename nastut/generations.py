"""Networks that design networks, again and again: the study ``generations``.

The controller of generation 0 has LSTM as its own cell. The best cell that a search finds becomes
the cell of the next generation's controller, and so on: the question with which the article ends.
Two other lines are run beside it, because a line alone says nothing: one whose controllers get a
cell drawn at random, and one whose controllers keep LSTM.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from nastut import search
from nastut.cell import Cell
from nastut.contest import per_mille, summary, table
from nastut.space import Space
from nastut.study import Study

EVALUATIONS = 1_500
GENERATIONS = 5
SEEDS = tuple(range(1_000, 1_020))
LINES = ("found", "random", "LSTM")
"""What the next controller's cell is."""


def generations() -> Study:
    """Return the study."""
    settings = {
        "table": table().digest,
        "task": table().tasks[0],
        "evaluations": EVALUATIONS,
        "per_mille": per_mille(table()),
        "generations": GENERATIONS,
        "seeds": SEEDS,
        "lines": LINES,
    }
    runs = {f"{line}, seed {seed}": (line, seed) for line in LINES for seed in SEEDS}
    return Study("generations", settings, runs, run)


def run(line: str, seed: int) -> list[dict[str, Any]]:
    """Run the generations of one line, one after the other.

    Returns
    -------
    list
        For each generation from 0 on ``core``, the controller's cell (None: LSTM), and what
        :func:`nastut.contest.summary` says of its search.
    """
    torch.set_num_threads(1)
    core: Cell | None = None
    history = []
    for generation in range(GENERATIONS + 1):
        result = search.priority_queue(
            table().space,
            table().reward,
            evaluations=EVALUATIONS,
            seed=seed + 1_000 * generation,
            progress=False,
            cell=core,
        )
        found = summary(result, table())
        history.append({"core": core and str(core), **found})
        core = successor(line, result.best, table().space, [seed, generation])
    return history


def successor(line: str, found: Cell, space: Space, seeds: list[int]) -> Cell | None:
    """Return the cell of the next controller."""
    match line:
        case "found":
            return found
        case "random":
            return space.sample(np.random.default_rng(seeds))
        case "LSTM":
            return None
    raise ValueError(f"line is {line!r}; it must be one of {', '.join(LINES)}")
