"""A torch.nn.LSTM, the layer that computes the same, and one call made to both."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

import nastut as nt

OLD_TORCH = tuple(map(int, torch.__version__.split(".")[:2])) < (2, 9)
needs_newer_torch = pytest.mark.xfail(OLD_TORCH, reason="torch before 2.9")


def lstm_and_layer(input_size=3, hidden_size=4, **options):
    """Return an LSTM and the CellRNN that computes the same, in float64 unless told otherwise."""
    torch.manual_seed(0)
    lstm = nn.LSTM(input_size, hidden_size, **{"dtype": torch.float64} | options)
    return lstm, nt.zoo.from_torch_lstm(lstm)


def tensors(result):
    """Return all that a call gave, flat: the output (or its data and order), h_n and c_n."""
    output, (h, c) = result
    return [*output, h, c] if isinstance(output, PackedSequence) else [output, h, c]


def weighted_sum(values):
    """Return a number on which every element of some tensors has an influence of its own."""
    return sum(
        (value * torch.linspace(-1, 1, value.numel()).to(value).view_as(value)).sum()
        for value in values
        if value is not None and value.is_floating_point()
    )


def outcome(layer, *arguments):
    """Return the type of error that a call ends in, or the shapes and types of what it gives."""
    try:
        result = layer(*arguments)
    except Exception as error:
        return type(error)
    return [
        None if value is None else (tuple(value.shape), value.dtype) for value in tensors(result)
    ]
