"""A picture, and several in a grid: drawn by ``dot`` or, where there is none, ``graphviz-pure``.

The pip package graphviz-pure brings a program with dot's flags, so no system package
is needed. A notebook cell that ends in a picture never fails: without any program it
shows the source and says what to do.

What a notebook shows is an ``<img>`` with an alternative text: unlike bare SVG it is seen in a
notebook that is not trusted, and read aloud.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, overload
from urllib.parse import quote

import graphviz

from nastut.files import write_atomically

WIDEST, TALLEST = 630, 390
"""Largest width and height in points: 840 and 520 px, so that a picture fits a notebook's column
on a small laptop, and JupyterLab's page on a beamer of 1280 x 720."""

PIXELS_IN_A_POINT = 4 / 3

TITLE_HEIGHT = 30
WIDTH_OF_A_LETTER = 7.5
MARGIN = 10
"""Of a grid, in points."""

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
        What it is, in a few words.
    alt
        What there is to see, for those who cannot see it; the caption, if nothing else is said.
    width
        Width on a page in pixels. If None, the picture is as large as it can be read, but no
        wider than a column and no taller than a beamer's page.

    Raises
    ------
    ValueError
        If `width` is not above 0.
    """

    def __init__(
        self, dot: graphviz.Digraph, caption: str, alt: str = "", width: float | None = None
    ) -> None:
        if width is not None and not width > 0:
            raise ValueError(f"width is {width!r}; it must be a number of pixels above 0")
        self.dot = dot
        self.caption = caption
        self.alt = alt or caption
        self.width = width

    def svg(self) -> str:
        """Return the picture as SVG text, in the size that is shown; see :meth:`drawn`."""
        return fit(self.drawn(), self.width)

    def drawn(self) -> str:
        """Return the picture as SVG text, in the size that Graphviz chose.

        Raises
        ------
        DrawingError
            If there is no program to draw with, or what it draws is no picture.
        """
        svg = _render(self.dot.source, "svg").decode()
        size(svg)  # raises an error that shows what was drawn instead
        drawn = _shorten(svg)
        return re.sub(r'font-size="([\d.]+)"([^>]*)>([^<]*_[^<]*)</text>', _lower_in_svg, drawn)

    def png(self) -> bytes:
        """Return the picture as the bytes of a PNG file, with 192 pixels in an inch.

        Raises
        ------
        DrawingError
            If there is no program to draw with.
        """
        label = r'label=(?:"((?:[^"\\]|\\.)*)"|(\w+))'
        source = re.sub(label, _lower_in_dot, self.dot.source)
        return _render(source, "png", "-Gdpi=192")

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
            return mimebundle(self, self.svg(), self.alt)
        except DrawingError as error:
            return {"text/plain": f"{self!r} ({error})\n{self.dot.source}"}


class Grid(Sequence[Picture]):
    """A list of pictures with a title each; in a notebook it shows all of them.

    ``grid[i]`` is one picture, ``grid[:3]`` the first three.

    Raises
    ------
    ValueError
        If there is not one title for each picture.
    """

    def __init__(self, pictures: Sequence[Picture], titles: Sequence[str]) -> None:
        if len(pictures) != len(titles):
            raise ValueError(f"{len(pictures)} pictures need as many titles, not {len(titles)}")
        self.pictures = tuple(pictures)
        self.titles = tuple(titles)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> Grid: ...
    def __getitem__(self, index: int | slice) -> Picture | Grid:
        if isinstance(index, slice):
            return Grid(self.pictures[index], self.titles[index])
        return self.pictures[index]

    def __len__(self) -> int:
        return len(self.pictures)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.pictures))

    @property
    def alt(self) -> str:
        """What there is to see, picture by picture."""
        pairs = zip(self.titles, self.pictures, strict=True)
        shown = [
            title if picture.alt in title else f"{title}: {picture.alt}".removeprefix(": ")
            for title, picture in pairs
        ]
        return f"{len(self)} pictures side by side. {' | '.join(shown)}"

    def svg(self) -> str:
        """Return all pictures in one SVG, each under its title, in rows that make them largest.

        Raises
        ------
        DrawingError
            If there is no program to draw with.
        """
        drawn = [picture.drawn() for picture in self.pictures]
        sizes = [size(svg) for svg in drawn]
        widths = [
            round(max(w, WIDTH_OF_A_LETTER * len(title))) + 2 * MARGIN
            for (w, _), title in zip(sizes, self.titles, strict=True)
        ]
        height = max((h for _, h in sizes), default=0) + TITLE_HEIGHT + 2 * MARGIN
        columns = _best_columns(max(len(drawn), 1), max(widths, default=2 * MARGIN), height)
        rows = -(-len(drawn) // columns)
        # A column is as wide as its widest picture.
        ends = [0, *accumulate(max(widths[i::columns], default=0) for i in range(columns))]
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{ends[-1]}pt" '
            f'height="{rows * height}pt" viewBox="0 0 {ends[-1]} {rows * height}">',
            '<rect width="100%" height="100%" fill="white"/>',
        ]
        for i, (svg, (w, h), title) in enumerate(zip(drawn, sizes, self.titles, strict=True)):
            x, y = ends[i % columns], i // columns * height
            parts.append(
                f'<text x="{x + MARGIN}" y="{y + 2 * MARGIN}" font-family="Helvetica,sans-serif" '
                f'font-size="14">{escape(title)}</text>'
                f'<svg x="{x + MARGIN}" y="{y + TITLE_HEIGHT}" width="{w}" height="{h}"'
                + svg.removeprefix("<svg").replace(f' width="{w}pt" height="{h}pt"', "", 1)
            )
        return fit("\n".join([*parts, "</svg>"]))

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        try:
            return mimebundle(self, self.svg(), self.alt)
        except DrawingError as error:
            return {"text/plain": f"{self!r}\n({error})"}


def _best_columns(number: int, width: int, height: int) -> int:
    """Return how many columns let the pictures be shown largest."""

    def scale(columns: int) -> float:
        return min(WIDEST / (columns * width), TALLEST / (-(-number // columns) * height))

    return max(range(1, number + 1), key=scale)


def mimebundle(shown: object, svg: str, alt: str) -> dict[str, str]:
    """Return what a notebook stores of a picture: text, SVG, and HTML that every page shows."""
    width, height = (round(points * PIXELS_IN_A_POINT) for points in size(svg))
    # Shorter than base64; and than with double quotes, which are quoted themselves.
    data = quote(re.sub("""="([^"']*)\"""", r"='\1'", svg), safe=" ='/:;,()-.!")
    html = (
        f'<img alt="{escape(alt)}" width="{width}" height="{height}" '
        f'style="max-width: 100%; height: auto" src="data:image/svg+xml,{data}">'
    )
    return {"text/plain": repr(shown), "text/html": html, "image/svg+xml": svg}


def size(svg: str) -> tuple[int, int]:
    """Return width and height of an SVG in points.

    Raises
    ------
    DrawingError
        If it does not say them, so what was drawn is no picture.
    """
    found = re.search(r'width="(\d+)pt" height="(\d+)pt"', svg)
    if found is None:
        raise DrawingError(f"no width and height in what was drawn: {svg[:60]!r}")
    return int(found[1]), int(found[2])


def fit(svg: str, width: float | None = None) -> str:
    """Return an SVG of a width in pixels; without one, shrunk to the largest size if need be."""
    wide, tall = size(svg)
    if width is None:
        scale = min(1.0, WIDEST / max(wide, 1), TALLEST / max(tall, 1))
    else:
        scale = width / PIXELS_IN_A_POINT / wide
    shown = f'width="{round(wide * scale)}pt" height="{round(tall * scale)}pt"'
    return svg.replace(f'width="{wide}pt" height="{tall}pt"', shown, 1)


def renderers() -> list[str]:
    """Return the paths of the programs that can draw, the preferred one first."""
    scripts = Path(sys.executable).parent
    found = (
        shutil.which("dot"),
        shutil.which("graphviz-pure", path=str(scripts)) or shutil.which("graphviz-pure"),
    )
    return [program for program in found if program]


def _shorten(svg: str) -> str:
    """Return Graphviz's SVG without what nobody sees: a notebook stores it twice."""
    _, opening, body = svg.partition("<svg")
    body = re.sub(r"<!--.*?-->\n?", "", body)
    body = re.sub(
        r'<g id="\w+" class="edge">\n<title>.*?</title>\n((?:<.*/>\n)*)</g>\n', r"\1", body
    )
    body = re.sub(r' id="\w+"(?= class)| xml:space="\w+"', "", body)
    if " xlink:" not in body:  # as tooltips and links are
        body = re.sub(r' xmlns:xlink="[^"]*"', "", body)
    body = re.sub(r"(^|<)[^<>]*>", lambda tag: _MORE_DECIMALS.sub(_round, tag[0]), body)
    for same in (r' font-family="[^"]*"', ' text-anchor="middle"'):
        if found := re.search(same, body):
            opening, body = opening + found[0], re.sub(same, "", body)
    return opening + body


_MORE_DECIMALS = re.compile(r"\d+\.\d\d+")


def _round(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}"


# Graphviz places each piece of a formatted label by the widths of its own font, so subscripts
# drift apart in a browser that has another font. Labels are therefore plain text, "a_0" or
# "h_{t-1}", and their indices are lowered here: within one text element in SVG, where the
# browser measures; by formatted labels in PNG, where Graphviz itself draws the letters.
_INDEX = re.compile(r"_(?:\{([^}]*)\}|(\w+))")
_LOWERED = 0.75
"""Size of an index, beside that of its letter."""


def _lower_in_svg(match: re.Match[str]) -> str:
    size = float(match[1])
    lowered = _INDEX.sub(
        lambda index: (
            f'<tspan dy="{0.25 * size:.1f}" font-size="{_LOWERED * size:.1f}">'
            f'{index[1] or index[2]}</tspan><tspan dy="{-0.25 * size:.1f}">\u200b</tspan>'
        ),
        match[3],
    )
    return f'font-size="{size:.1f}"{match[2]}>{lowered}</text>'


def _lower_in_dot(match: re.Match[str]) -> str:
    text = match[1] or match[2] or ""
    if "_" not in text:
        return match[0]
    text = re.sub(r"&(?!#?\w+;)", "&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    lines = re.split(r"(?<!\\)\\[nlr]", text)
    lines = [re.sub(r'\\(["\\])', r"\1", line) for line in lines]
    lines = [_INDEX.sub(r'<FONT POINT-SIZE="11">\1\2</FONT>', line) for line in lines]
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
