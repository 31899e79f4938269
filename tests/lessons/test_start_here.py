"""A list of tokens is judged as the cell that it is, and what differs is named by its place."""

import numpy as np

import nastut as nt
from nastut.cells.sequence import places
from nastut.lessons.start_here import (
    LEFT_OUT,
    exchange_leaves,
    neighbours,
    same_cell,
)

RIGHT = nt.Cell.parse("Add Tanh Multiply Sigmoid Add ReLU Multiply Identity 0 1")


def test_cells_are_the_same_whatever_the_order_of_their_leaves():
    rng = np.random.default_rng(0)
    for cell in (nt.Space().sample(rng) for _ in range(40)):
        exchanged = exchange_leaves(cell)
        assert exchanged.nodes == (cell.nodes[1], cell.nodes[0], cell.nodes[2])
        assert exchange_leaves(exchanged) == cell
        assert same_cell(exchanged.sequence, cell.sequence)


def test_neighbours_differ_in_the_token_that_they_name():
    found = list(neighbours(RIGHT))
    for number, words, other in found:
        pairs = enumerate(zip(RIGHT.sequence, other.sequence, strict=True), 1)
        ((place, (old, new)),) = ((n, pair) for n, pair in pairs if pair[0] != pair[1])
        assert place == number
        assert words == f"{places(2)[number - 1].meaning} is {old}, yours is {new}"
        assert not same_cell(other.sequence, RIGHT.sequence)
    left_out = {"Max", "Sin"}
    assert left_out == {*LEFT_OUT}
    assert len(found) == sum(len({*place.allowed} - left_out) - 1 for place in places(2))
    assert not left_out & {token for _, _, other in found for token in other.sequence}
