"""Curves of searches: what the best so far are worth, over evaluations."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from nastut.files import write_atomically

FORMATS = (".svg", ".png")
DASHES = ("-", "--", "-.", ":")


def draw_curves(panels: Mapping[str, Mapping[str, ArrayLike]], path: Path) -> Path:
    """Write a picture with one panel, of 4 by 3.5 inches, beside the other, and return its path.

    Parameters
    ----------
    panels
        Title -> name of a search -> the mean reward of its best, after each evaluation.
    path
        The file; its suffix, .svg or .png, chooses the format.

    Raises
    ------
    ValueError
        If the suffix is another one.
    OSError
        If the folder is missing or cannot be written to.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path} ends in {path.suffix!r}; pictures are .svg or .png")
    figure = Figure(figsize=(4 * len(panels), 3.5), layout="constrained")
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False).ravel()
    for axes, (title, curves) in zip(row, panels.items(), strict=True):
        for number, (name, curve) in enumerate(curves.items()):
            axes.plot(curve, DASHES[number % len(DASHES)], label=name)
        axes.set(title=title, xlabel="evaluations")
    row[0].set_ylabel("mean reward")
    row[0].legend(fontsize="small")
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix[1:])
    write_atomically(path, drawn.getvalue())
    return path
