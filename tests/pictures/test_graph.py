"""The computation graph: its vertices, its edges, and what folding may leave out."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nastut as nt
from nastut.cells.evaluate import apply
from nastut.cells.number_systems import numpy_system
from nastut.cells.operations import ACTIVATIONS
from nastut.pictures.graph import INPUT_STATES, graph

# Zoph & Le (2017), figure 5: every vertex with what it is fed by.
EXAMPLE = {
    "combine 0": ("Add", ["x_t", "h_{t-1}"]),
    "activate 0": ("Tanh", ["combine 0"]),
    "inject 0": ("Add", ["activate 0", "c_{t-1}"]),
    "activate injected 0": ("ReLU", ["inject 0"]),
    "combine 1": ("Multiply", ["x_t", "h_{t-1}"]),
    "activate 1": ("ReLU", ["combine 1"]),
    "combine 2": ("Multiply", ["activate injected 0", "activate 1"]),
    "activate 2": ("Sigmoid", ["combine 2"]),
    "c_t": ("c_t", ["combine 1"]),
    "h_t": ("h_t", ["activate 2"]),
}

# The picture in every textbook: three gates and a candidate, c_t = f * c_{t-1} + i * g.
FOLDED_LSTM = {
    "combine 0": ("Add", ["x_t", "h_{t-1}"]),
    "activate 0": ("Tanh", ["combine 0"]),  # g
    "combine 1": ("Add", ["x_t", "h_{t-1}"]),
    "activate 1": ("Sigmoid", ["combine 1"]),  # i
    "combine 8": ("Multiply", ["activate 0", "activate 1"]),  # i * g
    "combine 9": ("Add", ["x_t", "h_{t-1}"]),
    "activate 9": ("Sigmoid", ["combine 9"]),  # f
    "inject 9": ("Multiply", ["activate 9", "c_{t-1}"]),  # f * c_{t-1}
    "combine 12": ("Add", ["combine 8", "inject 9"]),
    "c_t": ("c_t", ["combine 12"]),
    "activate 12": ("Tanh", ["combine 12"]),
    "combine 13": ("Add", ["x_t", "h_{t-1}"]),
    "activate 13": ("Sigmoid", ["combine 13"]),  # o
    "combine 14": ("Multiply", ["activate 12", "activate 13"]),
    "h_t": ("h_t", ["combine 14"]),
}


def sources(drawn, key):
    return [source for source, target in drawn.edges if target == key]


def described(drawn):
    """Return the graph in the form of the tables above."""
    return {
        key: (vertex.label, sorted(sources(drawn, key)))
        for key, vertex in drawn.vertices.items()
        if key not in INPUT_STATES
    }


@st.composite
def cells(draw, activations=("Identity",) * 4 + tuple(ACTIVATIONS)):
    """Cells of any base, with many sums and many pass-through nodes."""
    base = draw(st.sampled_from([1, 2, 4, 8]))
    size = 2 * base - 1
    combinations = ("Add", "Add", "Add", "Multiply", "Max")
    node = st.builds(nt.Node, st.sampled_from(combinations), st.sampled_from(activations))
    nodes = draw(st.lists(node, min_size=size, max_size=size))
    index = st.integers(0, size - 1)
    return nt.Cell(tuple(nodes), draw(node), draw(index), draw(index))


# The graph


@pytest.mark.parametrize(
    ("cell", "fold", "table"),
    [(nt.zoo.EXAMPLE, False, EXAMPLE), (nt.zoo.LSTM, True, FOLDED_LSTM)],
    ids=["example", "folded lstm"],
)
def test_vertices_and_edges_are_those_of_the_published_picture(cell, fold, table):
    drawn = graph(cell, fold)
    assert described(drawn) == {key: (label, sorted(fed)) for key, (label, fed) in table.items()}
    assert set(INPUT_STATES) <= set(drawn.vertices)
    assert not [target for _, target in drawn.edges if target in INPUT_STATES]


@given(cells(), st.booleans())
def test_every_vertex_has_as_many_inputs_as_it_takes(cell, fold):
    drawn = graph(cell, fold)
    takes = {"combination": 2, "activation": 1}
    for key, vertex in drawn.vertices.items():
        if key not in INPUT_STATES:
            assert len(sources(drawn, key)) == takes.get(vertex.kind, 1)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("base", [1, 2, 4, 8])
def test_memory_path_is_there_exactly_where_the_cell_has_memory(base, fold):
    words = "Add Identity " * 2 * base
    for create in range(2 * base - 1):
        for inject in range(2 * base - 1):
            cell = nt.Cell.parse(f"{words} {create} {inject}")
            assert bool(graph(cell, fold).memory_edges()) == cell.has_memory


def test_letters_are_those_of_the_formulas():
    letters = {key: vertex.letters for key, vertex in graph(nt.zoo.EXAMPLE).vertices.items()}
    assert {key: name for key, name in letters.items() if name} == {
        "combine 0": "W_1, W_2",
        "combine 1": "W_3, W_4",
        "activate 0": "a_0",
        "activate 1": "a_1",
        "activate 2": "a_2",
        "activate injected 0": "a_0'",
    }


# Folding


def value_of(drawn, x_parts, h_parts, c):
    """Return the values of h_t and c_t when the graph is read as a computation."""

    def value(key):
        vertex, inputs = drawn.vertices[key], sources(drawn, key)
        if key == "c_{t-1}":
            return c
        if vertex.kind == "state":
            return value(*inputs)
        if set(inputs) == {"x_t", "h_{t-1}"}:
            first, last = map(int, re.findall(r"W_(\d+)", vertex.letters))
            leaves = slice(first // 2, last // 2)
            return apply(numpy_system(), vertex.label, sum(x_parts[leaves]), sum(h_parts[leaves]))
        return apply(numpy_system(), vertex.label, *map(value, inputs))

    return value("h_t"), value("c_t")


@given(cell=cells(), fold=st.booleans(), seed=st.integers(0, 2**32))
def test_graph_computes_what_the_cell_computes(cell, fold, seed):
    rng = np.random.default_rng(seed)
    x, h = rng.uniform(-1, 1, size=(2, cell.base, 3))
    c = rng.uniform(-1, 1, size=3)
    drawn = value_of(graph(cell, fold), x, h, c)
    np.testing.assert_allclose(drawn, nt.evaluate(cell, x, h, c), rtol=1e-9, atol=1e-9)


@given(cells())
def test_fold_leaves_no_identity(cell):
    assert "Identity" not in {v.label for v in graph(cell, fold=True).vertices.values()}


@given(cells())
def test_fold_leaves_no_sum_of_pass_through_leaves(cell):
    drawn = graph(cell, fold=True)
    fed = Counter(source for source, _ in drawn.edges)
    plain_leaves = {
        key
        for key, vertex in drawn.vertices.items()
        if vertex.label == "Add" and "x_t" in sources(drawn, key) and fed[key] == 1
    }
    for key, vertex in drawn.vertices.items():
        if vertex.label == "Add" and not vertex.injected:
            assert not set(sources(drawn, key)) <= plain_leaves


@given(cells(activations=tuple(ACTIVATIONS)[1:]))
def test_fold_changes_nothing_where_there_is_nothing_to_fold(cell):
    assert graph(cell, fold=True) == graph(cell)


def test_what_a_fold_leaves_takes_over_the_names():
    letters = {key: v.letters for key, v in graph(nt.zoo.LSTM, fold=True).vertices.items()}
    assert letters["combine 9"] == "W_5 ... W_8"
    assert letters["combine 13"] == "W_9 ... W_16"
    cell = nt.Cell.parse("Add Identity Multiply Tanh  Multiply Identity  Add Identity  0 1")
    letters = {key: v.letters for key, v in graph(cell, fold=True).vertices.items()}
    assert letters["combine 0"] == "a_0: W_1, W_2"
    assert letters["inject 1"] == "a_1'"
    assert letters["combine 2"] == "a_2"
