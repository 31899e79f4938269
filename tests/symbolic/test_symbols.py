"""The letters, and expressions as LaTeX and as text."""

import pickle
import re

import pytest
import sympy as sp
from hypothesis import given, settings
from matplotlib.mathtext import MathTextParser

import strategies
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import (
    Letter,
    c_next,
    c_prev,
    gate,
    h_next,
    h_prev,
    leaf_symbols,
    node_symbol,
    source,
    to_latex,
    to_text,
)
from nastut.zoo.named import MAXCELL, NASCELL

x, y = sp.symbols("x y", real=True)


def sigmoid(a):
    return 1 / (1 + sp.exp(-a))


# The letters


@pytest.mark.parametrize(
    ("symbol", "latex", "text"),
    [
        (c_prev, "c_{t-1}", "c_{t-1}"),
        (c_next, "c_{t}", "c_t"),
        (h_next, "h_{t}", "h_t"),
        (node_symbol(12), "a_{12}", "a_12"),
        (node_symbol(0, injected=True), "a_{0}'", "a_0'"),
        (leaf_symbols(4)[0], "W_{9} x_{t}", "W_9 x_t"),
        (leaf_symbols(4)[1], "W_{10} h_{t-1}", "W_10 h_{t-1}"),
    ],
)
def test_how_a_symbol_is_written(symbol, latex, text):
    assert to_latex(symbol) == sp.latex(symbol) == latex
    assert to_text(symbol) == sp.pretty(symbol) == text
    assert symbol.name.isidentifier()
    assert pickle.loads(pickle.dumps(symbol)) == symbol


@pytest.mark.parametrize(
    ("symbol", "side"),
    [
        (leaf_symbols(3)[0], "x"),
        (leaf_symbols(3)[1], "h"),
        (gate("f").args[1], "x"),
        (gate("f").args[0], "h"),
        (sp.Symbol("U_f_h", real=True), None),  # no letter
        (h_prev, None),
        (c_prev, None),
    ],
)
def test_a_symbol_tells_what_its_matrix_multiplies(symbol, side):
    assert source(symbol) == side


def test_a_gate_around_a_state_is_a_real_function_of_it():
    (product,) = (term for term in gate("n", x * h_prev).args if term.args)
    assert product.args == (x * h_prev,)
    assert product.is_real
    assert gate("n", h_prev) == gate("n")


# Expressions


@pytest.mark.parametrize(
    ("expression", "text", "latex"),
    [
        (x + y, "x + y", "x + y"),
        (x * y, "x ⊙ y", r"x \odot y"),
        (x * (x + y), "x ⊙ (x + y)", r"x \odot \left(x + y\right)"),
        (-x * y, "-x ⊙ y", r"- x \odot y"),
        (x**2, "x^2", "x^{2}"),
        (1 - sp.tanh(x) ** 2, "1 - tanh(x)^2", r"1 - \tanh^{2}{\left(x \right)}"),
        (sp.Max(x, y), "Max(x, y)", r"\max\left(x, y\right)"),
        (sp.Max(0, x), "ReLU(x)", r"\operatorname{ReLU}\left(x\right)"),
        (
            sp.Max(0, x, y),
            "ReLU(Max(x, y))",
            r"\operatorname{ReLU}\left(\max\left(x, y\right)\right)",
        ),
        (sigmoid(x), "sigmoid(x)", r"\operatorname{sigmoid}\left(x\right)"),
        (sigmoid(x) ** 2, "sigmoid(x)^2", r"\operatorname{sigmoid}^{2}\left(x\right)"),
        (y * x**2, "x^2 ⊙ y", r"x^{2} \odot y"),
        # A sigmoid is a negative whole power, and nothing else is one.
        ((1 + sp.exp(x)) ** 2, "(1 + exp(x))^2", None),
        (1 / sp.sqrt(1 + sp.exp(x)), "1/sqrt(1 + exp(x))", None),
        (sp.diff(sigmoid(x), x), "(1 - sigmoid(x)) ⊙ sigmoid(x)", None),
        (sp.exp(-x) * sigmoid(x), "exp(-x) ⊙ sigmoid(x)", None),
        (sp.Eq(y, sigmoid(x), evaluate=False), "y = sigmoid(x)", None),
    ],
)
def test_how_an_expression_is_written(expression, text, latex):
    assert to_text(expression) == text
    if latex is not None:
        assert to_latex(expression) == latex


def test_terms_stand_in_the_order_of_their_numbers():
    terms = [symbol for leaf in (5, 0, 4) for symbol in leaf_symbols(leaf)]
    numbers = re.findall(r"W_(\d+)", to_text(sp.Add(*terms)))
    assert numbers == ["1", "2", "9", "10", "11", "12"]
    assert re.findall(r"W_(\d+)", to_text(sp.Mul(*terms))) == numbers


def test_every_slope_in_a_chain_of_sigmoids_is_named():
    text = to_text(sp.diff(sigmoid(y * sigmoid(x)), x))
    assert "exp" not in text
    assert text.count("(1 - sigmoid(") == 2


def read_back(text):
    """Return the expression that `text` shows, read by sympy's own parser."""
    letters = {}

    def plain(match):
        name = match[0].replace("'", "_injected").replace(" ", "_")
        name = name.replace("c_{t-1}", "c_prev").replace("c_t", "c_next")
        name = name.replace("x_t", "x").replace("h_{t-1}", "h")
        letters[name] = Letter(name, real=True)
        return name

    text = re.sub(r"W_\d+ (?:x_t|h_\{t-1\})|c_\{t-1\}|c_t|a_\d+'?", plain, text)
    text = text.replace("⊙", "*").replace("^", "**")
    functions = {"sigmoid": sigmoid, "ReLU": lambda a: sp.Max(0, a), "Max": sp.Max}
    return sp.sympify(text, locals={**letters, **functions})


@given(strategies.cells([1, 2, 4]))
@settings(max_examples=25)
def test_the_text_of_a_step_reads_back_as_the_step(cell):
    for step in formulas(cell).steps:
        if step.lhs != h_next:
            assert read_back(to_text(step.rhs)) == step.rhs


@given(strategies.cells_with_inputs([1, 2, 4], points=1))
@settings(max_examples=20)
def test_the_text_of_a_memory_path_reads_back_with_its_value(cell_with_inputs):
    cell, *parts = cell_with_inputs
    path = sp.sympify(formulas(cell).memory_path)
    expected = strategies.number(path, *parts)
    found = strategies.number(read_back(to_text(path)), *parts)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cell", [NASCELL, MAXCELL], ids=["NASCELL", "MAXCELL"])
def test_matplotlib_can_typeset_the_formulas(cell):
    f = formulas(cell)
    parser = MathTextParser("path")
    sides = [side for step in f.steps for side in (step.lhs, step.rhs)]
    for expression in [*sides, f.h, f.c, f.memory_path]:
        width = parser.parse(f"${to_latex(expression)}$").width
        assert width > 0
