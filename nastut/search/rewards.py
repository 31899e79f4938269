"""What came of a child: its reward, or why there is none. This runs where the child is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from numbers import Real
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe
from nastut.search.strategies import FAILED

Reward = Callable[[Cell], float]
"""The reward of a cell: the larger, the better."""

Curve = tuple[float, ...]
"""What was measured on the way, from the first to the last: perplexities, for example."""

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
    curve
        What a :class:`SideBySide` reward measured on the way.
    """

    reward: float
    error: str | None
    curve: Curve = ()


@runtime_checkable
class SideBySide(Protocol):
    """A reward function that trains many children at once, such as :class:`nastut.search.Trained`.

    The children of one proposal then go to one worker together.
    """

    def __call__(self, cell: Cell) -> float:
        """Return the reward of one cell."""

    def many(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Return what came of each; an exception here means that each is asked for alone."""

    @property
    def settings(self) -> dict[str, Any]:
        """Return all that the rewards depend on, as JSON has it."""

    def after(self, curves: Iterable[Curve]) -> Self:
        """Return the function to ask now, given the curves of all that was learned so far."""


class NoNumberError(TypeError):
    """A reward that is no number: not a failed child, but a mistake in the reward function."""


class UnfitWorkerError(RuntimeError):
    """What a worker lacks for training any child: no child has failed, but the search stops."""


def measure(reward: Reward | SideBySide, cells: Sequence[Cell]) -> list[Outcome]:
    """Return what came of some children. On an executor this runs far away.

    Raises
    ------
    NoNumberError
        If a reward is no number.
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
    except OverflowError as trouble:  # A whole number or a fraction larger than floats get.
        return failure(f"the reward was too large ({trouble})")
    return Outcome(number, None) if math.isfinite(number) else failure(f"the reward was {number}")


def failure(why: str) -> Outcome:
    """Return what came of a child that failed."""
    return Outcome(FAILED, why)


def text_of(error: BaseException) -> str:
    """Return the kind of an error and its message, if that can be had and is not too long."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"[:LONGEST].rstrip(": ")
    except Exception:
        return kind


@dataclass(eq=False)
class Group:
    """Children that go to one worker together, by canonical form."""

    reward: Reward | SideBySide
    cells: dict[Cell, Cell]
    lost: int = 0
    deadline: float = inf

    def measure(self) -> list[Outcome]:
        """Return what came of each; this runs in the worker."""
        return measure(self.reward, list(self.cells.values()))

    def apart(self) -> list[Group]:
        """Return each child as a group of its own."""
        return [Group(self.reward, {form: cell}, self.lost) for form, cell in self.cells.items()]
