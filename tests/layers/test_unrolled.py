"""The reference of a layer over time, beside a loop that takes the leaves' rows one by one."""

import pytest
import torch

import nastut as nt
from nastut.layers.unrolled import Weights, unrolled

STEPS, BATCH, FEATURES, SIZE, PROJECTED = 4, 3, 5, 2, 6


@pytest.mark.parametrize("cell", [nt.zoo.EXAMPLE, nt.zoo.NASCELL], ids=["base 2", "base 8"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("projection", [False, True])
def test_leaf_i_owns_the_rows_from_i_times_the_size(cell, bias, projection):
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, dtype=torch.float64, generator=generator)

    rows, fed_back = cell.base * SIZE, PROJECTED if projection else SIZE
    weights = Weights(
        drawn(rows, FEATURES),
        drawn(rows, fed_back),
        drawn(rows) if bias else None,
        drawn(PROJECTED, SIZE) if projection else None,
    )
    x, h_0, c_0 = drawn(STEPS, BATCH, FEATURES), drawn(BATCH, fed_back), drawn(BATCH, SIZE)
    output, last = unrolled(cell, x, h_0, c_0, weights)
    h, c = h_0, c_0
    for t in range(STEPS):
        leaves = [slice(i * SIZE, (i + 1) * SIZE) for i in range(cell.base)]
        x_parts = [x[t] @ weights.input[own].T for own in leaves]
        h_parts = [h @ weights.hidden[own].T for own in leaves]
        if bias:
            h_parts = [part + weights.bias[own] for part, own in zip(h_parts, leaves, strict=True)]
        h, c = nt.evaluate(cell, x_parts, h_parts, c)
        if projection:
            h = h @ weights.projection.T
        torch.testing.assert_close(output[t], h)
    assert output.shape == (STEPS, BATCH, fed_back)
    torch.testing.assert_close(last, c)
