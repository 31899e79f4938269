"""What is read aloud of a cell's picture."""

import re

import numpy as np
import pytest

import nastut as nt
from nastut.cells.cell import children
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.pictures.graph import graph
from nastut.pictures.words import describe, number

FOLDED_LSTM = (
    "Node 0: Add x and the old h (W1, W2), then Tanh. "
    "Node 1: Add x and the old h (W3, W4), then Sigmoid. "
    "Node 8: Multiply node 0 and node 1. "
    "Node 9: Add x and the old h (W5 ... W8), then Sigmoid, inject: Multiply the old c. "
    "Node 12: Add node 8 and node 9, this is the new c, then Tanh. "
    "Node 13: Add x and the old h (W9 ... W16), then Sigmoid. "
    "Node 14: Multiply node 12 and node 13, this is the new h. "
    "The memory path, a thick line, leads from the old c through node 9 and node 12 to the new c."
)


def test_a_folded_cell_in_words():
    assert describe(graph(nt.zoo.LSTM, fold=True)) == FOLDED_LSTM


@pytest.mark.parametrize("base", [1, 2, 4, 8])
def test_words_say_all_that_the_tokens_say(base):
    """A listener can write the sequence down."""
    rng = np.random.default_rng(base)
    for _ in range(20):
        cell = nt.Space(base, tuple(COMBINATIONS), tuple(ACTIVATIONS)).sample(rng)
        *sentences, memory = re.findall(r"[^.]+\.", describe(graph(cell)))
        for k, (node, sentence) in enumerate(zip(cell.nodes, sentences, strict=True)):
            below = children(k, base)
            operands = (
                f"node {below[0]} and node {below[1]}"
                if below
                else f"x and the old h (W{2 * k + 1}, W{2 * k + 2})"
            )
            assert sentence.strip().startswith(f"Node {k}: {node.combination} {operands}")
            assert f"then {node.activation}" in sentence
            injected = f"inject: {cell.inject.combination} the old c, then {cell.inject.activation}"
            assert (injected in sentence) is (k == cell.inject_index)
            created = re.search(r"\), this is the new c|\d, this is the new c", sentence)
            assert (created is not None) is (k == cell.create_index)
            assert ("this is the new h" in sentence) is (k == cell.root)
        assert memory.strip().startswith("The memory path" if cell.has_memory else "No memory path")


def test_nothing_unspeakable_is_read():
    for cell in (nt.zoo.EXAMPLE, nt.zoo.LSTM, nt.zoo.NASCELL):
        for picture in (nt.draw(cell), nt.draw(cell, fold=True), nt.draw_sequence(cell)):
            assert not re.search(r"[_{}\\$]", picture.alt)


@pytest.mark.parametrize(
    ("value", "said"),
    [(1, "1.00"), (-0.001, "0.00"), (np.float32(2.345), "2.35"), (1e9, "1000000000.00")],
)
def test_numbers_have_two_decimals_and_zero_has_no_sign(value, said):
    assert number(value) == said


@pytest.mark.parametrize("value", [np.ones(3), "x", nt.c_prev])
def test_a_value_that_is_no_single_number_is_named(value):
    with pytest.raises(TypeError, match="is no single number"):
        number(value)
