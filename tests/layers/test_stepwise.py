"""The loop over time without the kernel: values and gradients are those of the reference."""

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.layers import stepwise
from nastut.layers.unrolled import Weights, unrolled

T, B, I, H, P = 5, 3, 7, 2, 6  # noqa: E741 (steps, batch, features, width, projected)
MEMBERS = {
    "one": [nt.zoo.EXAMPLE],
    "three": [nt.Space().sample(np.random.default_rng(seed)) for seed in (1, 2, 5)],
}


def example(cells, bias, projection):
    """Return x, h_0, c_0 and the weights of some members."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, dtype=torch.float64, generator=generator)

    m, rows, fed_back = len(cells), cells[0].base * H, P if projection else H
    weights = Weights(
        drawn(m, rows, I),
        drawn(m, rows, fed_back),
        drawn(m, rows) if bias else None,
        drawn(m, P, H) if projection else None,
    )
    return drawn(T, B, I), drawn(m, B, fed_back), drawn(m, B, H), weights


def of(m, weights):
    return Weights._make(None if weight is None else weight[m] for weight in weights)


OPTIONS = pytest.mark.parametrize(
    ("bias", "projection"), [(False, False), (True, False), (False, True), (True, True)]
)


@OPTIONS
@pytest.mark.parametrize("cells", MEMBERS.values(), ids=MEMBERS)
def test_it_gives_what_the_reference_gives(cells, bias, projection):
    x, h_0, c_0, weights = example(cells, bias, projection)
    h, c, *_ = stepwise.forward(cells, x, h_0, c_0, weights, keep=False)
    for m, cell in enumerate(cells):
        expected = unrolled(cell, x, h_0[m], c_0[m], of(m, weights))
        torch.testing.assert_close((h[m], c[m]), expected, rtol=1e-12, atol=1e-13)


@OPTIONS
@pytest.mark.parametrize("cells", MEMBERS.values(), ids=MEMBERS)
def test_its_gradients_are_those_of_the_reference(cells, bias, projection):
    x, h_0, c_0, weights = given = example(cells, bias, projection)
    inputs = [*given[:3], *weights]
    h, c, *made = stepwise.forward(cells, x, h_0, c_0, weights, keep=True)
    grads = torch.linspace(-1, 1, h.numel()).view_as(h).to(h), torch.cos(c)
    before = [value.clone() for value in grads]
    found = stepwise.backward(cells, x, weights, made, grads, [True] * 5)
    assert all(torch.equal(now, then) for now, then in zip(grads, before, strict=True))

    own = [value for value in inputs if value is not None]
    for value in own:
        value.requires_grad_()
    results = [unrolled(cell, x, h_0[m], c_0[m], of(m, weights)) for m, cell in enumerate(cells)]
    outputs = [torch.stack(values) for values in zip(*results, strict=True)]
    expected = iter(torch.autograd.grad(outputs, own, grads, allow_unused=True))
    for value, gradient in zip(inputs, found, strict=True):
        wanted = None if value is None else next(expected)
        if value is None:
            assert gradient is None
        else:
            wanted = torch.zeros_like(value) if wanted is None else wanted
            torch.testing.assert_close(gradient, wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("place", range(5))
@OPTIONS
def test_a_gradient_that_nobody_wants_is_not_computed(bias, projection, place):
    cells = MEMBERS["three"]
    x, h_0, c_0, weights = example(cells, bias, projection)
    h, c, *made = stepwise.forward(cells, x, h_0, c_0, weights, keep=True)
    for others in (False, True):
        wanted = [others] * 5
        wanted[place] = not others
        by_x, by_h, by_c, *by_weights = stepwise.backward(
            cells, x, weights, made, (torch.ones_like(h), torch.ones_like(c)), wanted
        )
        assert (by_h.shape, by_c.shape) == (h_0.shape, c_0.shape)
        exists = [True, *(weight is not None for weight in weights)]
        for found, there, is_wanted in zip((by_x, *by_weights), exists, wanted, strict=True):
            assert (found is not None) == (there and is_wanted)


def test_one_step():
    cells = MEMBERS["three"]
    x, h_0, c_0, weights = example(cells, True, True)
    whole, *_ = stepwise.forward(cells, x, h_0, c_0, weights, keep=False)
    h, _, *made = stepwise.forward(cells, x[:1], h_0, c_0, weights, keep=True)
    torch.testing.assert_close(h, whole[:, :1])
    grads = torch.zeros_like(h), torch.zeros_like(c_0)
    for gradient in stepwise.backward(cells, x[:1], weights, made, grads, [True] * 5):
        assert (gradient == 0).all()
