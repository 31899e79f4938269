"""The search for the best cell: four methods, one budget, one reward function, any executor.

An *evaluation* is a proposed cell, new or not. All methods are charged alike for it, and a
search always ends: a controller that proposes one cell for ever spends its budget on it. That
is the paper's count, too. The reward function is asked only for what is new: cells that
are equal up to swaps of children are one question, and ``result.calls`` counts the questions.
``result.distinct()`` draws a curve against those.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.sequence import require_whole_number
from nastut.cells.space import Space
from nastut.search.controller import Controller
from nastut.search.learners import PriorityQueue, Reinforce
from nastut.search.result import SearchResult
from nastut.search.rewards import Reward, SideBySide
from nastut.search.runner import require_space, run
from nastut.search.strategies import Evolution, Random
from nastut.search.workers import Source

__all__ = ["SearchResult", "evolution", "priority_queue", "random", "reinforce", "run"]


def random(
    space: Space,
    reward: Reward | SideBySide,
    evaluations: int = 2_000,
    seed: int = 0,
    executor: Source | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    workers: int | Callable[[], int] | None = None,
    limit: float | None = None,
    batch: int = 10,
) -> SearchResult:
    """Propose cells at random: what every other method has to beat.

    See :func:`nastut.search.runner.run` for what is common to all, and
    :class:`nastut.search.strategies.Random` for the method and its settings.
    """
    settings = {"method": "random", "seed": seed, "batch": batch}
    strategy = Random(_choices(space), _rng(seed), batch)
    return run(
        strategy,
        space,
        reward,
        evaluations,
        settings,
        executor,
        checkpoint,
        progress,
        workers,
        limit,
    )


def evolution(
    space: Space,
    reward: Reward | SideBySide,
    evaluations: int = 2_000,
    seed: int = 0,
    executor: Source | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    workers: int | Callable[[], int] | None = None,
    limit: float | None = None,
    batch: int = 1,
    population: int = 50,
    sample: int = 10,
) -> SearchResult:
    """Change one token of a good cell at a time: regularized evolution (Real et al. 2019).

    See :func:`nastut.search.runner.run` for what is common to all, and
    :class:`nastut.search.strategies.Evolution` for the method and its settings.
    The default batch of 1 is the method as published; an executor is of use only with a larger one.
    """
    settings = {"method": "evolution", "seed": seed, "batch": batch}
    settings |= {"population": population, "sample": sample}
    strategy = Evolution(_choices(space), _rng(seed), batch, population, sample)
    return run(
        strategy,
        space,
        reward,
        evaluations,
        settings,
        executor,
        checkpoint,
        progress,
        workers,
        limit,
    )


def reinforce(
    space: Space,
    reward: Reward | SideBySide,
    evaluations: int = 2_000,
    seed: int = 0,
    executor: Source | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    workers: int | Callable[[], int] | None = None,
    limit: float | None = None,
    cell: Cell | None = None,
    batch: int = 10,
    learning_rate: float = 0.0005,
    decay: float = 0.9,
    entropy: float = 0.0,
    redraw: bool = False,
) -> SearchResult:
    """Make the mean reward of a controller grow: the method of Zoph & Le (2017).

    See :func:`nastut.search.runner.run` for what is common to all, and
    :class:`nastut.search.learners.Reinforce` for the method and its settings. `cell` is the
    controller's own cell; None stands for :class:`torch.nn.LSTM`.
    """
    settings = {"method": "reinforce", "seed": seed, "cell": cell and str(cell), "batch": batch}
    settings |= {"learning_rate": learning_rate, "decay": decay, "entropy": entropy}
    settings |= {"redraw": redraw}
    controller = Controller(require_space(space), cell, seed=seed)
    strategy = Reinforce(controller, _rng(seed), batch, learning_rate, decay, entropy, redraw)
    return run(
        strategy,
        space,
        reward,
        evaluations,
        settings,
        executor,
        checkpoint,
        progress,
        workers,
        limit,
    )


def priority_queue(
    space: Space,
    reward: Reward | SideBySide,
    evaluations: int = 2_000,
    seed: int = 0,
    executor: Source | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    workers: int | Callable[[], int] | None = None,
    limit: float | None = None,
    cell: Cell | None = None,
    batch: int = 5,
    learning_rate: float = 0.03,
    entropy: float = 0.5,
    best: int = 3,
    redraw: bool = True,
) -> SearchResult:
    """Let a controller learn the best cells so far: priority-queue training (Abolafia et al. 2018).

    See :func:`nastut.search.runner.run` for what is common to all, and
    :class:`nastut.search.learners.PriorityQueue` for the method and its settings. `cell` is the
    controller's own cell; None stands for :class:`torch.nn.LSTM`.
    """
    settings = {"method": "priority_queue", "seed": seed, "cell": cell and str(cell)}
    settings |= {"batch": batch, "learning_rate": learning_rate, "entropy": entropy, "best": best}
    settings |= {"redraw": redraw}
    controller = Controller(require_space(space), cell, seed=seed)
    strategy = PriorityQueue(controller, _rng(seed), batch, learning_rate, entropy, best, redraw)
    return run(
        strategy,
        space,
        reward,
        evaluations,
        settings,
        executor,
        checkpoint,
        progress,
        workers,
        limit,
    )


def _choices(space: Space) -> list[int]:
    return require_space(space).choices


def _rng(seed: int) -> np.random.Generator:
    require_whole_number("seed", seed, least=0)
    return np.random.default_rng(seed)
