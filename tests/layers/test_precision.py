"""The types of results, beside those of torch.nn.LSTM."""

import copy
import itertools

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

import nastut as nt
from lstm_pair import lstm_and_layer, outcome

FLOATS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
FORMS = {
    "padded": ({}, lambda input: input),
    "unbatched": ({"bidirectional": True}, lambda input: input[:, 0]),
    "projected": ({"proj_size": 2, "num_layers": 2}, lambda input: input),
    "packed": ({}, lambda input: pack_sequence([input[:, 0], input[:2, 1]])),
    "packed, projected": ({"proj_size": 1}, lambda input: pack_sequence(list(input.unbind(1)))),
}


def refused(lower, input, weight, form):
    """What only oneDNN's LSTM cannot do on many processors: float16 inside."""
    return (
        lower == torch.float16
        and input != lower
        and weight != torch.float64
        and form
        in (
            "padded",
            "unbatched",
        )
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lower", [None, torch.bfloat16, torch.float16], ids=str)
def test_results_have_the_types_of_lstm(form, lower):
    options, shaped = FORMS[form]
    pairs = {dtype: lstm_and_layer(**options, dtype=dtype) for dtype in FLOATS}
    compared = 0
    for weight, input, state in itertools.product(FLOATS, FLOATS, (None, *FLOATS)):
        lstm, layer = pairs[weight]
        given = shaped(torch.zeros(3, 2, 3, dtype=input))
        count = lstm.num_layers * (1 + lstm.bidirectional)
        shape = (count,) if form == "unbatched" else (count, 2)
        sizes = (lstm.proj_size or 4, 4)
        hx = None if state is None else [torch.zeros(*shape, n, dtype=state) for n in sizes]
        with torch.autocast("cpu", dtype=lower, enabled=lower is not None):
            theirs, ours = outcome(lstm, given, hx), outcome(layer, given, hx)
        mixed = lower is not None and torch.float64 in (weight, input, state)
        if not isinstance(theirs, list) and isinstance(ours, list):
            assert refused(lower, input, weight, form)  # more than LSTM can
            assert {dtype for _, dtype in ours if dtype} == {lower}
            continue
        assert ours == theirs or (mixed and isinstance(ours, type)), (weight, input, state)
        compared += 1
    assert compared > 50


def test_autocast_is_as_exact_as_the_parameters_are():
    layer, input = nt.CellRNN(nt.zoo.NASCELL, 3, 4, 2, bidirectional=True), torch.randn(5, 2, 3)
    exact = layer(input)[0].detach()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, _ = layer(input)
        output.sum().backward()
    assert torch.equal(output, exact.bfloat16())
    assert layer.weight_hh_l1.grad.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_is_near_float64(dtype):
    layer = nt.CellRNN(nt.zoo.NASCELL, 3, 4, bidirectional=True, dtype=dtype)
    input = torch.ones(5, 2, 3, dtype=dtype)
    output, _ = layer(input)
    output.sum().backward()
    exact, _ = copy.deepcopy(layer).double()(input.double())
    torch.testing.assert_close(output.double(), exact, rtol=0, atol=0.05)
    assert layer.weight_hh_l0.grad.dtype == dtype


def test_complex_numbers_are_refused():
    layer = nt.CellRNN(nt.zoo.LSTM, 3, 4, dtype=torch.complex64)
    with pytest.raises(TypeError, match="complex64; a cell has real numbers"):
        layer(torch.zeros(5, 2, 3, dtype=torch.complex64))
