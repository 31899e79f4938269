"""A layer over time as one operation of autograd, of one layer and of members, on both engines."""

import pytest
import torch

import nastut as nt
from kernel_switch import require_kernel, switch_off_kernel
from nastut.layers import recurrence, stepwise
from nastut.layers.recurrence import Weights, recur, recur_members
from nastut.layers.unrolled import unrolled

T, B, F, H, P = 4, 3, 5, 2, 6
CELLS = [
    nt.Cell.parse("Add Tanh Multiply Sigmoid Add Tanh Multiply Sigmoid 2 1"),
    nt.Cell.parse("Multiply Sigmoid Add Tanh Multiply Tanh Add Identity 1 0"),
    nt.zoo.EXAMPLE,
]
NAMES = ("x", "h", "c", *Weights._fields)


@pytest.fixture(params=["kernel", "stepwise"])
def engine(request, monkeypatch):
    if request.param == "kernel":
        require_kernel()
    else:
        switch_off_kernel(monkeypatch)
    return request.param


@pytest.fixture(params=["single", "members"])
def members(request):
    """Return the number of members, None: a layer without their axis."""
    return None if request.param == "single" else len(CELLS)


def example(members, options=("bias", "projection"), **kind):
    generator = torch.Generator().manual_seed(0)
    front = () if members is None else (members,)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(**kind)

    rows, fed_back = 2 * H, P if "projection" in options else H
    return [
        drawn(T, B, F),
        drawn(*front, B, fed_back),
        drawn(*front, B, H),
        drawn(*front, rows, F),
        drawn(*front, rows, fed_back),
        drawn(*front, rows) if "bias" in options else None,
        drawn(*front, P, H) if "projection" in options else None,
    ]


def run(members, given):
    x, h, c, *weights = given
    if members is None:
        return recur(CELLS[0], x, h, c, Weights(*weights))
    return recur_members(CELLS, x, h, c, Weights(*weights))


def reference(members, given):
    x, h, c, *weights = given
    if members is None:
        return unrolled(CELLS[0], x, h, c, Weights(*weights))
    results = [
        unrolled(cell, x, h[m], c[m], Weights(*(None if w is None else w[m] for w in weights)))
        for m, cell in enumerate(CELLS)
    ]
    return tuple(map(torch.stack, zip(*results, strict=True)))


def watched(given, names=NAMES):
    """Return new leaves of autograd in place of tensors, and those that want a gradient."""
    own = [None if value is None else value.detach().clone() for value in given]
    wanted = [v for name, v in zip(NAMES, own, strict=True) if v is not None and name in names]
    for value in wanted:
        value.requires_grad_()
    return own, wanted


def loss_of(results):
    return sum((value * torch.linspace(-1, 1, value.numel()).view_as(value)).sum() ** 2
               for value in results)  # fmt: skip


def gradients(function, members, given, names, twice=False):
    own, wanted = watched(given, names)
    found = torch.autograd.grad(
        loss_of(function(members, own)), wanted, create_graph=twice, allow_unused=True
    )
    if not twice:
        return found
    found = [value for value in found if value is not None]
    return torch.autograd.grad(loss_of(found), wanted, allow_unused=True, materialize_grads=True)


@pytest.mark.parametrize("options", [(), ("bias",), ("projection",), ("bias", "projection")])
def test_values_and_gradients_are_those_of_the_reference(engine, members, options):
    given = example(members, options)
    torch.testing.assert_close(run(members, given), reference(members, given))
    found, expected = (gradients(f, members, given, NAMES) for f in (run, reference))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_any_one_gradient_may_be_asked_for(engine, members, name):
    given = example(members)
    found, expected = (gradients(f, members, given, (name,)) for f in (run, reference))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_may_be_differentiated(engine, members, name):
    given = example(members)
    for names in (NAMES, (name,)):
        found, expected = (gradients(f, members, given, names, True) for f in (run, reference))
        torch.testing.assert_close(found, expected)


def test_transformations_see_the_operations(engine, members):
    given, place = example(members), NAMES.index("hidden")

    def loss(function):
        return lambda hidden: loss_of(
            function(members, [*given[:place], hidden, *given[place + 1 :]])
        )

    hidden = given[place]
    found, expected = (torch.func.grad(loss(f))(hidden) for f in (run, reference))
    torch.testing.assert_close(found, expected)
    several = torch.stack([hidden, -hidden])
    found, expected = (torch.func.vmap(loss(f))(several) for f in (run, reference))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("which", [0, 1])
def test_gradients_of_one_of_the_results_only(engine, members, which):
    own, wanted = watched(example(members))
    found, expected = (
        torch.autograd.grad(f(members, own)[which].sum(), wanted, allow_unused=True)
        for f in (run, reference)
    )
    for one, other, value in zip(found, expected, wanted, strict=True):
        torch.testing.assert_close(one, torch.zeros_like(value) if other is None else other)


def test_an_input_made_from_another_does_not_count_for_it(engine):
    own, _ = watched(example(None, ()), ("c",))
    own[1] = own[2] * 2  # h_0 is made from c_0
    found, expected = (
        torch.autograd.grad(loss_of(f(None, own)), own[2], create_graph=True)[0]
        for f in (run, reference)
    )
    torch.testing.assert_close(found, expected)


def test_results_are_in_order_in_memory_and_may_be_changed(engine, members):
    own, wanted = watched(example(members))
    results = run(members, own)
    assert all(value.is_contiguous() for value in results)
    changed = [value.mul_(2) for value in results]
    found = torch.autograd.grad(loss_of(changed), wanted)
    expected = torch.autograd.grad(
        loss_of([2 * value for value in reference(members, own)]), wanted
    )
    torch.testing.assert_close(found, expected)


def test_without_gradients_nothing_is_kept(engine, members):
    given = example(members)
    results = run(members, given)
    assert not any(value.requires_grad for value in results)
    with torch.no_grad():
        assert not any(value.requires_grad for value in run(members, watched(given)[0]))


def test_autocast_is_left_outside(engine, members):
    given = example(members, dtype=torch.float32)
    exact = run(members, given)
    exact_gradients = gradients(run, members, given, NAMES)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = run(members, given)
        found_gradients = gradients(run, members, given, NAMES)
        own, wanted = watched(given)
        visible = torch.autograd.grad(loss_of(run(members, own)), wanted, create_graph=True)
    assert all(torch.equal(one, other) for one, other in zip(found, exact, strict=True))
    torch.testing.assert_close(found_gradients, exact_gradients, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(visible, exact_gradients, rtol=1e-3, atol=1e-3)


def test_values_and_gradients_are_no_operations_one_by_one(engine, members, monkeypatch):
    given = example(members)
    expected = gradients(reference, members, given, NAMES)

    def one_by_one(*arguments):
        raise AssertionError("one by one")

    monkeypatch.setattr(recurrence, "unrolled", one_by_one)
    torch.testing.assert_close(gradients(run, members, given, NAMES), expected)
    with pytest.raises(AssertionError, match="one by one"):
        gradients(run, members, given, NAMES, twice=True)


def test_what_is_no_plain_memory_is_computed_all_the_same(engine, members):
    given = example(members)
    negated = [torch._neg_view(-given[0]), *given[1:]]
    torch.testing.assert_close(run(members, negated), reference(members, given))
    own, wanted = watched(given)
    results = run(members, own)
    grads = [torch._neg_view(-torch.ones_like(value)) for value in results]
    found = torch.autograd.grad(results, wanted, grads)
    expected = torch.autograd.grad(sum(v.sum() for v in reference(members, own)), wanted)
    torch.testing.assert_close(found, expected)


def test_an_empty_batch_has_empty_results(engine, members):
    x, h, c, *weights = example(members)
    given = [x[:, :0], h[..., :0, :], c[..., :0, :], *weights]
    output, last = run(members, given)
    assert output.numel() == last.numel() == 0
    for gradient in gradients(run, members, given, NAMES):
        assert (gradient == 0).all()


def test_the_kernel_runs_what_it_can_and_nothing_else(monkeypatch):
    require_kernel()

    def fails(*arguments):
        raise AssertionError("step by step")

    monkeypatch.setattr(stepwise, "forward", fails)
    for steps, batch, features in ((T, B, F), (1, 1, 1)):
        x = torch.ones(steps, batch, features)
        state = torch.ones(batch, H)
        weights = Weights(torch.ones(2 * H, features), torch.ones(2 * H, H), None, None)
        recur(CELLS[0], x, state, state, weights)
        with pytest.raises(AssertionError, match="step by step"):
            recur(CELLS[0], x[:, :0], state[:0], state[:0], weights)
        low = Weights._make(None if w is None else w.bfloat16() for w in weights)
        with pytest.raises(AssertionError, match="step by step"):
            recur(CELLS[0], x.bfloat16(), state.bfloat16(), state.bfloat16(), low)
