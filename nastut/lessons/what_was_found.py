"""Exercises of notebook 10, what was found, and its pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nastut.cells.cell import Cell
from nastut.lessons.exercise import Exercise
from nastut.lessons.plots import BLUE, ORANGE
from nastut.pictures.style import INK, QUIET


def finals(
    runs: Mapping[str, Any], text: str, characters: int = 3_000_000, parameters: int = 100_000
) -> dict[str, np.ndarray]:
    """Return the test perplexity of each model in each replicate of its finals; nan for none.

    Parameters
    ----------
    runs
        Of the study ``found``.
    text, characters, parameters
        What was read, how much of it, and the size of the models.
    """
    setting = {"text": text, "characters": characters, "parameters": parameters}
    chosen = [
        run
        for run in runs.values()
        if run["replicate"] < 10 and all(run[key] == value for key, value in setting.items())
    ]
    last = max((run["replicate"] for run in chosen), default=-1)
    of_models: dict[str, np.ndarray] = {}
    for run in chosen:
        values = of_models.setdefault(run["model"], np.full(last + 1, np.nan))
        values[run["replicate"]] = np.inf if run["test"] is None else run["test"]
    return of_models


NO_C = "no c: "
"""What the record writes in front of a cell whose c comes from a leaf that is silent."""


def change(cell: Cell, model: str) -> str | None:
    """Return in words what a model of the record has else than `cell`; None if it is no cell.

    Parameters
    ----------
    model
        As the record names it: a baseline, or the sequence of a cell.
    """
    if len(model.removeprefix(NO_C).split()) != len(cell.sequence):
        return None
    places: dict[tuple[str, str], list[str]] = {}
    names = {cell.root: "the root", len(cell.nodes): "the injection"}
    after = Cell.parse(model.removeprefix(NO_C)).sequence
    for place, words in enumerate(zip(cell.sequence[:-2], after[:-2], strict=True)):
        if words[0] != words[1]:
            where = names.get(place // 2, str(place // 2))
            places.setdefault((str(words[0]), str(words[1])), []).append(where)
    told = [f"{new} for {old} at {', '.join(nodes)}" for (old, new), nodes in places.items()]
    if model.startswith(NO_C):
        told.append(f"c = 0, and no leaf {after[-2]}")
    return "; ".join(told)


def _draw_rows(axis: Axes, rows: Mapping[str, np.ndarray], stroke: int) -> None:
    """Draw a dot for each replicate and a stroke for their mean, one row each, the first on top."""
    for row, values in enumerate(rows.values()):
        axis.plot(values, np.full(len(values), row), "o", color=BLUE, alpha=0.4, markersize=5)
        axis.plot(np.mean(values), row, "|", color=INK, markersize=stroke, markeredgewidth=2)
    axis.axvline(0, color=INK, linewidth=1)
    axis.set_ylim(len(rows) - 0.5, -0.5)


def draw_leads(leads: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Draw by how much the found cell is ahead of each rival, a panel for each text.

    Parameters
    ----------
    leads
        Text -> rival -> its lead in each replicate, in per cent.
    """
    figure, axes = plt.subplots(
        1, len(leads), figsize=(9, 2.6), sharex=True, sharey=True, layout="constrained"
    )
    for axis, (text, of_rivals) in zip(axes, leads.items(), strict=True):
        _draw_rows(axis, of_rivals, stroke=18)
        axis.set(title=text, xlabel="lead of FOUND, per cent")
        axis.set_yticks(range(len(of_rivals)), list(of_rivals))
    return figure


def draw_changes(behind: Mapping[str, np.ndarray], known: Mapping[str, float]) -> Figure:
    """Draw what each change of the found cell costs, the dearest at the bottom.

    Parameters
    ----------
    behind
        Change -> how far it is behind the found cell in each replicate, in per cent.
    known
        Name of a rival -> the same of it, drawn as a vertical line.
    """
    figure, axis = plt.subplots(figsize=(7.5, 0.26 * len(behind) + 1), layout="constrained")
    for row, values in enumerate(behind.values()):
        axis.plot((0, np.mean(values)), (row, row), color=QUIET, linewidth=1)
    _draw_rows(axis, behind, stroke=12)
    for name, value in known.items():
        axis.axvline(value, color=ORANGE, linestyle=":", linewidth=1.5)
        axis.annotate(name, (value, 1), (3, 2), ("data", "axes fraction"), "offset points", size=8)
    axis.set(xlabel="behind FOUND, per cent")
    axis.set_yticks(range(len(behind)), list(behind), size=8)
    return figure


def draw_growth(panels: Mapping[str, Mapping[float, Mapping[str, np.ndarray]]]) -> Figure:
    """Draw the lead over each rival as something grows; a point is a replicate.

    Parameters
    ----------
    panels
        What grows -> how much it is -> rival -> the lead in each replicate, in per cent.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 3), sharey=True, layout="constrained")
    for axis, (grows, steps) in zip(axes, panels.items(), strict=True):
        for name, colour, marker in (("LSTM", ORANGE, "o"), ("GRU", BLUE, "s")):
            leads = {at: of_rivals[name] for at, of_rivals in steps.items() if name in of_rivals}
            means = [np.mean(values) for values in leads.values()]
            axis.plot([*leads], means, color=colour, label=f"over {name}")
            for at, values in leads.items():
                axis.plot(np.full(len(values), at), values, marker, color=colour, alpha=0.5)
        axis.axhline(0, color=INK, linewidth=1)
        axis.set(xscale="log", xlabel=grows)
        axis.set_xticks([*steps], [f"{at:g}" for at in steps])
        axis.minorticks_off()
    axes[0].set(ylabel="lead of FOUND, per cent")
    axes[-1].legend(fontsize=8)
    return figure


def draw_kept(kept: Mapping[str, float]) -> Figure:
    """Draw a bar for each character: how much of h its matrix keeps.

    Parameters
    ----------
    kept
        Character -> the largest absolute eigenvalue of its matrix.
    """
    figure, axis = plt.subplots(figsize=(9, 2.6), layout="constrained")
    names = {" ": "space", "\n": "line"}
    order = sorted(kept, key=lambda character: kept[character])
    colours = [ORANGE if character.isspace() else BLUE for character in order]
    axis.bar(range(len(order)), [kept[character] for character in order], color=colours)
    axis.set_xticks(range(len(order)), [names.get(c, c) for c in order], size=8)
    for label in axis.get_xticklabels():
        label.set_rotation(90 if len(label.get_text()) > 1 else 0)
    axis.axhline(1, color=INK, linewidth=1)
    axis.set(ylabel="kept at each step", xlabel="character")
    axis.grid(visible=False)
    return figure


def _products(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the matrices W and U of some products, and an input."""
    for products, hidden, inputs in ((1, 2, 2), (2, 2, 3), (3, 4, 4), (5, 3, 2), (4, 1, 3)):
        w = rng.normal(size=(products, hidden, inputs)).round(2)
        u = rng.normal(size=(products, hidden, hidden)).round(2)
        yield w, u, rng.normal(size=inputs).round(2)


def _matrix(w: np.ndarray, u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return sum((np.diag(wk @ x) @ uk for wk, uk in zip(w, u, strict=True)), np.zeros(u.shape[1:]))


def _pairs(rng: np.random.Generator) -> Iterator[tuple[list[float], list[float]]]:
    """Yield perplexities of two models in the same replicates; the lower is better."""
    yield [3.0, 3.2, 3.1], [3.4, 3.3, 3.2]
    yield [3.4, 3.3], [3.0, 3.2]
    yield [3.0, 3.5, 3.1, 3.2], [3.1, 3.4, 3.3, 3.6]
    for replicates, lead in ((5, 0.2), (6, 0.0), (7, 0.1), (8, -0.1)):
        ours = rng.normal(3.3, 0.2, replicates)
        theirs = ours + rng.normal(lead, 0.1, replicates)
        yield ours.round(2).tolist(), theirs.round(2).tolist()


Extreme = Callable[[np.ndarray, float], np.ndarray]


def _p_value(
    ours: list[float],
    theirs: list[float],
    extreme: Extreme = lambda sums, seen: np.abs(sums) >= abs(seen) - 1e-9,
) -> float:
    """Return the share of all choices of signs whose sum is extreme."""
    leads = np.log(theirs) - np.log(ours)
    sums = np.array([*product((-1, 1), repeat=len(leads))]) @ leads
    return float(extreme(sums, leads.sum()).mean())


EXERCISES = {
    "10.1": Exercise(
        cases=_products,
        truth=_matrix,
        mistakes=lambda w, u, x: {
            "that scales the columns of U; the i-th entry of W x belongs to row i of U": (
                sum((uk * (wk @ x) for wk, uk in zip(w, u, strict=True)), np.zeros(u.shape[1:]))
            ),
            "those are the matrices of the products; their sum is asked": (
                np.array([np.diag(wk @ x) @ uk for wk, uk in zip(w, u, strict=True)])
            ),
            "that multiplies sums; a sum of products is asked": np.diag(w.sum(0) @ x) @ u.sum(0),
            "W x never meets U there; the i-th entry of W x scales row i of U": u.sum(0),
            "that is diag(W x) alone; what does U do?": np.diag(w.sum(0) @ x),
            "that is the first product only": np.diag(w[0] @ x) @ u[0],
        },
    ),
    "10.2": Exercise(
        cases=_pairs,
        truth=_p_value,
        mistakes=lambda ours, theirs: {
            "count those that are just as extreme, too: the order as it was is one of them": (
                _p_value(ours, theirs, lambda sums, seen: np.abs(sums) > abs(seen) + 1e-9)
            ),
            "that counts one side only: a lead of theirs as large would be as surprising": (
                _p_value(ours, theirs, lambda sums, seen: sums >= seen - 1e-9)
            ),
            "that counts one side only, and not even ours; count both": (
                _p_value(ours, theirs, lambda sums, seen: sums <= seen + 1e-9)
            ),
            "that is the number of choices; divide it by 2 to the power of the pairs": (
                _p_value(ours, theirs) * 2 ** len(ours)
            ),
            "that is one minus the share": 1 - _p_value(ours, theirs),
            "compare the logarithms: 3 against 3.3 is as much ahead as 6 against 6.6": (
                _p_value([float(np.exp(p)) for p in ours], [float(np.exp(p)) for p in theirs])
            ),
        },
    ),
}
