"""A list of tokens is judged as the cell that it is, and what differs is named by its place."""

import numpy as np
import pytest

import nastut as nt
from nastut.cells.sequence import places
from nastut.lessons.start_here import (
    LEFT_OUT,
    about_tokens,
    as_cell,
    exchange_leaves,
    neighbours,
    same_cell,
)

SPACE = nt.Space(2)
RNG = np.random.default_rng(0)
CELLS = [SPACE.sample(RNG) for _ in range(40)]
RIGHT = nt.Cell.parse("Add Tanh Multiply Sigmoid Add ReLU Multiply Identity 0 1")


def test_a_list_of_tokens_and_a_cell_are_the_same_answer():
    assert as_cell(RIGHT) is RIGHT
    assert as_cell(RIGHT.sequence) == RIGHT
    with pytest.raises(nt.SequenceError, match="token 2"):
        as_cell(["Add"])


def test_cells_are_the_same_whatever_the_order_of_their_leaves():
    for cell in CELLS:
        exchanged = exchange_leaves(cell)
        assert exchanged.nodes == (cell.nodes[1], cell.nodes[0], cell.nodes[2])
        assert exchange_leaves(exchanged) == cell
        assert same_cell(exchanged.sequence, cell.sequence)


def test_another_cell_is_not_the_same():
    for number, _, other in neighbours(RIGHT):
        assert same_cell(other.sequence, RIGHT.sequence) == (other.canonical() == RIGHT.canonical())
        assert other.sequence != RIGHT.sequence, number


def test_neighbours_differ_in_the_token_that_they_name():
    found = list(neighbours(RIGHT))
    for number, words, other in found:
        pairs = enumerate(zip(RIGHT.sequence, other.sequence, strict=True), 1)
        ((place, (old, new)),) = ((n, pair) for n, pair in pairs if pair[0] != pair[1])
        assert place == number
        assert words == f"{places(2)[number - 1].meaning} is {old}, yours is {new}"
    left_out = {"Max", "Sin"}
    assert left_out == {*LEFT_OUT}
    assert len(found) == sum(len({*place.allowed} - left_out) - 1 for place in places(2))
    assert not left_out & {token for _, _, other in found for token in other.sequence}


@pytest.mark.parametrize("form", [RIGHT, exchange_leaves(RIGHT)], ids=["given", "exchanged"])
@pytest.mark.parametrize(
    ("number", "token", "said"),
    [(2, "Identity", "the activation of node 0"), (6, "Tanh", "the activation of node 2")],
)
def test_the_order_of_leaves_is_not_held_against_an_answer(form, number, token, said):
    tokens = list(form.sequence)
    tokens[number - 1] = token
    told = about_tokens(tokens, RIGHT)
    assert told == f"that is a cell, but another one: look again at {said}"


def test_two_places_are_named_together():
    tokens = ["Multiply", *RIGHT.sequence[1:8], 0, 2]
    assert about_tokens(tokens, RIGHT).endswith(
        "look again at the combination of node 0, and at "
        "the inject index (the node where c_{t-1} enters)"
    )


def test_what_is_no_cell_or_of_another_base_is_told_so():
    assert about_tokens(["Add"]).startswith("token 2 of ")
    other = f"{nt.zoo.LSTM} is a cell, but another one"
    assert about_tokens(nt.zoo.LSTM, RIGHT) == other
    assert about_tokens(nt.zoo.LSTM.sequence) == other
    assert about_tokens(RIGHT.sequence) == f"{RIGHT} is a cell, but another one"
