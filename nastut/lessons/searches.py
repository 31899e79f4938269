"""Pictures and tables of searches: when they arrive, with which settings, and what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from nastut.cells.cell import Cell
from nastut.lessons.plots import BLUE, GREEN, ORANGE, RED, Interval
from nastut.pictures.style import INK, PAPER, QUIET
from nastut.studies.inference import (
    Comparison,
    arrivals,
    bootstrap,
    compared,
    duels,
    median,
    restricted_mean,
)
from nastut.studies.table import Table
from nastut.studies.tuning import EVALUATIONS, PAIRS

LOOK: dict[str, dict[str, Any]] = {
    "random": {"linestyle": ":", "color": QUIET},
    "evolution, tuned": {"linestyle": "-.", "color": GREEN},
    "REINFORCE": {"linestyle": "--", "color": ORANGE},
    "REINFORCE, tuned": {"linestyle": (0, (5, 1, 1, 1, 1, 1)), "color": RED},
    "priority queue, tuned": {"linestyle": "-", "color": BLUE},
}
"""How the line of each search looks."""

TITLES = {
    "random": "random",
    "evolution": "evolution",
    "reinforce": "REINFORCE",
    "priority_queue": "priority queue",
}
"""What each method is called in a picture."""

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
        Method -> learning rate -> for each bonus the mean evaluations and their interval.
    bonuses
        On the horizontal axis, one after the other.
    chance
        What drawing blindly needs: a grey band.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axis, (method, of_rates) in zip(axes, sweeps.items(), strict=True):
        for shift, (rate, intervals) in zip((-0.12, 0, 0.12), of_rates.items(), strict=True):
            value, low, high = np.transpose(intervals)
            at, (marker, colour) = np.arange(len(bonuses)) + shift, RATES[rate]
            axis.vlines(at, low, high, color=colour)
            axis.plot(at, value, marker, color=colour, label=f"rate {rate:g}")
        axis.axhline(chance[0], color=INK, linestyle=":")
        axis.axhspan(*chance[1:], color=QUIET, alpha=0.3, zorder=0)
        axis.set_xticks(range(len(bonuses)), [f"{bonus:g}" for bonus in bonuses])
        axis.set(title=TITLES[method], xlabel="bonus for a nat of entropy", ylim=(0, 1_550))
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
    axis.set(ylabel="rank correlation", ylim=(-0.4, 1.05), xlim=(-0.5, len(of_group) - 0.5))
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


ABLATION = {
    "REINFORCE, with redraw": "REINFORCE, redraw and bonus",
    "REINFORCE, tuned": "REINFORCE, bonus",
    "REINFORCE, with redraw, no bonus": "REINFORCE, redraw",
    "REINFORCE, no bonus": "REINFORCE, neither",
    "priority queue, tuned": "priority queue, redraw and bonus",
    "priority queue, no redraw": "priority queue, bonus",
    "priority queue, no bonus": "priority queue, redraw",
    "priority queue, no redraw, no bonus": "priority queue, neither",
}
"""Lines of the study ``tuning`` -> which helpers they have."""


def tried(results: Mapping[str, Any]) -> dict[tuple[str, float, float], np.ndarray]:
    """Return when each tried controller arrived: by method, learning rate and bonus."""
    found = {}
    for result in results.values():
        given = result["given"]
        if result["line"] is None and "entropy" in given:
            setting = (result["method"], given["learning_rate"], given["entropy"])
            found[setting] = arrivals(result["reached"]["1 per mille"])
    return found


def spent(reached: np.ndarray, rng: np.random.Generator) -> Interval:
    """Return the mean evaluations of runs that stop at the budget, and their 95 % interval."""
    mean = partial(restricted_mean, budget=EVALUATIONS)
    return float(mean(reached)), *bootstrap(mean, reached, rng=rng)


def arrival_table(reached: Mapping[str, np.ndarray], rng: np.random.Generator) -> str:
    """Return, in a row each, the median of a method, its interval, and who never arrived."""
    rows = [f"{'':22s}  half within (95 %)    never arrived"]
    for name, values in reached.items():
        low, high = bootstrap(median, values, rng=rng)
        never = f"{np.isinf(values).sum()} of {len(values)}"
        rows.append(f"{name:22s}  {median(values):4.0f} ({low:3.0f} to {high:4.0f})   {never:>12s}")
    return "\n".join(rows)


def comparison_table(compared: Mapping[tuple[str, str], Comparison]) -> str:
    """Return, in a row each, how often the first of a pair arrives first, and its p-value."""
    rows = []
    for (a, b), of in compared.items():
        p = "p < 0.001" if of.corrected < 0.001 else f"p = {of.corrected:.3f}"
        rows.append(f"{a:35s} before {b:32s} {of.wins:4.0%}  {p}")
    return "\n".join(rows)


def text_perplexities(study: Mapping[str, Any], table: Table) -> np.ndarray:
    """Return the perplexity on text of each class that was drawn for the study ``transfer``.

    It is the mean over the seeds, infinite if a child diverged, and not a number for a class that
    was not trained. Cells that were picked because they are good are left out.
    """
    measured: dict[str, list[float]] = {}
    for record in (record for run in study["runs"].values() for record in run):
        measured.setdefault(record["cell"], []).append(record["test"] or np.inf)
    perplexities = np.full(len(table), np.nan)
    for text, values in list(measured.items())[: study["settings"]["drawn"]]:
        perplexities[table.row(Cell.parse(text))] = np.mean(values)
    return perplexities


def how_sure(reached: Mapping[str, np.ndarray], first: int, last: int) -> str:
    """Return what the rank test says of some of the planned questions, a row each.

    Parameters
    ----------
    reached
        Line -> when each of its runs arrived.
    first, last
        Which of :data:`PAIRS`. The p-values are corrected for all of them.
    """
    rows = []
    for (a, b), of in [*compared(reached, PAIRS).items()][first:last]:
        wins = duels(reached[a][:, None], reached[b]).mean()
        p = "p < 0.001" if of.corrected < 0.001 else f"p = {of.corrected:.3f}"
        rows.append(f"{a:35s} before {b:32s} {wins:4.0%}  {p}")
    return "\n".join(rows)


def draw_doors(learned: Mapping[str, Any], sure: float, most: float) -> Figure:
    """Draw two doors, one that always pays the same and one that pays by chance; and who opens it.

    Parameters
    ----------
    learned
        Method -> the probability of the second door, of shape (seeds, updates).
    sure, most
        What the first door pays; the second pays anything from 0 to this, all equally likely.
    """
    figure, (doors, curves) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    doors.bar(0, sure, 0.5, color=ORANGE)
    doors.bar(1, most, 0.5, color=QUIET, alpha=0.4)
    doors.bar(1, most - sure, 0.5, sure, color=BLUE)
    doors.hlines(most / 2, 0.75, 1.25, color=INK)
    words = (
        (0, sure / 2, f"always {sure:g}"),
        (1, most / 2 + 0.05, f"on average {most / 2:g}"),
        (1, (sure + most) / 2, f"{1 - sure / most:.0%} of the time"),
    )
    for x, y, text in words:
        colour = PAPER if y > sure else INK
        doors.annotate(text, (x, y), ha="center", va="center", size=8, color=colour)
    doors.set_xticks((0, 1), ("door 0", "door 1"))
    doors.set(ylabel="what it pays", xlim=(-0.5, 1.5), ylim=(0, 1.05))
    doors.grid(visible=False)
    for (name, runs), colour in zip(learned.items(), (ORANGE, BLUE), strict=True):
        for number, run in enumerate(runs):
            curves.plot(run, color=colour, label=name if number == 0 else None)
    curves.set(xlabel="update", ylabel="probability of door 1", ylim=(-0.03, 1.03))
    curves.legend(fontsize=8, loc="center right")
    return figure
