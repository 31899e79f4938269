"""The playground: a cell with a drop-down for each token, and every view of it beside them.

The board is the playground without its controls: a cell, the cells before it, and what there is
to say about it. The prepared walks of the site show the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from nastut.cells.cell import Cell, require_cell
from nastut.cells.evaluate import Step, trace
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.cells.sequence import SequenceError, Token, places
from nastut.cells.space import Space
from nastut.pictures.drawing import block_names, draw_trace
from nastut.pictures.picture import Picture
from nastut.pictures.words import number, say_step
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import to_text
from nastut.zoo.named import EXAMPLE

ON_LOAD = (
    "const board = this.closest('.nastut-playground');"
    "board.onkeydown = event => event.stopPropagation();"
    "const name = () => { const slider = board.querySelector('[role=slider]');"
    " slider ? slider.setAttribute('aria-label', 'steps') : setTimeout(name, 100); };"
    "name()"
)
"""JupyterLab would take arrows and letters away from a drop-down that is no field of text, and
ipywidgets gives a slider no name that is read aloud."""

INVITATION = "Run this cell to play: choose tokens, walk through the steps, undo."

PARTS = ((0.5, 0.5), (2.0, 0.25), (-1.0, 0.5), (1.5, -0.5))
"""What goes into the leaves, again and again: each leaf's products with x_t and with h_{t-1}."""

MEMORY = -0.25
"""What goes in as c_{t-1}."""

LONG = 160
"""Letters of a derivative that are still read."""


def space_of(cell: Cell) -> Space:
    """Return the space of a cell's base: the searched one, or all operations where it needs them.

    Raises
    ------
    TypeError
        If it is no cell.
    """
    require_cell(cell)
    usual = Space(cell.base)
    return usual if cell in usual else Space(cell.base, tuple(COMBINATIONS), tuple(ACTIVATIONS))


class Board:
    """A cell, and the cells that it was before.

    Parameters
    ----------
    cell
        The cell to begin with.
    rng
        Where random cells come from.

    Attributes
    ----------
    cell
        The cell as it is now.
    space
        The cells that it may become, token by token.
    """

    def __init__(self, cell: Cell, rng: np.random.Generator) -> None:
        self.space = space_of(cell)
        self.cell = cell
        self._rng = rng
        self._before: list[Cell] = []

    def put(self, cell: Cell) -> None:
        """Take another cell, of any base.

        Raises
        ------
        TypeError
            If it is no cell.
        """
        require_cell(cell)
        if cell != self.cell:
            self._before.append(self.cell)
            self._set(cell)

    def put_token(self, place: int, token: Token) -> None:
        """Change the token at a place, counted from 1.

        Raises
        ------
        SequenceError
            If the token does not belong there.
        """
        tokens = self.cell.sequence
        tokens[place - 1] = token
        self.put(Cell.from_sequence(tokens))

    def put_random(self) -> None:
        """Take a random cell of the space."""
        self.put(self.space.sample(self._rng))

    def undo(self) -> None:
        """Take the cell from before the last change; nothing happens if there was none."""
        if self._before:
            self._set(self._before.pop())

    @property
    def changes(self) -> int:
        """The number of changes that can be undone."""
        return len(self._before)

    def _set(self, cell: Cell) -> None:
        self.cell = cell
        if cell not in self.space:
            self.space = space_of(cell)

    def steps(self) -> list[Step]:
        """Return the walk through the cell with the numbers that go in."""
        x_parts, h_parts = zip(*self._parts(), strict=True)
        return trace(self.cell, x_parts, h_parts, MEMORY)

    def picture(self, done: int) -> Picture:
        """Return the graph with the numbers of the first steps in it."""
        return draw_trace(self.cell, self.steps(), done)

    def say_step(self, done: int) -> str:
        """Return in words what the last of the first `done` steps does."""
        steps = self.steps()
        return f"{done} of {len(steps)}. {say_step(steps[done - 1])}" if done else "No step yet."

    def formulas(self) -> list[str]:
        """Return the formulas as lines of text."""
        return repr(formulas(self.cell)).splitlines()

    def facts(self) -> dict[str, str]:
        """Return what else there is to say: a name for each fact -> the fact, as text."""
        size = self.cell.class_size
        alone = "no other list is the same cell up to swaps of children"
        return {
            "memory path": self._memory_path(),
            "sequences in its class": f"{size:,}" if size > 1 else f"1: {alone}",
            "numbers that go in": ", ".join(self._inputs()),
        }

    def _parts(self) -> list[tuple[float, float]]:
        return [PARTS[i % len(PARTS)] for i in range(self.cell.base)]

    def _inputs(self) -> Iterator[str]:
        for i, (x_part, h_part) in enumerate(self._parts()):
            yield f"W_{2 * i + 1} x_t = {number(x_part)}"
            yield f"W_{2 * i + 2} h_{{t-1}} = {number(h_part)}"
        yield f"c_{{t-1}} = {number(MEMORY)}"

    def _memory_path(self) -> str:
        if not self.cell.has_memory:
            return "none: c_t does not depend on c_{t-1}"
        ends = f"from node {self.cell.inject_index} to node {self.cell.create_index}"
        derivative = to_text(formulas(self.cell).memory_path)
        if len(derivative) > LONG:
            return f"{ends}; the derivative has {len(derivative)} letters"
        return f"{ends}; ∂c_t/∂c_{{t-1}} = {derivative}"


def playground(cell: Cell | None = None, base: int = 2, seed: int = 0) -> Playground:
    """Return a page on which every token of a cell can be changed, to be shown in a notebook.

    Beside the tokens stand the picture, the formulas, the memory path and the number of sequences
    in the cell's class. A slider walks through the steps of :func:`nastut.trace`, and their
    numbers fill the picture. It works by keyboard: Tab goes from one control to the next, arrows
    choose.

    Parameters
    ----------
    cell
        The cell to begin with. If None, the article's example, or for another base a random cell.
    base
        The number of leaves, if no cell is given.
    seed
        Random cells are the same for the same seed.

    Raises
    ------
    ValueError
        If `base` is no power of two.
    TypeError
        If `cell` is no cell.
    """
    rng = np.random.default_rng(seed)
    if cell is None:
        space = Space(base)
        cell = EXAMPLE if space.base == EXAMPLE.base else space.sample(rng)
    return Playground(Board(cell, rng))


class Playground:
    """A board with its controls; a notebook shows it.

    Attributes
    ----------
    board
        The cell, and the cells before it.
    widget
        All controls.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self._refreshing = False
        self.tokens: list[widgets.Dropdown] = []
        self.blocks = widgets.HBox(layout={"flex_flow": "row wrap"})
        self.undo = self._button("Undo", "take back the last change", board.undo)
        self.random = self._button("Random cell", "draw a cell at random", board.put_random)
        self.text = widgets.Text(
            description="as text",
            tooltip="copy the sequence from here, or type another one and press Enter",
            continuous_update=False,
            style={"description_width": "auto"},
            layout={"flex": "1 1 18em", "width": "auto"},
        )
        self.text.observe(self._read_text, "value")
        self.complaint = widgets.HTML()
        self.picture = widgets.HTML()
        self.slider = widgets.IntSlider(
            description="steps",
            min=0,
            max=1,
            value=1,
            style={"description_width": "auto"},
            layout={"width": "auto"},
        )
        self.slider.observe(lambda change: self._show_step(), "value")
        self.step = widgets.HTML()
        self.words = widgets.HTML()
        rows = {"flex_flow": "row wrap"}
        controls = widgets.HBox([self.undo, self.random, self.text], layout=rows)
        right = [self.slider, self.step, self.blocks, controls, self.complaint, self.words]
        self.widget = widgets.HBox(
            [self.picture, widgets.VBox(right, layout={"flex": "1 1 20em"})], layout=rows
        )
        self.widget.add_class("nastut-playground")
        self._refresh()

    def _button(self, name: str, tooltip: str, action: Callable[[], None]) -> widgets.Button:
        def act(button: widgets.Button) -> None:
            action()
            self._refresh()

        button = widgets.Button(description=name, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(act)
        return button

    def _read_token(self, change: dict[str, Any]) -> None:
        if not self._refreshing:
            self.board.put_token(self.tokens.index(change["owner"]) + 1, change["new"])
            self._refresh()

    def _read_text(self, change: dict[str, Any]) -> None:
        if self._refreshing:
            return
        try:
            self.board.put(Cell.parse(change["new"]))
        except SequenceError as error:
            self.complaint.value = f'<span role="alert">{escape(str(error))}</span>'
        else:
            self._refresh()

    def _refresh(self) -> None:
        """Let all controls show the board's cell."""
        self._refreshing = True  # what is set here is no change by the reader
        cell = self.board.cell
        if len(self.tokens) != len(cell.sequence):
            self._make_tokens()
            self.slider.max = len(self.board.steps())
            self.slider.value = self.slider.max
        for control, allowed, token in zip(
            self.tokens, self.board.space.tokens, cell.sequence, strict=True
        ):
            if control.options != allowed:
                control.options = allowed
            control.value = token
        self.text.value = str(cell)
        self.complaint.value = ""
        self.undo.disabled = not self.board.changes
        self.words.value = f'<div style="line-height: 1.5">{words(self.board)}</div>'
        self._show_step()
        self._refreshing = False

    def _make_tokens(self) -> None:
        cell = self.board.cell
        self.tokens = [
            widgets.Dropdown(
                options=allowed,
                value=token,
                description=str(number),
                tooltip=place.meaning,
                style={"description_width": "1.4em"},
                layout={"width": "7.9em"},
            )
            for number, (place, allowed, token) in enumerate(
                zip(places(cell.base), self.board.space.tokens, cell.sequence, strict=True), 1
            )
        ]
        for control in self.tokens:
            control.observe(self._read_token, "value")
        pairs = zip(block_names(cell), self.tokens[::2], self.tokens[1::2], strict=True)
        self.blocks.children = [
            widgets.VBox([widgets.HTML(f"<b>{name}</b>"), *pair]) for name, *pair in pairs
        ]

    def _show_step(self) -> None:
        done = self.slider.value
        self.picture.value = self._image().replace("<img ", f'<img onload="{ON_LOAD}" ', 1)
        self.step.value = f'<span class="nastut-step">{escape(self.board.say_step(done))}</span>'

    def _image(self) -> str:
        """Return the picture as HTML; where nothing can draw, what to do."""
        shown = self.board.picture(self.slider.value)._repr_mimebundle_()
        return shown.get("text/html") or f"<pre>{escape(shown['text/plain'])}</pre>"

    def __repr__(self) -> str:
        return f"<Playground: {self.board.cell}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self.widget._repr_mimebundle_(**kwargs)
        still = self._image() + f"<p>{INVITATION}</p>"
        return shown | {"text/plain": repr(self), "text/html": still}


def words(board: Board) -> str:
    """Return the formulas and the facts of a cell as HTML."""
    formulas = "<br>".join(map(lowered, board.formulas()))
    facts = "<br>".join(f"<b>{name}:</b> {lowered(fact)}" for name, fact in board.facts().items())
    return f'<p class="nastut-formulas">{formulas}</p><p>{facts}</p>'


def lowered(text: str) -> str:
    """Return a formula as HTML, with its indices lowered."""
    return re.sub(r"_(?:\{([^}]*)\}|(\w+))", r"<sub>\1\2</sub>", escape(text, quote=False))
