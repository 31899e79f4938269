"""Search with any strategy: what goes into the loop, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from nastut import __version__
from nastut.cells.sequence import describe, require_whole_number
from nastut.cells.space import Space
from nastut.search.checkpoint import Checkpoint
from nastut.search.loop import Search
from nastut.search.result import SearchResult
from nastut.search.rewards import Reward, SideBySide
from nastut.search.strategies import Strategy
from nastut.search.workers import Source, Workers

BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


def run(
    strategy: Strategy,
    space: Space,
    reward: Reward | SideBySide,
    evaluations: int = 2_000,
    settings: dict[str, Any] | None = None,
    executor: Source | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    workers: int | Callable[[], int] | None = None,
    limit: float | None = None,
) -> SearchResult:
    """Search with any strategy: it proposes, the cells are evaluated, it learns, and so on.

    With one worker, or without a number of them, each batch is learned before the next is
    proposed. Then the same strategy, space and reward function give the same result, wherever
    and in whatever order the rewards are computed.

    With more, no worker waits for the slowest: while one batch is trained, others are proposed by
    a strategy that has not learned from it yet. Batches are learned in the order in which they
    are complete, and that is the order of the result.

    Parameters
    ----------
    strategy
        Proposes sequences of choices of `space`.
    space
        The cells to search among.
    reward
        A function of a cell; the larger, the better. A child that raises an exception, or whose
        reward is no finite number, failed: it is never the best, counts as the lowest reward of
        all and at most as 0, and is reported in ``result.failures``. A
        :class:`nastut.search.rewards.SideBySide` function, such as :class:`nastut.search.Trained`,
        gets the new cells of a batch together.
    evaluations
        How many cells are proposed.
    settings
        What the search depends on, as plain values; written into the result and the checkpoint.
    executor
        Any :class:`concurrent.futures.Executor`; or a function that opens one for a ``with``
        block, such as :func:`nastut.search.executors.processes`. Then a broken one is replaced, and
        a child whose worker died each time has failed. None: children are trained here.
    checkpoint
        A file that holds the whole state. If it is there already, the search goes on from it,
        and gives what it would have given without a break; with more `evaluations` than
        before, too. That the reward function is the same is for you to know, unless it has
        settings.
    progress
        Whether to show a progress bar.
    workers
        How many calls of the reward function the executor does at once, or a function that says
        how many at the moment. None: whatever it is, one batch at a time.
    limit
        Seconds that a child may take, for an executor that can be replaced. One that takes longer
        has failed.

    Returns
    -------
    SearchResult

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, a reward is no number, or the checkpoint is damaged or
        belongs to another search (it is left as it is).
    RuntimeError
        If the executor does not do its work. What had finished is in the checkpoint.
    """
    require_space(space)
    require_whole_number("evaluations", evaluations)
    if not (workers is None or callable(workers)):
        require_whole_number("workers", workers)
    if not callable(reward):
        raise TypeError(f"reward is {describe(reward)} where a function of a Cell belongs")
    settings = settings or {"method": type(strategy).__name__}
    if isinstance(reward, SideBySide):
        settings = {**settings, "reward": reward.settings}
    # Plain numbers: files hold no NumPy scalars.
    settings = {k: v.item() if isinstance(v, np.generic) else v for k, v in settings.items()}
    search = Search(strategy, space, reward, evaluations)
    if checkpoint is not None:
        owner = {"version": __version__, "space": asdict(space), "settings": settings}
        search.keep(Checkpoint(checkpoint, owner))
    bar = tqdm(
        total=evaluations,
        initial=search.done(),
        disable=not progress,
        desc=settings["method"],
        bar_format=BAR,
    )
    with bar, Workers(executor, workers, limit) as crew:
        search.go(crew, bar)
    return search.result(settings)


def require_space(space: Space) -> Space:
    """Return `space`, or raise a TypeError if it is none."""
    if not isinstance(space, Space):
        raise TypeError(f"space is {describe(space)} where a Space belongs, such as nt.Space(2)")
    return space
