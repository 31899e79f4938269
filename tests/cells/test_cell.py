"""The tree, its two spellings, its symmetries and its memory."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nastut as nt
import strategies
from drawn import hide_programs
from nastut.cells.cell import Cell, Node, ancestors, children
from nastut.cells.evaluate import evaluate
from nastut.cells.sequence import SequenceError
from nastut.zoo.named import EXAMPLE, LSTM

TOKENS = ["Add", "Tanh", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]
TEXT = "Add Tanh Multiply ReLU Multiply Sigmoid Add ReLU 1 0"


def swapped(cell, above):
    """Return `cell` with the two subtrees below node `above` in each other's place.

    Also returns the order of the leaves: leaf i of the result is leaf order[i] of `cell`.
    """
    order = list(range(2 * cell.base - 1))
    left, right = [2 * (above - cell.base)], [2 * (above - cell.base) + 1]
    while True:
        order[left[0] : right[-1] + 1] = right + left
        if left[0] < cell.base:
            break
        left, right = (
            [2 * (k - cell.base) + side for k in layer for side in (0, 1)]
            for layer in (left, right)
        )
    nodes = tuple(cell.nodes[k] for k in order)
    result = Cell(
        nodes, cell.inject, order.index(cell.create_index), order.index(cell.inject_index)
    )
    return result, order[: cell.base]


# The tree


@pytest.mark.parametrize("base", [1, 2, 4, 8, 16])
def test_every_node_but_the_root_is_the_child_of_one_node_its_ancestor(base):
    below = [child for k in range(2 * base - 1) for child in children(k, base)]
    assert below == list(range(2 * base - 2))
    for k in below:
        path = [k, *ancestors(k, base)]
        assert path[-1] == 2 * base - 2
        assert all(low in children(high, base) for low, high in itertools.pairwise(path))


def test_parts_of_the_example():
    assert EXAMPLE.nodes == (
        Node("Add", "Tanh"),
        Node("Multiply", "ReLU"),
        Node("Multiply", "Sigmoid"),
    )
    assert EXAMPLE.inject == Node("Add", "ReLU")
    assert (EXAMPLE.create_index, EXAMPLE.inject_index) == (1, 0)
    assert (EXAMPLE.base, EXAMPLE.root) == (2, 2)


# Sequence and text, both ways


def test_the_three_spellings_of_the_example():
    cell = Cell.from_sequence(TOKENS)
    assert cell.sequence == TOKENS
    assert str(cell) == TEXT
    assert repr(cell) == f"Cell.parse('{TEXT}')"
    assert Cell.parse("[Add, Tanh, Multiply, ReLU, Multiply, Sigmoid, Add, ReLU, 1, 0]") == cell


@given(strategies.sequences())
@settings(max_examples=50)
def test_sequences_of_any_base_return_unchanged(tokens):
    cell = Cell.from_sequence(tokens)
    assert cell.sequence == tokens
    assert str(cell) == " ".join(str(token) for token in tokens)
    assert Cell.parse(str(cell)) == Cell.parse(str(tokens)) == cell
    assert eval(repr(cell), {"Cell": Cell}) == cell


def test_the_sequence_is_a_new_list_each_time():
    EXAMPLE.sequence.clear()
    assert EXAMPLE.sequence == TOKENS


# What a cell is to Python


@pytest.mark.parametrize("where", ["here", "nowhere"])
def test_a_notebook_prints_how_to_make_the_cell_or_why_there_is_no_picture(
    where, monkeypatch, tmp_path
):
    if where == "nowhere":
        hide_programs(monkeypatch, tmp_path)
    text = EXAMPLE._repr_mimebundle_()["text/plain"]
    assert (text == repr(EXAMPLE)) is (where == "here")
    assert ("pip install graphviz-pure" in text) is (where == "nowhere")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_copies_are_equal(copied):
    assert copied(LSTM) == LSTM
    assert {LSTM: 1}[copied(LSTM)] == 1


def test_the_hash_of_a_cell_is_that_of_its_parts_in_plain_types():
    nodes = list(EXAMPLE.nodes)
    cell = Cell(nodes, EXAMPLE.inject, np.int64(1), np.uint8(0))
    nodes.clear()  # the cell has its own
    assert cell == EXAMPLE
    assert hash(cell) == hash(EXAMPLE)
    assert type(cell.create_index) is type(cell.inject_index) is int


# Wrong parts


@pytest.mark.parametrize("node", [None, "Add Tanh", EXAMPLE], ids=repr)
def test_parts_that_are_no_nodes(node):
    with pytest.raises(SequenceError, match=r"^nodes\[1\] is .*; it must be Node\(combination"):
        Cell((EXAMPLE.nodes[0], node, EXAMPLE.nodes[2]), EXAMPLE.inject, 1, 0)
    with pytest.raises(SequenceError, match=r"^inject is .*; it must be Node\(combination"):
        Cell(EXAMPLE.nodes, node, 1, 0)


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_wrong_number_of_nodes(number):
    with pytest.raises(SequenceError, match=rf"^{number} nodes were given; .* 1, 3, 7, 15"):
        Cell((EXAMPLE.inject,) * number, EXAMPLE.inject, 0, 0)


def test_what_is_no_token_is_no_word_and_no_index():
    for token in strategies.BAD_TOKENS:
        with pytest.raises(SequenceError, match=r"^Node\.combination is .* one of Add, Multiply"):
            nt.Node(token, "Tanh")
        with pytest.raises(SequenceError, match=r"^Node\.activation is .* one of Identity, Tanh"):
            nt.Node("Add", token)
        for indices, name, place in (((token, 0), "create", 9), ((1, token), "inject", 10)):
            with pytest.raises(SequenceError, match=f"{name} index") as caught:
                Cell(EXAMPLE.nodes, EXAMPLE.inject, *indices)
            assert caught.value.place == place


def test_the_words_of_a_node_are_plain_and_the_nearest_is_told():
    assert repr(Node(np.str_("Add"), "Tanh")) == "Node(combination='Add', activation='Tanh')"
    with pytest.raises(SequenceError, match="did you mean 'Tanh'"):
        Node("Add", "tanh")


# Swaps of children


@given(strategies.cells_with_inputs([2, 4, 8]), st.data())
def test_a_swap_permutes_the_leaves_and_keeps_the_function(cell_with_inputs, data):
    # This holds the helper of the tests below against the definition of the function.
    cell, x, h, c = cell_with_inputs
    other, order = swapped(cell, data.draw(st.integers(cell.base, cell.root)))
    assert sorted(order) == list(range(cell.base))
    np.testing.assert_array_equal(evaluate(other, x[order], h[order], c), evaluate(cell, x, h, c))


def all_swaps(cell):
    """Return the cells that swaps of children lead to, found by going on until none is new."""
    found, new = {cell}, [cell]
    while new:
        one = new.pop()
        reached = {swapped(one, above)[0] for above in range(cell.base, len(cell.nodes))} - found
        found |= reached
        new += reached
    return found


@st.composite
def cells_that_differ_little(draw):
    """Cells of one operation, whose indices alone tell one subtree from another."""
    base = draw(st.sampled_from([4, 8]))
    index = st.integers(0, 2 * base - 2)
    return Cell((Node("Add", "Tanh"),) * (2 * base - 1), LSTM.inject, draw(index), draw(index))


@given(strategies.cells() | cells_that_differ_little())
@settings(max_examples=25)
def test_a_class_is_all_that_swaps_lead_to_and_has_one_canonical_cell(cell):
    alike = all_swaps(cell)
    assert cell.class_size == len(alike)
    assert cell.canonical() in alike
    assert {other.canonical() for other in alike} == {cell.canonical()}
    assert {other.has_memory for other in alike} == {cell.has_memory}


@pytest.mark.parametrize(
    ("indices", "canonical"), [("2 0", "2 1"), ("0 2", "1 2"), ("1 0", "1 0"), ("0 1", "1 0")]
)
def test_of_equal_children_the_one_with_an_index_stands_to_the_right(indices, canonical):
    """The create index counts before the inject index; recorded tables rely on it."""
    words = "Add Tanh " * 4
    assert str(Cell.parse(words + indices).canonical()) == words + canonical


# Memory


def test_a_cell_has_memory_exactly_if_c_t_changes_with_c():
    rng = np.random.default_rng(0)
    x, h, _ = strategies.inputs(2, rng, points=8)
    low, high = np.full(8, -0.7), np.full(8, 0.9)
    for cell in (nt.Space(2).sample(rng) for _ in range(500)):
        changes = not np.array_equal(evaluate(cell, x, h, low)[1], evaluate(cell, x, h, high)[1])
        assert cell.has_memory == changes, cell


@pytest.mark.parametrize(
    "view",
    [
        lambda cell: nt.evaluate(cell, [1.0], [1.0], 1.0),
        lambda cell: nt.trace(cell, [1.0], [1.0], 1.0),
        nt.formulas,
        nt.graph,
        nt.draw,
        nt.draw_sequence,
        nt.draw_steps,
        nt.Space(base=1).encode,
    ],
)
def test_every_view_says_how_to_make_a_cell(view):
    for value in ("Add Tanh Add Tanh 0 0", ["Add", "Tanh"], None):
        with pytest.raises(TypeError, match=r"where a Cell belongs; make one with Cell\.parse"):
            view(value)
