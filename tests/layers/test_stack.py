"""Layers above each other, made of recurrences so simple that the results are sums."""

from itertools import pairwise

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from nastut.layers.sequences import Padded
from nastut.layers.stack import run_layers

STEPS, BATCH, SIZE = 5, 2, 3


def recurrence(factor):
    """h_t = h_{t-1} + factor * (the sum of x_t); c counts the steps, from c_0 on."""

    def over(x, h, c):
        h = h + factor * x.sum(-1, keepdim=True).cumsum(0)
        return h, c + len(x)

    return over


def example(layers, directions, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    shape = (layers * directions, BATCH, SIZE)
    x, h_0, c_0 = (
        torch.randn(size, generator=generator, dtype=dtype)
        for size in ((STEPS, BATCH, 4), shape, shape)
    )
    return x, h_0, c_0


def test_a_layer_reads_the_one_below_and_has_states_of_its_own():
    x, h_0, c_0 = example(3, 1)
    layers = [recurrence(factor) for factor in (1.0, 0.5, -2.0)]
    output, h_n, c_n = run_layers([[over] for over in layers], Padded(x, False), h_0, c_0, 0.0)
    expected = x
    for k, over in enumerate(layers):
        expected, _ = over(expected, h_0[k], c_0[k])
        assert torch.equal(h_n[k], expected[-1])
        assert torch.equal(c_n[k], c_0[k] + STEPS)
    assert torch.equal(output, expected)


def test_both_directions_stand_side_by_side_and_are_read_together():
    x, h_0, c_0 = example(2, 2)
    factors = [[1.0, 0.5], [-2.0, 0.25]]
    layers = [[recurrence(factor) for factor in pair] for pair in factors]
    output, h_n, c_n = run_layers(layers, Padded(x, False), h_0, c_0, 0.0)
    expected, place = x, 0
    for forward, backward in layers:
        there, _ = forward(expected, h_0[place], c_0[place])
        back, _ = backward(expected.flip(0), h_0[place + 1], c_0[place + 1])
        assert torch.equal(h_n[place : place + 2], torch.stack([there[-1], back[-1]]))
        expected, place = torch.cat([there, back.flip(0)], -1), place + 2
    assert torch.equal(output, expected)
    assert torch.equal(c_n, c_0 + STEPS)


def test_the_input_is_converted_to_the_type_of_the_states():
    x, h_0, c_0 = example(1, 1)
    output, *_ = run_layers([[recurrence(1.0)]], Padded(x.float(), False), h_0, c_0, 0.0)
    assert output.dtype == torch.float64


def test_one_direction_is_not_copied():
    made = []

    def over(x, h, c):
        made.append(x + h)
        return made[-1], c

    x, h_0, c_0 = torch.ones(STEPS, BATCH, SIZE), *torch.ones(2, 1, BATCH, SIZE)
    output, *_ = run_layers([[over]], Padded(x, False), h_0, c_0, 0.0)
    assert output is made[0]


@pytest.mark.parametrize("dropout", [0.25, 0.75, 1.0])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_dropout_acts_on_what_another_layer_reads_and_nowhere_else(dropout, n_layers):
    read = []

    def over(x, h, c):
        read.append(x)
        return x + 1, c

    x, states = torch.ones(100, 100, 1), torch.zeros(n_layers, 100, 1)
    torch.manual_seed(0)
    output, *_ = run_layers([[over]] * n_layers, Padded(x, False), states, states, dropout)
    assert torch.equal(read[0], x)
    assert torch.equal(output, read[-1] + 1)
    for below, above in pairwise(read):
        share = (above == 0).float().mean().item()
        assert share == pytest.approx(dropout, abs=0.02)
        if dropout < 1:
            kept = above[above != 0]
            assert torch.allclose(kept, ((below + 1) / (1 - dropout))[above != 0])


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_recorded_graph_shows_dropout_where_there_is_some(dropout):
    x, h_0, c_0 = example(2, 1)

    def run(x):
        return run_layers([[recurrence(1.0)]] * 2, Padded(x, False), h_0, c_0, dropout)[0]

    assert ("dropout" in make_fx(run, pre_dispatch=True)(x).code) == (dropout > 0)
