"""Exercises of notebook 07, the contest, and its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, inf
from statistics import mean, median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.lessons.exercise import Exercise, close
from nastut.lessons.gallery import BROKEN
from nastut.lessons.plots import BLUE, GREEN, ORANGE, RED, Interval
from nastut.pictures.style import INK, QUIET
from nastut.studies.table import Table
from nastut.studies.tuning import EVALUATIONS

Reached = list[int | None]

LOOK: dict[str, dict[str, Any]] = {
    "random": {"linestyle": ":", "color": QUIET},
    "evolution, tuned": {"linestyle": "-.", "color": GREEN},
    "REINFORCE": {"linestyle": "--", "color": ORANGE},
    "REINFORCE, tuned": {"linestyle": (0, (5, 1, 1, 1, 1, 1)), "color": RED},
    "priority queue, tuned": {"linestyle": "-", "color": BLUE},
}
"""How the line of each search looks."""

RATES = {0.003: ("o", ORANGE), 0.01: ("s", BLUE), 0.03: ("^", RED)}
"""How the points of each learning rate look."""


def draw_table(rewards: Any, marks: Mapping[str, int]) -> Figure:
    """Draw the rewards of a table over their rank, and mark some ranks by name."""
    figure, axis = plt.subplots()
    ordered = np.sort(rewards)[::-1]
    axis.plot(np.arange(1, len(ordered) + 1), ordered, color=BLUE)
    for name, rank in marks.items():
        far_right = rank > len(ordered) / 4
        axis.plot(rank, ordered[rank - 1], "o", color=RED)
        axis.annotate(
            name,
            (rank, ordered[rank - 1]),
            (-6, -3) if far_right else (0, 6),
            textcoords="offset points",
            ha="right" if far_right else "left",
        )
    axis.set(xlabel="rank", ylabel="reward", xscale="log", ylim=(0, 1.1))
    return figure


def draw_sweep(
    sweeps: Mapping[str, Mapping[float, Sequence[Interval]]],
    bonuses: Sequence[float],
    chance: Interval,
) -> Figure:
    """Draw what every setting that was tried needs, with its interval.

    Parameters
    ----------
    sweeps
        Title -> learning rate -> for each bonus the mean evaluations and their interval.
    bonuses
        On the horizontal axis, one after the other.
    chance
        What drawing blindly needs: a grey band.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axis, (title, of_rates) in zip(axes, sweeps.items(), strict=True):
        for shift, (rate, intervals) in zip((-0.12, 0, 0.12), of_rates.items(), strict=True):
            value, low, high = np.transpose(intervals)
            at, (marker, colour) = np.arange(len(bonuses)) + shift, RATES[rate]
            axis.vlines(at, low, high, color=colour)
            axis.plot(at, value, marker, color=colour, label=f"rate {rate:g}")
        axis.axhline(chance[0], color=INK, linestyle=":")
        axis.axhspan(*chance[1:], color=QUIET, alpha=0.3, zorder=0)
        axis.set_xticks(range(len(bonuses)), [f"{bonus:g}" for bonus in bonuses])
        axis.set(title=title, xlabel="bonus for a nat of entropy", ylim=(0, 1_550))
    axes[0].set_ylabel("mean evaluations")
    axes[1].legend(fontsize=8, title="dotted: chance", title_fontsize=8)
    return figure


def draw_lift(shares: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw how common properties are: open circles among all cells, filled among the best."""
    figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for row, (among_all, among_best) in enumerate(shares.values()):
        axis.plot((among_all, among_best), (row, row), color=QUIET)
        (open_one,) = axis.plot(among_all, row, "o", color=INK, fillstyle="none")
        (filled,) = axis.plot(among_best, row, "o", color=BLUE)
    axis.set_yticks(range(len(shares)), shares, size=8)
    axis.set(xlabel="share of cells", xlim=(-0.02, 1), ylim=(len(shares) - 0.5, -0.5))
    axis.legend((open_one, filled), ("all cells", "the best per cent"), fontsize=8)
    return figure


def draw_agreement(agreement: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Draw rank correlations with their intervals: for each group of cells one per comparison."""
    figure, axis = plt.subplots(figsize=(7, 2.8), layout="constrained")
    looks = zip(agreement.items(), (("o", QUIET), ("s", BLUE)), (-0.1, 0.1), strict=True)
    for (group, of_group), (marker, colour), shift in looks:
        value, low, high = np.transpose([*of_group.values()])
        at = np.arange(len(of_group)) + shift
        axis.vlines(at, low, high, color=colour)
        axis.plot(at, value, marker, color=colour, label=group)
    axis.set_xticks(range(len(of_group)), of_group)
    axis.axhline(0, color=INK, linewidth=1)
    axis.set(ylabel="rank correlation", ylim=(-0.4, 1.05), xlim=(-0.5, len(of_group) - 0.2))
    axis.legend(fontsize=8, loc="lower left")
    return figure


def draw_rounds(shares: Sequence[Interval], chance: float) -> Figure:
    """Draw, for each round of a search, how many of its children are excellent cells."""
    figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
    value, low, high = np.transpose(shares)
    rounds = np.arange(1, len(shares) + 1)
    axis.vlines(rounds, low, high, color=BLUE)
    axis.plot(rounds, value, "o", color=BLUE)
    axis.axhline(chance, color=INK, linestyle=":", label="cells drawn evenly")
    axis.set(xlabel="round", ylabel="share in the best twentieth", ylim=0)
    axis.legend(fontsize=8, loc="upper left")
    return figure


def draw_curves(curves: Mapping[str, Any], right: Any) -> Figure:
    """Draw the learning curve of each broken controller, and beside it that of the right one."""
    figure, axes = plt.subplots(2, 4, figsize=(9, 3.6), sharex=True, sharey=True)
    figure.set_layout_engine("constrained")
    for axis, (name, curve) in zip(axes.flat, curves.items(), strict=True):
        axis.plot(right, "--", color=QUIET)
        axis.plot(curve, color=RED)
        axis.set_title(name, size=9)
    figure.supxlabel("update", size=9)
    figure.supylabel("mean reward of a batch", size=9)
    return figure


def properties(table: Table) -> dict[str, np.ndarray]:
    """Return which classes of a base-2 table have a property, by the property's name."""
    nodes = [cell.nodes for cell in table.cells]
    multiplies = np.array([[node.combination == "Multiply" for node in of] for of in nodes])
    ends = np.array([(cell.create_index, cell.inject_index) for cell in table.cells])
    create, inject = ends.T
    return {
        "root without activation": np.array([of[2].activation == "Identity" for of in nodes]),
        "root adds": ~multiplies[:, 2],
        "a leaf multiplies (W x with W h)": multiplies[:, :2].any(1),
        "one leaf multiplies, one adds": multiplies[:, 0] != multiplies[:, 1],
        "a gate": np.array([_has_gate(cell) for cell in table.cells]),
        "c in at a leaf, out at the root (memory path)": table.has_memory,
        "c in and out at the same leaf": (create == inject) & (create < 2),
        "c in at one leaf, out at the other (the example)": create + inject == 1,
        "c in at the root, out at a leaf": (create < 2) & (inject == 2),
        "c in and out at the root": (create == 2) & (inject == 2),
    }


def _has_gate(cell: Cell) -> bool:
    """Tell whether something is multiplied by a sigmoid."""
    seen = [node.activation for node in cell.nodes]
    gates_c = cell.inject.combination == "Multiply" and seen[cell.inject_index] == "Sigmoid"
    seen[cell.inject_index] = cell.inject.activation  # what the root sees
    return gates_c or (cell.nodes[2].combination == "Multiply" and "Sigmoid" in seen[:2])


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
            "never is not the budget, 1,500: nobody knows that the next one would do": (
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
