"""Whether the cheap start of a training tells who is good in the end: the study ``halving``.

Random cells of base 8 are trained on text to the end, all of them, and measured on the way. Then
the rule of :class:`nastut.search.Halving` is played on the recorded curves: whom it would have
kept, and what it would have cost. The table of base 2 has curves, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from nastut.cells.space import Space
from nastut.search.trained import Halving, Trained
from nastut.studies.study import Study

SPACE = Space(8)
CELLS, AT_ONCE = 160, 16
STEPS, PARTS, LEARNING_RATE = 1_024, 8, 0.02
CELL_SEED = 5_000
RULES = (
    Halving(PARTS, (1, 2, 4), 1 / 2),
    Halving(PARTS, (1, 4), 1 / 4),
    Halving(PARTS, (2,), 1 / 4),
    Halving(PARTS, (1,), 1 / 4),
    Halving(PARTS, (1,), 1 / 8),
)
ORDERS = 500
"""In how many orders the cells come, when a rule is played."""


def halving() -> Study:
    """Return the study: one run trains :data:`AT_ONCE` cells."""
    settings = {
        "space": asdict(SPACE),
        "reward": reward().settings,
        "cells": CELLS,
        "cell_seed": CELL_SEED,
        "at_once": AT_ONCE,
    }
    starts = range(0, CELLS, AT_ONCE)
    return Study("halving", settings, {f"cells from {n}": (n,) for n in starts}, run)


def reward() -> Trained:
    """Return how the cells are trained: all to the end, with a report after each part."""
    whole = Trained.on("text", steps=STEPS, learning_rate=LEARNING_RATE)
    return replace(whole, recipe=replace(whole.recipe, reports=PARTS))


def run(start: int) -> dict[str, Any]:
    """Train some of the cells, and return their perplexities after each part.

    What diverged, or is larger than anything that is compared, is None.
    """
    rng = np.random.default_rng(CELL_SEED)
    cells = [SPACE.sample(rng) for _ in range(CELLS)][start : start + AT_ONCE]
    outcomes = reward().many(cells)
    return {
        "cells": [str(cell) for cell in cells],
        "curves": [[round(p, 4) for p in o.curve] if o.error is None else None for o in outcomes],
    }


@dataclass(frozen=True)
class Played:
    """What a rule did to many cells, on average over the orders in which they came.

    Attributes
    ----------
    cost
        Share of the training steps.
    best, best_five
        How often the best cell at the end of full training was kept; which share of the best five.
    loss
        By how much the best that was kept is worse than the best of all: a share of perplexity.
    """

    cost: float
    best: float
    best_five: float
    loss: float


def play(
    curves: np.ndarray, rule: Halving, at_once: int = AT_ONCE, orders: int = ORDERS, seed: int = 0
) -> Played:
    """Play a rule on recorded curves.

    Parameters
    ----------
    curves
        Perplexities after each part, of shape (cells, parts); infinite after a divergence.
    rule
        Who goes on.
    at_once
        How many cells are trained side by side; the rule knows those that came before, and these.
    orders, seed
        In how many orders the cells come, and where the orders are drawn from.
    """
    rng = np.random.default_rng(seed)
    rank = curves[:, -1].argsort(kind="stable")
    counted = []
    for _ in range(orders):
        parts = parts_trained(curves[order := rng.permutation(len(curves))], rule, at_once)
        whole = np.empty(len(curves), bool)
        whole[order] = parts == rule.parts
        best = curves[rank[0], -1]
        loss = (curves[whole, -1].min(initial=np.inf) - best) / best
        counted.append((parts.mean() / rule.parts, whole[rank[0]], whole[rank[:5]].mean(), loss))
    return Played(*(float(mean) for mean in np.mean(counted, axis=0)))


def parts_trained(curves: np.ndarray, rule: Halving, at_once: int) -> np.ndarray:
    """Return after how many parts each cell is given up, if they come in this order."""
    parts = np.full(len(curves), rule.parts)
    for start in range(0, len(curves), at_once):
        before = [
            tuple(curve[:part]) for curve, part in zip(curves[:start], parts[:start], strict=True)
        ]
        stay = rule.stay(before)
        going = np.arange(start, min(start + at_once, len(curves)))
        for rung in rule.rungs:
            stays = stay(rung - 1, curves[going, rung - 1])
            parts[going[~stays]] = rung
            going = going[stays]
    return parts


def curves_of(runs: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return the recorded curves as an array of shape (cells, parts)."""
    every = [curve for run in runs for curve in run["curves"]]
    return np.array([[np.inf] * PARTS if curve is None else curve for curve in every])
