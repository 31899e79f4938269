"""Formulas are equal if letters and values are."""

import pytest
import sympy as sp

from nastut.lessons.graphs import same_formula

A, B = sp.symbols("a_{0} b", real=True)
RIGHT = sp.tanh(A + B) * B


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        B * (sp.exp(2 * (A + B)) - 1) / (sp.exp(2 * (A + B)) + 1),
        sp.tanh(sp.Symbol("a_0") + sp.Symbol("b")) * sp.Symbol("b", positive=True),
    ],
    ids=str,
)
def test_another_form_of_a_formula_is_the_same(answer):
    assert same_formula(answer, RIGHT)


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT + sp.Rational(1, 1000),
        sp.tanh(A + B) * sp.Abs(B),
        RIGHT + sp.Symbol("d") / 10**9,
        sp.tanh(A) * A,
        0.5,
    ],
    ids=str,
)
def test_another_formula_is_not(answer):
    assert not same_formula(answer, RIGHT)


def test_a_formula_that_differs_on_one_side_of_0_only_is_another():
    """With twelve random points no sign is missed."""
    assert not same_formula(sp.Max(A, 0), A)
    assert not same_formula(sp.Max(A, 0), sp.Integer(0) * A + sp.Abs(A))
    assert same_formula(sp.Max(A, 0), (A + sp.Abs(A)) / 2)
