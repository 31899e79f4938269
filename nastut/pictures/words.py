"""Computation graph -> words: what a picture of a cell shows, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator

from nastut.cells.evaluate import Step
from nastut.cells.sequence import describe as quote
from nastut.pictures.graph import Graph, Vertex

STATES = {
    "x_t": "x",
    "h_{t-1}": "the old h",
    "c_{t-1}": "the old c",
    "h_t": "the new h",
    "c_t": "the new c",
}
"""How the states are read aloud: "h underscore t minus one" is hard to follow."""


def describe(graph: Graph) -> str:
    """Return a graph's formulas in words, node by node, and where its memory goes.

    >>> import nastut as nt
    >>> print(describe(nt.graph(nt.Cell.parse("Add Tanh Multiply ReLU 0 0"))))
    Node 0: Add x and the old h (W1, W2), this is the new c, then Tanh, inject: Multiply the old \
c, then ReLU, this is the new h. No memory path leads from the old c to the new c.
    """
    nodes: dict[int, list[Vertex]] = {}
    for vertex in graph.vertices.values():
        if vertex.node is not None:
            nodes.setdefault(vertex.node, []).append(vertex)
    sentences = [
        f"Node {k}: {', '.join(part for vertex in nodes[k] for part in _parts(vertex, graph))}."
        for k in sorted(nodes)
    ]
    return " ".join([*sentences, _memory(graph)])


def _parts(vertex: Vertex, graph: Graph) -> Iterator[str]:
    """Yield what is done at a vertex, and which states its value becomes."""
    feeding = [graph.vertices[source] for source, target in graph.edges if target == vertex.key]
    names = [_name(source) for source in feeding if source.node != vertex.node]
    if vertex.kind == "activation":
        yield f"then {vertex.label}"
    elif vertex.injected:
        yield f"inject: {vertex.label} {' and '.join(names)}"
    else:
        reads_x = any(source.key == "x_t" for source in feeding)
        matrices = vertex.letters.rpartition(": ")[2].replace("_", "")
        yield f"{vertex.label} {' and '.join(names)}" + f" ({matrices})" * reads_x
    for source, target in graph.edges:
        if source == vertex.key and target in STATES:
            yield f"this is {STATES[target]}"


def _name(vertex: Vertex) -> str:
    return STATES[vertex.key] if vertex.node is None else f"node {vertex.node}"


def _memory(graph: Graph) -> str:
    """Return the memory path in words."""
    ends = {end for edge in graph.memory_edges() for end in edge}
    nodes = sorted({node for key in ends if (node := graph.vertices[key].node) is not None})
    if not nodes:
        return "No memory path leads from the old c to the new c."
    path = " and ".join(f"node {k}" for k in nodes)
    return f"The memory path, a thick line, leads from the old c through {path} to the new c."


def say_step(step: Step) -> str:
    r"""Return one step of a walk over single numbers in words.

    >>> import nastut as nt
    >>> steps = nt.trace(nt.Cell.parse("Add Tanh Multiply ReLU 0 0"), [0.5], [0.5], 2.0)
    >>> print("\n".join(map(say_step, steps)))
    Node 0: Add 0.50 and 0.50, which is 1.00.
    Node 0: 1.00 is the new c.
    Node 0: Tanh of 1.00, which is 0.76.
    Node 0, inject: Multiply 0.76 and 2.00, which is 1.52.
    Node 0, inject: ReLU of 1.52, which is 1.52.
    Node 0: 1.52 is the new h.

    Raises
    ------
    TypeError
        If a value is no single number.
    """
    where = f"Node {step.node}" + ", inject" * ("inject" in step.stage)
    first, *others = map(number, step.inputs)
    if not step.operation:
        return f"{where}: {first} is the new {'c' if step.stage == 'create' else 'h'}."
    what = f"{first} and {others[0]}" if others else f"of {first}"
    return f"{where}: {step.operation} {what}, which is {number(step.value)}."


def number(value: object) -> str:
    """Return a single number as a picture shows it, with two decimals.

    Raises
    ------
    TypeError
        If it is no single number.
    """
    try:
        return f"{float(value):z.2f}"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(
            f"{quote(value)} is no single number; give nt.trace numbers, not arrays or letters"
        ) from None
