"""The rows of the operations; their values are held against the oracle with whole cells."""

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

x, y = sp.symbols("x y", real=True)
A = np.array([-3.0, -0.7, -0.2, 0.4, 1.1, 2.5])
B = np.array([2.0, -1.7, 0.3, 0.1, -0.6, 2.6])


def test_the_paper_searches_with_six_operations_and_two_more_are_in_its_control_experiment():
    assert SEARCHED_COMBINATIONS == ("Add", "Multiply")
    assert SEARCHED_ACTIVATIONS == ("Identity", "Tanh", "Sigmoid", "ReLU")
    assert not COMBINATIONS["Max"].searched
    assert not ACTIVATIONS["Sin"].searched


@pytest.mark.parametrize("row", COMBINATIONS.values(), ids=COMBINATIONS.keys())
def test_every_combination_is_symmetric(row):
    # Cell.canonical rests on this.
    assert row.apply(sympy_system(), x, y) == row.apply(sympy_system(), y, x)
    np.testing.assert_array_equal(row.apply(numpy_system(), A, B), row.apply(numpy_system(), B, A))
