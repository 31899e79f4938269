"""What came of a child: its reward, or why it has none. This runs where the child is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from math import inf
from numbers import Real
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe

Reward = Callable[[Cell], float]
"""The reward of a cell: the larger, the better."""

Curve = tuple[float, ...]
"""What was measured during training, from the first to the last: perplexities, for example."""

FAILED = -inf
"""The reward of a child that failed: below every other."""

LONGEST = 1_000
"""Characters that are kept of an error."""


class Outcome(NamedTuple):
    """What came of a child.

    Attributes
    ----------
    reward
        A finite number, or :data:`FAILED` if the child failed.
    error
        Why it failed: an exception, or a reward that is not a finite number. None if it did not.
    curve
        What a :class:`SideBySide` reward measured during training.
    """

    reward: float
    error: str | None
    curve: Curve = ()


@runtime_checkable
class SideBySide(Protocol):
    """A reward that trains many children at once, such as :class:`nastut.search.Trained`.

    The children of one proposal then go to one worker together.
    """

    def many(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Return what came of each; after an exception each is asked for alone."""

    @property
    def settings(self) -> dict[str, Any]:
        """Return all that the rewards depend on, as JSON has it."""

    def after(self, curves: Iterable[Curve]) -> Self:
        """Return the function to ask now, given the curves of all that was learned so far."""


class NoNumberError(TypeError):
    """A reward that is not a number: a mistake in the reward function, not a failed child."""


class UnfitWorkerError(RuntimeError):
    """A worker cannot train any child: no child has failed, but the search stops."""


def measure(reward: Reward | SideBySide, cells: Sequence[Cell]) -> list[Outcome]:
    """Return what came of some children. On an executor this runs in the worker.

    Raises
    ------
    NoNumberError
        If a reward is not a number.
    UnfitWorkerError
        If the reward function says so.
    """
    if isinstance(reward, SideBySide):
        try:
            return reward.many(cells)
        except UnfitWorkerError:
            raise
        except Exception as error:  # One of them spoils the rest: which?
            if len(cells) == 1:
                return [failure(text_of(error))]
            return [outcome for cell in cells for outcome in measure(reward, [cell])]
    return [_of_one(reward, cell) for cell in cells]


def _of_one(reward: Reward, cell: Cell) -> Outcome:
    try:
        value: object = reward(cell)
    except UnfitWorkerError:
        raise
    except Exception as error:  # A child may fail in any way; the search goes on.
        return failure(text_of(error))
    if isinstance(value, bool) or not isinstance(value, Real):
        raise NoNumberError(f"the reward of {cell} is {describe(value)}; it must be a number")
    try:
        number = float(value)
    except OverflowError as error:  # An integer or a fraction beyond the range of floats.
        return failure(f"the reward was too large ({error})")
    return Outcome(number, None) if math.isfinite(number) else failure(f"the reward was {number}")


def failure(why: str) -> Outcome:
    """Return what came of a child that failed."""
    return Outcome(FAILED, why)


def finite(rewards: Iterable[float], lowest: float = 0.0) -> list[float]:
    """Return rewards of which a mean can be taken.

    A child that failed counts as the lowest of them, and as `lowest` if none is lower.
    """
    rewards = list(rewards)
    lowest = min([lowest, *(reward for reward in rewards if reward != FAILED)])
    return [lowest if reward == FAILED else reward for reward in rewards]


def text_of(error: BaseException) -> str:
    """Return the type of an error and its message, cut if it is long."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"[:LONGEST].rstrip(": ")
    except Exception:
        return kind
