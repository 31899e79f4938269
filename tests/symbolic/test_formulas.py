"""The equations of a cell: their order, their values, their derivative with respect to c_{t-1}."""

import itertools
import math

import pytest
import sympy as sp
import torch
from hypothesis import given, settings

import oracle
import strategies
from nastut.cells.evaluate import evaluate
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import c_next, c_prev, h_next, leaf_symbols, node_symbol
from nastut.zoo.named import EXAMPLE

# Values


@given(strategies.cells_with_inputs(points=1))
@settings(max_examples=20)
def test_h_and_c_agree_with_the_oracle(cell_with_inputs):
    cell, x, h, c = cell_with_inputs
    f = formulas(cell)
    expected = oracle.step(cell.sequence, x[:, 0].tolist(), h[:, 0].tolist(), float(c[0]))
    result = strategies.number(f.h, x, h, c), strategies.number(f.c, x, h, c)
    assert result == pytest.approx(expected, rel=1e-12, abs=1e-12)


# Steps


def test_steps_of_the_example():
    (x_1, h_2), (x_3, h_4) = leaf_symbols(0), leaf_symbols(1)
    a_0, a_0_injected = node_symbol(0), node_symbol(0, injected=True)
    a_1, a_2 = node_symbol(1), node_symbol(2)
    assert [(step.lhs, step.rhs) for step in formulas(EXAMPLE).steps] == [
        (a_0, sp.tanh(x_1 + h_2)),
        (a_0_injected, sp.Max(0, a_0 + c_prev)),
        (c_next, x_3 * h_4),
        (a_1, sp.Max(0, c_next)),
        (a_2, 1 / (1 + sp.exp(-a_0_injected * a_1))),
        (h_next, a_2),
    ]


@given(strategies.cells())
@settings(max_examples=20)
def test_the_nodes_come_in_order_each_made_of_what_came_before(cell):
    f = formulas(cell)
    known = {symbol for i in range(cell.base) for symbol in leaf_symbols(i)} | {c_prev}
    values = {}
    for step in f.steps:
        assert isinstance(step, sp.Eq)
        assert step.rhs.free_symbols <= known
        assert step.lhs not in known
        known.add(step.lhs)
        values[step.lhs] = step.rhs.xreplace(values)
    assert (values.pop(h_next), values.pop(c_next)) == (f.h, f.c)
    (above_c,) = (step for step in f.steps if step.lhs == node_symbol(cell.create_index))
    assert above_c.rhs.free_symbols == {c_next}
    expected = [node_symbol(k) for k in range(2 * cell.base - 1)]
    expected.insert(cell.inject_index + 1, node_symbol(cell.inject_index, injected=True))
    assert list(values) == expected


# The memory path


@given(strategies.cells_with_inputs(points=1))
@settings(max_examples=20)
def test_the_memory_path_is_the_gradient_of_torch(cell_with_inputs):
    cell, x, h, c = cell_with_inputs
    tensor = torch.tensor(c, requires_grad=True)
    _, c_new = evaluate(cell, torch.from_numpy(x), torch.from_numpy(h), tensor)
    expected = 0.0
    if c_new.requires_grad:
        (gradient,) = torch.autograd.grad(c_new.sum(), tensor)
        expected = gradient.item()
    path = sp.sympify(formulas(cell).memory_path)
    assert strategies.number(path, x, h, c) == pytest.approx(expected, rel=1e-11, abs=1e-12)


# As code


@given(strategies.cells_with_inputs([1, 2, 4], points=1))
@settings(max_examples=20)
def test_code_made_of_them_runs_outside(cell_with_inputs):
    """C (an expression that Python reads, too), sympy's own text, torch as the docstring says."""
    cell, x, h, c = cell_with_inputs
    f = formulas(cell)
    letters = [*itertools.chain(*map(leaf_symbols, range(cell.base))), c_prev]
    values = [*itertools.chain(*zip(x[:, 0], h[:, 0], strict=True)), c[0]]
    names = {letter.name: value for letter, value in zip(letters, values, strict=True)}
    clamp = {"max": lambda a, b: b.clamp(min=a)}
    for formula, expected in zip((f.h, f.c), evaluate(cell, x[:, 0], h[:, 0], c[0]), strict=True):
        assert sp.sympify(str(formula), locals={s.name: s for s in letters}) == formula
        in_c = eval(sp.ccode(formula), {**vars(math), "fmax": max, **names})
        in_torch = sp.lambdify(letters, formula, [clamp, "torch"])(*map(torch.tensor, values))
        assert (in_c, float(in_torch)) == pytest.approx((expected, expected))


# As text


@given(strategies.cells([1, 2, 4]))
@settings(max_examples=20)
def test_the_steps_name_sigmoids_and_relus(cell):
    f = formulas(cell)
    applied = [node.activation for node in (*cell.nodes, cell.inject)]
    for text in (str(f), f.latex()):
        assert "exp" not in text
        assert "e^{" not in text
        assert ("Sigmoid" in applied) <= ("sigmoid" in text)
        assert ("ReLU" in applied) <= ("ReLU" in text)


def test_text_of_the_example():
    assert str(formulas(EXAMPLE)).splitlines() == [
        "a_0 = tanh(W_1 x_t + W_2 h_{t-1})",
        "a_0' = ReLU(a_0 + c_{t-1})",
        "c_t = W_3 x_t ⊙ W_4 h_{t-1}",
        "a_1 = ReLU(c_t)",
        "a_2 = sigmoid(a_0' ⊙ a_1)",
        "h_t = a_2",
    ]


def test_latex_of_the_example():
    f = formulas(EXAMPLE)
    assert f._repr_latex_() == f"$${f.latex()}$$"
    assert f.latex() == (
        r"\begin{aligned}"
        r"a_{0} &= \tanh{\left(W_{1} x_{t} + W_{2} h_{t-1} \right)} \\ "
        r"a_{0}' &= \operatorname{ReLU}\left(a_{0} + c_{t-1}\right) \\ "
        r"c_{t} &= W_{3} x_{t} \odot W_{4} h_{t-1} \\ "
        r"a_{1} &= \operatorname{ReLU}\left(c_{t}\right) \\ "
        r"a_{2} &= \operatorname{sigmoid}\left(a_{0}' \odot a_{1}\right) \\ "
        r"h_{t} &= a_{2}"
        r"\end{aligned}"
    )
