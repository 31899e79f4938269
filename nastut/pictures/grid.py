"""Pictures in a grid: a build step by step, or cells to be compared, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, overload

from nastut.pictures.picture import TALLEST, WIDEST, DrawingError, Picture, fit, mimebundle, size

TITLE_HEIGHT = 30
WIDTH_OF_A_LETTER = 7.5
MARGIN = 10


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

    def svg(self, columns: int | None = None) -> str:
        """Return all pictures in one SVG, row by row, each under its title.

        Parameters
        ----------
        columns
            Pictures in a row; if None, as many as make them largest.

        Raises
        ------
        ValueError
            If `columns` is less than 1.
        DrawingError
            If there is no program to draw with.
        """
        if columns is not None and columns < 1:
            raise ValueError(f"columns is {columns}; it must be 1 or more")
        drawn = [picture.drawn() for picture in self.pictures]
        sizes = [size(svg) for svg in drawn]
        letters = max(map(len, self.titles), default=0)
        widest = max((w for w, _ in sizes), default=0)
        width = round(max(widest, WIDTH_OF_A_LETTER * letters)) + 2 * MARGIN
        height = max((h for _, h in sizes), default=0) + TITLE_HEIGHT + 2 * MARGIN
        most = max(len(drawn), 1)
        columns = min(columns or _best_columns(most, width, height), most)
        rows = -(-len(drawn) // columns)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * width}pt" '
            f'height="{rows * height}pt" viewBox="0 0 {columns * width} {rows * height}">',
            '<rect width="100%" height="100%" fill="white"/>',
        ]
        for i, (svg, (w, h), title) in enumerate(zip(drawn, sizes, self.titles, strict=True)):
            x, y = i % columns * width, i // columns * height
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
