"""Packed sequences and both directions of time, beside torch.nn.LSTM."""

import re

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
)

import nastut as nt
from lstm_pair import lstm_and_layer, needs_newer_torch, outcome, tensors, weighted_sum

OPTIONS = [
    {},
    {"bidirectional": True},
    {"num_layers": 3, "proj_size": 3},
    {"bidirectional": True, "num_layers": 3, "bias": False},
    {"bidirectional": True, "num_layers": 2, "proj_size": 2, "batch_first": True},
]


def both(options, input, states, **call):
    """Results of both and their gradients with respect to the input and the states."""
    results = []
    for layer in lstm_and_layer(**options):
        values = [value.detach().clone().requires_grad_() for value in (input, *states)]
        found = tensors(layer(call["pack"](values[0]) if call else values[0], tuple(values[1:])))
        results.append([*found, *torch.autograd.grad(weighted_sum(found), values)])
    return results


def states(options, batch):
    count = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    sizes = (options.get("proj_size", 0) or 4, 4)
    shape = (count, batch) if batch else (count,)
    return [torch.randn(*shape, size, dtype=torch.float64) for size in sizes]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("batch", [None, 0, 1, 5])
def test_directions_equal_those_of_lstm(options, batch):
    shape = (6, 3) if batch is None else (6, batch, 3)
    if options.get("batch_first") and batch is not None:
        shape = (batch, 6, 3)
    values = states(options, batch)
    if batch == 0:
        values = [value.new_zeros(len(value), 0, value.shape[-1]) for value in values]
    ours, theirs = both(options, torch.randn(shape, dtype=torch.float64), values)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(
    "lengths", [[1], [4, 4, 4], [7, 5, 2, 1], [2, 7, 1, 7, 3, 3], [1, 1, 9]], ids=str
)
def test_packed_sequences_equal_those_of_lstm(options, lengths):
    first = options.get("batch_first", False)
    shape = (len(lengths), max(lengths), 3) if first else (max(lengths), len(lengths), 3)

    def pack(input):
        return pack_padded_sequence(input, torch.tensor(lengths), first, enforce_sorted=False)

    input = torch.randn(shape, dtype=torch.float64)
    theirs, ours = both(options, input, states(options, len(lengths)), pack=pack)
    for found, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    plain = [layer(pack(input)) for layer in lstm_and_layer(**options)]
    torch.testing.assert_close(tensors(plain[1]), tensors(plain[0]), rtol=0, atol=1e-12)


def packed(sizes, rows=None, features=3, dtype=torch.float32):
    rows = sum(sizes) if rows is None else rows
    return PackedSequence(torch.zeros(rows, features, dtype=dtype), torch.tensor(sizes))


@pytest.mark.parametrize(
    ("input", "hx"),
    [
        (packed([2, 2, 1]), None),
        (packed([2, 0]), None),
        (packed([0]), None),
        (packed([1, 2]), None),
        (packed([0, 2]), None),
        (packed([2, -1], 1), None),
        (packed([2, 2], 3), None),
        pytest.param(packed([2, 2], 5), None, marks=needs_newer_torch),
        (packed([2, 1], features=5), None),
        (packed([2, 1], dtype=torch.float64), None),
        (packed([2, 1], dtype=torch.int64), None),
        (PackedSequence(torch.zeros(3), torch.tensor([2, 1])), None),
        (PackedSequence(torch.zeros(3, 1, 3), torch.tensor([2, 1])), None),
        (PackedSequence(torch.zeros(3, 3, device="meta"), torch.tensor([2, 1])), None),
        (packed([2, 1]), (torch.zeros(1, 3, 4), torch.zeros(1, 2, 4))),
        (packed([2, 1]), (torch.zeros(2, 2, 4), torch.zeros(2, 2, 4))),
        (packed([2, 1]), (torch.zeros(1, 2, 4), torch.zeros(1, 2, 5))),
        (packed([2, 1]), (torch.zeros(1, 2, 4).double(), torch.zeros(1, 2, 4).double())),
        (packed([2, 1]), [torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)]),
        (packed([2, 1]), (None, None)),
    ],
    ids=str,
)
def test_packed_input_ends_as_it_does_with_lstm(input, hx):
    theirs, ours = nn.LSTM(3, 4), nt.CellRNN(nt.zoo.EXAMPLE, 3, 4)
    assert outcome(ours, input, hx) == outcome(theirs, input, hx)


def test_a_packed_input_that_contradicts_itself_is_shown():
    layer = nt.CellRNN(nt.zoo.EXAMPLE, 3, 4)
    nothing = PackedSequence(torch.zeros(0, 3), torch.tensor([], dtype=torch.int64))
    for input in (nothing, packed([1, 2]), packed([2, 2], 5)):
        sizes = re.escape(str(input.batch_sizes.tolist()))
        with pytest.raises(RuntimeError, match=f"contradicts itself: .* batch sizes {sizes}"):
            layer(input)


class PaddedOutside(nn.Module):
    def __init__(self, core):
        super().__init__()
        self.core = core

    def forward(self, input, lengths):
        output, _ = self.core(pack_padded_sequence(input, lengths, enforce_sorted=False))
        return pad_packed_sequence(output)[0]


def test_lengths_are_not_recorded_in_silence():
    model = PaddedOutside(nt.CellRNN(nt.zoo.EXAMPLE, 3, 4))
    values = torch.randn(5, 3, 3), torch.tensor([5, 2, 3])
    assert model(*values).shape == (5, 3, 4)
    with pytest.raises(RuntimeError, match="packed input cannot be traced"):
        torch.jit.trace(model, values)
    with pytest.raises(Exception, match=r"data-dependent|pack_padded_sequence"):
        torch.export.export(model, values)
