"""Exercises of notebook 07, the contest."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf
from statistics import mean, median
from typing import Any

import numpy as np
from torch import Tensor

from nastut.lessons.exercise import Exercise
from nastut.lessons.gallery import BROKEN
from nastut.studies.verdict import EVALUATIONS

Reached = list[int | None]


def _lists(rng: np.random.Generator) -> Iterator[tuple[Reached]]:
    """Yield what runs needed, with more and more of them that never arrived."""
    for size, never in ((5, 0), (4, 1), (5, 2), (20, 3), (20, 9), (5, 3)):
        reached: Reached = [*map(int, rng.integers(20, 1_000, size - never)), *[None] * never]
        yield ([reached[place] for place in rng.permutation(size)],)
    yield ([30, None, None, None],)
    yield ([EVALUATIONS],)
    yield ([EVALUATIONS, None],)
    yield ([2_400, 2_400, 2_400, 3_000],)


def _half(reached: Reached) -> int | None:
    """Ask for each number whether half of the runs had arrived by then."""
    arrived = _arrived(reached)
    enough = [n for n in arrived if 2 * sum(m <= n for m in arrived) >= len(reached)]
    return min(enough, default=None)


def _median(reached: Reached, never: float) -> float | None:
    middle = median(never if number is None else number for number in reached)
    return None if middle == inf else middle


def _arrived(reached: Reached) -> list[int]:
    return [number for number in reached if number is not None]


def _of_those_that_arrived(reached: Reached) -> int | None:
    return _half([*_arrived(reached)])


def _lower_middle(reached: Reached, never: float) -> float:
    known = sorted(never if number is None else number for number in reached)
    return known[ceil(len(known) / 2) - 1]


def _within_the_budget(reached: Reached) -> float | None:
    number = _lower_middle(reached, EVALUATIONS)
    return number if number < EVALUATIONS else None


def mystery(name: str, count: int, rng: np.random.Generator) -> Tensor:
    """Return what controller A, B or C of exercise 7.2 writes, of shape (count, 2).

    Each has another of three bugs. The controller itself would tell by its name which.
    """
    return BROKEN[_HIDDEN[name]].build([2, 3], seed=2, spread=40).controller.sample(count, rng)


_SWAP, _FEED, _TAKE = "h and c swapped", "never fed back", "likeliest token"
_HIDDEN = {"A": _SWAP, "B": _FEED, "C": _TAKE}


def _bugs(answer: Any) -> dict[Any, str]:
    return {name: str(bug).casefold() for name, bug in dict(answer).items()}


def _about_bugs(answer: Any) -> str:
    """Say what keeps an answer from giving each of A, B and C another of the three bugs."""
    words = sorted(_HIDDEN.values())
    try:
        bugs = _bugs(answer)
    except (TypeError, ValueError):
        bugs = {}
    if bugs.keys() == _HIDDEN.keys() and set(bugs.values()) <= set(words):
        return f"each word is used once: {', '.join(words)}"
    return f"answer with a dict of A, B and C, and with these words: {', '.join(words)}"


EXERCISES = {
    "7.1": Exercise(
        cases=_lists,
        truth=_half,
        mistakes={
            "runs that never arrived are left out; they are the slowest of all": (
                _of_those_that_arrived
            ),
            "never is late, not early: it must not count as 0": lambda reached: _lower_middle(
                reached, 0
            ),
            "never is not the budget, 1,500: nobody knows that the next one would do": (
                lambda reached: _lower_middle(reached, EVALUATIONS)
            ),
            "no budget is given: a run may arrive at 1,500 or later": _within_the_budget,
            "never is not the mean of the others; a run that did not arrive is slower than all": (
                lambda reached: _lower_middle(reached, mean(_arrived(reached)))
            ),
            "that is halfway between the middle two, where no run had just arrived": (
                lambda reached: _median(reached, inf)
            ),
            "that is the median of those alone that arrived; the others are the slowest of all": (
                lambda reached: median(_arrived(reached))
            ),
            "that is a mean, and of those alone that arrived": lambda reached: mean(
                _arrived(reached)
            ),
        },
    ),
    "7.2": Exercise(
        truth=lambda: _HIDDEN,
        same=lambda answer, wanted: _bugs(answer) == wanted,
        remark=_about_bugs,
        mistakes={
            "C is right; in B the second token does not depend on the first, in A it does": (
                lambda: {"A": _FEED, "B": _SWAP, "C": _TAKE}
            ),
            "A is right; of the other two, one writes the same sequence every time": (
                lambda: {"A": _SWAP, "B": _TAKE, "C": _FEED}
            ),
            "B is right; of the other two, one writes the same sequence every time": (
                lambda: {"A": _TAKE, "B": _FEED, "C": _SWAP}
            ),
            "all three are elsewhere; begin with the one that always writes the same": (
                lambda: {"A": _FEED, "B": _TAKE, "C": _SWAP}
            ),
            "all three are elsewhere; look how the second token depends on the first": (
                lambda: {"A": _TAKE, "B": _SWAP, "C": _FEED}
            ),
        },
    ),
}
