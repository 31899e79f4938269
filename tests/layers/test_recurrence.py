"""The recurrence of members, on both engines, beside a loop that takes leaves one by one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import gradcheck, gradgradcheck
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

import nastut as nt
from kernel_switch import require_kernel
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.layers import recurrence
from nastut.layers.recurrence import Weights, recur

T, B, F, H, P = 4, 3, 5, 2, 6
RNG = np.random.default_rng(0)
MEMBERS = {
    "one": [nt.zoo.EXAMPLE],
    "many": [nt.Space(2).sample(RNG) for _ in range(6)],
    "two of base 4": [
        nt.Space(4, ("Add", "Multiply", "Max"), ("Tanh", "Sin")).sample(RNG),
        nt.Space(4).sample(RNG),
    ],
}
ZOO = [nt.zoo.EXAMPLE, nt.zoo.LSTM, nt.zoo.NASCELL, nt.zoo.MAXCELL, nt.zoo.FOUND]
ALL = nt.Space(1, tuple(COMBINATIONS), tuple(ACTIVATIONS))
SMOOTH = replace(ALL, activations=("Identity", "Tanh", "Sigmoid", "Sin"))
NAMES = ("x", "h", "c", *Weights._fields)


def two_cells(space, *bases):
    return [replace(space, base=base).sample(RNG) for base in bases for _ in range(2)]


@pytest.fixture(params=MEMBERS)
def cells(request):
    return MEMBERS[request.param]


def example(cells, options=("bias", "projection"), steps=T, batch=B, hidden=H):
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64) / shape[-1] ** 0.5

    m, rows, fed_back = len(cells), cells[0].base * hidden, P if "projection" in options else hidden
    return [
        drawn(steps, batch, F),
        drawn(m, batch, fed_back),
        drawn(m, batch, hidden),
        drawn(m, rows, F),
        drawn(m, rows, fed_back),
        drawn(m, rows) if "bias" in options else None,
        drawn(m, P, hidden) if "projection" in options else None,
    ]


def run(cells, values):
    x, h, c, *weights = values
    return recur(cells, x, h, c, Weights(*weights))


def reference(cells, values):
    """Leaf i owns rows i H ... (i + 1) H; each member runs alone."""
    x, h_0, c_0, *weights = values
    outputs, memories, H = [], [], c_0.shape[-1]  # noqa: N806
    for m, cell in enumerate(cells):
        w_x, w_h, bias, projection = (None if w is None else w[m] for w in weights)
        leaves = [slice(i * H, (i + 1) * H) for i in range(cell.base)]
        h, c, own = h_0[m], c_0[m], []
        for x_t in x:
            x_parts = [x_t @ w_x[rows].T for rows in leaves]
            h_parts = [h @ w_h[rows].T for rows in leaves]
            if bias is not None:
                h_parts = [h_parts[i] + bias[rows] for i, rows in enumerate(leaves)]
            h, c = nt.evaluate(cell, x_parts, h_parts, c)
            h = h if projection is None else h @ projection.T
            own.append(h)
        outputs.append(torch.stack(own))
        memories.append(c)
    return torch.stack(outputs), torch.stack(memories)


def watched(values, names=NAMES):
    """Return new leaves of autograd in place of tensors, and those that need a gradient."""
    own = [None if value is None else value.detach().clone() for value in values]
    needed = [v for name, v in zip(NAMES, own, strict=True) if v is not None and name in names]
    for value in needed:
        value.requires_grad_()
    return own, needed


def loss_of(results):
    return sum(
        (value * torch.linspace(-1, 1, value.numel()).to(value).view_as(value)).sum() ** 2
        for value in results
    )


def assert_equals_reference(cells, values, **tolerance):
    """In all results, and in the gradients of a fixed sum of them with respect to all there is."""
    found = []
    for function in (run, reference):
        own, needed = watched(values)
        results = function(cells, own)
        grads = [torch.linspace(-1, 1, v.numel()).to(v).view_as(v) for v in results]
        found.append([*results, *torch.autograd.grad(results, needed, grads)])
    torch.testing.assert_close(*found, **tolerance)


def gradients(function, cells, values, names=NAMES, twice=False):
    own, needed = watched(values, names)
    found = torch.autograd.grad(
        loss_of(function(cells, own)), needed, create_graph=twice, allow_unused=True
    )
    if not twice:
        return found
    found = [value for value in found if value is not None]
    return torch.autograd.grad(loss_of(found), needed, allow_unused=True, materialize_grads=True)


@pytest.mark.parametrize("options", [(), ("bias",), ("projection",), ("bias", "projection")])
def test_values_and_gradients_are_those_of_the_reference(engine, cells, options):
    assert_equals_reference(cells, example(cells, options))


@pytest.mark.parametrize("cell", [*ZOO, *two_cells(ALL, 1, 2, 4, 8, 16)], ids=str)
def test_every_cell_equals_evaluate_under_autograd(cell, engine):
    values = example([cell])
    assert recurrence._kernel_runs_on(*values) == (engine == "kernel")
    assert_equals_reference([cell], values, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("hidden", [1, 7, 16, 255, 256, 257, 600])
@pytest.mark.parametrize("batch", [1, 19])
def test_sizes_around_the_blocks_of_the_kernel(hidden, batch, engine):
    values = example([nt.zoo.NASCELL], (), 2, batch, hidden)
    single = [None if value is None else value.float() for value in values]
    assert_equals_reference([nt.zoo.NASCELL], single, rtol=1e-4, atol=1e-4)


def test_kinks_have_the_slopes_of_torch(engine):
    # All values are 0: each ReLU and each Max of the cell sits on its kink.
    cell = nt.Cell.parse("Max ReLU Max Identity Max ReLU Max ReLU 2 0")
    x, h, c, _, hidden = (0 * value for value in example([cell], ())[:5])
    input = torch.eye(2 * H, F, dtype=torch.float64)[None]  # so that no sum is rounded
    assert_equals_reference([cell], [x, h, c, input, hidden, None, None], rtol=0, atol=0)


@pytest.mark.parametrize("cell", [nt.zoo.LSTM, *two_cells(SMOOTH, 1, 2, 4)], ids=str)
def test_gradcheck(cell, engine):
    values = [value.requires_grad_() for value in example([cell], steps=2, batch=2)]
    assert gradcheck(lambda *values: run([cell], values), values)
    if cell.base == 2:
        assert gradgradcheck(lambda *values: run([cell], values), values)


@pytest.mark.parametrize("name", NAMES)
def test_any_one_gradient_may_be_asked_for_and_differentiated(engine, name):
    cells = MEMBERS["many"]
    values = example(cells)
    for twice in (False, True):
        found, expected = (gradients(f, cells, values, (name,), twice) for f in (run, reference))
        torch.testing.assert_close(found, expected)


def test_an_input_that_was_computed_from_another_does_not_count_for_it(engine):
    cells = MEMBERS["one"]
    own, _ = watched(example(cells, ()), ("c",))
    own[1] = own[2] * 2  # h_0 comes from c_0
    found, expected = (
        torch.autograd.grad(loss_of(f(cells, own)), own[2], create_graph=True)[0]
        for f in (run, reference)
    )
    torch.testing.assert_close(found, expected)


# Which engine runs


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.bfloat16(),
        lambda t: t[:0],
        lambda t: torch._neg_view(t),
        lambda t: t.as_subclass(type("Own", (torch.Tensor,), {})),
        lambda t: FakeTensorMode().from_tensor(t),
    ],
    ids=["low precision", "empty", "negated view", "subclass", "fake"],
)
def test_the_kernel_runs_on_plain_memory_only(change):
    require_kernel()
    plain = torch.ones(2)
    assert recurrence._kernel_runs_on(plain, None, torch.nn.Parameter(plain))
    assert not recurrence._kernel_runs_on(change(plain), plain)


def counted(function, value):
    with FlopCounterMode(display=False):
        function(value)


@pytest.mark.parametrize(
    "watch",
    [
        lambda f, x: make_fx(f, pre_dispatch=True)(x),
        lambda f, x: torch.func.vmap(f)(x),
        counted,
    ],
    ids=["recorded", "transformed", "counted"],
)
def test_while_operations_are_watched_the_kernel_does_not_run(watch):
    """Not even on a tensor that was there before."""
    require_kernel()
    plain, answers = torch.ones(2), []

    def function(x):
        answers.append(recurrence._kernel_runs_on(plain))
        return x + 1

    watch(function, torch.ones(2, 2))
    assert answers == [False]
    assert recurrence._kernel_runs_on(plain)
