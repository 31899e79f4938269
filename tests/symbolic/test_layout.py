"""Quantities laid out as trees: which block, how large, and who sits where."""

import pytest

import nastut as nt
from nastut.cells.cell import Node
from nastut.symbolic.layout import PASS_THROUGH, Block, block_of, seats
from nastut.symbolic.reading import Applied, Joined

(W_1, W_2), (W_3, W_4), (W_5, W_6) = (nt.leaf_symbols(k) for k in range(3))
C = nt.c_prev


def leaf(*symbols, combination="Add", **rest):
    return Block(combination, symbols=symbols, **rest)


A, B, D = leaf(W_1, W_2), leaf(W_3, W_4), leaf(W_5, W_6)
TWO = Block("Multiply", (A, B))


# ---------------------------------------------------------------- size and order


@pytest.mark.parametrize(
    ("sizes", "size"),
    [
        ((), 1),
        ((1,), 2),  # its other child is a pass-through
        ((1, 1), 2),
        ((2,), 4),
        ((2, 1, 1), 4),
        ((2, 2, 1), 8),
        ((4, 2, 1, 1), 8),
        ((4, 4, 1), 16),
    ],
)
def test_a_block_takes_the_smallest_power_of_two_that_holds_its_parts(sizes, size):
    def block(leaves):
        return A if leaves == 1 else Block(parts=(block(leaves // 2),) * 2)

    assert Block(parts=tuple(map(block, sizes))).size == size


def test_large_blocks_come_first_then_those_with_the_smallest_number():
    tenth = leaf(nt.leaf_symbols(4)[1])
    empty, large = Block(), Block(parts=(tenth, D))
    in_order = [large, empty, A, B, D, tenth]
    assert sorted([B, tenth, A, empty, large, D], key=lambda block: block.order) == in_order


def test_a_block_is_as_early_as_the_first_of_its_parts():
    late, early = Block(parts=(D, B)), Block(parts=(D, A))
    assert sorted([late, early], key=lambda block: block.order) == [early, late]


# ---------------------------------------------------------------- quantities as blocks

LEAF = Joined("Add", (W_1, W_2))
SUM = Joined("Add", (LEAF, Applied("Tanh", W_3)))


@pytest.mark.parametrize(
    ("quantity", "block"),
    [
        (W_1, leaf(W_1)),
        (C, Block(injection=PASS_THROUGH)),
        # A leaf has one part of x and one of h, in pairs by their numbers.
        (Joined("Add", (W_4, W_1, W_3, W_2)), Block("Add", (A, B))),
        (
            Joined("Multiply", (W_3, W_2, W_1)),
            Block("Multiply", (leaf(W_1, W_2, combination="Multiply"), leaf(W_3))),
        ),
        # Activations.
        (Applied("Tanh", LEAF), leaf(W_1, W_2, activation="Tanh")),
        (
            Applied("Sin", Applied("Tanh", LEAF)),
            Block(parts=(leaf(W_1, W_2, activation="Tanh"),), activation="Sin"),
        ),
        # The memory joins at the uppermost node, and brings an activation of its own.
        (Joined("Multiply", (C, W_1)), leaf(W_1, injection=Node("Multiply", "Identity"))),
        (
            Applied("Tanh", Joined("Add", (W_1, W_2, C))),
            leaf(W_1, W_2, injection=Node("Add", "Tanh")),
        ),
        (Joined("Max", (0, W_1, C)), leaf(W_1, injection=Node("Max", "ReLU"))),
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
        # c_t is read before the activation: a bare value is the node itself.
        (LEAF, leaf(W_1, W_2, create=True)),
        # One that ends with something else takes a node more,
        (
            Applied("Tanh", LEAF),
            Block(parts=(leaf(W_1, W_2, activation="Tanh"),), create=True),
        ),
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


# ---------------------------------------------------------------- who sits where


@pytest.mark.parametrize(
    ("root", "seated"),
    [
        (A, {0: A}),
        (TWO, {2: TWO, 0: A, 1: B}),
        # Three leaves of four: the third has room for two, and what is above it only adds.
        (
            Block("Multiply", (A, B, D), activation="Tanh"),
            {
                6: Block("Multiply", (A, B, D), activation="Tanh"),
                4: Block("Multiply", (A, B)),
                0: A,
                1: B,
                5: Block(),
                2: D,
            },
        ),
        # What ends a leaf happens at the uppermost of its nodes.
        (
            Block("Add", (TWO, leaf(W_5, activation="Tanh", create=True))),
            {
                6: Block("Add", (TWO, leaf(W_5, activation="Tanh", create=True))),
                4: TWO,
                0: A,
                1: B,
                5: Block(activation="Tanh", create=True),
                2: leaf(W_5),
            },
        ),
        # The memory alone: no leaf below.
        (
            Block("Multiply", (A, Block(injection=PASS_THROUGH))),
            {
                2: Block("Multiply", (A, Block(injection=PASS_THROUGH))),
                0: A,
                1: Block(injection=PASS_THROUGH),
            },
        ),
        # One part fits in the left half: there it sits, and the node above it adds nothing.
        (
            Block(parts=(leaf(W_1, activation="Tanh"),), activation="Sin"),
            {2: Block(activation="Sin"), 0: leaf(W_1, activation="Tanh")},
        ),
    ],
)
def test_blocks_sit_where_they_fit_the_larger_first(root, seated):
    found = list(seats(root))
    assert len(found) == len(seated)
    assert dict(found) == seated
    assert found[0][0] == 2 * root.size - 2
