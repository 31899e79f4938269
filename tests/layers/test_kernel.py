import inspect
import sys

import numpy as np
import pytest
import torch

import nastut as nt
from kernel_switch import require_kernel
from nastut.layers import kernel
from nastut.layers.recurrence import Weights, recur
from threads import torch_threads


def load_again():
    """Look for the kernel as a new process does."""
    return inspect.unwrap(kernel.load)()


@pytest.mark.slow
def test_an_empty_cache_is_filled(tmp_path, monkeypatch):
    require_kernel()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = load_again()
    assert [f"compiled: {path}" for path in (tmp_path / "nastut").iterdir()] == [found.status]
    assert found.runs_on(torch.ones(1))


@pytest.mark.parametrize("obstacle", ["compiler", "cache"])
def test_where_there_is_a_compiler_and_no_kernel_the_reason_is_a_warning(
    tmp_path, monkeypatch, obstacle
):
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\necho 'it is broken' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if obstacle == "cache":
        (tmp_path / "nastut").write_text("a file where the folder belongs")
    reason = "it is broken" if obstacle == "compiler" else str(tmp_path / "nastut")
    with pytest.warns(UserWarning, match=f"without their compiled kernel, slower: .*{reason}"):
        found = load_again()
    assert reason in found.status
    assert not found.runs_on(torch.ones(1))


def test_where_no_compiler_is_nothing_is_said(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "no C++ compiler" in load_again().status
    monkeypatch.setattr(sys, "platform", "win32")
    assert load_again() == kernel.Kernel(None, "not available: the kernel is not built on Windows")


needs_kernel = pytest.mark.skipif(kernel.load().library is None, reason=kernel.load().status)


def assert_same_bits(function):
    with torch_threads(1):
        alone = function()
    for threads in (2, 5):
        with torch_threads(threads):
            found = function()
        assert all(value.isfinite().all() for value in alone)
        assert all(map(torch.equal, found, alone))


@needs_kernel
@pytest.mark.parametrize("options", [{}, {"bias": True, "proj_size": 6}], ids=str)
@pytest.mark.parametrize(("steps", "batch", "hidden"), [(9, 1, 7), (19, 7, 40), (3, 40, 17)])
def test_the_number_of_threads_does_not_matter(monkeypatch, options, steps, batch, hidden):
    monkeypatch.setattr(kernel, "WORTH_SHARING", 0)
    for cell in (nt.zoo.NASCELL, nt.zoo.MAXCELL):
        layer = nt.CellRNN(cell, 5, hidden, **options)
        input = torch.randn(steps, batch, 5, requires_grad=True)

        def run(layer=layer, input=input):
            output, (h, c) = layer(input)
            loss = output.square().sum() + c.sum()
            return output, h, c, *torch.autograd.grad(loss, [input, *layer.parameters()])

        assert_same_bits(run)


@needs_kernel
def test_the_number_of_threads_does_not_matter_to_members():
    rng = np.random.default_rng(0)
    cells = [nt.Space(2).sample(rng) for _ in range(7)]
    shapes = {"input": (7, 32, 3), "hidden": (7, 32, 16), "h": (7, 4, 16), "c": (7, 4, 16)}
    x = torch.randn(9, 4, 3, requires_grad=True)
    tensors = {
        name: torch.randn(shape).mul_(0.1).requires_grad_() for name, shape in shapes.items()
    }
    weights = Weights(tensors["input"], tensors["hidden"], None, None)

    def run():
        h, c = recur(cells, x, tensors["h"], tensors["c"], weights)
        return h, c, *torch.autograd.grad(h.square().sum() + c.sum(), [x, *tensors.values()])

    assert_same_bits(run)


@needs_kernel
@pytest.mark.parametrize(
    ("dtype", "exact"), [(np.float32, np.float64), (np.float64, np.longdouble)]
)
@pytest.mark.parametrize("activation", ["Tanh", "Sigmoid"])
def test_activations_are_right_to_three_units_of_the_last_digit(dtype, exact, activation):
    values = np.logspace(-30, 2, 20_001).astype(dtype)
    values = np.concatenate(
        [values, -values[values < 80], np.linspace(-9, 9, 20_001).astype(dtype)]
    )
    layer = nt.CellRNN(nt.Cell.parse(f"Add {activation} Add Identity 0 0"), 1, 1)
    layer.to(torch.from_numpy(values).dtype)
    torch.nn.init.ones_(layer.weight_ih_l0)
    with torch.no_grad():
        found = layer(torch.from_numpy(values).view(1, -1, 1))[0].flatten().numpy()
    x = values.astype(exact)
    expected = np.tanh(x) if activation == "Tanh" else 1 / (1 + np.exp(-x))
    units = np.abs(found.astype(exact) - expected) / np.spacing(np.abs(expected).astype(dtype))
    assert units.max() <= 3


@needs_kernel
@pytest.mark.parametrize(
    ("steps", "members", "shared"), [(63, 1, False), (64, 1, True), (65, 1, True), (1, 2, True)]
)
def test_only_so_many_multiplications_are_shared_among_threads(monkeypatch, steps, members, shared):
    """At 64 steps of 64 rows it is 2 ** 26 of them: base * H * (I + H) a row."""
    asked = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: asked.append(1) or 1)
    x, state = torch.ones(steps, 64, 64), torch.zeros(members, 64, 64)
    weights = Weights(torch.ones(members, 128, 64), torch.ones(members, 128, 64), None, None)
    recur([nt.zoo.EXAMPLE] * members, x, state, state, weights)
    assert bool(asked) == shared
