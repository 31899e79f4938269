"""Pictures and tables of searches that train: their lift, their finals, and many workers."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from nastut.lessons.plots import BLUE, GREEN, ORANGE, Interval
from nastut.lessons.searches import TITLES
from nastut.pictures.style import INK, QUIET
from nastut.studies.inference import arrivals, bootstrap, median

LOOK: dict[str, dict[str, Any]] = {
    "random": {"linestyle": ":", "color": QUIET},
    "evolution": {"linestyle": "-.", "color": GREEN},
    "REINFORCE": {"linestyle": "--", "color": ORANGE},
    "priority queue": {"linestyle": "-", "color": BLUE},
}
"""How the line of each method looks."""


def draw_lift(lifts: Mapping[int, Mapping[str, np.ndarray]], every: int) -> Figure:
    """Draw by how much the best of each method lie above random search's.

    Parameters
    ----------
    lifts
        Number of best cells -> method -> differences of shape (seeds, points).
    every
        Evaluations between two points.
    """
    figure, axes = plt.subplots(1, len(lifts), figsize=(9, 3.2), sharey=True, layout="constrained")
    for axis, (best, of_methods) in zip(axes, lifts.items(), strict=True):
        for method, seeds in of_methods.items():
            at = every * np.arange(1, seeds.shape[1] + 1)
            look = LOOK[TITLES[method]]
            axis.plot(at, seeds.mean(0), label=TITLES[method], **look)
            axis.fill_between(at, seeds.min(0), seeds.max(0), color=look["color"], alpha=0.15)
        axis.axhline(0, color=INK, linewidth=1)
        axis.set(title="the best" if best == 1 else f"the best {best}", xlabel="evaluations")
    axes[0].set_ylabel("mean reward above random search's")
    axes[0].legend(fontsize=7, loc="lower right", ncols=2)
    return figure


def draw_finals(groups: Mapping[str, Mapping[str, np.ndarray]], line: float) -> Figure:
    """Draw the perplexities of models in groups: a point for each, with its range over the seeds.

    An open circle is the mean of those seeds that did not diverge.

    Parameters
    ----------
    groups
        Name of a group -> name of a model -> its perplexities.
    line
        Where a vertical line says what has to be beaten.
    """
    rows = sum(map(len, groups.values())) + len(groups)
    figure, axis = plt.subplots(figsize=(8, 0.095 * rows + 1), layout="constrained")
    place, ticks = 0, dict[float, str]()
    for group, models in groups.items():
        ticks[place + (len(models) - 1) / 2] = group
        for _, values in sorted(models.items(), key=lambda item: float(item[1].mean())):
            known = values[np.isfinite(values)]
            if len(known):
                colour = INK if group == "torch" else BLUE
                axis.plot((known.min(), known.max()), (place, place), color=QUIET)
                fill = "full" if len(known) == len(values) else "none"
                axis.plot(known.mean(), place, "o", markersize=4, color=colour, fillstyle=fill)
            place += 1
        place += 1
    axis.axvline(line, color=INK, linestyle=":", linewidth=1)
    axis.set(xlabel="test perplexity (lower is better)", xscale="log", ylim=(place, -1))
    axis.set_yticks([*ticks], [*ticks.values()])
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("{x:g}")
    return figure


Parallel = dict[str, dict[int, Interval]]
"""Method -> number of workers -> a median over the runs, and its interval."""


def until_half_arrived(runs: Mapping[str, Any], key: str, rng: np.random.Generator) -> Parallel:
    """Return what half of the simulated searches needed until they arrived.

    Parameters
    ----------
    runs
        Of the study ``parallel``.
    key
        ``"reached"`` for evaluations, ``"reached_at"`` for seconds.
    rng
        For the intervals.
    """
    needed: dict[str, dict[int, list[float | None]]] = {}
    for run in runs.values():
        if "method" in run:
            of_method = needed.setdefault(run["method"], {})
            of_method.setdefault(run["workers"], []).append(run[key])
    return {
        method: {workers: _middle(arrivals(values), rng) for workers, values in of.items()}
        for method, of in needed.items()
    }


def _middle(values: np.ndarray, rng: np.random.Generator) -> Interval:
    return float(median(values)), *bootstrap(median, values, rng=rng)


def draw_workers(panels: Mapping[str, Parallel]) -> Figure:
    """Draw what many workers cost and gain, with intervals; what is infinite is left out.

    Parameters
    ----------
    panels
        Label of the vertical axis -> what is drawn.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 3.2), layout="constrained")
    for axis, (label, needed) in zip(axes, panels.items(), strict=True):
        for shift, (method, look) in zip((0.94, 0.98, 1.02, 1.06), LOOK.items(), strict=True):
            at = shift * np.array([*needed[method]])
            value, low, high = np.transpose([*needed[method].values()])
            axis.plot(at, np.where(np.isfinite(value), value, np.nan), "o", label=method, **look)
            axis.vlines(at, low, np.minimum(high, 1e9), color=look["color"])
        axis.set(xscale="log", yscale="log", xlabel="workers", ylabel=label)
        highest = max(v[0] for of in needed.values() for v in of.values() if isfinite(v[0]))
        axis.set_ylim(top=3 * highest)
        axis.set_xticks([1, 10, 100, 400], ["1", "10", "100", "400"])
        axis.minorticks_off()
        axis.yaxis.set_major_formatter("{x:g}")
    axes[-1].legend(fontsize=8, loc="upper right")
    return figure


def above_random(lifts: Mapping[int, Mapping[str, np.ndarray]]) -> str:
    """Return the differences at the end, a row each: the mean over seeds, and their range."""
    rows = []
    for best, of_methods in lifts.items():
        for method, seeds in of_methods.items():
            end = seeds[:, -1]
            rows.append(
                f"best {best:2d}  {TITLES[method]:14s}  {end.mean():+.3f} "
                f"({end.min():+.3f} to {end.max():+.3f})"
            )
    return "\n".join(rows)


def percent(interval: Interval) -> str:
    """Return a share with its interval, in per cent with a sign."""
    value, low, high = (100 * number for number in interval)
    return f"{value:+.1f} % ({low:+.1f} to {high:+.1f})"


def draw_halving(curves: np.ndarray, lstm: np.ndarray, rung: int, share: float) -> Figure:
    """Draw perplexities during training: what goes on at a rung, what is given up, and LSTM's.

    Parameters
    ----------
    curves, lstm
        Perplexities after each part of training, of shape (cells, parts), and LSTM's.
    rung, share
        After how many parts children are given up, and which share of them goes on.
    """
    figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
    parts = np.arange(1, curves.shape[1] + 1)
    on = curves[:, rung - 1] <= np.quantile(curves[:, rung - 1], share)
    for curve, goes in zip(curves, on, strict=True):
        if goes:
            axis.plot(parts, curve, color=BLUE, linewidth=0.8, zorder=2)
        else:
            axis.plot(parts, curve, color=QUIET, linewidth=0.5, alpha=0.35)
    axis.plot(parts, lstm, color=ORANGE, linewidth=2.5, label="LSTM", zorder=3)
    axis.axvline(rung, color=INK, linestyle=":")
    axis.set(xlabel="eighths of the training", ylabel="perplexity (log scale)", yscale="log")
    axis.set(ylim=(5, 30), yticks=(5, 7, 10, 15, 20, 30))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.minorticks_off()
    axis.plot([], [], color=BLUE, label="the best quarter at the dotted line")
    axis.plot([], [], color=QUIET, label="given up there")
    axis.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def draw_tests(
    groups: Mapping[str, Mapping[str, np.ndarray]], names: Mapping[str, str], line: float
) -> Figure:
    """Draw perplexities of models in groups, a row each: the mean, and its range over the seeds.

    An open circle is the mean of those seeds that did not diverge.

    Parameters
    ----------
    groups
        Name of a group -> name of a model -> its perplexities.
    names
        What some models are called in the picture, by their names.
    line
        Where a vertical line says what has to be beaten.
    """
    rows = [(g, *model) for g, models in groups.items() for model in models.items()]
    figure, axis = plt.subplots(figsize=(8, 0.17 * len(rows) + 0.8), layout="constrained")
    labels = []
    for place, (group, name, values) in enumerate(rows):
        known = values[np.isfinite(values)]
        axis.plot((known.min(), known.max()), (place, place), color=QUIET)
        fill = "full" if len(known) == len(values) else "none"
        colour = BLUE if group in LOOK else INK
        axis.plot(known.mean(), place, "o", markersize=4.5, color=colour, fillstyle=fill)
        label = names.get(name, "")
        labels.append(f"{group}: {label}" if label and group in LOOK else label or group)
    axis.axvline(line, color=INK, linestyle=":", linewidth=1)
    axis.set(xlabel="test perplexity (lower is better)", ylim=(len(rows) - 0.4, -0.6))
    axis.set_yticks(range(len(rows)), labels, size=7)
    return figure


def draw_two_lengths(
    cells: Mapping[str, tuple[Any, Any]], others: Mapping[str, tuple[float, float]]
) -> Figure:
    """Draw perplexity at full size over perplexity in the search, both of the validation stream.

    Parameters
    ----------
    cells
        Method -> the two perplexities of its cells.
    others
        Name -> the two perplexities of a cell that no search found.
    """
    figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
    for (method, (short, long)), marker in zip(cells.items(), "ovs^", strict=True):
        colour = LOOK[method]["color"]
        axis.plot(short, long, marker, color=colour, label=method, linestyle="none", markersize=5)
    for name, (short, long) in others.items():
        axis.plot(short, long, "*", color=INK, markersize=10)
        axis.annotate(name, (short, long), (0, 8), textcoords="offset points", ha="center")
    axis.set(xlabel="perplexity in the search, after 512 steps", ylabel="perplexity at full size")
    axis.margins(x=0.08, y=0.15)
    axis.legend(fontsize=8, loc="center right")
    return figure
