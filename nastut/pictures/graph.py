"""Cell -> computation graph: the states and operations of one time step, and what feeds what.

The graph is what :func:`nastut.cells.evaluate.walk` leaves behind when values are vertices.
Source of the form: Zoph & Le (2017), figures 5 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from nastut.cells.cell import Cell, children, require_cell
from nastut.cells.evaluate import Stage, walk
from nastut.cells.operations import COMBINATIONS

INPUT_STATES = ("x_t", "h_{t-1}", "c_{t-1}")


@dataclass(frozen=True)
class Vertex:
    """A state or an operation.

    Attributes
    ----------
    key
        Name within the graph: the state itself, or the node and the stage.
    kind
        What it is.
    label
        The state, or the token of the operation.
    letters
        What its value is called in the formulas; for a leaf's combination, its matrices.
    node
        Index of the node it belongs to; None for a state.
    injected
        Whether it belongs to the injection rather than to the node itself.
    """

    key: str
    kind: Literal["state", "combination", "activation"]
    label: str
    letters: str = ""
    node: int | None = None
    injected: bool = False


@dataclass
class Graph:
    """The vertices of a cell by key, and the edges between them, in the order of the walk."""

    cell: Cell
    vertices: dict[str, Vertex] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def add(self, vertex: Vertex, *sources: str) -> str:
        """Add a vertex and an edge from each source; return its key."""
        self.vertices[vertex.key] = vertex
        self.edges += [(source, vertex.key) for source in sources]
        return vertex.key

    def remove(self, key: str) -> None:
        """Remove a vertex and its edges."""
        del self.vertices[key]
        self.edges = [edge for edge in self.edges if key not in edge]

    def memory_edges(self) -> list[tuple[str, str]]:
        """Return the edges of the memory path, from c_{t-1} to c_t."""
        after = _reach("c_{t-1}", self.edges)
        before = _reach("c_t", [(target, source) for source, target in self.edges])
        return [(s, t) for s, t in self.edges if s in after and t in before]


def _reach(start: str, edges: list[tuple[str, str]]) -> set[str]:
    """Return `start` and all that edges lead to from there."""
    reached, size = {start}, 0
    while len(reached) > size:
        size = len(reached)
        reached |= {target for source, target in edges if source in reached}
    return reached


def key_of(node: int, stage: Stage) -> str:
    """Return the key of the vertex at which a step of the walk happens."""
    return {"create": "c_t", "output": "h_t"}.get(stage, f"{stage} {node}")


def graph(cell: Cell, fold: bool = False) -> Graph:
    """Return the computation graph of a cell.

    Parameters
    ----------
    fold
        Draw less where the function stays the same: leave Identity out, and draw a sum of
        pass-through leaves as the one leaf that it amounts to.
    """
    require_cell(cell)
    result = Graph(cell)
    for state in INPUT_STATES:
        result.add(Vertex(state, "state", state))

    def visit(node: int, stage: Stage, operation: str, *inputs: str) -> str:
        key = key_of(node, stage)
        if stage in ("create", "output"):
            return result.add(Vertex(key, "state", key), *inputs)
        injected = stage in ("inject", "activate injected")
        kind: Literal["combination", "activation"]
        if operation in COMBINATIONS:
            kind = "combination"
            letters = f"W_{2 * node + 1}, W_{2 * node + 2}" if node < cell.base else ""
            letters = "" if injected else letters
        else:
            kind, letters = "activation", f"a_{node}" + "'" * injected
        vertex = Vertex(key, kind, operation, letters, node, injected)
        return result.add(vertex, *inputs)

    walk(cell, ["x_t"] * cell.base, ["h_{t-1}"] * cell.base, "c_{t-1}", visit)
    if fold:
        _fold_sums(result)
        _fold_identities(result)
    return result


def before_the_indices(whole: Graph) -> Graph:
    """Return the graph that a sequence describes without its two last tokens.

    The injection is there, but neither the node that it joins nor the one that reads its result,
    and no path leads to c_t.
    """
    k = whole.cell.inject_index
    value, inject, injected = f"activate {k}", f"inject {k}", f"activate injected {k}"
    apart = ("c_{t-1}", inject, injected, "c_t")  # last, or the order would give them away
    order = [*(key for key in whole.vertices if key not in apart), *apart]
    known = Graph(whole.cell, {key: whole.vertices[key] for key in order})
    known.vertices[inject] = replace(known.vertices[inject], letters="where?")
    known.vertices[injected] = replace(known.vertices[injected], letters="")
    known.edges = [
        (value if source == injected else source, target)
        for source, target in whole.edges
        if target not in apart
    ]
    known.edges += [("c_{t-1}", inject), (inject, injected)]
    return known


def _fold_sums(graph: Graph) -> None:
    """Turn a node that only adds pass-through leaves into one leaf."""
    cell = graph.cell
    leaves_below: dict[int, list[int]] = {}
    for k, node in enumerate(cell.nodes):
        below = children(k, cell.base)
        if node.combination != "Add" or not all(child in leaves_below for child in below):
            continue
        leaves = [leaf for child in below for leaf in leaves_below.pop(child)] or [k]
        for child in below:
            graph.remove(f"combine {child}")
            graph.remove(f"activate {child}")
        key = f"combine {k}"
        if below:
            letters = f"W_{2 * leaves[0] + 1} ... W_{2 * leaves[-1] + 2}"
            graph.vertices[key] = replace(graph.vertices[key], letters=letters)
            graph.edges += [("x_t", key), ("h_{t-1}", key)]
        if node.activation == "Identity" and k not in (cell.create_index, cell.inject_index):
            leaves_below[k] = leaves


def _fold_identities(graph: Graph) -> None:
    """Leave Identity out: what it feeds is fed by its input, which takes its letters."""
    for key, vertex in list(graph.vertices.items()):
        if vertex.label != "Identity":
            continue
        (source,) = (s for s, t in graph.edges if t == key)
        targets = [t for s, t in graph.edges if s == key]
        graph.remove(key)
        graph.edges += [(source, target) for target in targets]
        letters = graph.vertices[source].letters
        joined = f"{vertex.letters}: {letters}" if letters else vertex.letters
        graph.vertices[source] = replace(graph.vertices[source], letters=joined)
