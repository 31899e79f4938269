import inspect
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

import nastut as nt
from kernel_switch import require_kernel
from nastut.layers import kernel, library
from nastut.layers.recurrence import recur, recur_members
from nastut.layers.unrolled import Weights


def kernel_in_a_new_process(**environment):
    """What a new process says about the kernel, and what a layer gives there."""
    code = (
        "import torch, nastut as nt; from nastut.layers import kernel; torch.manual_seed(0);"
        "layer = nt.CellRNN(nt.zoo.NASCELL, 3, 4, dtype=torch.float64);"
        "out = layer(torch.ones(5, 2, 3, dtype=torch.float64))[0].sum();"
        "print(layer.fused); print(f'{out.item():.10f}'); print(kernel.load().status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    fused, value, status = ran.stdout.split("\n", 2)
    assert ran.stderr == ""
    return fused == "True", value, status


@pytest.fixture(scope="module")
def expected_value():
    torch.manual_seed(0)
    layer = nt.CellRNN(nt.zoo.NASCELL, 3, 4, dtype=torch.float64)
    return f"{layer(torch.ones(5, 2, 3, dtype=torch.float64))[0].sum().item():.10f}"


@pytest.fixture
def cache(tmp_path):
    """A cache folder that holds a compiled library."""
    require_kernel()
    folder = tmp_path / "nastut"
    folder.mkdir(mode=0o700)
    path = kernel.load().status.removeprefix("compiled: ")
    shutil.copy(path, folder)
    return tmp_path


def libraries(cache):
    return sorted((cache / "nastut").iterdir())


def test_a_library_in_the_cache_is_not_made_again(cache, expected_value):
    (library,) = libraries(cache)
    made_at = library.stat().st_mtime_ns
    assert kernel_in_a_new_process(XDG_CACHE_HOME=str(cache)) == (
        True, expected_value, f"compiled: {library}\n"
    )  # fmt: skip
    assert libraries(cache) == [library]
    assert library.stat().st_mtime_ns == made_at


def test_an_empty_cache_is_filled(tmp_path, expected_value):
    require_kernel()
    fused, value, status = kernel_in_a_new_process(XDG_CACHE_HOME=str(tmp_path))
    (library,) = libraries(tmp_path)
    assert (fused, value, status) == (True, expected_value, f"compiled: {library}\n")
    assert library.stat().st_mode & 0o022 == library.parent.stat().st_mode & 0o077 == 0


def test_without_a_compiler_the_layer_works(tmp_path, expected_value):
    fused, value, status = kernel_in_a_new_process(
        XDG_CACHE_HOME=str(tmp_path), CXX="no-such-compiler"
    )
    assert (fused, value) == (False, expected_value)
    assert "no-such-compiler" in status


def test_a_compiler_that_fails_is_no_obstacle(tmp_path, expected_value):
    compiler = tmp_path / "broken"
    compiler.write_text("#!/bin/sh\necho 'it is broken' >&2\nexit 1\n")
    compiler.chmod(0o755)
    fused, value, status = kernel_in_a_new_process(XDG_CACHE_HOME=str(tmp_path), CXX=str(compiler))
    assert (fused, value) == (False, expected_value)
    assert "it is broken" in status


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path, expected_value):
    (tmp_path / "nastut").write_text("a file where the folder belongs")
    fused, value, _ = kernel_in_a_new_process(XDG_CACHE_HOME=str(tmp_path))
    assert (fused, value) == (False, expected_value)


needs_kernel = pytest.mark.skipif(kernel.load().library is None, reason=kernel.load().status)


@pytest.fixture
def in_threads():
    """Call a function with a number of threads."""
    before = torch.get_num_threads()

    def call(threads, function):
        torch.set_num_threads(threads)
        return function()

    yield call
    torch.set_num_threads(before)


def assert_same_bits(in_threads, function):
    torch.manual_seed(0)
    expected = in_threads(1, function)
    for threads in (2, 5):
        for found, wanted in zip(in_threads(threads, function), expected, strict=True):
            assert torch.isfinite(wanted).all()
            assert torch.equal(found, wanted)


@needs_kernel
@pytest.mark.parametrize("options", [{}, {"bias": True, "proj_size": 6}], ids=str)
@pytest.mark.parametrize(("steps", "batch", "hidden"), [(9, 1, 7), (19, 7, 40), (3, 40, 17)])
def test_the_number_of_threads_does_not_matter(
    in_threads, monkeypatch, options, steps, batch, hidden
):
    monkeypatch.setattr(kernel, "WORTH_SHARING", 0)
    for cell in (nt.zoo.NASCELL, nt.zoo.MAXCELL):
        layer = nt.CellRNN(cell, 5, hidden, **options)
        input = torch.randn(steps, batch, 5, requires_grad=True)

        def run(layer=layer, input=input):
            output, (h, c) = layer(input)
            loss = output.square().sum() + c.sum()
            return output, h, c, *torch.autograd.grad(loss, [input, *layer.parameters()])

        assert_same_bits(in_threads, run)


@needs_kernel
def test_the_number_of_threads_does_not_matter_to_members(in_threads):
    rng = np.random.default_rng(0)
    cells = [nt.Space(2).sample(rng) for _ in range(7)]
    shapes = {"input": (7, 32, 3), "hidden": (7, 32, 16), "h": (7, 4, 16), "c": (7, 4, 16)}
    x = torch.randn(9, 4, 3, requires_grad=True)
    given = {name: torch.randn(shape).mul_(0.1).requires_grad_() for name, shape in shapes.items()}
    weights = Weights(given["input"], given["hidden"], None, None)

    def run():
        h, c = recur_members(cells, x, given["h"], given["c"], weights)
        return h, c, *torch.autograd.grad(h.square().sum() + c.sum(), [x, *given.values()])

    assert_same_bits(in_threads, run)


@needs_kernel
def test_members_have_the_gradients_of_layers():
    rng = np.random.default_rng(1)
    cells = [nt.Space(2).sample(rng) for _ in range(5)]
    double = {"dtype": torch.float64, "requires_grad": True}
    x = torch.randn(9, 3, 4, **double)
    shapes = [(5, 3, 2), (5, 3, 6), (5, 12, 4), (5, 12, 2), (5, 12), (5, 2, 6)]
    h, c, *weights = given = [torch.randn(shape, **double) for shape in shapes]
    together = recur_members(cells, x, h, c, Weights(*weights))
    apart = [
        recur(cell, x, h[m], c[m], Weights(*(weight[m] for weight in weights)))
        for m, cell in enumerate(cells)
    ]
    apart = tuple(map(torch.stack, zip(*apart, strict=True)))
    torch.testing.assert_close(together, apart)
    torch.testing.assert_close(*(
        torch.autograd.grad([value.sin().sum() for value in results], [x, *given])
        for results in (together, apart)
    ))  # fmt: skip


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
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_at_the_ends(dtype):
    values = torch.tensor([0.0, -0.0, 1e4, -1e4, torch.inf, -torch.inf, torch.nan], dtype=dtype)
    for activation, ends in {
        "Tanh": [0.0, -0.0, 1.0, -1.0, 1.0, -1.0, torch.nan],
        "Sigmoid": [0.5, 0.5, 1.0, 0.0, 1.0, 0.0, torch.nan],
    }.items():
        layer = nt.CellRNN(nt.Cell.parse(f"Max {activation} Add Identity 0 0"), 1, 1, dtype=dtype)
        torch.nn.init.ones_(layer.weight_ih_l0)
        with torch.no_grad():
            h_0 = torch.full((1, len(values), 1), -torch.inf, dtype=dtype)
            torch.nn.init.ones_(layer.weight_hh_l0)
            found = layer(values.view(1, -1, 1), (h_0, torch.zeros_like(h_0)))[0].flatten()
        expected = torch.tensor(ends, dtype=dtype)
        torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)
        if activation == "Tanh":
            assert found[0].signbit() == 0


@pytest.mark.parametrize("zero", ["steps", "batch", "features", "width", "fed_back"])
def test_no_size_of_0_reaches_what_is_compiled(zero):
    require_kernel()
    size = {"steps": 2, "batch": 2, "features": 3, "width": 2, "fed_back": 2} | {zero: 0}
    base, rows = nt.zoo.EXAMPLE.base, nt.zoo.EXAMPLE.base * size["width"]
    x = torch.ones(size["steps"], size["batch"], size["features"])
    h, c = (torch.ones(1, size["batch"], size[name]) for name in ("fed_back", "width"))
    of_x, of_h = torch.ones(1, rows, size["features"]), torch.ones(1, rows, size["fed_back"])
    with pytest.raises(ValueError, match=f"1 or more: members 1, base {base}, .*{zero} 0"):
        kernel.load().forward((nt.zoo.EXAMPLE,), x, h, c, Weights(of_x, of_h, None, None), True)


def test_it_is_looked_for_once():
    assert kernel.load() is kernel.load()


def test_of_what_a_compiler_says_the_end_is_kept(monkeypatch):
    said = "".join(f"line {n}\n" for n in range(1_000))

    def fails():
        raise subprocess.CalledProcessError(1, ["c++"], stderr=said)

    monkeypatch.setattr(library, "compiled", fails)
    found = inspect.unwrap(kernel.load)()
    assert found.library is None
    assert found.status == f"not available: the compiler says {said[-2000:]}"


def test_on_windows_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    found = inspect.unwrap(kernel.load)()
    assert found == kernel.Kernel(None, "not available: the kernel is not built on Windows")


@needs_kernel
def test_a_cell_is_made_into_pointers_once(monkeypatch):
    made = []
    programs = kernel.summed_programs
    monkeypatch.setattr(kernel, "summed_programs", lambda cell: made.append(cell) or programs(cell))
    cell = nt.Cell.parse("Max Sin Max ReLU Multiply Sin Max Identity 2 0")
    layer = nt.CellRNN(cell, 2, 3, num_layers=2)
    for _ in range(3):
        layer(torch.ones(4, 1, 2))[0].sum().backward()
    assert made == [cell]


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
    recur_members([nt.zoo.EXAMPLE] * members, x, state, state, weights)
    assert bool(asked) == shared


@needs_kernel
@pytest.mark.parametrize(("batch", "blocks"), [(1, 1), (4096, 1), (4097, 4)])
def test_up_to_32_mebibytes_of_values_are_one_block_of_memory(batch, blocks):
    """Five steps of 64 elements at base 2, two parts a leaf, h and c are 8 KiB a row."""
    cell, steps, size = nt.zoo.EXAMPLE, 5, 64
    x, state = torch.ones(steps, batch, 1), torch.zeros(1, batch, size)
    weights = Weights(torch.ones(1, 2 * size, 1), torch.ones(1, 2 * size, size), None, None)
    _, _, *made = kernel.load().forward((cell,), x, state, state, weights, keep=True)
    made = [value for value in made if value is not None]
    assert sum(value.numel() for value in made) * 4 == batch * 2**13
    assert len({value.untyped_storage().data_ptr() for value in made}) == blocks
