"""Pictures in a row: what a notebook shows of a build, one below the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, overload

from nastut.pictures.picture import DrawingError, Picture, fit

TITLE_HEIGHT = 30


class Steps(Sequence[Picture]):
    """A list of pictures with a title each; in a notebook it shows all of them.

    ``steps[i]`` is one picture.
    """

    def __init__(self, pictures: Sequence[Picture], titles: Sequence[str]) -> None:
        self.pictures = tuple(pictures)
        self.titles = tuple(titles)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> Steps: ...
    def __getitem__(self, index: int | slice) -> Picture | Steps:
        if isinstance(index, slice):
            return Steps(self.pictures[index], self.titles[index])
        return self.pictures[index]

    def __len__(self) -> int:
        return len(self.pictures)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.pictures))

    def svg(self, columns: int = 3) -> str:
        """Return all pictures in one SVG, row by row, each under its title.

        Raises
        ------
        ValueError
            If `columns` is less than 1.
        DrawingError
            If there is no program to draw with.
        """
        if columns < 1:
            raise ValueError(f"columns is {columns}; it must be 1 or more")
        drawn = [picture.svg() for picture in self.pictures]
        sizes = [_size(svg) for svg in drawn]
        width = max((w for w, _ in sizes), default=0) + 20
        height = max((h for _, h in sizes), default=0) + TITLE_HEIGHT + 20
        rows = -(-len(drawn) // columns)
        columns = min(columns, len(drawn))
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * width}pt" '
            f'height="{rows * height}pt" viewBox="0 0 {columns * width} {rows * height}">',
            '<rect width="100%" height="100%" fill="white"/>',
        ]
        for i, (svg, (w, h), title) in enumerate(zip(drawn, sizes, self.titles, strict=True)):
            x, y = i % columns * width, i // columns * height
            parts.append(
                f'<text x="{x + 10}" y="{y + 20}" font-family="Helvetica,sans-serif" '
                f'font-size="14">{i + 1} · {escape(title)}</text>'
                f'<svg x="{x + 10}" y="{y + TITLE_HEIGHT}" width="{w}" height="{h}" '
                + svg[svg.index("viewBox") :]
            )
        return fit("\n".join([*parts, "</svg>"]))

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        try:
            return {"text/plain": repr(self), "image/svg+xml": self.svg()}
        except DrawingError as error:
            return {"text/plain": f"{self!r}\n({error})"}


def _size(svg: str) -> tuple[int, int]:
    """Return width and height of an SVG that Graphviz wrote, in points."""
    found = re.search(r'<svg width="(\d+)pt" height="(\d+)pt"', svg)
    assert found, svg[:200]
    return int(found[1]), int(found[2])
