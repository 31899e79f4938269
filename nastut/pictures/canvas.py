"""Graph -> Graphviz: where a vertex stands, and how it looks unless a picture says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

import graphviz

from nastut.pictures.graph import INPUT_STATES, Graph, Vertex
from nastut.pictures.picture import Picture
from nastut.pictures.style import COLOURS, FONT, GHOST, INK, MEMORY, PAPER, QUIET, shape

DIRECTIONS = {"up": "BT", "right": "LR"}
"""Where a computation graph leads, and what Graphviz calls it."""

MARKED = {"penwidth": "3.5"}
"""The look of what a picture is about."""

TO_COME = {"fillcolor": PAPER, "color": QUIET, "fontcolor": QUIET}
"""The look of what has a name, but no number yet."""


def digraph(direction: str = "up") -> graphviz.Digraph:
    """Return an empty page.

    Raises
    ------
    ValueError
        If `direction` is none of :data:`DIRECTIONS`.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}")
    dot = graphviz.Digraph()
    dot.attr(rankdir=DIRECTIONS[direction], nodesep="0.2", ranksep="0.22", bgcolor=PAPER)
    dot.attr("node", fontname=FONT, fontsize="14", fontcolor=INK, color=INK)
    dot.attr("node", style="filled", fillcolor=PAPER)
    dot.attr("edge", color=INK, arrowsize="0.7")
    return dot


def in_a_row(
    dot: graphviz.Digraph, keys: list[str], rank: str = "same", beside: str | None = None
) -> None:
    """Put vertices side by side, in this order, and one more wherever it suits the edges."""
    with dot.subgraph() as group:
        group.attr(rank=rank)
        for key in [*keys, beside] if beside else keys:
            group.node(key)
        for left, right in pairwise(keys):
            group.edge(left, right, style="invis")


def draw_graph(
    whole: Graph,
    caption: str,
    alt: str = "",
    direction: str = "up",
    width: float | None = None,
    hidden: Collection[str] = (),
    looks: Mapping[str, Mapping[str, str]] | None = None,
) -> Picture:
    """Draw a computation graph.

    Parameters
    ----------
    hidden
        Keys of the vertices that are still to come, and have no name yet.
    looks
        Key of a vertex -> Graphviz attributes in which it differs from :func:`look`.
    """
    dot = digraph(direction)
    for key, vertex in whole.vertices.items():
        dot.node(key, **{**look(vertex, key in hidden), **(looks or {}).get(key, {})})
    memory = whole.memory_edges()
    for source, target in whole.edges:
        if source in hidden or target in hidden:
            dot.edge(source, target, color=GHOST)
        elif (source, target) in memory:
            dot.edge(source, target, color=MEMORY, penwidth="3", weight="0")
        else:
            dot.edge(source, target, color=QUIET if source in INPUT_STATES[:2] else INK)
    leaves = [key for key in whole.vertices if ("x_t", key) in whole.edges]
    in_a_row(dot, leaves)
    in_a_row(dot, ["x_t", "h_{t-1}"], "min", beside="c_{t-1}")
    in_a_row(dot, ["h_t"], "max", beside="c_t")
    return Picture(dot, caption, alt, width)


def look(vertex: Vertex, hidden: bool) -> dict[str, str]:
    """Return the Graphviz attributes of a vertex: a circle for a state, a box for an operation.

    A hidden one is a grey outline, and an operation without its name.
    """
    ghost = {"color": GHOST, "fontcolor": GHOST} if hidden else {}
    if vertex.kind == "state":
        size = {"shape": "circle", "width": "0.65", "fixedsize": "true", "fontsize": "18"}
        return {"label": vertex.label, "penwidth": "1.2"} | size | ghost
    size = {"shape": "box", "width": "1.1", "height": "0.55", "fixedsize": "true"}
    colour = PAPER if hidden else COLOURS[vertex.label]
    fill = {"style": shape(vertex.label), "fillcolor": colour, "penwidth": "1.2"}
    return {"label": "" if hidden else "\\n".join(lines(vertex))} | size | fill | ghost


def lines(vertex: Vertex) -> list[str]:
    """Return what is written on a vertex: its name, and what it is called in the formulas."""
    letters = vertex.letters
    if not letters and vertex.kind == "combination":
        letters = f"inject at {vertex.node}" if vertex.injected else f"node {vertex.node}"
    return [vertex.label, letters] if letters else [vertex.label]


def look_with(vertex: Vertex, number: str) -> dict[str, str]:
    """Return the look of a vertex that bears a number under its name."""
    label = {"label": "\\n".join([*lines(vertex), number])}
    if vertex.kind == "state":
        return label | {"width": "0.8", "fontsize": "15"}
    return label | {"height": "0.75"}
