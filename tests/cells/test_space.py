"""All cells of a base: counted, enumerated, drawn at random, and written as choices."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nastut as nt
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS

EVERYTHING = {"combinations": tuple(COMBINATIONS), "activations": tuple(ACTIVATIONS)}
EXAMPLE_CHOICES = [0, 1, 1, 3, 1, 2, 0, 3, 1, 0]


# Counting


@pytest.mark.parametrize(
    ("base", "size"),
    [
        (1, 8 * 8),
        (2, 36_864),
        (8, 63_331_869_759_897_600),  # Zoph & Le (2017) say 6e16
    ],
)
def test_size_of_a_base(base, size):
    assert nt.Space(base).size == size


def test_classes_of_the_paper_are_those_that_burnside_counts():
    assert nt.Space(2).classes == (36_864 + 512) // 2  # 512 are their own mirror image
    assert nt.Space(8).classes == 708_770_961_985_536


def test_length_is_the_size_which_is_known_where_python_refuses_a_length():
    assert len(nt.Space(8)) == nt.Space(8).size
    space = nt.Space(16)
    assert space.size == 8**31 * 8 * 31**2
    with pytest.raises(OverflowError):
        len(space)


@pytest.mark.parametrize(
    ("base", "combinations", "activations"),
    [(1, 2, 4), (2, 2, 2), (4, 1, 1), (8, 1, 1)],
)
def test_each_sequence_comes_once_and_classes_are_those_of_swaps(base, combinations, activations):
    space = nt.Space(base, tuple(COMBINATIONS)[:combinations], tuple(ACTIVATIONS)[:activations])
    cells = list(space)
    assert len(cells) == len(set(cells)) == space.size
    assert all(cell in space for cell in cells)
    assert len({cell.canonical() for cell in cells}) == space.classes


# Sampling


@pytest.mark.parametrize(
    ("space", "limit"),
    [
        (nt.Space(1), 103.4),  # 99.9 % quantile of chi-square with 63 degrees of freedom
        (nt.Space(2, ("Add",), ("Tanh",)), 26.1),  # with 8: the nine pairs of indices
    ],
    ids=["tokens", "indices"],
)
def test_every_sequence_is_equally_likely(space, limit):
    rng = np.random.default_rng(0)
    expected = 100
    counts = Counter(space.sample(rng) for _ in range(expected * space.size))
    chi_square = sum((counts[cell] - expected) ** 2 / expected for cell in space)
    assert chi_square < limit


def test_same_generator_same_cells():
    def draw(seed):
        rng = np.random.default_rng(seed)
        return [nt.Space(8).sample(rng) for _ in range(5)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)], ids=["None", "0", "old"])
def test_sample_needs_a_generator(rng):
    with pytest.raises(TypeError, match=r"rng is .*; it must be a generator"):
        nt.Space().sample(rng)


# Choices


def test_choices_of_the_example():
    assert nt.Space().encode(nt.zoo.EXAMPLE) == EXAMPLE_CHOICES


def test_operations_are_numbered_in_the_given_order():
    space = nt.Space(1, ("Multiply", "Add"), ("ReLU", "Tanh"))
    assert space.encode(nt.Cell.parse("Add ReLU Multiply Tanh 0 0")) == [1, 0, 0, 1, 0, 0]


@given(base=st.sampled_from([1, 2, 4, 8]), seed=st.integers(0, 2**32))
def test_decode_undoes_encode(base, seed):
    space = nt.Space(base, **EVERYTHING)
    cell = space.sample(np.random.default_rng(seed))
    assert space.decode(space.encode(cell)) == cell


@pytest.mark.parametrize("number", [9, 11])
def test_decode_counts_the_choices(number):
    with pytest.raises(ValueError, match=rf"{number} choices were given; base 2 takes 10"):
        nt.Space().decode([0] * number)


@pytest.mark.parametrize("wrong", [-1, 4, 1.0, True, "1", None])
def test_decode_names_the_choice_that_is_out_of_range(wrong):
    choices = [*EXAMPLE_CHOICES[:3], wrong, *EXAMPLE_CHOICES[4:]]
    with pytest.raises(
        ValueError, match=rf"choice 4 \(the activation of node 1\) is {wrong!r}; .*from 0 to 3"
    ):
        nt.Space().decode(choices)


def test_encode_names_what_is_not_in_the_space():
    with pytest.raises(ValueError, match="the cell has base 8, this space has base 2"):
        nt.Space(2).encode(nt.zoo.LSTM)
    with pytest.raises(ValueError, match=r"token 1 is Max; this space has \('Add', 'Multiply'\)"):
        nt.Space(8).encode(nt.zoo.MAXCELL)


def test_a_space_contains_its_cells_only():
    space = nt.Space(8)
    assert nt.zoo.NASCELL in space
    others = (nt.zoo.EXAMPLE, nt.zoo.MAXCELL, str(nt.zoo.NASCELL), None)
    assert not any(other in space for other in others)


# Bad spaces


@pytest.mark.parametrize("base", [3, 0, True, 2.0, "2", 2048])
def test_base_must_be_a_power_of_two(base):
    with pytest.raises(ValueError, match=rf"base is .*{base!r}; it must be 1, 2, 4, 8"):
        nt.Space(base)


@pytest.mark.parametrize(
    "combinations",
    [(), ("Add", "Mul"), ("Add", "Add"), "Add", {"Add"}, None],
    ids=repr,
)
def test_operations_must_be_known_and_in_an_order(combinations):
    with pytest.raises(
        ValueError, match=r"combinations are .*; give a tuple of one or more of Add"
    ):
        nt.Space(2, combinations)


def test_numpy_base_and_lists_make_the_same_space():
    space = nt.Space(np.int64(2), ["Add", "Multiply"])
    assert space == nt.Space(2)
    assert space.classes == nt.Space(2).classes


def test_the_largest_space_is_counted():
    assert nt.Space(1024).size > 10**1000
    assert 0 < nt.Space(1024).classes < nt.Space(1024).size
