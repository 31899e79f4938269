"""Exercises of notebook 07, the contest, and its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, inf
from statistics import mean, median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise
from nastut.lessons.gallery import BROKEN
from nastut.lessons.plain import close
from nastut.pictures.style import INK, PAPER
from nastut.studies.contest import EVALUATIONS

Reached = list[int | None]

_LINES = {
    "random": (":", "#767676"),
    "evolution": ("-.", "#009e73"),
    "REINFORCE": ("--", "#e69f00"),
    "REINFORCE, tuned": ((0, (5, 1, 1, 1, 1, 1)), "#b3400e"),
    "priority queue": ("-", "#0072b2"),
}
LOOK: dict[str, dict[str, Any]] = {
    name: {"linestyle": dash, "color": colour, "label": name}
    for name, (dash, colour) in _LINES.items()
}
"""How the line of each search looks."""


def draw_contest(
    runs: Mapping[str, Sequence[Mapping[str, Any]]], reached: Mapping[str, Any], optimum: float
) -> Figure:
    """Draw the best reward so far, and the share of runs that arrived, over the evaluations.

    Parameters
    ----------
    runs
        Of each method what :func:`nastut.studies.contest.run` returns.
    reached
        Of each method the evaluation at which each run arrived; infinite if it never did.
    optimum
        The best reward of the table.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    at = np.arange(1, EVALUATIONS + 1)
    for name, style in LOOK.items():
        axes[0].plot(at, np.median([_best_so_far(run) for run in runs[name]], axis=0), **style)
        axes[1].plot(at, [(reached[name] <= n).mean() for n in at], **style)
    axes[0].axhline(optimum, color=INK, linewidth=1)
    axes[0].set(xlabel="evaluations", title="best reward so far, median", ylim=(0.9, 0.96))
    axes[1].set(xlabel="evaluations", title="share of runs that arrived", ylim=(0, 1.02))
    axes[1].legend(fontsize=8)
    return figure


def _best_so_far(run: Mapping[str, Any]) -> np.ndarray:
    curve = np.zeros(EVALUATIONS)
    for evaluation, reward, _ in run["improvements"]:
        curve[evaluation - 1 :] = reward
    return curve


def draw_history(axis: Axes, space: Space, updates: list[dict[str, Any]]) -> None:
    """Draw the probability of every token (rows) at every update of a search (columns)."""
    tokens = [f"{place}  {token}" for place, row in enumerate(space.tokens, 1) for token in row]
    heat = np.transpose([np.concatenate(update["probabilities"]) for update in updates])
    ends = [0, *(update["evaluations"] for update in updates)]
    axis.pcolormesh(ends, np.arange(len(tokens) + 1), heat, cmap="Blues", vmin=0, vmax=1)
    axis.hlines(np.cumsum(space.choices)[:-1], 0, ends[-1], color=INK, linewidth=0.5)
    axis.set_yticks(np.arange(len(tokens)) + 0.5, tokens, size=7)
    axis.set_ylim(len(tokens), 0)
    axis.grid(visible=False)


def draw_pairs(axis: Axes, names: Sequence[str], heights: Mapping[str, Sequence[float]]) -> None:
    """Draw two bars for each name: a grey one, and a hatched one."""
    looks: tuple[dict[str, Any], ...]
    looks = {"color": "#bbbbbb"}, {"color": "#0072b2", "hatch": "//", "edgecolor": PAPER}
    for shift, look, (label, height) in zip((-0.2, 0.2), looks, heights.items(), strict=True):
        axis.bar(np.arange(len(names)) + shift, height, 0.4, label=label, **look)
    axis.set_xticks(range(len(names)), names)
    axis.set_ylim(0, 1.2)
    axis.legend(fontsize=8, ncols=2, loc="upper right")


def _lists(rng: np.random.Generator) -> Iterator[tuple[Reached]]:
    """Yield what runs needed, with more and more of them that never arrived."""
    for size, never in ((1, 0), (2, 0), (5, 0), (4, 1), (5, 2), (20, 3), (20, 9), (6, 3), (5, 3)):
        reached: Reached = [*map(int, rng.integers(20, 1_000, size - never)), *[None] * never]
        yield ([reached[place] for place in rng.permutation(size)],)
    yield ([30, None, None, None],)


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


def _same_number(answer: object, wanted: object) -> bool:
    if wanted is None:
        return answer is None
    return close(answer, wanted)


def mystery(name: str, count: int, rng: np.random.Generator) -> Tensor:
    """Return what controller A, B or C of exercise 7.2 writes, of shape (count, 2).

    Each has another of three bugs. The controller itself would tell by its name which.
    """
    return BROKEN[_HIDDEN[name]].build([2, 3], seed=2, spread=40).controller.sample(count, rng)


_SWAP, _FEED, _TAKE = "h and c swapped", "never fed back", "likeliest token"
_HIDDEN = {"A": _SWAP, "B": _FEED, "C": _TAKE}

EXERCISES = {
    "7.1": Exercise(
        cases=_lists,
        truth=_half,
        same=_same_number,
        mistakes={
            "runs that never arrived are left out; they are the slowest of all": (
                _of_those_that_arrived
            ),
            "never is late, not early: it must not count as 0": lambda reached: _lower_middle(
                reached, 0
            ),
            "never is not the budget, 3,000: nobody knows that the next one would do": (
                lambda reached: _lower_middle(reached, EVALUATIONS)
            ),
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
        same=lambda answer, wanted: dict(answer) == wanted,
        remark=lambda answer: (
            "answer with a dict of A, B and C, and with these words: "
            f"{', '.join(sorted(_HIDDEN.values()))}"
        ),
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
