"""The walk over the tree, held against the oracle in every kind of value."""

import dataclasses
import warnings

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings

import oracle
import strategies
from nastut.cells.cell import Cell
from nastut.cells.evaluate import apply, evaluate, trace
from nastut.cells.number_systems import numpy_system
from nastut.symbolic.symbols import c_prev, leaf_symbols
from nastut.zoo.named import EXAMPLE, LSTM, NASCELL

TIGHT = {"rtol": 1e-12, "atol": 1e-12}


def by_the_oracle(cell, x, h, c):
    """Return h_t and c_t point by point; x and h have shape (base, points), c has (points,)."""
    points = [
        oracle.step(cell.sequence, x[:, p].tolist(), h[:, p].tolist(), float(c[p]))
        for p in range(len(c))
    ]
    return np.array(points).T


# The oracle itself, against values that others published


def test_the_oracle_gives_the_published_values_of_nascell():
    # TensorFlow Addons, test of nas_cell.py: all weights 0.5, 6 units, 4 inputs, states 0.1.
    for inputs, m, c in [
        (1, 0.576751, 0.7157977),
        (2, 0.618936, 0.7804162),
        (3, 0.627393, 0.7945764),
    ]:
        x_part, h_part = 4 * 0.5 * inputs, 6 * 0.5 * 0.1
        result = oracle.step(NASCELL.sequence, [x_part] * 8, [h_part] * 8, 0.1)
        assert result == pytest.approx((m, c), abs=6e-7)


def test_the_oracle_gives_the_published_values_of_nascell_with_projection():
    # The same with a projection to 5 units: m is the sum of 6 halves.
    for inputs, m, c in [(1, 1.697418, 0.698552), (2, 1.840037, 0.770738), (3, 1.873985, 0.789740)]:
        x_part, h_part = 4 * 0.5 * inputs, 5 * 0.5 * 0.1
        h_new, c_new = oracle.step(NASCELL.sequence, [x_part] * 8, [h_part] * 8, 0.1)
        assert (6 * 0.5 * h_new, c_new) == pytest.approx((m, c), abs=2e-6)


def test_the_oracle_by_hand():
    # a_0 = tanh(1 + 2) -> ReLU(a_0 - 5) = 0; c_t = 3 * 4; h_t = sigmoid(0 * 12).
    assert oracle.step(EXAMPLE.sequence, [1, 3], [2, 4], -5) == (0.5, 12)


# Agreement


@given(strategies.cells_with_inputs())
@settings(max_examples=400)
def test_arrays_agree_with_the_oracle(cell_with_inputs):
    result = np.stack(evaluate(*cell_with_inputs))
    np.testing.assert_allclose(result, by_the_oracle(*cell_with_inputs), **TIGHT)


@given(strategies.cells_with_inputs())
@settings(max_examples=400)
def test_tensors_agree_with_the_oracle(cell_with_inputs):
    cell, *values = cell_with_inputs
    result = torch.stack(evaluate(cell, *map(torch.from_numpy, values)))
    np.testing.assert_allclose(result.numpy(), by_the_oracle(*cell_with_inputs), **TIGHT)


@given(strategies.cells_with_inputs(points=1))
@settings(max_examples=200)
def test_expressions_agree_with_the_oracle(cell_with_inputs):
    cell, x, h, c = cell_with_inputs
    exact = [[sp.Float(number, 30) for number in part.ravel()] for part in (x, h, c)]
    result = evaluate(cell, exact[0], exact[1], exact[2][0])
    np.testing.assert_allclose(
        np.array(result, dtype=float), by_the_oracle(cell, x, h, c)[:, 0], **TIGHT
    )


@given(strategies.cells_with_inputs(points=1))
def test_plain_numbers_agree_with_the_oracle(cell_with_inputs):
    cell, x, h, c = cell_with_inputs
    result = evaluate(cell, x[:, 0].tolist(), h[:, 0].tolist(), float(c[0]))
    np.testing.assert_allclose(result, by_the_oracle(cell, x, h, c)[:, 0], **TIGHT)


@pytest.mark.parametrize("size", [0.0, 1e-8, 30.0, 800.0, -800.0])
@pytest.mark.parametrize("cell", [EXAMPLE, LSTM, NASCELL], ids=["EXAMPLE", "LSTM", "NASCELL"])
def test_small_and_large_numbers_agree_with_the_oracle(cell, size):
    x, h, c = strategies.inputs(cell.base, np.random.default_rng(0), points=5)
    values = cell, size * x, size * h, size * c
    np.testing.assert_allclose(np.stack(evaluate(*values)), by_the_oracle(*values), **TIGHT)


# Shapes, precision, gradients


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 0), (2, 1, 4)])
@pytest.mark.parametrize("library", [np, torch])
def test_results_have_the_shape_of_the_parts(library, shape):
    part = library.ones(shape)
    h, c = evaluate(EXAMPLE, [part] * 2, [part] * 2, part)
    assert tuple(h.shape) == tuple(c.shape) == shape


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["NumPy", "torch"])
def test_a_list_of_parts_is_the_same_as_one_array_with_a_leaf_axis(kind):
    x, h, c = map(kind, strategies.inputs(8, np.random.default_rng(0), points=3))
    together, apart = evaluate(LSTM, x, h, c), evaluate(LSTM, list(x), tuple(h), c)
    assert np.array_equal(np.stack(together), np.stack(apart))


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


@given(strategies.cells_with_inputs())
@settings(max_examples=50)
def test_float32_is_near_float64(cell_with_inputs):
    cell, *values = cell_with_inputs
    single = evaluate(cell, *(value.astype(np.float32) for value in values))
    np.testing.assert_allclose(
        np.stack(single), by_the_oracle(*cell_with_inputs), rtol=2e-3, atol=2e-3
    )


def test_gradients_reach_every_input():
    values = [
        torch.from_numpy(value).requires_grad_()
        for value in strategies.inputs(8, np.random.default_rng(0), points=3)
    ]
    h, c = evaluate(LSTM, *values)
    (h.sum() + c.sum()).backward()
    assert all(value.grad.ne(0).all() for value in values)


@pytest.mark.parametrize("cell", [EXAMPLE, LSTM, NASCELL], ids=["EXAMPLE", "LSTM", "NASCELL"])
def test_inputs_stay_untouched(cell):
    values = strategies.inputs(cell.base, np.random.default_rng(0), points=3)
    before = [value.copy() for value in values]
    evaluate(cell, *values)
    assert all(np.array_equal(value, old) for value, old in zip(values, before, strict=True))


def test_whole_numbers_are_numbers():
    assert evaluate(EXAMPLE, [1, 3], [2, 4], -5) == (0.5, 12)


def test_symbols_give_the_formulas():
    x, h = zip(*(leaf_symbols(i) for i in range(2)), strict=True)
    h_new, c_new = evaluate(EXAMPLE, x, h, c_prev)
    assert c_new == x[1] * h[1]
    a_0 = sp.Max(0, sp.tanh(x[0] + h[0]) + c_prev)
    assert h_new == 1 / (1 + sp.exp(-a_0 * sp.Max(0, c_new)))


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
def test_trace_is_the_walk_of_evaluate(cell_with_inputs):
    steps = trace(*cell_with_inputs)
    h, c = evaluate(*cell_with_inputs)
    assert [step.value is not None for step in steps if step.stage == "create"] == [True]
    np.testing.assert_array_equal([s.value for s in steps if s.stage == "create"], [c])
    np.testing.assert_array_equal([s.value for s in steps if s.stage == "output"], [h])
    assert len(steps) == 2 * (2 * cell_with_inputs[0].base - 1) + 4


@given(strategies.cells_with_inputs())
def test_a_step_is_its_operation_applied_to_its_inputs(cell_with_inputs):
    cell, x_parts, h_parts, c = cell_with_inputs
    for step in trace(*cell_with_inputs):
        value = apply(numpy_system(), step.operation, *step.inputs)
        np.testing.assert_array_equal(step.value, value)
        if step.stage == "combine" and step.node < cell.base:
            np.testing.assert_array_equal(step.inputs, [x_parts[step.node], h_parts[step.node]])
        if step.stage == "inject":
            np.testing.assert_array_equal(step.inputs[1], c)


def test_create_comes_before_the_injection_at_the_same_node():
    cell = Cell.parse("Add Identity Add Identity 0 0")
    assert evaluate(cell, [1.0], [2.0], 10.0) == (13.0, 3.0)


def test_an_injection_at_the_root_reaches_h_t():
    cell = Cell.parse("Add Tanh Add Tanh Add Identity Add Identity 0 2")
    assert evaluate(cell, [0.0, 0.0], [0.0, 0.0], 10.0) == (10.0, 0.0)


def test_a_step_stays_as_it_was():
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace(EXAMPLE, [1.0, 3.0], [2.0, 4.0], 5.0)[0].value = 0.0


def test_a_step_is_readable():
    lines = [str(step) for step in trace(EXAMPLE, [1.0, 3.0], [2.0, 4.0], 5.0)]
    assert lines[0] == "node  0  combine            Add       3.0"
    assert lines[5] == "node  1  create             -> c_t    12.0"
    assert lines[-1].startswith("node  2  output             -> h_t  ")


# Bad input: one array is right, the other argument is wrong

ONE = np.ones(3)
GOOD = {"x_parts": [ONE, ONE], "h_parts": [ONE, ONE], "c": ONE}
BOTH = pytest.mark.parametrize("function", [evaluate, trace])


@BOTH
@pytest.mark.parametrize("name", ["x_parts", "h_parts"])
@pytest.mark.parametrize(
    "parts",
    [
        None,
        1.0,
        "ab",
        b"ab",
        {0: ONE, 1: ONE},
        {1.0, 2.0},
        iter([ONE, ONE]),
        np.array(1.0),
        torch.tensor(1.0),
    ],
    ids=lambda parts: type(parts).__name__,
)
def test_parts_that_are_no_list(function, name, parts):
    with pytest.raises(
        TypeError, match=f"^{name} is a value of type {type(parts).__name__}; give a list of 2"
    ):
        function(EXAMPLE, **{**GOOD, name: parts})


@BOTH
@pytest.mark.parametrize("name", ["x_parts", "h_parts"])
@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_a_wrong_number_of_parts(function, name, number):
    with pytest.raises(ValueError, match=rf"^{name} has {number} entries") as caught:
        function(EXAMPLE, **{**GOOD, name: [ONE] * number})
    assert str([(3,)] * number) in str(caught.value)
    assert "a base-2 cell needs 2" in str(caught.value)


def test_parts_with_the_leaf_axis_last():
    with pytest.raises(
        ValueError, match=r"x_parts has 3 entries of shapes \[\(2,\), \(2,\), \(2,\)\]"
    ):
        evaluate(EXAMPLE, np.ones((3, 2)), np.ones((2, 3)), ONE)


@BOTH
@pytest.mark.parametrize("library", [np, torch])
@pytest.mark.parametrize(
    ("name", "index", "place"),
    [
        ("x_parts", 1, "x_parts[1]"),
        ("h_parts", 0, "h_parts[0]"),
        ("h_parts", 1, "h_parts[1]"),
        ("c", None, "c"),
    ],
)
@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 3), (3, 1)])
def test_shapes_that_differ_are_both_told(function, library, name, index, place, shape):
    # (1,) and (1, 3) would broadcast: they are refused all the same.
    one = library.ones(3)
    values = {"x_parts": [one, one], "h_parts": [one, one], "c": one}
    if index is None:
        values[name] = library.ones(shape)
    else:
        values[name][index] = library.ones(shape)
    with pytest.raises(ValueError, match="all parts and c must have one shape") as caught:
        function(EXAMPLE, **values)
    assert str(caught.value).startswith(f"{place} has shape {shape} but x_parts[0] has shape (3,)")


NO_NUMBERS = {
    "None": None,
    "text": "a",
    "bool": True,
    "complex": 1j,
    "texts": np.array(["a", "b", "c"]),
    "bools": ONE > 0,
    "complexes": 1j * ONE,
    "objects": ONE.astype(object),
    "object": object(),
}


@BOTH
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_values_that_are_no_real_numbers_are_named_by_their_place(function, name):
    wrong = NO_NUMBERS[name]
    with pytest.raises(TypeError, match=r"^x_parts\[0\]: real numbers are needed; .* was given"):
        function(EXAMPLE, [wrong, ONE], [ONE, ONE], ONE)
    with pytest.raises(TypeError, match=r"^h_parts\[1\]: real numbers are needed; .* was given"):
        function(EXAMPLE, [ONE, ONE], [ONE, wrong], ONE)
    with pytest.raises(TypeError, match=r"^c: real numbers are needed; .* was given"):
        function(EXAMPLE, [ONE, ONE], [ONE, ONE], wrong)


@pytest.mark.parametrize("wrong", [None, "a", True, 1j])
def test_what_is_no_number_beside_expressions(wrong):
    s = sp.Symbol("s")
    with pytest.raises(TypeError, match=r"^c: real numbers are needed; .* was given"):
        evaluate(EXAMPLE, [s, s], [s, s], wrong)


@pytest.mark.parametrize("wrong", [None, "a", True, 1j, 1.0])
def test_what_is_no_tensor_beside_tensors(wrong):
    one = torch.tensor(1.0)
    with pytest.raises(TypeError, match=r"^c: beside tensors a tensor is needed; .* was given"):
        evaluate(EXAMPLE, [one, one], [one, one], wrong)


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_tensors_of_no_real_numbers(dtype):
    one = torch.ones(3, dtype=dtype)
    with pytest.raises(TypeError, match=rf"^x_parts\[0\]: .* elements of type {dtype} was given"):
        evaluate(EXAMPLE, [one, one], [one, one], one)


@BOTH
@pytest.mark.parametrize("name", ["x_parts", "h_parts", "c"])
@pytest.mark.parametrize("other", [torch.ones(3), sp.Symbol("s")], ids=["torch", "sympy"])
def test_kinds_that_are_mixed(function, name, other):
    values = {**GOOD, name: other if name == "c" else [ONE, other]}
    with pytest.raises(TypeError, match="stand side by side"):
        function(EXAMPLE, **values)


def test_a_plain_number_goes_with_expressions():
    s = sp.Symbol("s", real=True)
    assert evaluate(EXAMPLE, [s, 3], [-s, 4], -5) == (sp.Rational(1, 2), 12)


MASKED = np.ma.array([0.5, 9.0], mask=[False, True])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("x", [MASKED, np.ones(2)]),
        ("x", np.ma.array(np.ones((2, 2)), mask=[[0, 1], [0, 0]])),
        ("x", [[0.5, np.ma.masked], [1.0, 2.0]]),
        ("h", [np.ones(2), np.ma.array(np.ones(2))]),
        ("c", MASKED),
    ],
)
def test_a_mask_is_not_dropped(place, value):
    values = {"x": np.ones((2, 2)), "h": np.ones((2, 2)), "c": np.ones(2)} | {place: value}
    with pytest.raises(TypeError, match=rf"^{place}.*with a mask \(fill in numbers first"):
        evaluate(EXAMPLE, *values.values())


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # nested tensors are said to be new
    STRANGE = {
        "sparse": torch.eye(2).to_sparse(),
        "sparse rows": torch.eye(2).to_sparse_csr(),
        "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(2)]),
        "quantized": torch.quantize_per_tensor(torch.eye(2), 0.1, 0, torch.qint8),
    }


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("whole", [True, False])
def test_tensors_that_store_other_than_their_numbers_are_refused(kind, whole):
    value = STRANGE[kind]
    dense = torch.ones(2, 2)
    arguments = (value, dense, torch.ones(2)) if whole else ([value] * 2, [dense] * 2, dense)
    with pytest.raises(TypeError, match=f"x_parts.*that is {kind.split()[0]}"):
        evaluate(EXAMPLE, *arguments)
