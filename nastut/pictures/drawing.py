"""Cell -> picture: the tree, the sequence, the computation graph, and the build step by step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import graphviz

from nastut.cells.cell import Cell, children, require_cell
from nastut.cells.evaluate import Step
from nastut.cells.sequence import BASES, is_base, is_whole_number, number_of_nodes
from nastut.pictures.graph import (
    INPUT_STATES,
    Graph,
    Vertex,
    before_the_indices,
    graph,
    key_of,
)
from nastut.pictures.picture import Grid, Picture
from nastut.pictures.style import COLOURS, FONT, GHOST, INK, MEMORY, PAPER, QUIET, shape
from nastut.pictures.words import describe, number, say_step

BLOCKS_IN_A_ROW = 5

DIRECTIONS = {"up": "BT", "right": "LR"}
"""Where a computation graph leads, and what Graphviz calls it."""

MARKED = {"penwidth": "3.5"}
"""The look of what a picture is about: a thick border."""

TO_COME = {"fillcolor": PAPER, "color": QUIET, "fontcolor": QUIET}
"""The look of a vertex that has a name, but no number yet."""


def draw(
    cell: Cell, fold: bool = False, direction: str = "up", width: float | None = None
) -> Picture:
    """Return the computation graph, from x_t, h_{t-1}, c_{t-1} to h_t, c_t.

    The memory path, if there is one, is thick.

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
    return draw_graph(
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
    dot = digraph()
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
    in_a_row(dot, [f"leaf {i}" for i in range(base)])
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
    dot = digraph()
    dot.attr(layout="neato")
    for i, title in enumerate(block_names(cell)):
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
    blocks = zip(block_names(cell), _block_contents(cell), strict=True)
    alt = "; ".join(f"{name}, {content}" for name, content in blocks)
    return Picture(dot, f"sequence {cell}", f"The {len(cell.sequence)} tokens in blocks: {alt}.")


def draw_steps(cell: Cell) -> Grid:
    """Return the computation graph as it grows, one picture for each block of the sequence.

    First the nodes of the tree, then the injection, then the two indices, which say where the
    memory enters and leaves. What a block adds has a thick border; what is still to come is
    grey and has no name.
    """
    whole = graph(cell)
    pairs = zip(block_names(cell), _block_contents(cell), strict=True)
    captions = [f"{name}: {content}" for name, content in pairs]
    known = [before_the_indices(whole)] * (len(captions) - 1) + [whole]
    pictures = []
    for i, (part, caption) in enumerate(zip(known, captions, strict=True)):
        blocks = {key: _block_of(vertex, whole) for key, vertex in part.vertices.items()}
        hidden = {key for key, block in blocks.items() if block > i}
        new = {key for key, block in blocks.items() if block == i}
        if part is whole:  # the injection has found its place
            new |= {key for key, vertex in part.vertices.items() if vertex.injected}
        marked = dict.fromkeys(new, MARKED)
        pictures.append(draw_graph(part, caption, hidden=hidden, looks=marked))
    return Grid(pictures, [f"{i} · {caption}" for i, caption in enumerate(captions, 1)])


def draw_trace(cell: Cell, steps: Sequence[Step], done: int | None = None) -> Picture:
    """Return the computation graph with the numbers of a walk, as far as it has come.

    What the last step did has a thick border; what is still to come has no colour yet.

    Parameters
    ----------
    steps
        What :func:`nastut.trace` returns for `cell` and single numbers.
    done
        How many of the steps are shown; all of them, if None.

    Raises
    ------
    ValueError
        If the steps are not those of `cell`, or there are not so many.
    TypeError
        If a step's value is no single number.
    """
    whole = graph(cell)
    keys = [key_of(step.node, step.stage) for step in steps]
    if keys != [key for key in whole.vertices if key not in INPUT_STATES]:
        raise ValueError(f"the steps are not those of {cell}; give what nt.trace returns for it")
    done = len(steps) if done is None else done
    if not (is_whole_number(done) and 0 <= done <= len(steps)):
        raise ValueError(f"done is {done!r}; it must be a whole number from 0 to {len(steps)}")
    (memory,) = (step.inputs[1] for step in steps if step.stage == "inject")
    numbers = {"c_{t-1}": memory} | {key: step.value for key, step in zip(keys, steps, strict=True)}
    looks = {}
    for i, (key, value) in enumerate(numbers.items()):
        known = number(value) if i <= done else " "
        looks[key] = {"class": f"step-{i}"} | look_with(whole.vertices[key], known)
        looks[key] |= TO_COME if i > done else MARKED if i == done > 0 else {}
    last = [say_step(steps[done - 1])] if done else []
    alt = " ".join([f"{done} of {len(steps)} steps.", *last, "The cell:", describe(whole)])
    return draw_graph(whole, f"{done} of {len(steps)} steps of {cell}", alt, looks=looks)


def block_names(cell: Cell) -> list[str]:
    """Return what each two tokens of a sequence are about, in their order."""
    return [*(f"tree index {k}" for k in range(len(cell.nodes))), "cell inject", "cell indices"]


def _block_contents(cell: Cell) -> list[str]:
    indices = f"create {cell.create_index}, inject {cell.inject_index}"
    return [*map(str, cell.nodes), str(cell.inject), indices]


def _block_of(vertex: Vertex, whole: Graph) -> int:
    """Return the number of the block that adds a vertex; -1 for what is there from the start."""
    root = whole.cell.root
    if vertex.node is not None:
        return root + 1 if vertex.injected else vertex.node
    return {"h_t": root, "c_{t-1}": root + 1, "c_t": root + 2}.get(vertex.label, -1)


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
        Keys of the vertices that are still to come, which show no name.
    looks
        Key of a vertex -> the Graphviz attributes in which it differs from :func:`look`.
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
    wide = "1.3" if ":" in vertex.letters else "1.1"  # a value and its matrices
    size = {"shape": "box", "width": wide, "height": "0.55", "fixedsize": "true"}
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
