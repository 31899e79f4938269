"""The rewards of cells: each class of equal cells is asked for once, here or on an executor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from numbers import Real
from queue import SimpleQueue
from typing import NamedTuple

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe
from nastut.search.strategies import FAILED

Reward = Callable[[Cell], float]
"""The reward of a cell: the larger, the better."""

LONGEST = 1_000
"""Characters that are kept of an error."""


class Outcome(NamedTuple):
    """What came of a child.

    Attributes
    ----------
    reward
        A finite number, or :data:`FAILED` if the child failed.
    error
        Why it failed: an exception, or a reward that is no finite number. None if it did not.
    """

    reward: float
    error: str | None


class Rewards:
    """A reward function with a memory.

    Cells that differ only by swaps of children are one function, so they are one question.

    Parameters
    ----------
    reward
        Asked for each class of cells once.
    executor
        Where it is asked; None: here, one after the other.

    Attributes
    ----------
    memory : dict of Cell to Outcome
        By canonical form, in the order of arrival.
    """

    def __init__(self, reward: Reward, executor: Executor | None = None) -> None:
        if not callable(reward):
            raise TypeError(f"reward is {describe(reward)} where a function of a Cell belongs")
        self.reward, self.executor = reward, executor
        self.memory: dict[Cell, Outcome] = {}

    def ask(self, cells: Iterable[tuple[Cell, Cell]]) -> Iterator[Outcome]:
        """Fill the memory for cells; yield the outcome of each new class when it is there.

        Parameters
        ----------
        cells
            Pairs of a cell and its canonical form.

        Raises
        ------
        TypeError
            If a reward is no number: that is no failed child, but a mistake in the function.
        RuntimeError
            If the executor does not take the work, or breaks down. What did finish was
            yielded before.
        """
        new: dict[Cell, Cell] = {}
        for cell, form in cells:
            if form not in self.memory:
                new.setdefault(form, cell)
        answers = self._here(new) if self.executor is None else self._away(new, self.executor)
        for form, value, error in answers:
            self.memory[form] = _outcome(new[form], value, error)
            yield self.memory[form]

    def _here(self, new: dict[Cell, Cell]) -> Iterator[tuple[Cell, object, str | None]]:
        for form, cell in new.items():
            yield form, *_measure(self.reward, cell)

    def _away(
        self, new: dict[Cell, Cell], executor: Executor
    ) -> Iterator[tuple[Cell, object, str | None]]:
        futures: dict[Future[tuple[object, str | None]], Cell] = {}
        # as_completed() waits for ever for what a shutdown cancelled; a callback comes for it too.
        done: SimpleQueue[Future[tuple[object, str | None]]] = SimpleQueue()
        trouble: BaseException | None = None
        try:
            for form, cell in new.items():
                try:
                    future = executor.submit(_measure, self.reward, cell)
                except Exception as error:  # Shut down, or broken by an earlier child.
                    trouble = error
                    break
                futures[future] = form
                future.add_done_callback(done.put)
            for _ in range(len(futures)):
                future = done.get()
                try:
                    value, error_text = future.result()
                except BaseException as error:  # CancelledError, a broken pool, SystemExit, ...
                    trouble = trouble or error
                else:
                    yield futures[future], value, error_text
        finally:
            for future in futures:
                future.cancel()
        if trouble is not None:
            raise RuntimeError(
                f"the executor did not do its work ({_text(trouble)}); what had finished is kept. "
                "Give a new executor, and reward functions that it can take"
            ) from trouble


def _measure(reward: Reward, cell: Cell) -> tuple[object, str | None]:
    """Return the reward of a cell, or why there is none; on an executor this runs far away."""
    try:
        return reward(cell), None
    except Exception as error:  # A child may fail in any way; the search goes on.
        return None, _text(error)


def _outcome(cell: Cell, value: object, error: str | None) -> Outcome:
    if error is not None:
        return Outcome(FAILED, error)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"the reward of {cell} is {describe(value)}; it must be a number")
    try:
        number = float(value)
    except OverflowError as trouble:  # A whole number or a fraction larger than floats get.
        return Outcome(FAILED, f"the reward was too large ({trouble})")
    if not math.isfinite(number):
        return Outcome(FAILED, f"the reward was {number}")
    return Outcome(number, None)


def _text(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"[:LONGEST].rstrip(": ")
    except Exception:  # Not even its text can be had.
        return kind
