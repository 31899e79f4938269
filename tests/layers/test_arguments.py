"""What a layer may be called with: the last that passes, and the first that does not."""

import re

import pytest
import torch

from nastut.layers.arguments import initial_states, require_dense, require_fitting

SHAPES = [(2, 3, 4), (2, 3, 5)]
X = torch.zeros(7, 3, 6)


def states(*shapes, **options):
    return tuple(torch.ones(shape, **options) for shape in shapes)


def test_states_that_are_left_out_are_zeros_of_the_parameters_type():
    h_0, c_0 = initial_states(None, X, SHAPES, torch.float64)
    for state, shape in zip((h_0, c_0), SHAPES, strict=True):
        assert torch.equal(state, torch.zeros(shape, dtype=torch.float64))
        assert state.dtype == torch.float64
    assert initial_states(None, X.to("meta"), SHAPES, torch.float64)[1].device.type == "meta"


@pytest.mark.parametrize("kind", [tuple, list])
def test_states_that_are_given_are_taken(kind):
    given = kind(states(*SHAPES))
    found = initial_states(given, X, SHAPES, torch.float32)
    assert all(a is b for a, b in zip(found, given, strict=True))


def test_under_autocast_states_get_the_type_of_the_parameters():
    given = states(SHAPES[0], dtype=torch.bfloat16) + states(SHAPES[1])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = initial_states(given, X, SHAPES, torch.float32)
    assert [state.dtype for state in found] == [torch.float32] * 2


@pytest.mark.parametrize(
    ("hx", "kind"),
    [
        (states(SHAPES[0]), "tuple"),
        (list(states(*SHAPES, SHAPES[0])), "list"),
        (torch.ones(2, *SHAPES[0]), "Tensor"),
        (dict(zip("hc", states(*SHAPES), strict=True)), "dict"),
    ],
    ids=["one", "three", "a tensor", "a dict"],
)
def test_states_are_a_pair(hx, kind):
    with pytest.raises(TypeError, match=rf"hx is a {kind} where the pair \(h_0, c_0\) belongs"):
        initial_states(hx, X, SHAPES, torch.float32)


@pytest.mark.parametrize("size", [1, 3, 300])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("which", "name"), [(0, "h_0"), (1, "c_0")])
def test_each_size_of_each_state_must_fit(which, name, place, size):
    shapes = [list(shape) for shape in SHAPES]
    shapes[which][place] = size
    given = states(*shapes)
    if given[which].shape == SHAPES[which]:
        initial_states(given, X, SHAPES, torch.float32)
        return
    wanted = re.escape(str(SHAPES[which]))
    with pytest.raises(RuntimeError, match=f"^{name} has shape .* it must be {wanted}"):
        initial_states(given, X, SHAPES, torch.float32)


@pytest.mark.parametrize(("which", "name"), [(0, "h_0"), (1, "c_0")])
@pytest.mark.parametrize(
    "options", [{"dtype": torch.float64}, {"device": "meta"}], ids=["type", "device"]
)
def test_each_state_has_the_type_and_the_device_of_the_input(which, name, options):
    given = list(states(*SHAPES))
    given[which] = given[which].to(**options)
    with pytest.raises(RuntimeError, match=f"^{name} is of type .* on .*; they must agree"):
        initial_states(given, X, SHAPES, torch.float32)


@pytest.mark.parametrize(("which", "name"), [(0, "h_0"), (1, "c_0")])
def test_each_state_must_hold_its_elements(which, name):
    given = list(states(*SHAPES))
    given[which] = given[which].to_sparse()
    with pytest.raises(RuntimeError, match=f"{name} has the layout .* use {name}.to_dense"):
        initial_states(given, X, SHAPES, torch.float32)


def test_what_holds_its_elements_passes_and_nothing_else():
    require_dense("input", X)
    require_dense("input", X[::2, :, 1:].mT)
    with pytest.raises(TypeError, match="input is a list where a tensor belongs"):
        require_dense("input", [0.0])
    with pytest.raises(RuntimeError, match="input is a nested tensor; pack its parts"):
        require_dense("input", torch.nested.nested_tensor([X, X]))
    with pytest.raises(RuntimeError, match=r"input has the layout torch\.sparse_coo"):
        require_dense("input", torch.ones(2, 2).to_sparse())


@pytest.mark.parametrize("features", [1, 3, 300])
def test_the_input_has_as_many_features_as_the_layer_takes(features):
    weight = torch.ones(2, 2)
    for size in (1, 3, 300):
        input = torch.ones(5, 2, features)
        if size == features:
            require_fitting(input, weight, size, packed=False)
            continue
        with pytest.raises(RuntimeError, match=f"so {features} features; input_size is {size}"):
            require_fitting(input, weight, size, packed=False)


def test_the_input_has_the_device_of_the_parameters():
    with pytest.raises(RuntimeError, match="input is on meta but the parameters are on cpu"):
        require_fitting(X.to("meta"), X, 6, packed=False)
    with pytest.raises(RuntimeError, match=r"move it by input.to\('meta'\)"):
        require_fitting(X, X.to("meta"), 6, packed=False)


@pytest.mark.parametrize("types", [(torch.float32, torch.float64), (torch.int64, torch.float32)])
@pytest.mark.parametrize(
    ("packed", "autocast", "error"),
    [
        (False, False, ValueError),
        (True, False, RuntimeError),
        (False, True, RuntimeError),
        (True, True, RuntimeError),
    ],
)
def test_another_type_ends_as_it_does_with_lstm(types, packed, autocast, error):
    input, weight = (X.to(dtype) for dtype in types)
    with (
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast),
        pytest.raises(error, match=f"input is of type {types[0]} but .* layer.to") as found,
    ):
        require_fitting(input, weight, 6, packed)
    assert found.type is error


def test_autocast_makes_the_lower_types_agree():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        require_fitting(X, X.bfloat16(), 6, packed=False)


def test_parameters_are_real_numbers():
    complex_numbers = X.to(torch.complex64)
    with pytest.raises(TypeError, match=r"the parameters are of type torch\.complex64"):
        require_fitting(complex_numbers, complex_numbers, 6, packed=False)
