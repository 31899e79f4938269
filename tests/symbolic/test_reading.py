"""Formulas as trees of operations, and what is said of what no cell has."""

import pickle
from collections import Counter

import pytest
import sympy as sp

import nastut as nt
from nastut.cells.number_systems import sympy_system
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS, Operation
from nastut.symbolic import reading as module
from nastut.symbolic.reading import (
    Applied,
    Joined,
    NotRepresentable,
    Problem,
    formula_of,
    read,
)

X, H = nt.leaf_symbols(0)
X_3, H_4 = nt.leaf_symbols(1)
U, Y = sp.symbols("u y", real=True)


# ---------------------------------------------------------------- in a message


def test_one_problem_is_one_line_and_several_are_numbered():
    alone = NotRepresentable([Problem(X, "too early")])
    assert str(alone) == "these formulas fit no cell: W_1 x_t -- too early"
    error = NotRepresentable(Problem(u, why) for u, why in ((X, "early"), (H, "late"), (U, "odd")))
    assert str(error).splitlines() == [
        "these formulas fit no cell, for 3 reasons:",
        "1. W_1 x_t -- early",
        "2. W_2 h_{t-1} -- late",
        "3. u -- odd",
    ]
    assert (error.formula, error.reason) == (X, "early")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# ---------------------------------------------------------------- reading


def reading(formula):
    """Return the quantity of a formula, and its problems."""
    problems = []
    return read(formula, problems), problems


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_read(name):
    formula = formula_of(Applied(name, X))
    expected = {"Identity": X, "ReLU": Joined("Max", (0, X))}.get(name, Applied(name, X))
    assert reading(formula) == (expected, [])


@pytest.mark.parametrize("name", COMBINATIONS)
@pytest.mark.parametrize("parts", [(X, H), (X, H, X_3), (X, H, X_3, H_4)], ids=len)
def test_every_combination_is_read_with_all_its_parts(name, parts):
    quantity, problems = reading(formula_of(Joined(name, parts)))
    assert quantity.combination == name
    assert Counter(quantity.parts) == Counter(parts)
    assert problems == []


NEW = {
    "GELU": lambda xp, a: a * xp.sigmoid(1.702 * a),
    "Swish": lambda xp, a: a * xp.sigmoid(a),
    "TanhShrink": lambda xp, a: a - xp.tanh(a),
    "Cos": lambda xp, a: sp.cos(a),
}
"""Activations that are no rows yet: u stands once or twice, in a product, a sum or a function."""


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("u", [X + H, X * H, sp.tanh(X)], ids=str)
def test_a_new_row_is_all_that_its_activation_needs_to_be_read(name, u, monkeypatch):
    image = NEW[name](sympy_system(), U)
    monkeypatch.setitem(ACTIVATIONS, name, Operation(NEW[name]))
    monkeypatch.setitem(module._IMAGES, name, image.xreplace({U: module._U}))
    alone = formula_of(Applied(name, u))
    found = Applied(name, reading(u)[0])
    assert reading(alone) == (found, [])
    for combination, joined in (("Multiply", alone * X_3 * H_4), ("Add", alone + X_3 + H_4)):
        quantity, problems = reading(joined)
        assert quantity.combination == combination
        assert Counter(quantity.parts) == Counter((found, X_3, H_4))
        assert problems == []
    twice = Applied(name, Joined("Multiply", (found, X_3)))
    quantity, problems = reading(formula_of(Applied(name, alone * X_3)))
    assert (quantity, problems) in ((twice, []), (swapped(twice), []))


def swapped(applied):
    """Return an activation of a product whose two factors have changed places."""
    product = applied.to
    return Applied(applied.activation, Joined(product.combination, product.parts[::-1]))


MATRIX = sp.Function("U_n", real=True)
OTHER = sp.Function("g", real=True)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (sp.Integer(2), [(sp.Integer(2), "a constant; a cell has none")]),
        (2 * X, [(2 * X, "the factor 2 is a constant")]),
        (-X * H, [(-X * H, "the factor -1 is a constant")]),
        (sp.pi * X, [(sp.pi, "a constant")]),
        (2 * Y, [(2 * Y, "the factor 2"), (Y, "an unknown symbol")]),
        # Symbols that enter no cell.
        (nt.h_prev, [(nt.h_prev, "it stands without a matrix")]),
        (sp.Symbol(X.name), [(sp.Symbol(X.name), "by the name of a letter; take")]),
        (sp.Symbol("c_next"), [(sp.Symbol("c_next"), "by the name of a letter; take")]),
        (sp.Symbol("b"), [(sp.Symbol("b"), "an unknown symbol")]),
        # The constants of a sum are one problem: each once, the largest first.
        (X - H, [(X - H, "constants in it (-1);")]),
        (
            2 * X + 3 * H + 2 * X_3 - H_4 + 1,
            [(2 * X + 3 * H + 2 * X_3 - H_4 + 1, "constants in it (3, 2, 1, -1);")],
        ),
        (sp.Max(1, X), [(sp.Integer(1), "a constant")]),
        # Powers.
        (nt.sigmoid(X) ** 2, [(nt.sigmoid(X) ** 2, "2 equal factors")]),
        (1 / X, [(1 / X, "a division is not among")]),
        (X**-2, [(X**-2, "2 equal factors"), (1 / X, "a division is not among")]),
        (sp.sqrt(X), [(sp.sqrt(X), "a power is not among")]),
        (X**H, [(X**H, "a power is not among")]),
        (1 + sp.exp(X), [(1 + sp.exp(X), "dividing by a sigmoid is not among")]),
        (1 / (1 + X), [(1 / (1 + X), "a division is not among")]),
        # Functions.
        (sp.cos(X), [(sp.cos(X), "cos is not among")]),
        (sp.tanh(Y), [(Y, "an unknown symbol")]),
        (OTHER(Y), [(OTHER(Y), "g is not among")]),
        (
            MATRIX(Y),
            [(MATRIX(Y), "a product with a matrix inside the tree"), (Y, "an unknown symbol")],
        ),
    ],
)
def test_each_part_that_no_cell_has_is_named_with_its_reason(formula, said):
    problems = reading(formula)[1]
    found = {problem.formula: problem.reason for problem in problems}
    assert list(found) == [part for part, _ in said]
    assert len(found) == len(problems)
    for part, reason in said:
        assert reason in found[part]


@pytest.mark.parametrize(
    ("formula", "rest"),
    [
        (2 * sp.tanh(X), Applied("Tanh", X)),
        (1 + sp.tanh(X), Applied("Tanh", X)),
        (sp.tanh(X) ** 2, Applied("Tanh", X)),
        (MATRIX(sp.tanh(X)), Applied("Tanh", X)),
        # Nothing is left: it stands as it is.
        (1 / X, 1 / X),
        (sp.cos(X), sp.cos(X)),
        (Y, Y),
    ],
)
def test_beside_a_problem_the_rest_is_read(formula, rest):
    quantity, problems = reading(formula)
    assert quantity == rest
    assert len(problems) == 1


def test_a_refusal_lists_the_operations_there_are():
    ((_, said),) = reading(sp.cos(X))[1]
    for name in (*COMBINATIONS, *ACTIVATIONS):
        assert name in said
