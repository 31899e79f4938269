"""The rows of the operations: values, symmetry, and derivatives against sympy and torch."""

import numpy as np
import pytest
import sympy as sp
import torch

from nastut.cells.number_systems import numpy_system, sympy_system, torch_system
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

# Away from the kinks, and then on them.
A = np.array([-3.0, -0.7, -0.2, 0.4, 1.1, 2.5])
B = np.array([2.0, -1.7, 0.3, 0.1, -0.6, 2.6])
KINKS = np.array([0.0, -0.0, 1.5, -1.5])


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


# Derivatives


@COMBINATION_ROWS
def test_slopes_are_those_of_sympy(row):
    xp = sympy_system()
    joined = row.apply(xp, x, y)
    by_x, by_y = row.slopes(xp, x, y)
    for a, b in zip(A, B, strict=True):
        point = {x: a, y: b}
        assert sp.sympify(by_x).subs(point) == sp.diff(joined, x).subs(point)
        assert sp.sympify(by_y).subs(point) == sp.diff(joined, y).subs(point)


@ACTIVATION_ROWS
def test_a_slope_is_that_of_sympy(row):
    xp = sympy_system()
    activated = row.apply(xp, x)
    difference = row.slope(xp, x, activated) - sp.diff(activated, x)
    for a in A:
        assert abs(sp.N(difference.subs(x, sp.Float(a, 30)))) < 1e-25


@COMBINATION_ROWS
@pytest.mark.parametrize(("a", "b"), [(A, B), (KINKS, KINKS)], ids=["smooth", "kinks"])
def test_slopes_are_those_of_torch_and_the_same_of_arrays(row, a, b):
    xp = torch_system()
    a, b = (torch.tensor(part, requires_grad=True) for part in (a, b))
    row.apply(xp, a, b).sum().backward()
    by_a, by_b = row.slopes(xp, a.detach(), b.detach())
    torch.testing.assert_close(torch.ones_like(a) * by_a, a.grad, rtol=0, atol=0)
    torch.testing.assert_close(torch.ones_like(b) * by_b, b.grad, rtol=0, atol=0)
    arrays = row.slopes(numpy_system(), a.detach().numpy(), b.detach().numpy())
    for array, tensor in zip(arrays, (by_a, by_b), strict=True):
        np.testing.assert_array_equal(array, np.asarray(tensor))


@ACTIVATION_ROWS
@pytest.mark.parametrize("a", [A, KINKS], ids=["smooth", "kinks"])
def test_a_slope_is_that_of_torch_and_the_same_of_arrays(row, a):
    xp = torch_system()
    a = torch.tensor(a, requires_grad=True)
    activated = row.apply(xp, a)
    activated.sum().backward()
    slope = torch.ones_like(a) * row.slope(xp, a.detach(), activated.detach())
    torch.testing.assert_close(slope, a.grad, rtol=1e-15, atol=1e-15)
    array = a.detach().numpy()
    by_array = row.slope(numpy_system(), array, row.apply(numpy_system(), array))
    np.testing.assert_allclose(by_array * np.ones_like(array), slope, rtol=1e-14, atol=1e-16)
