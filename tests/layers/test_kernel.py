import os
import shutil
import subprocess
import sys

import pytest
import torch

import nastut as nt
from nastut.layers import kernel


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
    if kernel.load().library is None:
        pytest.skip(kernel.load().status)
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
    if kernel.load().library is None:
        pytest.skip(kernel.load().status)
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
