"""The tree, its two spellings, its symmetries and its memory."""

import copy
import dataclasses
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nastut as nt
import strategies
from drawn import hide_programs
from nastut.cells.cell import Cell, Node, ancestors, children
from nastut.cells.evaluate import evaluate
from nastut.cells.sequence import SequenceError
from nastut.zoo.named import EXAMPLE, LSTM, MAXCELL, NASCELL

TOKENS = ["Add", "Tanh", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]
TEXT = "Add Tanh Multiply ReLU Multiply Sigmoid Add ReLU 1 0"


@pytest.fixture(scope="module")
def base_2():
    """All 36,864 cells of base 2 over the paper's four activations and two combinations."""
    words = [["Add", "Multiply"], ["Identity", "Tanh", "Sigmoid", "ReLU"]] * 4
    sequences = itertools.product(*words, range(3), range(3))
    return [Cell.from_sequence(tokens) for tokens in sequences]


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
def test_every_node_but_the_root_is_the_child_of_one_node(base):
    below = [child for k in range(2 * base - 1) for child in children(k, base)]
    assert below == list(range(2 * base - 2))


@pytest.mark.parametrize("base", [1, 2, 4, 8, 16])
def test_ancestors_lead_up_to_the_root(base):
    for k in range(2 * base - 1):
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


def test_all_sequences_of_base_2_return_unchanged(base_2):
    assert len(base_2) == 2**4 * 4**4 * 3**2 == 36_864
    assert len(set(base_2)) == len(base_2)
    for cell in base_2[::7]:
        assert Cell.from_sequence(cell.sequence) == Cell.parse(str(cell)) == cell


@given(strategies.sequences())
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


@pytest.mark.parametrize("name", ["nodes", "inject", "create_index", "inject_index"])
def test_a_cell_is_frozen(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(EXAMPLE, name, getattr(EXAMPLE, name))


@pytest.mark.parametrize("where", ["here", "nowhere"])
def test_a_notebook_prints_how_to_make_the_cell_or_why_there_is_no_picture(
    where, monkeypatch, tmp_path
):
    if where == "nowhere":
        hide_programs(monkeypatch, tmp_path)
    text = EXAMPLE._repr_mimebundle_()["text/plain"]
    assert (text == repr(EXAMPLE)) is (where == "here")
    assert ("pip install graphviz-pure" in text) is (where == "nowhere")


def test_equal_cells_are_one_key():
    assert {Cell.from_sequence(TOKENS): 1}[Cell.parse(TEXT)] == 1


@pytest.mark.parametrize("place", range(10))
def test_cells_that_differ_anywhere_are_unequal(place):
    other = list(TOKENS)
    other[place] = {"Add": "Multiply", "Multiply": "Add", 1: 2, 0: 2}.get(TOKENS[place], "Identity")
    assert Cell.from_sequence(other) != EXAMPLE


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_copies_are_equal(copied):
    assert copied(LSTM) == LSTM


def test_the_hash_of_a_cell_is_that_of_its_parts_in_plain_types():
    nodes = list(EXAMPLE.nodes)
    cell = Cell(nodes, EXAMPLE.inject, np.int64(1), np.uint8(0))
    nodes.clear()  # the cell has its own
    assert cell == EXAMPLE
    assert hash(cell) == hash(EXAMPLE)
    assert type(cell.create_index) is type(cell.inject_index) is int


# Wrong parts


@pytest.mark.parametrize("node", [None, "Add Tanh", ("Add", "Tanh"), EXAMPLE, 3], ids=repr)
def test_parts_that_are_no_nodes(node):
    with pytest.raises(SequenceError, match=r"^nodes\[1\] is .*; it must be Node\(combination"):
        Cell((EXAMPLE.nodes[0], node, EXAMPLE.nodes[2]), EXAMPLE.inject, 1, 0)
    with pytest.raises(SequenceError, match=r"^inject is .*; it must be Node\(combination"):
        Cell(EXAMPLE.nodes, node, 1, 0)


@pytest.mark.parametrize("number", [0, 2, 5, 8, 16])
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


def test_base_2_has_18688_classes_each_with_one_canonical_cell(base_2):
    pairs = {frozenset((cell, swapped(cell, 2)[0])) for cell in base_2}
    canonical = {pair: {cell.canonical() for cell in pair} for pair in pairs}
    assert len(pairs) == (36_864 + 512) // 2 == 18_688
    assert all(len(forms) == 1 and forms <= pair for pair, forms in canonical.items())


@given(strategies.cells())
def test_canonical_is_idempotent_and_keeps_operations_indices_and_memory(cell):
    other = cell.canonical()
    assert other.canonical() == other
    assert sorted(map(str, other.nodes)) == sorted(map(str, cell.nodes))
    assert other.inject == cell.inject
    assert other.nodes[other.create_index] == cell.nodes[cell.create_index]
    assert other.nodes[other.inject_index] == cell.nodes[cell.inject_index]
    assert other.has_memory == cell.has_memory


@given(strategies.cells([4, 8]), st.data())
def test_swaps_do_not_change_the_canonical_cell(cell, data):
    other = cell
    for above in data.draw(st.lists(st.integers(cell.base, cell.root), max_size=10)):
        other, _ = swapped(other, above)
    assert other.canonical() == cell.canonical()


@given(st.data())
def test_subtrees_alike_but_for_an_index_are_told_apart(data):
    # All nodes are the same, so only the indices tell one subtree from another.
    index = st.integers(0, 14)
    node = Node("Add", "Tanh")
    cell = Cell((node,) * 15, node, data.draw(index), data.draw(index))
    other = cell
    for above in data.draw(st.lists(st.integers(8, 14), max_size=10)):
        other, _ = swapped(other, above)
    assert other.canonical() == cell.canonical()


def leaf_orders(base):
    """Return all orders of the leaves that swaps of children can make."""
    if base == 1:
        return [[0]]
    half = base // 2
    sides = [(a, [half + i for i in b]) for a in leaf_orders(half) for b in leaf_orders(half)]
    return [a + b for a, b in sides] + [b + a for a, b in sides]


@given(strategies.cells_with_inputs())
def test_the_canonical_cell_is_the_same_function_of_the_leaves_in_another_order(cell_with_inputs):
    cell, x, h, c = cell_with_inputs
    # All orders in one call: the parts have shape (base, orders, points).
    orders = np.array(leaf_orders(cell.base)).T
    all_c = np.broadcast_to(c, (orders.shape[1], *c.shape))
    found = np.stack(evaluate(cell.canonical(), x[orders], h[orders], all_c), axis=1)
    expected = np.stack(evaluate(cell, x, h, c))
    assert (found == expected).all(axis=(1, 2)).any()


# Memory


@pytest.mark.parametrize(
    ("base", "number", "pairs"), [(1, 0, 1), (2, 2, 9), (4, 10, 49), (8, 34, 225)]
)
def test_how_many_pairs_of_indices_have_memory(base, number, pairs):
    node = Node("Add", "Tanh")
    cells = [
        Cell((node,) * (2 * base - 1), node, create, inject)
        for create in range(2 * base - 1)
        for inject in range(2 * base - 1)
    ]
    assert len(cells) == pairs
    assert sum(cell.has_memory for cell in cells) == number


@pytest.mark.parametrize(
    ("cell", "answer"), [(EXAMPLE, False), (LSTM, True), (NASCELL, True), (MAXCELL, True)]
)
def test_who_has_memory(cell, answer):
    assert cell.has_memory is answer


def test_a_base_2_cell_has_memory_exactly_if_c_t_changes_with_c(base_2):
    x, h, _ = strategies.inputs(2, np.random.default_rng(0), points=8)
    low, high = np.full(8, -0.7), np.full(8, 0.9)
    for cell in base_2[::7]:  # all pairs of indices are among them
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


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Add Tanh Add Tanh Add Tanh Add Tanh 2 0", "Add Tanh Add Tanh Add Tanh Add Tanh 2 1"),
        ("Add Tanh Add Tanh Add Tanh Add Tanh 0 2", "Add Tanh Add Tanh Add Tanh Add Tanh 1 2"),
        ("Add Tanh Add Tanh Add Tanh Add Tanh 1 0", "Add Tanh Add Tanh Add Tanh Add Tanh 1 0"),
        ("Add Tanh Add Tanh Add Tanh Add Tanh 0 1", "Add Tanh Add Tanh Add Tanh Add Tanh 1 0"),
    ],
)
def test_of_equal_children_the_one_with_an_index_stands_to_the_right(text, canonical):
    """The create index counts before the inject index; recorded tables rely on it."""
    assert str(Cell.parse(text).canonical()) == canonical


def all_swaps(cell):
    """Return the cells that swaps of children lead to, found by going on until none is new."""
    found, new = {cell}, [cell]
    while new:
        one = new.pop()
        reached = {swapped(one, above)[0] for above in range(cell.base, len(cell.nodes))} - found
        found |= reached
        new += reached
    return found


@given(strategies.cells([1, 2, 4]))
def test_size_of_a_class_is_the_number_of_its_sequences(cell):
    assert cell.class_size == len(all_swaps(cell))


def test_size_of_a_class_where_everything_is_alike_and_where_nothing_is():
    alike = Cell.from_sequence(["Add", "Tanh"] * 16 + [14, 14])
    assert (alike.class_size, NASCELL.class_size, EXAMPLE.class_size) == (1, 128, 2)
    one_mark = Cell.from_sequence(["Add", "Tanh"] * 16 + [0, 14])
    assert one_mark.class_size == 8  # the marked leaf may be any of eight
