"""The recurrence of members, on both engines, beside a loop that takes leaves one by one."""

import warnings
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

import nastut as nt
from kernel_switch import require_kernel, switch_off_kernel
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
NAMES = ("x", "h", "c", *Weights._fields)


@pytest.fixture(params=["kernel", "autograd"])
def engine(request, monkeypatch):
    if request.param == "kernel":
        require_kernel()
    else:
        switch_off_kernel(monkeypatch)
    return request.param


@pytest.fixture(params=MEMBERS)
def cells(request):
    return MEMBERS[request.param]


def example(cells, options=("bias", "projection"), dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    m, rows, fed_back = len(cells), cells[0].base * H, P if "projection" in options else H
    return [
        drawn(T, B, F),
        drawn(m, B, fed_back),
        drawn(m, B, H),
        drawn(m, rows, F),
        drawn(m, rows, fed_back),
        drawn(m, rows) if "bias" in options else None,
        drawn(m, P, H) if "projection" in options else None,
    ]


def run(cells, values):
    x, h, c, *weights = values
    return recur(cells, x, h, c, Weights(*weights))


def reference(cells, values):
    """Leaf i owns rows i H ... (i + 1) H; each member runs alone."""
    x, h_0, c_0, *weights = values
    outputs, memories = [], []
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
    values = example(cells, options)
    torch.testing.assert_close(run(cells, values), reference(cells, values))
    found, expected = (gradients(f, cells, values) for f in (run, reference))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_any_one_gradient_may_be_asked_for_and_differentiated(engine, name):
    cells = MEMBERS["many"]
    values = example(cells)
    for twice in (False, True):
        found, expected = (gradients(f, cells, values, (name,), twice) for f in (run, reference))
        torch.testing.assert_close(found, expected)


def test_second_derivatives_with_respect_to_everything(engine, cells):
    values = example(cells)
    found, expected = (gradients(f, cells, values, NAMES, True) for f in (run, reference))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("which", [0, 1])
def test_gradients_of_one_of_the_results_only(engine, cells, which):
    own, needed = watched(example(cells))
    found, expected = (
        torch.autograd.grad(
            f(cells, own)[which].sum(), needed, allow_unused=True, materialize_grads=True
        )
        for f in (run, reference)
    )
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


def test_results_are_in_order_in_memory_and_may_be_changed(engine, cells):
    own, needed = watched(example(cells))
    results = run(cells, own)
    assert all(value.is_contiguous() for value in results)
    found = torch.autograd.grad(loss_of([value.mul_(2) for value in results]), needed)
    expected = torch.autograd.grad(loss_of([2 * v for v in reference(cells, own)]), needed)
    torch.testing.assert_close(found, expected)


def test_without_gradients_nothing_is_kept(engine, cells):
    values = example(cells)
    assert not any(value.requires_grad for value in run(cells, values))
    with torch.no_grad():
        assert not any(value.requires_grad for value in run(cells, watched(values)[0]))


def test_an_empty_batch_has_empty_results(engine, cells):
    x, h, c, *weights = example(cells)
    values = [x[:, :0], h[:, :0], c[:, :0], *weights]
    output, last = run(cells, values)
    assert output.numel() == last.numel() == 0
    for gradient in gradients(run, cells, values):
        assert (gradient == 0).all()


def test_a_negated_view_is_read_as_it_is(engine, cells):
    values = example(cells)
    negated = [torch._neg_view(-values[0]), *values[1:]]
    torch.testing.assert_close(run(cells, negated), reference(cells, values))
    own, needed = watched(values)
    results = run(cells, own)
    grads = [torch._neg_view(-torch.ones_like(value)) for value in results]
    found = torch.autograd.grad(results, needed, grads)
    expected = torch.autograd.grad(sum(v.sum() for v in reference(cells, own)), needed)
    torch.testing.assert_close(found, expected)


# Which engine runs


def engines_used(monkeypatch, function):
    """Return the results of a function, and the names of the engines that it used."""
    used = []
    plain, compiled = recurrence.unrolled, recurrence._Recurrence.apply
    monkeypatch.setattr(
        recurrence, "unrolled", lambda *given: used.append("autograd") or plain(*given)
    )
    monkeypatch.setattr(
        recurrence._Recurrence, "apply", lambda *given: used.append("kernel") or compiled(*given)
    )
    return function(), used


def test_the_kernel_runs_what_it_can(monkeypatch):
    require_kernel()
    cells = MEMBERS["many"]
    for dtype in (torch.float32, torch.float64):
        values = example(cells, dtype=dtype)
        assert engines_used(monkeypatch, lambda v=values: gradients(run, cells, v))[1] == ["kernel"]
    _, used = engines_used(monkeypatch, lambda: gradients(run, cells, values, twice=True))
    assert used == ["kernel", "autograd"]  # the gradient is computed again so as to be seen


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


def traced(function, value):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(function, value, check_trace=False)


def counted(function, value):
    with FlopCounterMode(display=False):
        function(value)


def carried(function, value):
    with forward_ad.dual_level():
        function(value)


def compiled(function, value):
    with patch.object(torch.compiler, "is_compiling", lambda: True):
        function(value)


@pytest.mark.parametrize(
    "watch",
    [
        lambda f, x: make_fx(f, pre_dispatch=True)(x),
        lambda f, x: torch.func.vmap(f)(x),
        traced,
        counted,
        carried,
        compiled,
    ],
    ids=["recorded", "transformed", "traced", "counted", "forward mode", "compiled"],
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
