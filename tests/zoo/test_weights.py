"""Weights from torch and TensorFlow: what is kept, and what does not fit.

That the layer computes what theirs does: ``tests/layers/test_sequences.py``, and beside this.
"""

import numpy as np
import pytest
import torch
from torch import nn

import nastut as nt


def test_from_torch_lstm_keeps_mode_type_and_options():
    lstm = nn.LSTM(2, 3, num_layers=2, dropout=0.25, batch_first=True).eval()
    layer = nt.zoo.from_torch_lstm(lstm)
    assert layer.cell == nt.zoo.LSTM
    assert (layer.dropout, layer.training) == (0.25, False)
    assert layer.batch_first
    assert layer.bias
    assert layer.weight_ih_l0.dtype == torch.float32
    with torch.no_grad():
        before = layer.weight_ih_l0.clone()
        lstm.weight_ih_l0.add_(1)
    assert torch.equal(layer.weight_ih_l0, before)  # a copy


@pytest.mark.filterwarnings("ignore:dropout option")
def test_one_layer_has_no_dropout():
    """There torch's own only warns of it."""
    assert nt.zoo.from_torch_lstm(nn.LSTM(2, 3, dropout=0.5)).dropout == 0


def test_from_torch_lstm_takes_weights_that_are_computed():
    lstm = nn.LSTM(2, 3)
    with torch.no_grad():
        nn.utils.parametrizations.weight_norm(lstm, "weight_hh_l0").parametrizations[
            "weight_hh_l0"
        ].original0.mul_(2)
    input = torch.randn(4, 1, 2)
    torch.testing.assert_close(nt.zoo.from_torch_lstm(lstm)(input), lstm(input))


def test_from_torch_lstm_refuses_what_it_cannot_hold():
    with pytest.raises(TypeError, match="GRU"):
        nt.zoo.from_torch_lstm(nn.GRU(2, 3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"kernel": np.zeros((4, 47))}, "kernel has shape"),
        ({"recurrent_kernel": np.zeros((6, 40))}, "recurrent_kernel has shape"),
        ({"bias": np.zeros((48, 1))}, "bias has shape"),
        ({"projection": np.zeros((6, 5))}, "recurrent_kernel has shape"),
        ({"projection": np.zeros((5, 6))}, "projection has shape"),
    ],
)
def test_nascell_names_the_array_that_does_not_fit(arrays, message):
    fitting = {"kernel": np.zeros((4, 48)), "recurrent_kernel": np.zeros((6, 48))}
    with pytest.raises(ValueError, match=f"^{message}"):
        nt.zoo.from_tensorflow_nascell(**fitting | arrays)


def test_nascell_wants_numbers_of_one_floating_point_type():
    with pytest.raises(TypeError, match="float32"):
        nt.zoo.from_tensorflow_nascell(np.zeros((4, 48)), np.zeros((6, 48), np.float32))
    with pytest.raises(TypeError, match="int64"):
        nt.zoo.from_tensorflow_nascell(np.zeros((4, 48), int), np.zeros((6, 48), int))
    with pytest.raises(TypeError, match="one type of floating-point numbers is needed"):
        nt.zoo.from_tensorflow_nascell(np.zeros((4, 48)), np.zeros((6, 48)), np.zeros(48, int))


def test_nascell_takes_lists_arrays_and_tensors_and_keeps_copies():
    rng = np.random.default_rng(0)
    kernel, recurrent, bias = rng.normal(size=(2, 8)), rng.normal(size=(1, 8)), rng.normal(size=8)
    first = nt.zoo.from_tensorflow_nascell(kernel, recurrent, bias)
    assert (first.proj_size, first.bias, first.weight_ih_l0.dtype) == (0, True, torch.float64)
    tensors = list(map(torch.from_numpy, (kernel, recurrent, bias)))
    for arrays in ([kernel.tolist(), recurrent.tolist(), bias.tolist()], tensors):
        layer = nt.zoo.from_tensorflow_nascell(*arrays)
        for ours, theirs in zip(layer.parameters(), first.parameters(), strict=True):
            assert torch.equal(ours, theirs)
    kernel += 1
    assert not torch.equal(first.weight_ih_l0, torch.from_numpy(kernel.T))
    assert nt.zoo.from_tensorflow_nascell(*tensors[:2]).bias is False
    single = nt.zoo.from_tensorflow_nascell(*(tensor.float() for tensor in tensors))
    assert single.weight_hh_l0.dtype == torch.float32
