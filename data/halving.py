"""Make ``halving.json``: whether the cheap start of a training tells which cell is good in the end.

Random cells of base 8 are trained on text to the end, all of them, and measured on the way. The
rule of :class:`nastut.search.Halving` is played on the recorded curves by
:func:`nastut.studies.verdict.play`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from nastut.cells.space import Space
from nastut.search.trained import Trained
from nastut.studies.study import Study

SPACE = Space(8)
CELLS, AT_ONCE = 160, 16
STEPS, PARTS, LEARNING_RATE = 1_024, 8, 0.02
CELL_SEED = 5_000


def study() -> Study:
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


if __name__ == "__main__":
    study().main()
