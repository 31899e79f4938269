"""Formulas are equal if letters and values are; else it is said what is wrong."""

import numpy as np
import pytest
import sympy as sp

from nastut.lessons.graphs import about_formula, same_formula

A, B = sp.symbols("a_{0} b", real=True)
RIGHT = sp.tanh(A + B) * B
LETTERS = {A, B}


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        B * (sp.exp(2 * (A + B)) - 1) / (sp.exp(2 * (A + B)) + 1),
        sp.tanh(sp.Symbol("a_0") + sp.Symbol("b")) * sp.Symbol("b", positive=True),
        sp.expand(RIGHT, trig=True),
    ],
    ids=str,
)
def test_another_form_of_a_formula_is_the_same(answer):
    assert same_formula(answer, RIGHT)


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT + sp.Rational(1, 1000),
        -RIGHT,
        sp.tanh(A + sp.Abs(B)) * B,
        sp.tanh(A + B) * sp.Abs(B),
        sp.tanh(A + B) * B + 0 * sp.Symbol("d") + sp.Symbol("d") / 10**9,
        sp.tanh(A) * A,
        sp.Integer(0),
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


@pytest.mark.parametrize("answer", ["b", "a_0", [A], ["a_0"], object(), None])
def test_what_is_no_formula_is_not_read_as_one(answer):
    with pytest.raises(TypeError):
        same_formula(answer, RIGHT)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (sp.Eq(A, B), "give only what stands to the right of the equals sign"),
        ("b", "a sympy formula is expected, this is a text; leave the quotes out"),
        (3, "a formula in a_0 and b is expected, this is a number"),
        (0.5, "a formula in a_0 and b is expected, this is a number"),
        (1j, "a formula in a_0 and b is expected, this is a number"),
        ([A], "a sympy formula is expected, this is list"),
        (np.zeros(2), "a sympy formula is expected, this is ndarray"),
        (
            A + sp.Symbol("z") + sp.Symbol("q"),
            "use the letters a_0 and b; these are others: q, z",
        ),
        (A + B, "not right, and no slip that is known here; see the hint"),
        (sp.Symbol("a_0"), "not right, and no slip that is known here; see the hint"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(answer, said):
    assert about_formula(answer, LETTERS, "a_0 and b") == said
