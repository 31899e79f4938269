"""Formulas as trees of operations, how large they may be, and what is said of what no cell has."""

import pickle
from collections import Counter
from functools import reduce

import pytest
import sympy as sp

import nastut as nt
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.cells.sequence import LARGEST_BASE
from nastut.symbolic.reading import (
    Applied,
    Joined,
    NotRepresentable,
    Problem,
    enters,
    formula_of,
    measure,
    parts_of,
    read,
    shown,
    too_large,
    walk,
)

# What is read has 100 levels and 25,000 parts at most; 1,000 are printed, as 300 characters.
DEEPEST, LONGEST, PRINTED, TEXT = 100, 25_000, 1_000, 300

X, H = nt.leaf_symbols(0)
X_3, H_4 = nt.leaf_symbols(1)
U, Y = sp.symbols("u y", real=True)


def chain(levels):
    """Return a formula of so many levels, the last of them a symbol."""
    return reduce(lambda u, _: sp.tanh(u, evaluate=False), range(levels - 1), U)


def product(parts):
    """Return a formula of so many parts, itself included."""
    return sp.Mul(*[U] * (parts - 1), evaluate=False)


# ---------------------------------------------------------------- how large a formula is


@pytest.mark.parametrize(
    ("formula", "size"),
    [
        (U, (1, 1)),
        (U + Y, (2, 3)),
        (sp.tanh(U + Y), (3, 4)),
        (sp.tanh(U) + sp.sin(sp.tanh(Y)), (4, 6)),
        (sp.sin(sp.tanh(U)) + sp.tanh(Y), (4, 6)),
        (sp.Mul(U, U, U, evaluate=False), (2, 4)),  # one symbol at three places
        (chain(DEEPEST), (DEEPEST, DEEPEST)),
        (product(LONGEST), (2, LONGEST)),
    ],
)
def test_levels_and_parts_are_counted_from_the_formula_itself(formula, size):
    assert measure(formula) == size


def test_the_count_ends_right_above_what_is_read():
    assert measure(chain(DEEPEST + 50)) == (DEEPEST + 1, DEEPEST + 1)
    assert measure(product(LONGEST + 50)) == (2, LONGEST + 1)


def test_the_largest_formulas_are_read_and_the_next_are_too_large():
    assert not too_large(chain(DEEPEST))
    assert too_large(chain(DEEPEST + 1))
    assert not too_large(product(LONGEST))
    assert too_large(product(LONGEST + 1))


@pytest.mark.parametrize("order", [1, -1])
def test_the_deepest_branch_counts_wherever_it_stands(order):
    branches = [chain(DEEPEST - 1), chain(DEEPEST)][::order]
    assert too_large(sp.Mul(*branches, evaluate=False))


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_the_limits_leave_room_for_the_largest_cell_of_sigmoids(combination):
    """Parts grow with the leaves, and levels with the layers, so small cells tell of large ones."""

    def size(layers):
        base = 1 << layers
        words = [combination, "Sigmoid"] * 2 * base
        return measure(nt.formulas(nt.Cell.from_sequence([*words, 0, 0])).h)

    (deep_3, many_3), (deep_4, many_4), (deep_5, many_5) = map(size, (3, 4, 5))
    deeper, more = deep_5 - deep_4, (many_5 - many_4) // 16
    assert (deep_4 - deep_3, (many_4 - many_3) // 8) == (deeper, more)
    assert deep_5 + 5 * deeper <= DEEPEST
    assert many_5 + (LARGEST_BASE - 32) * more <= LONGEST


# ---------------------------------------------------------------- in a message


def test_a_formula_is_shown_as_text():
    assert shown(X + H) == "W_1 x_t + W_2 h_{t-1}"


def test_a_long_text_is_cut():
    assert shown(sp.Symbol("u" * TEXT)) == "u" * TEXT
    assert shown(sp.Symbol("u" * (TEXT + 1))) == "u" * TEXT + "..."


def test_a_large_formula_is_not_printed():
    large = "a formula too large to print"
    assert shown(product(PRINTED)).startswith("u ⊙ u")
    assert shown(product(PRINTED + 1)) == large
    assert shown(chain(DEEPEST)).startswith("tanh(tanh(")
    assert shown(chain(DEEPEST + 1)) == large


def test_what_cannot_be_printed_is_told_by_its_type():
    assert shown(sp.Integer(10) ** 6_000) == "a formula that cannot be printed, of type Integer"


def test_one_problem_is_told_in_one_line():
    error = NotRepresentable([Problem(X, "too early")])
    assert str(error) == "these formulas fit no cell: W_1 x_t -- too early"


def test_several_problems_are_numbered_from_1():
    error = NotRepresentable(Problem(u, why) for u, why in ((X, "early"), (H, "late"), (U, "odd")))
    assert str(error).splitlines() == [
        "these formulas fit no cell, for 3 reasons:",
        "1. W_1 x_t -- early",
        "2. W_2 h_{t-1} -- late",
        "3. u -- odd",
    ]
    assert (error.formula, error.reason) == (X, "early")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# ---------------------------------------------------------------- quantities

TREE = Joined("Add", (Applied("Tanh", X), Joined("Multiply", (H, X_3, H_4))))


def test_a_walk_meets_a_quantity_before_its_parts_and_these_in_their_order():
    assert parts_of(X) == ()
    assert parts_of(TREE) == TREE.parts
    assert parts_of(TREE.parts[0]) == (X,)
    assert list(walk(TREE)) == [TREE, TREE.parts[0], X, TREE.parts[1], H, X_3, H_4]


def test_quantities_can_be_counted():
    assert Counter([*walk(TREE), *walk(TREE)]) == dict.fromkeys(walk(TREE), 2)


@pytest.mark.parametrize(
    ("quantity", "formula"),
    [
        (X, X),
        (Applied("ReLU", X), sp.Max(0, X)),
        (Joined("Max", (0, X, H)), sp.Max(0, X, H)),
        (TREE, sp.tanh(X) + H * X_3 * H_4),
    ],
)
def test_a_quantity_is_a_formula(quantity, formula):
    assert formula_of(quantity) == formula


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
def test_every_combination_is_read_with_all_its_parts(name):
    quantity, problems = reading(formula_of(Joined(name, (X, H, X_3))))
    assert quantity.combination == name
    assert set(quantity.parts) == {X, H, X_3}
    assert len(quantity.parts) == 3
    assert problems == []


@pytest.mark.parametrize("u", [X, X + H, sp.tanh(X), X * H, -X, nt.c_prev])
def test_a_sigmoid_is_read_with_what_is_in_it(u):
    quantity, problems = reading(nt.sigmoid(u))
    inside, inner_problems = reading(u)
    assert quantity == Applied("Sigmoid", inside)
    assert problems == inner_problems


@pytest.mark.parametrize("symbol", [X, H, nt.c_prev, nt.c_next, *nt.gate("f").args])
def test_symbols_that_enter_a_cell(symbol):
    assert enters(symbol)
    assert reading(symbol) == (symbol, [])


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        (nt.h_prev, "it stands without a matrix"),
        (sp.Symbol("h_{t-1}"), "it stands without a matrix"),
        (sp.Symbol(nt.c_prev.name), "sympy does not know to be real"),
        (sp.Symbol(nt.c_next.name), "sympy does not know to be real"),
        (sp.Symbol(X.name), "sympy does not know to be real"),
        (sp.Symbol(H.name), "sympy does not know to be real"),
        (sp.Symbol("b", real=True), "an unknown symbol"),
        (sp.Symbol("b"), "an unknown symbol"),
        (sp.Symbol("a_{0}", real=True), "an unknown symbol"),
    ],
)
def test_symbols_that_enter_no_cell(symbol, reason):
    assert not enters(symbol)
    ((formula, said),) = reading(symbol)[1]
    assert formula == symbol
    assert reason in said


MATRIX = sp.Function("U_{n}", real=True)
OTHER = sp.Function("g", real=True)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (sp.Integer(2), [(sp.Integer(2), "a constant; a cell has none")]),
        (2 * X, [(2 * X, "the factor 2 is a constant")]),
        (-X * H, [(-X * H, "the factor -1 is a constant")]),
        (sp.pi * X, [(sp.pi, "a constant")]),
        (2 * Y, [(2 * Y, "the factor 2"), (Y, "an unknown symbol")]),
        # The constants of a sum are one problem: each once, the largest first.
        (1 + X, [(1 + X, "constants in it (1);")]),
        (5 + X, [(5 + X, "constants in it (5);")]),
        (X - H, [(X - H, "constants in it (-1);")]),
        (
            2 * X + 3 * H + 2 * X_3 - H_4 + 1,
            [(2 * X + 3 * H + 2 * X_3 - H_4 + 1, "constants in it (3, 2, 1, -1);")],
        ),
        (sp.Max(1, X), [(sp.Integer(1), "a constant")]),
        # Powers.
        (X**3, [(X**3, "3 equal factors")]),
        (nt.sigmoid(X) ** 2, [(nt.sigmoid(X) ** 2, "2 equal factors")]),
        (1 / X, [(1 / X, "a division is not among")]),
        (X**-2, [(X**-2, "2 equal factors"), (1 / X, "a division is not among")]),
        (sp.sqrt(X), [(sp.sqrt(X), "a power is not among")]),
        (X**H, [(X**H, "a power is not among")]),
        (1 + sp.exp(X), [(1 + sp.exp(X), "dividing by a sigmoid is not among")]),
        (1 / (1 + X), [(1 / (1 + X), "a division is not among")]),
        (
            2 + sp.exp(X),
            [(2 + sp.exp(X), "constants in it (2);"), (sp.exp(X), "exp is not among")],
        ),
        # Functions.
        (sp.cos(X), [(sp.cos(X), "cos is not among")]),
        (sp.tanh(Y), [(Y, "an unknown symbol")]),
        (OTHER(Y), [(OTHER(Y), "g is not among")]),
        (MATRIX(X), [(MATRIX(X), "a product with a matrix inside the tree")]),
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
    ],
)
def test_beside_a_problem_the_rest_is_read(formula, rest):
    quantity, problems = reading(formula)
    assert quantity == rest
    assert len(problems) == 1


@pytest.mark.parametrize("formula", [1 / X, sp.sqrt(X), sp.cos(X), 1 + sp.exp(X), Y])
def test_what_no_cell_has_stands_as_it_is(formula):
    assert reading(formula)[0] == formula


def test_a_refusal_lists_the_operations_there_are():
    ((_, said),) = reading(sp.cos(X))[1]
    for name in (*COMBINATIONS, *ACTIVATIONS):
        assert name in said
