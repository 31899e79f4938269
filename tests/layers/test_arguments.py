"""What a layer may be called with, and the types of its results, beside torch.nn.LSTM."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import nastut as nt
from lstm_pair import lstm_and_layer, outcome


@pytest.mark.parametrize(
    ("input", "hx"),
    [
        (torch.zeros(3), None),
        (torch.zeros(1, 5, 2, 3), None),
        (torch.zeros(5, 2, 3, dtype=torch.float64), None),
        (torch.zeros(5, 2, 3, dtype=torch.int64), None),
        (torch.zeros(5, 2, 4), None),
        (torch.zeros(0, 2, 3), None),
        (torch.zeros(5, 2, 3, device="meta"), None),
        (torch.zeros(5, 2, 3), (torch.zeros(2, 4), torch.zeros(2, 4))),
        (torch.zeros(5, 2, 3), (torch.zeros(1, 3, 4), torch.zeros(1, 2, 4))),
        (torch.zeros(5, 2, 3), (torch.zeros(1, 2, 4), torch.zeros(1, 2, 5))),
        (torch.zeros(5, 2, 3), (torch.zeros(2, 2, 4), torch.zeros(2, 2, 4))),
        (torch.zeros(5, 3), (torch.zeros(1, 1, 4), torch.zeros(1, 1, 4))),
        (torch.zeros(5, 2, 3), (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4).double())),
    ],
)
def test_what_does_not_fit_raises_what_lstm_raises(input, hx):
    layer = nt.CellRNN(nt.zoo.EXAMPLE, 3, 4)
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        nn.LSTM(3, 4)(input, hx)
    with pytest.raises(theirs.type) as ours:
        layer(input, hx)
    assert ours.type is theirs.type
    assert str(ours.value).startswith(("input", "h_0", "c_0"))


def test_input_must_be_a_tensor_and_states_a_pair_of_them():
    layer = nt.CellRNN(nt.zoo.EXAMPLE, 3, 4)
    for input in ([[0.0]], np.zeros((5, 2, 3)), None):
        with pytest.raises(TypeError, match="where a tensor belongs"):
            layer(input)
    for hx in (torch.zeros(2, 2, 4), (torch.zeros(1, 2, 4),), (None, None), 1):
        with pytest.raises(TypeError, match="belongs"):
            layer(torch.zeros(5, 2, 3), hx)


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_message_says_which_shape_is_expected(batch_first):
    layer = nt.CellRNN(nt.zoo.EXAMPLE, 3, 4, batch_first=batch_first)
    order = r"\(B, T, I\)" if batch_first else r"\(T, B, I\)"
    with pytest.raises(ValueError, match=f"must be {order}, or "):
        layer(torch.zeros(3))
    shape = (2, 0, 3) if batch_first else (0, 2, 3)
    with pytest.raises(RuntimeError, match="so no time step; at least 1 is needed"):
        layer(torch.zeros(shape))
    with pytest.raises(RuntimeError, match="so 5 features; input_size is 3"):
        layer(torch.zeros(2, 2, 5))
    with pytest.raises(
        RuntimeError, match=r"h_0 has shape .*for this input it must be \(1, 2, 4\)"
    ):
        layer(torch.zeros(2, 2, 3), (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4)))


def test_complex_numbers_are_refused():
    layer = nt.CellRNN(nt.zoo.LSTM, 3, 4, dtype=torch.complex64)
    with pytest.raises(TypeError, match="complex64; a cell has real numbers"):
        layer(torch.zeros(5, 2, 3, dtype=torch.complex64))


# Types, with autocast and without

FLOATS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


@pytest.mark.parametrize("form", ["padded", "unbatched", "packed"])
def test_without_autocast_types_are_accepted_and_given_as_by_lstm(form):
    for weight, input, state in itertools.product(FLOATS, FLOATS, (None, *FLOATS)):
        lstm, layer = lstm_and_layer(dtype=weight)
        x = torch.zeros(3, 2, 3, dtype=input)
        shape = (1, 4) if form == "unbatched" else (1, 2, 4)
        hx = None if state is None else [torch.zeros(shape, dtype=state) for _ in range(2)]
        x = {"padded": x, "unbatched": x[:, 0], "packed": pack_sequence([x[:, 0], x[:2, 1]])}[form]
        assert outcome(layer, x, hx) == outcome(lstm, x, hx), (weight, input, state)


@pytest.mark.parametrize("lower", [torch.bfloat16, torch.float16])
def test_under_autocast_results_are_of_the_lower_type_and_as_exact_as_the_parameters(lower):
    layer, input = nt.CellRNN(nt.zoo.NASCELL, 3, 4, 2, bidirectional=True), torch.randn(5, 2, 3)
    exact = layer(input)[0].detach()
    with torch.autocast("cpu", dtype=lower):
        output, states = layer(input)
        assert layer(input, [state.float() for state in states])[0].dtype == lower
        output.sum().backward()
        with pytest.raises(RuntimeError, match=r"input is of type torch\.int64"):
            layer(input.long())
    assert torch.equal(output, exact.to(lower))
    assert {state.dtype for state in states} == {lower}
    assert layer.weight_hh_l1.grad.dtype == torch.float32


def test_autocast_leaves_float64_alone():
    layer, input = nt.CellRNN(nt.zoo.NASCELL, 3, 4).double(), torch.randn(5, 2, 3).double()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(input)[0], layer(input)[0])
        assert layer(input)[0].dtype == torch.float64
