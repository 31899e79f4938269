"""Formulas of known and of random cells go back to cells; what fits no cell is explained."""

import numpy as np
import pytest
import sympy as sp
import torch

import nastut as nt
from nastut.symbolic.symbols import to_latex, to_text
from strategies import ACTIVATIONS, COMBINATIONS

ADD_MULTIPLY = (("Add", "Multiply"), ("Identity", "Tanh", "Sigmoid", "ReLU"))
ALL = (COMBINATIONS, ACTIVATIONS)
# Where sympy simplifies most: maxima of maxima, and ReLUs of what is positive anyway.
COLLAPSING = (("Max", "Add"), ("ReLU", "Identity", "Sigmoid"))

i, f, o, r, z = (nt.sigmoid(nt.gate(name)) for name in "iforz")
g = sp.tanh(nt.gate("g"))
LSTM_C = f * nt.c_prev + i * g


def relu(u):
    return sp.Max(0, u)


def random_cell(rng, base, operations):
    combinations, activations = operations

    def node():
        return nt.Node(str(rng.choice(combinations)), str(rng.choice(activations)))

    nodes = tuple(node() for _ in range(2 * base - 1))
    create, inject = (int(index) for index in rng.integers(len(nodes), size=2))
    return nt.Cell(nodes, node(), create, inject)


def random_values(rng, symbols, shape=(8,)):
    return {s: rng.normal(size=shape) for s in sorted(symbols, key=str)}


def parts(values, base):
    return zip(*([values[s] for s in nt.leaf_symbols(k)] for k in range(base)), strict=True)


# ---------------------------------------------------------------- what a textbook writes


@pytest.mark.parametrize("h", [o * sp.tanh(LSTM_C), o * sp.tanh(nt.c_next)])
def test_lstm(h):
    found = nt.linearize(h, LSTM_C)
    assert found.cell == nt.zoo.LSTM
    assert found.leaves == (
        *(nt.gate(name) for name in "gif"),
        None,
        nt.gate("o"),
        None,
        None,
        None,
    )


def test_example():
    a_0 = relu(sp.tanh(nt.gate("0")) + nt.c_prev)
    c = sp.Mul(*nt.gate("1").args)
    found = nt.linearize(nt.sigmoid(a_0 * relu(c)), c)
    assert found.cell == nt.zoo.EXAMPLE
    assert found.leaves == (nt.gate("0"), c)


def test_nascell():
    u = [nt.gate(str(k)) for k in range(8)]
    u[3] = sp.Mul(*u[3].args)
    sigmoid, tanh = nt.sigmoid, sp.tanh
    n_8 = tanh(tanh(sigmoid(u[0]) * relu(u[1])) + nt.c_prev)
    n_9 = tanh(sigmoid(u[2]) + relu(u[3]))
    n_10 = tanh(tanh(u[4]) * sigmoid(u[5]))
    n_11 = sigmoid(tanh(u[6]) + sigmoid(u[7]))
    found = nt.linearize(tanh(nt.c_next * tanh(n_10 + n_11)), n_8 * n_9)
    assert found.cell == nt.zoo.NASCELL
    assert found.leaves == tuple(u)


def test_maxcell_goes_back_to_an_equivalent_cell():
    formulas = nt.formulas(nt.zoo.MAXCELL)
    found = nt.linearize(formulas.h, formulas.c)
    assert found.cell.base == 8
    assert found.evaluate({s: s for s in formulas.h.free_symbols}) == (formulas.h, formulas.c)


# ---------------------------------------------------------------- small formulas, by hand

W_1, W_2 = nt.leaf_symbols(0)
W_3, W_4 = nt.leaf_symbols(1)
a, b = nt.gate("a"), nt.gate("b")


@pytest.mark.parametrize(
    ("h", "c", "sequence", "leaves"),
    [
        # Memory enters a leaf and leaves it the step before.
        (sp.tanh(a + nt.c_prev), a, "Add Identity Add Tanh 0 0", (a,)),
        # c_t is the sum with c_{t-1}: it must be a node above the one where c_{t-1} enters.
        (
            sp.tanh(a + nt.c_prev),
            a + nt.c_prev,
            "Add Identity Add Identity Add Tanh Add Identity 2 0",
            (a, None),
        ),
        # Several gates inside one activation are leaves that add up.
        (
            sp.tanh(a + b) * nt.c_prev,
            a + b,
            "Add Identity Add Identity Add Tanh Multiply Identity 2 2",
            (a, b),
        ),
        # A leaf combines its two parts by addition, multiplication or maximum.
        (
            W_1 * W_2 + sp.Max(W_3, W_4, nt.c_prev),
            sp.Max(W_3, W_4),
            "Multiply Identity Max Identity Add Identity Max Identity 1 1",
            (W_1 * W_2, sp.Max(W_3, W_4)),
        ),
        # A leaf may hold one part only.
        (
            W_1 * sp.sin(W_4 + nt.c_prev),
            W_1,
            "Add Identity Add Identity Multiply Identity Add Sin 0 1",
            (W_1, W_4),
        ),
        # c_{t-1} alone inside an activation enters a pass-through.
        (
            sp.tanh(nt.c_prev) * a,
            a,
            "Add Identity Add Identity Multiply Identity Add Tanh 1 0",
            (None, a),
        ),
        # Two activations in a row take two nodes.
        (
            sp.tanh(nt.sigmoid(a)) + nt.c_prev,
            nt.sigmoid(a),
            "Add Sigmoid Add Identity Add Tanh Add Identity 2 2",
            (a, None),
        ),
        # ReLU(max(a, b)) is max(ReLU(a), b): the node has room for tanh, or is c_t.
        (
            sp.tanh(sp.Max(0, a, f, nt.c_prev)),
            sp.Max(0, a, f, nt.c_prev),
            "Add Identity Add Sigmoid Max Tanh Max Identity 2 0",
            (a, nt.gate("f")),
        ),
    ],
)
def test_by_hand(h, c, sequence, leaves):
    found = nt.linearize(h, c)
    values = {s: s for s in h.free_symbols}
    assert found.evaluate(values) == (h, c)
    assert found.cell == nt.Cell.parse(sequence)
    assert found.leaves == leaves


def test_relu_of_the_memory_that_sympy_drops_from_h():
    c = sp.Max(relu(W_1), relu(W_3))
    h = sp.Max(c, nt.c_prev, f)
    assert 0 in c.args
    assert 0 not in h.args
    found = nt.linearize(h, c)
    assert found.cell.base == 4
    assert found.evaluate({s: s for s in h.free_symbols}) == (h, c)


def test_a_node_that_is_c_t_keeps_its_relu_to_itself():
    c = sp.Max(W_1, W_3)
    h = nt.c_prev * sp.tanh(sp.Max(0, c))
    assert nt.linearize(h, c).evaluate({s: s for s in h.free_symbols}) == (h, c)


def test_of_equally_large_blocks_the_one_with_the_first_symbol_comes_first():
    first, second, third, fourth = (sp.Add(*nt.leaf_symbols(k)) for k in range(4))
    h = sp.tanh(second + third) * sp.sin(first + fourth) * nt.c_prev
    assert nt.linearize(h, first + fourth).leaves[:4] == (first, fourth, second, third)


def test_base_grows_as_the_leaves_add_up():
    # c_t takes 1 leaf, and n more gates beside it take n.
    for n, base in ((1, 2), (2, 4), (3, 4), (4, 8), (7, 8), (8, 16)):
        h = a * nt.c_prev * sp.Mul(*(nt.gate(str(k)) for k in range(n)))
        assert nt.linearize(h, a).cell.base == base


# ---------------------------------------------------------------- random cells, there and back


@pytest.mark.parametrize(
    ("operations", "base", "count"),
    [
        (ADD_MULTIPLY, 1, 20),
        (ADD_MULTIPLY, 4, 20),
        (ADD_MULTIPLY, 8, 6),
        (ALL, 2, 30),
        (ALL, 4, 10),
        (ALL, 8, 6),
        (COLLAPSING, 2, 30),
        (COLLAPSING, 4, 10),
    ],
)
def test_random_cells_go_back_to_equivalent_cells_of_their_base(operations, base, count):
    rng = np.random.default_rng(base)
    for _ in range(count):
        cell = random_cell(rng, base, operations)
        formulas = nt.formulas(cell)
        found = nt.linearize(formulas.h, formulas.c)
        assert found.cell.base == base, cell
        symbols = [s for k in range(base) for s in nt.leaf_symbols(k)]
        values = random_values(rng, [*symbols, nt.c_prev])
        expected = nt.evaluate(cell, *parts(values, base), values[nt.c_prev])
        for ours, theirs in zip(found.evaluate(values), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=str(cell))
        assert found.evaluate({s: s for s in values}) == (formulas.h, formulas.c), cell


@pytest.mark.parametrize("base", [2, 4])
def test_formulas_of_a_tree_with_zeros_need_no_larger_tree(base):
    """Where some leaves, or halves of leaves, are zero, the same tree is an upper bound."""
    rng = np.random.default_rng(base)
    operations = (("Add", "Add", "Multiply"), ("Identity", "Identity", "Tanh", "ReLU"))
    fitted = 0
    for _ in range(90):
        cell = random_cell(rng, base, operations)
        x, h = (
            [sp.S.Zero if rng.random() < 0.3 else symbol for symbol in symbols]
            for symbols in zip(*(nt.leaf_symbols(k) for k in range(base)), strict=True)
        )
        h_t, c_t = nt.evaluate(cell, x, h, nt.c_prev)
        if (
            not c_t.free_symbols <= h_t.free_symbols
            or nt.c_prev not in h_t.free_symbols
            or c_t == 0
        ):
            continue  # a product with zero has wiped out c_{t-1} or c_t
        fitted += 1
        found = nt.linearize(h_t, c_t)
        assert found.cell.base <= base, cell
        assert found.evaluate({s: s for s in h_t.free_symbols}) == (h_t, c_t), cell
    assert fitted >= 30


# ---------------------------------------------------------------- what fits no cell


def refusal(h, c):
    with pytest.raises(nt.NotRepresentable) as caught:
        nt.linearize(h, c)
    return caught.value


def test_gru():
    candidate = sp.tanh(nt.gate("n", r * nt.h_prev))
    h = (1 - z) * candidate + z * nt.h_prev
    problems = dict(refusal(h, h).problems)
    product = next(term for term in nt.gate("n", r * nt.h_prev).args if term.args)
    assert set(problems) == {product, nt.h_prev, 1 - z, z, nt.c_prev}
    assert "product with a matrix inside the tree" in problems[product]
    assert "without a matrix" in problems[nt.h_prev]
    assert "constants" in problems[1 - z]
    assert "2 places" in problems[z]
    assert "never enters" in problems[nt.c_prev]


@pytest.mark.parametrize(
    ("h", "c", "formula", "reason"),
    [
        # Memory.
        (o * sp.tanh(i * g), i * g, nt.c_prev, "never enters"),
        (o * sp.tanh(LSTM_C) * nt.c_prev, LSTM_C, nt.c_prev, "2 places"),
        (o * sp.tanh(nt.c_next), LSTM_C + i * nt.c_prev, i, "2 places"),
        (o * nt.c_prev, f * nt.c_prev, f * nt.c_prev, "no node"),
        (sp.tanh(a + b + nt.c_prev), W_1 + a, W_1 + a, "no node"),
        (sp.Max(a, b, nt.c_prev), relu(a), relu(a), "no node"),
        (sp.tanh(LSTM_C) * LSTM_C, LSTM_C, nt.c_next, "2 places"),
        (o * sp.tanh(nt.c_next), f * nt.c_next + nt.c_prev, None, "its own formula"),
        # Leaves.
        (f * sp.tanh(f * nt.c_prev), f * nt.c_prev, f, "2 places"),
        (sp.tanh(a + W_1) * sp.sin(W_1 + nt.c_prev), a + W_1, W_1, "2 places"),
        # What no operation gives; tests/symbolic/test_reading.py has more of these.
        (-f * nt.c_prev, f, -f * nt.c_prev, "-1 is a constant"),
        (sp.exp(f * nt.c_prev), f, sp.exp(f * nt.c_prev), "exp is not among"),
        (a * nt.c_prev / f, a, 1 / f, "dividing by a sigmoid"),
        (sp.Function("sigmoid")(a) * nt.c_prev, a, None, "nt.sigmoid(u)"),
        (sp.tanh(a + sp.Symbol("b_a")) * nt.c_prev, a, sp.Symbol("b_a"), "biases"),
        (a * sp.Symbol("c_prev"), a, sp.Symbol("c_prev"), "take it from nastut"),
    ],
)
def test_refusals(h, c, formula, reason):
    error = refusal(h, c)
    matching = [problem for problem in error.problems if reason in problem.reason]
    assert matching, error
    if formula is not None:
        assert formula in [problem.formula for problem in matching]
    assert isinstance(error, ValueError)
    assert (error.formula, error.reason) == error.problems[0]
    assert all(problem.reason in str(error) for problem in error.problems)


@pytest.mark.parametrize("h", ["tanh(a)", sp.Eq(nt.c_next, a), sp.MatrixSymbol("W", 2, 2)])
def test_what_is_no_formula(h):
    with pytest.raises(TypeError, match=r"^h "):
        nt.linearize(h, a)
    with pytest.raises(TypeError, match=r"^c "):
        nt.linearize(a * nt.c_prev, h)


# ---------------------------------------------------------------- the result, and the gates


def test_evaluate_takes_arrays_tensors_and_numbers():
    found = nt.linearize(o * sp.tanh(nt.c_next), LSTM_C)
    symbols = {nt.c_prev}.union(*(leaf.free_symbols for leaf in found.leaves if leaf is not None))
    arrays = random_values(np.random.default_rng(0), symbols, (2, 3))
    h, c = found.evaluate(arrays)
    tensors = found.evaluate({s: torch.from_numpy(value) for s, value in arrays.items()})
    numbers = found.evaluate({s: value[1, 2] for s, value in arrays.items()})
    for ours, tensor, number in zip((h, c), tensors, numbers, strict=True):
        np.testing.assert_allclose(tensor.numpy(), ours, atol=1e-15)
        np.testing.assert_allclose(number, ours[1, 2], atol=1e-15)


def test_a_pass_through_holds_zeros_whatever_the_memory_holds():
    found = nt.linearize(sp.tanh(nt.c_prev) * a, a)
    h, c = found.evaluate({**dict.fromkeys(a.free_symbols, 1.5), nt.c_prev: np.nan})
    assert np.isnan(h)
    assert c == 3


def test_evaluate_says_what_is_missing():
    found = nt.linearize(a * nt.c_prev, a)
    with pytest.raises(ValueError, match=r"W_a x_t, c_\{t-1\}"):
        found.evaluate({s: 1.0 for s in a.free_symbols if "U" in s.name})


def test_a_result_prints_what_each_leaf_holds():
    text = str(nt.linearize(sp.tanh(nt.c_prev) * a, a))
    assert text.splitlines()[1:] == ["leaf 0: zeros", "leaf 1: W_a x_t + U_a h_{t-1}"]
    lines = str(nt.linearize(o * sp.tanh(nt.c_next), LSTM_C)).splitlines()
    assert max(map(len, lines)) <= 88
    assert nt.Cell.parse(" ".join(lines[:-8])) == nt.zoo.LSTM


def test_gate_reads_as_in_a_textbook():
    assert to_text(nt.gate("f") + nt.gate("i")) == ("W_f x_t + U_f h_{t-1} + W_i x_t + U_i h_{t-1}")
    assert to_latex(nt.gate("f")) == "W_{f} x_{t} + U_{f} h_{t-1}"
    assert nt.gate("f") == nt.gate("f", nt.h_prev)
    for name in ("", "a b", "a_b", "²", r"\href{javascript:alert(1)}{f}", 1):
        with pytest.raises(ValueError, match="name of a gate"):
            nt.gate(name)


def unevaluated_tanh(u):
    return sp.tanh(u, evaluate=False)  # sympy itself gives up evaluating some hundred


def nested(depth, function=unevaluated_tanh):
    """Return a formula of so many functions around a gate."""
    formula = nt.gate("f") + nt.c_prev
    for _ in range(depth):
        formula = function(formula)
    return formula


@pytest.mark.parametrize(
    "h",
    [nested(11), nested(30, nt.sigmoid), nested(1000)],
    ids=["11", "sigmoids", "1000"],
)
def test_what_needs_more_than_the_largest_cell_is_refused_before_it_is_built(h):
    with pytest.raises(nt.NotRepresentable, match=r"1,024 leaves") as refused:
        nt.linearize(h, nt.gate("f") + nt.c_prev)
    assert len(str(refused.value)) < 1_000


def test_the_deepest_cell_is_found():
    found = nt.linearize(nested(10), nt.gate("f") + nt.c_prev)
    assert found.cell.base == 1024
