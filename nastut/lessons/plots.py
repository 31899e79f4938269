"""Plots that more than one notebook has: numbers with their intervals, and runs that arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nastut.pictures.style import INK, QUIET

BLUE, ORANGE, RED, GREEN = "#0072b2", "#e69f00", "#b3400e", "#009e73"
"""Of lines: the strong colours of Okabe & Ito (2008), which colour-blind readers tell apart."""

Interval = tuple[float, float, float]
"""A number, and the two ends of its interval."""


def draw_intervals(
    axis: Axes, rows: Mapping[str, Interval], notes: Sequence[str] = (), middle: float | None = None
) -> None:
    """Draw a dot for each number and a line for its interval, one row each, the first on top.

    Parameters
    ----------
    axis
        Where to draw.
    rows
        Label -> the number and its interval.
    notes
        What to write at the right end of each row.
    middle
        Where to draw a vertical line: the number that means no difference.
    """
    for row, (value, low, high) in enumerate(rows.values()):
        axis.plot((low, high), (row, row), color=QUIET)
        axis.plot(value, row, "o", color=BLUE)
    for row, note in enumerate(notes):
        axis.annotate(
            note, (1, row), (4, 0), ("axes fraction", "data"), "offset points", va="center", size=8
        )
    if middle is not None:
        axis.axvline(middle, color=INK, linewidth=1)
    axis.set_yticks(range(len(rows)), rows, size=8)
    axis.set_ylim(len(rows) - 0.5, -0.5)


def draw_arrivals(
    axis: Axes, reached: Mapping[str, Any], looks: Mapping[str, Mapping[str, Any]], budget: int
) -> None:
    """Draw the share of runs that have arrived, over the evaluations.

    Parameters
    ----------
    axis
        Where to draw.
    reached
        Name -> the evaluation at which each run arrived; infinite if it never did.
    looks
        How the line of each name looks.
    budget
        Evaluations of a run.
    """
    at = np.arange(budget + 1)
    for name, values in reached.items():
        shares = [(np.asarray(values) <= evaluations).mean() for evaluations in at]
        axis.plot(at, shares, label=name, **looks[name])
    axis.set(xlabel="evaluations", ylabel="share of runs that arrived", ylim=(0, 1.02))
    axis.legend(fontsize=8)
