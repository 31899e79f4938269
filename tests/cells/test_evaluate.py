"""The walk over the tree, held against the oracle in every kind of value."""

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings

import oracle
import strategies
from nastut.cells.evaluate import apply, evaluate, trace
from nastut.cells.number_systems import numpy_system
from nastut.zoo.named import EXAMPLE, LSTM, NASCELL

TIGHT = {"rtol": 1e-12, "atol": 1e-12}


def by_the_oracle(cell, x, h, c):
    """Return h_t and c_t point by point; x and h have shape (base, points), c has (points,)."""
    points = [
        oracle.step(cell.sequence, x[:, p].tolist(), h[:, p].tolist(), float(c[p]))
        for p in range(len(c))
    ]
    return np.array(points).T


def test_the_example_by_hand():
    # a_0 = tanh(1 + 2) -> ReLU(a_0 - 5) = 0; c_t = 3 * 4; h_t = sigmoid(0 * 12).
    assert oracle.step(EXAMPLE.sequence, [1, 3], [2, 4], -5) == (0.5, 12)
    assert evaluate(EXAMPLE, [1, 3], [2, 4], -5) == (0.5, 12)  # whole numbers are numbers


# Agreement


@given(strategies.cells_with_inputs())
@settings(max_examples=150)
def test_arrays_and_tensors_agree_with_the_oracle(cell_with_inputs):
    cell, *values = cell_with_inputs
    expected = by_the_oracle(*cell_with_inputs)
    np.testing.assert_allclose(np.stack(evaluate(cell, *values)), expected, **TIGHT)
    tensors = evaluate(cell, *map(torch.from_numpy, values))
    np.testing.assert_allclose(torch.stack(tensors).numpy(), expected, **TIGHT)


@given(strategies.cells_with_inputs(points=1))
@settings(max_examples=50)
def test_expressions_and_plain_numbers_agree_with_the_oracle(cell_with_inputs):
    cell, x, h, c = cell_with_inputs
    expected = by_the_oracle(cell, x, h, c)[:, 0]
    exact = [[sp.Float(number, 30) for number in part.ravel()] for part in (x, h, c)]
    result = evaluate(cell, exact[0], exact[1], exact[2][0])
    np.testing.assert_allclose(np.array(result, dtype=float), expected, **TIGHT)
    result = evaluate(cell, x[:, 0].tolist(), h[:, 0].tolist(), float(c[0]))
    np.testing.assert_allclose(result, expected, **TIGHT)


@pytest.mark.parametrize("size", [0.0, 1e-8, 30.0, -800.0])
@pytest.mark.parametrize("cell", [EXAMPLE, LSTM, NASCELL], ids=["EXAMPLE", "LSTM", "NASCELL"])
def test_small_and_large_numbers_agree_with_the_oracle(cell, size):
    x, h, c = strategies.inputs(cell.base, np.random.default_rng(0), points=5)
    values = cell, size * x, size * h, size * c
    np.testing.assert_allclose(np.stack(evaluate(*values)), by_the_oracle(*values), **TIGHT)


# Shapes, precision


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 1, 4)])
@pytest.mark.parametrize("library", [np, torch])
def test_results_have_the_shape_of_the_parts(library, shape):
    part = library.ones(shape)
    h, c = evaluate(EXAMPLE, [part] * 2, [part] * 2, part)
    assert tuple(h.shape) == tuple(c.shape) == shape


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@given(cell=strategies.cells())
@settings(max_examples=30)
def test_precision_is_kept(dtype, cell):
    array = np.full((cell.base, 3), 0.5, dtype=dtype)
    tensor = torch.from_numpy(array)
    for result in evaluate(cell, array, array, array[0]):
        assert str(result.dtype) == dtype
    for result in evaluate(cell, tensor, tensor, tensor[0]):
        assert str(result.dtype) == f"torch.{dtype}"


# The steps


def test_trace_of_the_example_in_order():
    steps = trace(EXAMPLE, [1.0, 3.0], [2.0, 4.0], 5.0)
    a_0, a_0_injected = np.tanh(3.0), np.tanh(3.0) + 5
    h = 1 / (1 + np.exp(-a_0_injected * 12))
    expected = [
        (0, "combine", "Add", 3.0),
        (0, "activate", "Tanh", a_0),
        (0, "inject", "Add", a_0_injected),
        (0, "activate injected", "ReLU", a_0_injected),
        (1, "combine", "Multiply", 12.0),
        (1, "create", "", 12.0),
        (1, "activate", "ReLU", 12.0),
        (2, "combine", "Multiply", a_0_injected * 12),
        (2, "activate", "Sigmoid", h),
        (2, "output", "", h),
    ]
    assert [(step.node, step.stage, step.operation) for step in steps] == [e[:3] for e in expected]
    assert [float(step.value) for step in steps] == pytest.approx([e[3] for e in expected])


@given(strategies.cells_with_inputs())
@settings(max_examples=50)
def test_trace_is_the_walk_of_evaluate_and_each_step_an_operation_on_its_inputs(cell_with_inputs):
    cell, x_parts, h_parts, c = cell_with_inputs
    steps = trace(*cell_with_inputs)
    h_new, c_new = evaluate(*cell_with_inputs)
    np.testing.assert_array_equal([s.value for s in steps if s.stage == "create"], [c_new])
    np.testing.assert_array_equal([s.value for s in steps if s.stage == "output"], [h_new])
    assert len(steps) == 2 * (2 * cell.base - 1) + 4
    for step in steps:
        value = apply(numpy_system(), step.operation, *step.inputs)
        np.testing.assert_array_equal(step.value, value)
        if step.stage == "combine" and step.node < cell.base:
            np.testing.assert_array_equal(step.inputs, [x_parts[step.node], h_parts[step.node]])
        if step.stage == "inject":
            np.testing.assert_array_equal(step.inputs[1], c)


def test_a_step_is_readable():
    lines = [str(step) for step in trace(EXAMPLE, [1.0, 3.0], [2.0, 4.0], 5.0)]
    assert lines[0] == "node  0  combine            Add       3.0"
    assert lines[5] == "node  1  create             -> c_t    12.0"
    assert lines[-1].startswith("node  2  output             -> h_t  ")


# Bad input

ONE = np.ones(3)
MASKED = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
GOOD = {"x_parts": [ONE, ONE], "h_parts": [ONE, ONE], "c": ONE}
PLACES = [("x_parts", 0), ("x_parts", 1), ("h_parts", 0), ("h_parts", 1), ("c", None)]


def with_wrong(name, index, value, one=ONE):
    """Return arguments of which one is wrong, and what its place is called."""
    values = {"x_parts": [one, one], "h_parts": [one, one], "c": one}
    if index is None:
        return values | {name: value}, name
    values[name][index] = value
    return values, f"{name}[{index}]"


@pytest.mark.parametrize("name", ["x_parts", "h_parts"])
@pytest.mark.parametrize(
    "parts",
    [None, "ab", {0: ONE, 1: ONE}, iter([ONE, ONE]), np.array(1.0)],
    ids=lambda parts: type(parts).__name__,
)
def test_parts_that_are_no_list(name, parts):
    kind = type(parts).__name__
    with pytest.raises(TypeError, match=f"^{name} is a value of type {kind}; give a list of 2"):
        trace(EXAMPLE, **GOOD | {name: parts})


@pytest.mark.parametrize(("name", "number"), [("x_parts", 0), ("x_parts", 3), ("h_parts", 1)])
def test_a_wrong_number_of_parts(name, number):
    with pytest.raises(ValueError, match=rf"^{name} has {number} entries") as caught:
        evaluate(EXAMPLE, **GOOD | {name: [ONE] * number})
    assert str([(3,)] * number) in str(caught.value)
    assert "a base-2 cell needs 2" in str(caught.value)


@pytest.mark.parametrize("library", [np, torch])
@pytest.mark.parametrize(("name", "index"), PLACES[1:])
def test_shapes_that_differ_are_both_told_even_where_they_would_broadcast(library, name, index):
    for shape in ((), (1,), (1, 3)):
        values, place = with_wrong(name, index, library.ones(shape), library.ones(3))
        with pytest.raises(ValueError, match="all parts and c must have one shape") as caught:
            evaluate(EXAMPLE, **values)
        said = f"{place} has shape {shape} but x_parts[0] has shape (3,)"
        assert str(caught.value).startswith(said)


@pytest.mark.parametrize(("name", "index"), PLACES)
def test_values_that_are_no_real_numbers_are_named_by_their_place(name, index):
    for wrong in (None, "a", True, 1j, np.array(["a", "b", "c"]), ONE > 0, 1j * ONE, MASKED):
        values, place = with_wrong(name, index, wrong)
        with pytest.raises(TypeError, match=r"real numbers are needed; .* was given") as caught:
            evaluate(EXAMPLE, **values)
        assert str(caught.value).startswith(f"{place}: ")


@pytest.mark.parametrize("other", [torch.ones(3), sp.Symbol("s")], ids=["torch", "sympy"])
def test_kinds_that_are_mixed(other):
    for wrong in ({"x_parts": [ONE, other]}, {"h_parts": [other, ONE]}, {"c": other}):
        with pytest.raises(
            TypeError, match=r" and .* stand side by side; give all values as NumPy"
        ):
            evaluate(EXAMPLE, **GOOD | wrong)


def test_a_plain_number_goes_with_expressions_and_not_with_tensors():
    s, one = sp.Symbol("s", real=True), torch.tensor(1.0)
    assert evaluate(EXAMPLE, [s, 3], [-s, 4], -5) == (sp.Rational(1, 2), 12)
    with pytest.raises(TypeError, match=r"^c: beside tensors a tensor is needed; float was given"):
        evaluate(EXAMPLE, [one, one], [one, one], 1.0)
