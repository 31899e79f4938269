"""How numbers and figures look in a notebook: its set-up, and what more than one notebook draws."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from nastut.cells.sequence import is_whole_number
from nastut.pictures.style import INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED, GREEN = "#0072b2", "#e69f00", "#b3400e", "#009e73"
"""Of lines: the strong colours of Okabe & Ito (2008), which colour-blind readers tell apart."""

TITLES = {
    "random": "random",
    "evolution": "evolution",
    "reinforce": "REINFORCE",
    "priority_queue": "priority queue",
}
"""What each method of search is called in a picture."""

Interval = tuple[float, float, float]
"""A number, and the two ends of its interval."""


def setup(seed: int) -> np.random.Generator:
    """Set how numbers and plots look, and return the notebook's source of randomness.

    Four decimals are shown, so that the last bits of a processor do not matter. Plots are stored
    with an alternative text, see :func:`describe_figure`.

    Raises
    ------
    TypeError
        If `seed` is not a whole number: the notebook could not be repeated.
    """
    if not is_whole_number(seed):
        raise TypeError(f"seed is {seed!r}; give a whole number, so that the run can be repeated")
    import matplotlib.pyplot as plt
    from IPython.core.getipython import get_ipython

    np.set_printoptions(precision=4, suppress=True)
    plt.rcParams.update(
        {"figure.figsize": (7, 3.2), "figure.dpi": 110, "axes.grid": True, "grid.alpha": 0.3}
    )
    if (shell := get_ipython()) is not None:
        plt.switch_backend(plt.get_backend())  # loaded now: it sets ways of its own after the cell
        shell.events.register("post_run_cell", _use_figure_html)
    return np.random.default_rng(seed)


def _use_figure_html(result: object) -> None:
    """Show figures by :func:`figure_html`, too, from the next cell on."""
    from IPython.core.getipython import get_ipython
    from matplotlib.figure import Figure

    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        shell.display_formatter.formatters["text/html"].for_type(Figure, figure_html)


def figure_html(figure: Figure) -> str:
    """Return a figure as HTML that every page shows, with its alternative text.

    A page drops what a figure's PNG says of itself; of HTML, it takes all.
    """
    content = BytesIO()
    figure.savefig(content, format="png", bbox_inches="tight")
    png, alt = b64encode(content.getvalue()).decode(), escape(describe_figure(figure))
    return f'<img alt="{alt}" style="max-width: 100%" src="data:image/png;base64,{png}">'


def describe_figure(figure: Figure) -> str:
    """Return in words what a figure shows: its panels, their axes, what is named in them.

    No number of the data is said: where figures hold what was trained, it differs from
    processor to processor.
    """
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    texts = [", ".join(_describe_panel(axes)) for axes in panels]
    if len(texts) == 1:
        return f"Figure: {texts[0]}."
    numbered = " ".join(f"Panel {i}: {text}." for i, text in enumerate(texts, 1))
    return f"Figure with {len(texts)} panels. {numbered}"


def _describe_panel(axes: Axes) -> Iterator[str]:
    if axes.get_title():
        yield _plain(axes.get_title())
    kinds = {
        "an image": axes.images,
        "bars": axes.patches,
        "lines": axes.lines,
        "areas or points": axes.collections,
    }
    yield " and ".join(kind for kind, artists in kinds.items() if artists) or "text"
    across, up = _plain(axes.get_xlabel()), _plain(axes.get_ylabel())
    if across or up:
        yield f"{up or 'values'} against {across or 'categories'}"
    if names := [_plain(name) for name in axes.get_legend_handles_labels()[1]]:
        yield f"showing {'; '.join(names)}"


def _plain(text: str) -> str:
    """Return a label without the signs of LaTeX and without line ends."""
    return " ".join(text.translate(str.maketrans("", "", "$\\{}_")).split())


def draw_intervals(
    axis: Axes, rows: Mapping[str, Interval], notes: Sequence[str] = (), middle: float | None = None
) -> None:
    """Draw a dot for each number and a line for its interval, one row each, the first on top.

    Parameters
    ----------
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


def draw_upright(
    axis: Axes, at: Any, intervals: Sequence[Interval], marker: str, colour: str, label: str = ""
) -> None:
    """Draw a point for each number and a vertical line for its interval."""
    value, low, high = np.transpose(intervals)
    axis.vlines(at, low, high, color=colour)
    axis.plot(at, value, marker, color=colour, label=label or None)


def draw_arrivals(
    axis: Axes, reached: Mapping[str, Any], looks: Mapping[str, Mapping[str, Any]], budget: int
) -> None:
    """Draw the share of runs that have arrived, over the evaluations.

    Parameters
    ----------
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
