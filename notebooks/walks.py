"""Prepared walks through cells, for a page without a Python behind it.

``docs/walks.js`` steps through what is made here, and ``docs/walks.css`` says how it looks.
"""

from __future__ import annotations

import json
from html import escape

import numpy as np

from nastut.cells.cell import Cell
from nastut.lessons.playground import Board, words
from nastut.pictures.style import INK, PAPER, QUIET
from nastut.studies.table import load_table
from nastut.zoo.named import EXAMPLE, LSTM, MAXCELL, NASCELL

PLACE = "<!-- walks -->"
"""Where the walks belong in ``docs/walks.md``."""

MARK = '<svg role="img" aria-label="{}" '


def prepared() -> dict[str, Cell]:
    """Return the cells by what they are called: those with a name, and some of the table."""
    table = load_table()
    first, second, *_ = table.best(2)
    (middle,) = table.best(len(table) // 2)[-1:]
    return {
        "the article's example": EXAMPLE,
        "the example with create index 2": Cell.parse(
            f"{' '.join(map(str, EXAMPLE.sequence[:8]))} 2 0"
        ),
        "rank 1 of the table": first,
        "rank 2 of the table": second,
        f"rank {len(table) // 2:,} of the table": middle,
        "LSTM": LSTM,
        "NASCell": NASCELL,
        "MaxCell": MAXCELL,
    }


def walk(cell: Cell) -> str:
    """Return all there is to see of one cell as HTML; every number is in its picture."""
    board = Board(cell, np.random.default_rng(0))
    last = len(board.steps())
    picture = board.picture(last)
    said = [board.say_step(done) for done in range(last + 1)]
    drawn = picture.drawn().replace("<svg ", MARK.format(escape(picture.alt)), 1)
    drawn = drawn.replace('pt"', '"', 2)  # in its own size, letters of 14 pixels: the graph scrolls
    return (
        f'<div class="walk" data-steps="{escape(json.dumps(said))}" hidden>'
        f'<div class="graph" tabindex="0" role="region" aria-label="graph">{drawn}</div>'
        f'<div class="words"><p><code>{cell}</code></p>{words(board)}</div></div>'
    )


def fragment(cells: dict[str, Cell]) -> str:
    """Return the walks and their controls as HTML, in one line for each cell."""
    options = "".join(f"<option>{escape(name)}</option>" for name in cells)
    walks = "\n".join(walk(cell).replace("\n", " ") for cell in cells.values())
    return f"""\
<link rel="stylesheet" href="_static/walks.css">
<div class="walks" style="--ink: {INK}; --paper: {PAPER}; --quiet: {QUIET}">
<form onsubmit="return false">
<label>Cell <select>{options}</select></label>
<label>Step <input type="range" min="0" value="0"></label>
<button type="button">Back</button><button type="button">Next step</button>
</form>
<p class="said" role="status"></p>
{walks}
</div>
<script src="_static/walks.js"></script>"""


def page(text: str) -> str:
    """Return the text of ``docs/walks.md`` with the walks in their place.

    Raises
    ------
    ValueError
        If it has no such place.
    """
    if text.count(PLACE) != 1:
        raise ValueError(f"the page has {text.count(PLACE)} places {PLACE!r}; it needs one")
    return text.replace(PLACE, f"```{{raw}} html\n{fragment(prepared())}\n```")
