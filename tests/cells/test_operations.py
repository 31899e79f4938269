"""The rows of the operations: values and symmetry."""

import numpy as np
import pytest
import sympy as sp

from nastut.cells.number_systems import numpy_system, sympy_system
from nastut.cells.operations import (
    ACTIVATIONS,
    COMBINATIONS,
    SEARCHED_ACTIVATIONS,
    SEARCHED_COMBINATIONS,
)
from oracle import function

x, y = sp.symbols("x y", real=True)
COMBINATION_ROWS = pytest.mark.parametrize("row", COMBINATIONS.values(), ids=COMBINATIONS.keys())
ACTIVATION_ROWS = pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())

A = np.array([-3.0, -0.7, -0.2, 0.4, 1.1, 2.5])
B = np.array([2.0, -1.7, 0.3, 0.1, -0.6, 2.6])


def test_the_paper_searches_with_six_operations_and_two_more_are_in_its_control_experiment():
    assert SEARCHED_COMBINATIONS == ("Add", "Multiply")
    assert SEARCHED_ACTIVATIONS == ("Identity", "Tanh", "Sigmoid", "ReLU")
    assert not COMBINATIONS["Max"].searched
    assert not ACTIVATIONS["Sin"].searched


@pytest.mark.parametrize("table", [COMBINATIONS, ACTIVATIONS])
def test_each_row_stands_under_its_name(table):
    assert [row.name for row in table.values()] == list(table)


@COMBINATION_ROWS
def test_combinations_have_the_value_of_the_oracle(row):
    expected = [function(row.name)(a, b) for a, b in zip(A, B, strict=True)]
    np.testing.assert_array_equal(row.apply(numpy_system(), A, B), expected)


@ACTIVATION_ROWS
def test_activations_have_the_value_of_the_oracle(row):
    expected = [function(row.name)(a) for a in A]
    np.testing.assert_allclose(row.apply(numpy_system(), A), expected, rtol=1e-14)


@COMBINATION_ROWS
def test_every_combination_is_symmetric(row):
    # Cell.canonical rests on this.
    assert row.apply(sympy_system(), x, y) == row.apply(sympy_system(), y, x)
    np.testing.assert_array_equal(row.apply(numpy_system(), A, B), row.apply(numpy_system(), B, A))
