"""Cell -> picture: the tree, the sequence, the computation graph, and the build step by step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import graphviz

from nastut.cells.cell import Cell, children, require_cell
from nastut.cells.sequence import BASES, is_base, number_of_nodes
from nastut.pictures.graph import INPUT_STATES, Graph, Vertex, before_the_indices, graph
from nastut.pictures.grid import Grid
from nastut.pictures.picture import Picture
from nastut.pictures.style import COLOURS, FONT, GHOST, INK, MEMORY, PAPER, QUIET, shape
from nastut.pictures.words import describe

BLOCKS_IN_A_ROW = 5

DIRECTIONS = {"up": "BT", "right": "LR"}
"""Where a computation graph leads, and what Graphviz calls it."""


def draw(
    cell: Cell, fold: bool = False, direction: str = "up", width: float | None = None
) -> Picture:
    """Return the computation graph, from x_t, h_{t-1}, c_{t-1} to h_t, c_t.

    The way of the memory, where there is one, is thick.

    Parameters
    ----------
    fold
        Leave out what changes nothing: Identity, and leaves that only pass a sum on.
    direction
        Where it leads: "up", as in the article, or "right", for a wide page.
    width
        Width on a page in pixels; if None, the picture fits a notebook and a beamer.

    Raises
    ------
    ValueError
        If `direction` is another word, or `width` is not above 0.
    """
    whole = graph(cell, fold)
    return _draw_graph(
        whole, f"computation graph of {cell}", describe(whole), direction=direction, width=width
    )


def draw_side_by_side(
    *cells: Cell, titles: Sequence[str] | None = None, fold: bool = False
) -> Grid:
    """Return the computation graphs of cells that are to be compared, on one page.

    Parameters
    ----------
    titles
        One for each cell, to stand above it.
    fold
        As in :func:`draw`.

    Raises
    ------
    ValueError
        If there is not one title for each cell.
    """
    return Grid([draw(cell, fold) for cell in cells], titles or [""] * len(cells))


def draw_tree(base: int) -> Picture:
    """Return the empty tree of a base, with the index of every node.

    Raises
    ------
    ValueError
        If `base` is not a power of two.
    """
    if not is_base(base):
        raise ValueError(f"base is {base!r}; it must be {BASES}")
    dot = _digraph()
    for k in range(number_of_nodes(base)):
        dot.node(str(k), shape="circle", width="0.55", fixedsize="true")
        for child in children(k, base):
            dot.edge(str(child), str(k))
    for i in range(base):
        dot.node(
            f"leaf {i}",
            f"W_{2 * i + 1} x_t\\nW_{2 * i + 2} h_{{t-1}}",
            shape="plaintext",
            fontsize="17",
        )
        dot.edge(f"leaf {i}", str(i), color=QUIET)
    dot.node("h_t", "h_t", shape="plaintext", fontsize="20")
    dot.edge(str(number_of_nodes(base) - 1), "h_t")
    _in_a_row(dot, [f"leaf {i}" for i in range(base)])
    joins = (
        f"node {k} joins {' and '.join(map(str, below))}"
        for k in range(number_of_nodes(base))
        if (below := children(k, base))
    )
    alt = [f"Each leaf, 0 to {base - 1}, has a matrix for x and one for the old h", *joins]
    caption = f"tree of base {base}, nodes 0 to {number_of_nodes(base) - 1}"
    return Picture(
        dot, caption, f"Tree of base {base}. {'; '.join(alt)}. The root gives the new h."
    )


def draw_sequence(cell: Cell) -> Picture:
    """Return the tokens as coloured blocks of two, in the order of the sequence.

    Each block has its title above, and each token its place.
    """
    require_cell(cell)
    dot = _digraph()
    dot.attr(layout="neato")
    for i, title in enumerate(_block_names(cell)):
        row, column = divmod(i, BLOCKS_IN_A_ROW)
        x, y = 2.2 * column, -1.1 * row
        dot.node(title, pos=f"{x},{y + 0.58}!", shape="plain", fontsize="12")
        for side, place in ((-0.5, 2 * i), (0.5, 2 * i + 1)):
            token = str(cell.sequence[place])
            where = f"{x + side},{y}!"
            number = f"{x + side},{y + 0.36}!"
            dot.node(
                f"token {place + 1}",
                token,
                pos=where,
                shape="box",
                width="1",
                height="0.45",
                fixedsize="true",
                fillcolor=COLOURS.get(token, PAPER),
            )
            dot.node(
                f"place {place + 1}",
                str(place + 1),
                pos=number,
                shape="plain",
                style="",
                fontsize="10",
                fontcolor=QUIET,
            )
    blocks = zip(_block_names(cell), _block_contents(cell), strict=True)
    alt = "; ".join(f"{name}, {content}" for name, content in blocks)
    return Picture(dot, f"sequence {cell}", f"The {len(cell.sequence)} tokens in blocks: {alt}.")


def draw_steps(cell: Cell) -> Grid:
    """Return the computation graph as it grows, one picture for each block of the sequence.

    First the nodes of the tree, then the injection, then the two indices, which tell where the
    memory enters and leaves. What the block adds has a thick border; what is still to come is
    grey and has no name.
    """
    whole = graph(cell)
    blocks = zip(_block_names(cell), _block_contents(cell), strict=True)
    captions = [f"{name}: {content}" for name, content in blocks]
    known = [before_the_indices(whole)] * (len(captions) - 1) + [whole]
    pictures = [
        _draw_graph(graph, caption, block=i)
        for i, (graph, caption) in enumerate(zip(known, captions, strict=True))
    ]
    return Grid(pictures, [f"{i} · {caption}" for i, caption in enumerate(captions, 1)])


def _block_names(cell: Cell) -> list[str]:
    return [*(f"tree index {k}" for k in range(len(cell.nodes))), "cell inject", "cell indices"]


def _block_contents(cell: Cell) -> list[str]:
    indices = f"create {cell.create_index}, inject {cell.inject_index}"
    return [*map(str, cell.nodes), str(cell.inject), indices]


def _digraph(direction: str = "up") -> graphviz.Digraph:
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}")
    dot = graphviz.Digraph()
    dot.attr(rankdir=DIRECTIONS[direction], nodesep="0.2", ranksep="0.22", bgcolor=PAPER)
    dot.attr("node", fontname=FONT, fontsize="14", fontcolor=INK, color=INK)
    dot.attr("node", style="filled", fillcolor=PAPER)
    dot.attr("edge", color=INK, arrowsize="0.7")
    return dot


def _in_a_row(
    dot: graphviz.Digraph, keys: list[str], rank: str = "same", beside: str | None = None
) -> None:
    """Put vertices side by side, in this order, and one more wherever it suits the edges."""
    with dot.subgraph() as group:
        group.attr(rank=rank)
        for key in [*keys, beside] if beside else keys:
            group.node(key)
        for left, right in pairwise(keys):
            group.edge(left, right, style="invis")


def _draw_graph(
    whole: Graph,
    caption: str,
    alt: str = "",
    block: int | None = None,
    direction: str = "up",
    width: float | None = None,
) -> Picture:
    """Draw a graph; with a block, only as far as that block of the sequence tells."""
    dot = _digraph(direction)
    blocks = {key: _block_of(vertex, whole) for key, vertex in whole.vertices.items()}
    for key, vertex in whole.vertices.items():
        hidden = block is not None and blocks[key] > block
        _draw_vertex(dot, vertex, hidden, marked=blocks[key] == block)
    complete = block in (None, blocks["c_t"])  # the last block tells where memory enters and leaves
    memory = whole.memory_edges() if complete else []
    for source, target in whole.edges:
        if block is not None and max(blocks[source], blocks[target]) > block:
            dot.edge(source, target, color=GHOST)
        elif (source, target) in memory:
            dot.edge(source, target, color=MEMORY, penwidth="3", weight="0")
        else:
            dot.edge(source, target, color=QUIET if source in INPUT_STATES[:2] else INK)
    leaves = [key for key in whole.vertices if ("x_t", key) in whole.edges]
    _in_a_row(dot, leaves)
    _in_a_row(dot, ["x_t", "h_{t-1}"], "min", beside="c_{t-1}")
    _in_a_row(dot, ["h_t"], "max", beside="c_t")
    return Picture(dot, caption, alt, width)


def _block_of(vertex: Vertex, whole: Graph) -> int:
    """Return the number of the block that adds a vertex; -1 for what is there from the start."""
    root = whole.cell.root
    if vertex.node is not None:
        return root + 1 if vertex.injected else vertex.node
    return {"h_t": root, "c_{t-1}": root + 1, "c_t": root + 2}.get(vertex.label, -1)


def _draw_vertex(dot: graphviz.Digraph, vertex: Vertex, hidden: bool, marked: bool) -> None:
    border = {"penwidth": "3.5" if marked else "1.2"}
    if hidden:
        border |= {"color": GHOST, "fontcolor": GHOST}
    if vertex.kind == "state":
        dot.node(
            vertex.key,
            vertex.label,
            shape="circle",
            width="0.65",
            fixedsize="true",
            fontsize="18",
            **border,
        )
        return
    letters = vertex.letters
    if not letters and vertex.kind == "combination":
        letters = f"inject at {vertex.node}" if vertex.injected else f"node {vertex.node}"
    label = f"{vertex.label}\\n{letters}" if letters else vertex.label
    dot.node(
        vertex.key,
        "" if hidden else label,
        shape="box",
        width="1.1",
        height="0.55",
        fixedsize="true",
        style=shape(vertex.label),
        fillcolor=PAPER if hidden else COLOURS[vertex.label],
        **border,
    )
