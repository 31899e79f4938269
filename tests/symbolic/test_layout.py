"""Quantities laid out as trees, where whole cells (test_linearize.py) do not tell."""

import pytest

import nastut as nt
from nastut.cells.cell import Node
from nastut.symbolic.layout import Block, block_of
from nastut.symbolic.reading import Applied, Joined

(W_1, W_2), (W_3, W_4), (W_5, W_6) = (nt.leaf_symbols(k) for k in range(3))
C = nt.c_prev


def leaf(*symbols, combination="Add", **rest):
    return Block(combination, symbols=symbols, **rest)


A, B, D = leaf(W_1, W_2), leaf(W_3, W_4), leaf(W_5, W_6)


def test_large_blocks_come_first_then_those_with_the_smallest_number():
    tenth = leaf(nt.leaf_symbols(4)[1])
    empty, large = Block(), Block(parts=(tenth, D))
    in_order = [large, empty, A, B, D, tenth]
    assert sorted([B, tenth, A, empty, large, D], key=lambda block: block.order) == in_order


def test_a_block_is_as_early_as_the_first_of_its_parts():
    late, early = Block(parts=(D, B)), Block(parts=(D, A))
    assert sorted([late, early], key=lambda block: block.order) == [early, late]


LEAF = Joined("Add", (W_1, W_2))


@pytest.mark.parametrize(
    ("quantity", "block"),
    [
        # ReLU(max(a, c)) = max(ReLU(a), c): there is room for one activation more.
        (
            Applied("Tanh", Joined("Max", (0, W_1, C))),
            leaf(W_1, activation="ReLU", injection=Node("Max", "Tanh")),
        ),
        # Only where a maximum takes the memory, and only of a ReLU.
        (
            Applied("Tanh", Applied("Sin", Joined("Max", (W_1, C)))),
            Block(parts=(leaf(W_1, injection=Node("Max", "Sin")),), activation="Tanh"),
        ),
        (
            Applied("Tanh", Joined("Max", (0, Joined("Add", (W_1, C))))),
            Block(parts=(leaf(W_1, injection=Node("Add", "ReLU")),), activation="Tanh"),
        ),
    ],
)
def test_a_quantity_is_the_smallest_block(quantity, block):
    assert block_of(quantity, LEAF) == block


@pytest.mark.parametrize(
    ("memory", "block"),
    [
        # c_t is read before the activation: what ends with something else takes a node more,
        (
            Joined("Add", (W_1, C)),
            Block(parts=(leaf(W_1, injection=Node("Add", "Identity")),), create=True),
        ),
        # unless it can move to one part: the memory of a sum,
        (
            Joined("Add", (W_1, W_3, W_5, C)),
            Block(
                "Add",
                (leaf(W_1, injection=Node("Add", "Identity")), leaf(W_3), leaf(W_5)),
                create=True,
            ),
        ),
        # or the ReLU of a maximum;
        (
            Joined("Max", (0, W_1, W_3)),
            Block("Max", (leaf(W_1, activation="ReLU"), leaf(W_3)), create=True),
        ),
        # but not the ReLU of a product or a sum.
        (
            Joined("Max", (0, Joined("Multiply", (W_1, W_3)))),
            Block(
                parts=(Block("Multiply", (leaf(W_1), leaf(W_3)), activation="ReLU"),),
                create=True,
            ),
        ),
    ],
)
def test_the_memory_is_the_smallest_block_that_ends_with_its_combination(memory, block):
    found = block_of(nt.c_next, memory)
    assert found.size == block.size
    assert found == block


def test_a_value_after_c_t_needs_a_node_of_its_own():
    found = block_of(Applied("Tanh", Applied("Sin", nt.c_next)), LEAF)
    assert found == Block(parts=(leaf(W_1, W_2, activation="Sin", create=True),), activation="Tanh")
