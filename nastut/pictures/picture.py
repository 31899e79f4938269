"""A picture: Graphviz source, drawn by ``dot`` or, where there is none, by ``graphviz-pure``.

The pip package graphviz-pure brings a program with dot's flags, so no system package
is needed. A notebook cell that ends in a picture never fails: without any program it
shows the source and says what to do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import graphviz

from nastut.files import write_atomically

WIDEST = 630
"""Largest width of an SVG in points; 630 pt are 840 px."""

REMEDY = "no program to draw with: run 'pip install graphviz-pure' or install Graphviz"


class DrawingError(RuntimeError):
    """No program could draw the picture; the message says what to do."""


class Picture:
    """A graph to be drawn.

    Attributes
    ----------
    dot
        The :class:`graphviz.Digraph`; ``picture.dot.source`` is its text.
    caption
        What there is to see, in words.
    """

    def __init__(self, dot: graphviz.Digraph, caption: str) -> None:
        self.dot = dot
        self.caption = caption

    def svg(self) -> str:
        """Return the picture as SVG text.

        Raises
        ------
        DrawingError
            If there is no program to draw with.
        """
        drawn = fit(_render(self.dot.source, "svg").decode())
        return re.sub(r'font-size="([\d.]+)"([^>]*)>([^<]*_[^<]*)</text>', _lower_in_svg, drawn)

    def png(self, dpi: int = 192) -> bytes:
        """Return the picture as the bytes of a PNG file.

        Raises
        ------
        DrawingError
            If there is no program to draw with.
        """
        source = re.sub(r'label=(?:"([^"]*_[^"]*)"|(\w*_\w*))', _lower_in_dot, self.dot.source)
        return _render(source, "png", f"-Gdpi={dpi}")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`; the suffix, .svg or .png, chooses the format.

        Raises
        ------
        ValueError
            If the suffix is another one.
        OSError
            If the folder is missing or cannot be written to.
        DrawingError
            If there is no program to draw with.
        """
        target = Path(path)
        match target.suffix.lower():
            case ".svg":
                data = self.svg().encode()
            case ".png":
                data = self.png()
            case suffix:
                raise ValueError(f"{target} ends in {suffix!r}; pictures are .svg or .png")
        write_atomically(target, data)
        return target

    def __repr__(self) -> str:
        return f"<Picture: {self.caption}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        try:
            return {"text/plain": repr(self), "image/svg+xml": self.svg()}
        except DrawingError as error:
            return {"text/plain": f"{self!r} ({error})\n{self.dot.source}"}


def fit(svg: str) -> str:
    """Return an SVG that is shown no wider than a notebook's column on a small laptop.

    JupyterLab shows an SVG in the size that it asks for, and cuts off what does not fit.
    """

    def shrink(size: re.Match[str]) -> str:
        width, height = int(size[1]), int(size[2])
        scale = min(1.0, WIDEST / max(width, 1))
        return f'width="{round(width * scale)}pt" height="{round(height * scale)}pt"'

    return re.sub(r'width="(\d+)pt" height="(\d+)pt"', shrink, svg, count=1)


def renderers() -> list[str]:
    """Return the paths of the programs that can draw, the preferred one first."""
    scripts = Path(sys.executable).parent
    found = (
        shutil.which("dot"),
        shutil.which("graphviz-pure", path=str(scripts)) or shutil.which("graphviz-pure"),
    )
    return [program for program in found if program]


# Graphviz places each piece of a formatted label by the widths of its own font, so subscripts
# drift apart in a browser that has another font. Labels are therefore plain text, "a_0" or
# "h_{t-1}", and their indices are lowered here: within one text element in SVG, where the
# browser measures; by formatted labels in PNG, where Graphviz itself draws the letters.
_INDEX = re.compile(r"_(?:\{([^}]*)\}|(\w+))")
_SMALL = 0.8


def _lower_in_svg(match: re.Match[str]) -> str:
    size = _SMALL * float(match[1])
    lowered = _INDEX.sub(
        lambda index: (
            f'<tspan dy="{0.25 * size:.1f}" font-size="{_SMALL * size:.1f}">'
            f'{index[1] or index[2]}</tspan><tspan dy="{-0.25 * size:.1f}">\u200b</tspan>'
        ),
        match[3],
    )
    return f'font-size="{size:.1f}"{match[2]}>{lowered}</text>'


def _lower_in_dot(match: re.Match[str]) -> str:
    first, *others = (match[1] or match[2]).split(r"\n")
    lines = [_INDEX.sub(r'<FONT POINT-SIZE="11">\1\2</FONT>', first)]
    for line in others:
        lowered = _INDEX.sub(r'<FONT POINT-SIZE="8">\1\2</FONT>', line)
        lines.append(f'<FONT POINT-SIZE="11">{lowered}</FONT>')
    return f"label=<{'<BR/>'.join(lines)}>"


def _render(source: str, kind: Literal["svg", "png"], *flags: str) -> bytes:
    """Return what the first program that succeeds makes of the source."""
    complaints = []
    for program in renderers():
        try:
            done = subprocess.run(
                [program, f"-T{kind}", *flags], input=source.encode(), capture_output=True
            )
        except OSError as error:
            complaints.append(f"{program}: {error}")
            continue
        if done.returncode == 0:
            return done.stdout
        complaints.append(f"{program}: {done.stderr.decode(errors='replace').strip()}")
    raise DrawingError("; ".join(complaints) or REMEDY)
