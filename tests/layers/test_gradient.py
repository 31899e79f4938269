import numpy as np
import pytest
import sympy as sp
import torch

import nastut as nt
from nastut.cells.evaluate import steps_in
from nastut.cells.number_systems import numpy_system, sympy_system, torch_system
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.layers.gradient import pullback


def random_cell(seed, base):
    rng = np.random.default_rng([seed, base])
    words = []
    for _ in range(2 * base):
        words += [str(rng.choice(list(COMBINATIONS))), str(rng.choice(list(ACTIVATIONS)))]
    return nt.Cell.from_sequence([*words, *map(int, rng.integers(0, 2 * base - 1, 2))])


CELLS = [
    nt.zoo.EXAMPLE,
    nt.zoo.LSTM,
    nt.zoo.NASCELL,
    nt.zoo.MAXCELL,
    *(random_cell(seed, base) for base in (1, 2, 4, 8, 16) for seed in range(10)),
]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_equals_autograd_in_torch_and_numpy(cell):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(2 * cell.base + 3, 7, dtype=torch.float64, generator=generator)
    *parts, c, grad_h, grad_c = values.unbind()
    inputs = [value.clone().requires_grad_() for value in (*parts, c)]
    x, h = inputs[: cell.base], inputs[cell.base : -1]
    outputs = nt.evaluate(cell, x, h, inputs[-1])
    expected = torch.autograd.grad(
        outputs, inputs, (grad_h, grad_c), allow_unused=True, materialize_grads=True
    )

    for xp, convert in ((torch_system(), torch.Tensor.detach), (numpy_system(), np.asarray)):
        x, h = [convert(v) for v in parts[: cell.base]], [convert(v) for v in parts[cell.base :]]
        steps = steps_in(xp, cell, x, h, convert(c))
        by_x, by_h, by_c = pullback(
            cell, xp, steps, x, h, convert(c), convert(grad_h), convert(grad_c)
        )
        for found, wanted in zip((*by_x, *by_h, by_c), expected, strict=True):
            torch.testing.assert_close(torch.as_tensor(found), wanted)


def test_gives_the_derivatives_of_the_formulas():
    cell, xp = nt.zoo.NASCELL, sympy_system()
    x, h = zip(*(nt.leaf_symbols(i) for i in range(cell.base)), strict=True)
    grad_h, grad_c = sp.symbols("g_h g_c", real=True)
    steps = steps_in(xp, cell, x, h, nt.c_prev)
    by_x, by_h, by_c = pullback(cell, xp, steps, x, h, nt.c_prev, grad_h, grad_c)

    f = nt.formulas(cell)
    loss = grad_h * f.h + grad_c * f.c
    rng = np.random.default_rng(0)
    symbols = [*x, *h, nt.c_prev, grad_h, grad_c]
    point = dict(zip(symbols, rng.normal(size=len(symbols)), strict=True))
    for symbol, found in zip((*x, *h, nt.c_prev), (*by_x, *by_h, by_c), strict=True):
        expected = sp.diff(loss, symbol).subs(point).doit()
        assert float(found.subs(point)) == pytest.approx(float(expected), abs=1e-12)
