"""How a figure looks, as text: what is drawn where, in which colour, how wide, above what.

A changed size, colour or place shows as a changed line of a file in ``looks/``, beside the test. Of
a change that is meant, look at the picture, too.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from written import assert_written

FOLDER = Path(__file__).parent / "lessons" / "looks"

PROPERTIES = {
    "Line2D": (
        "xydata",
        "color",
        "linestyle",
        "dashes",
        "linewidth",
        "marker",
        "markersize",
        "fillstyle",
    ),
    "Rectangle": ("xy", "width", "height", "facecolor", "edgecolor", "linewidth"),
    "LineCollection": ("segments", "color", "linewidth"),
    "FillBetweenPolyCollection": ("paths", "facecolor"),
    "PolyCollection": ("paths", "facecolor"),
    "PathCollection": ("offsets", "sizes", "facecolor", "edgecolor"),
    "AxesImage": ("array", "cmap", "clim"),
    "Text": ("text", "position", "fontsize", "color", "weight", "ha", "va", "frame"),
    "Annotation": ("text", "xy", "position", "xycoords", "fontsize", "color", "ha", "va", "arrow"),
}
"""What is told of each kind of artist, beside its transparency and its order."""

OF_AXES = ("title", "xlabel", "ylabel", "xscale", "yscale", "xlim", "ylim")


def assert_looks(figure, name):
    """Require that a figure looks as the file of this name says."""
    assert_written(FOLDER / f"{name}.txt", "\n".join(described(figure)) + "\n")


def described(figure):
    """Yield a figure's looks line by line."""
    figure.draw_without_rendering()
    yield f"figure: {told(figure.get_size_inches())} inches"
    yield from (line for text in figure.texts for line in of_artist(text))
    for axes in figure.axes:
        yield "axes: " + ", ".join(f"{name} {told(plt.getp(axes, name))}" for name in OF_AXES)
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label for label in axis.get_ticklabels() if label.get_text()]
            grid = any(line.get_visible() for line in axis.get_gridlines())
            sizes = {told(label.get_size()) for label in labels}
            yield f"  ticks: {[label.get_text() for label in labels]}, {sizes}, grid {grid}"
        for artist in axes.get_children():
            yield from of_artist(artist)
        if legend := axes.get_legend():
            texts = [*legend.get_texts(), legend.get_title()]
            named = [(text.get_text(), text.get_size()) for text in texts if text.get_text()]
            begins, columns = told(legend.get_window_extent().p0 // 20), legend._ncols
            yield f"  legend: {named}, columns {columns}, about {begins}"


def of_artist(artist):
    """Yield a line for an artist that is seen."""
    kind = type(artist).__name__
    seen = artist.get_visible() and not (kind == "Text" and not artist.get_text())
    if seen and kind in PROPERTIES:
        names = (*PROPERTIES[kind], "alpha", "zorder")
        yield f"  {kind}: " + ", ".join(f"{name} {told(value_of(artist, name))}" for name in names)


def value_of(artist, name):
    if name == "paths":
        return [path.vertices for path in artist.get_paths()]
    if name == "dashes":
        return artist._unscaled_dash_pattern
    if name == "frame":
        return artist.get_bbox_patch() and type(artist.get_bbox_patch().get_boxstyle()).__name__
    if name == "arrow":
        return artist.arrow_patch and (artist.arrow_patch.get_linewidth(), artist.arrowprops)
    return getattr(artist, name) if hasattr(artist, name) else plt.getp(artist, name)


def told(value):
    """Return a value as text, numbers to four digits."""
    if isinstance(value, (float, int, np.number)) and not isinstance(value, bool):
        return f"{float(value):.4g}"
    if isinstance(value, (list, tuple, np.ndarray)):
        return f"({' '.join(map(told, value))})"
    return str(getattr(value, "name", value))
