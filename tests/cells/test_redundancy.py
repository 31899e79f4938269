"""Leaves whose matrices another leaf could take over."""

import numpy as np
import pytest

import nastut as nt
from nastut.cells.redundancy import redundant_leaves


@pytest.mark.parametrize(
    ("cell", "redundant"),
    [
        (nt.zoo.EXAMPLE, []),
        (nt.zoo.NASCELL, []),
        (nt.zoo.LSTM, [3, 5, 6, 7]),  # f is a sum of two leaves, o of four
    ],
)
def test_redundant_leaves_of_known_cells(cell, redundant):
    assert redundant_leaves(cell) == redundant


def test_a_product_in_a_sum_takes_nothing_away():
    tokens = nt.zoo.LSTM.sequence
    tokens[2 * 5] = "Multiply"  # one of the four leaves of o
    assert redundant_leaves(nt.Cell.from_sequence(tokens)) == [3, 6, 7]


def is_replaceable(cell, leaf, rng):
    """Whether an earlier leaf that adds could give what this one gives: tried on numbers."""
    x_parts, h_parts = rng.normal(size=(2, cell.base, 12))
    c, moved = rng.normal(size=(2, 12))
    before = nt.evaluate(cell, x_parts, h_parts, c)
    for other in range(leaf):
        parts = x_parts.copy()
        parts[leaf] -= moved
        parts[other] += moved
        after = nt.evaluate(cell, parts, h_parts, c)
        if cell.nodes[other].combination == "Add" and np.allclose(before, after):
            return True
    return False


@pytest.mark.parametrize("base", [2, 4, 8])
def test_a_leaf_is_redundant_where_what_it_adds_could_come_from_an_earlier_leaf(base):
    rng = np.random.default_rng(base)
    space = nt.Space(base, activations=("Identity", "Tanh"))
    for _ in range(40):
        cell = space.sample(rng)
        assert redundant_leaves(cell) == [
            leaf
            for leaf in range(base)
            if cell.nodes[leaf].combination == "Add" and is_replaceable(cell, leaf, rng)
        ]
