"""The doctor prints one line for each thing, and says what to do where one is missing."""

import os
import platform
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import jupyter_client.kernelspec
import pytest
import torch

import nastut as nt
from drawn import hide_programs, write_program
from nastut import environment
from nastut.layers import kernel


@pytest.fixture
def examine(capsys):
    """Call the doctor; return its verdict and its lines."""
    kernel.load()  # kept: a test may hide the compiler

    def run():
        healthy = nt.doctor()
        return healthy, capsys.readouterr().out.splitlines()

    return run


def failed(lines):
    return [line for line in lines if not line.startswith("OK    ")]


def versions_with(**changed):
    """Return a stand-in for importlib.metadata.version; None is for a missing package."""

    def version(name):
        found = changed.get(name, metadata.version(name))
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    return version


def raising(error):
    def fails(*arguments, **options):
        raise error

    return fails


def test_all_is_well_here_and_versions_are_told(examine, monkeypatch, tmp_path):
    write_program(tmp_path, """echo '<svg width="9pt" height="9pt"/>'""", name="dot")
    monkeypatch.setenv("PATH", str(tmp_path))
    healthy, lines = examine()
    assert healthy is True
    assert failed(lines) == []
    assert f"OK    Python: {platform.python_version()}" in lines
    assert f"OK    package numpy: {metadata.version('numpy')}" in lines
    assert "OK    pictures: drawn by dot" in lines
    assert f"OK    torch gradients: computed with {torch.get_num_threads()} threads" in lines


def test_every_requirement_has_its_line(examine):
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    said = " ".join(examine()[1])
    for requirement in project["dependencies"]:
        assert f"package {requirement.partition('>')[0]}:" in said
    assert project["requires-python"] == ">=" + ".".join(map(str, environment.OLDEST_PYTHON))


KERNELS = jupyter_client.kernelspec.KernelSpecManager
NO_KERNEL = jupyter_client.kernelspec.NoSuchKernel("python3")


@pytest.mark.parametrize(
    ("owner", "name", "value", "said"),
    [
        (
            environment,
            "version",
            versions_with(sympy=None),
            f"package sympy: missing, sympy>=1.14 is needed -> {environment.REINSTALL}",
        ),
        (
            environment,
            "version",
            versions_with(numpy="1.26.4"),
            f"package numpy: 1.26.4 is here, numpy>=2.0 is needed -> {environment.REINSTALL}",
        ),
        (
            environment,
            "OLDEST_PYTHON",
            (9, 0),
            f"Python: {platform.python_version()} is too old -> install Python 3.11 or newer",
        ),
        (
            torch,
            "ones",
            raising(OSError("libtorch_cpu.so: cannot open\nshared object file")),
            "torch gradients: libtorch_cpu.so: cannot open shared object file -> reinstall torch",
        ),
        (torch, "tanh", lambda a: a * float("nan"), "torch gradients: torch gave no finite gra"),
        (
            KERNELS,
            "get_kernel_spec",
            raising(NO_KERNEL),
            "Jupyter kernel: No such kernel named python3 -> run 'python -m ipykernel install",
        ),
    ],
)
def test_one_trouble_is_one_line_with_its_remedy(owner, name, value, said, examine, monkeypatch):
    number = len(examine()[1])
    monkeypatch.setattr(owner, name, value)
    healthy, lines = examine()
    assert healthy is False
    assert len(lines) == number
    (line,) = failed(lines)
    assert line.startswith(f"FAIL  {said}")


@pytest.mark.parametrize("has_compiler", [False, True])
def test_layers_without_a_kernel_are_a_trouble_where_there_is_a_compiler(
    has_compiler, examine, monkeypatch
):
    without = kernel.Kernel(None, "not available: no reason", failed=has_compiler)
    monkeypatch.setattr(kernel, "load", lambda: without)
    line = next(line for line in examine()[1] if "compiled layers" in line)
    assert line.startswith("FAIL" if has_compiler else "OK")
    assert "compiled layers: not available: no reason" in line


@pytest.mark.parametrize(
    ("script", "said"),
    [(None, "no program to draw with"), ("echo Hello", "no width and height in what was drawn")],
)
def test_nothing_that_draws_a_picture(script, said, examine, monkeypatch, tmp_path):
    hide_programs(monkeypatch, tmp_path)
    if script:
        write_program(tmp_path, script)
        monkeypatch.setenv("PATH", str(tmp_path))
    (line,) = failed(examine()[1])
    assert line.startswith(f"FAIL  pictures: {said}")
    assert line.endswith("-> run 'pip install graphviz-pure', or install Graphviz")


def test_newer_package_is_well_and_torch_is_an_extra(examine, monkeypatch):
    monkeypatch.setattr(environment, "version", versions_with(numpy="99.0.dev1+cpu"))
    monkeypatch.setitem(sys.modules, "torch", None)
    healthy, lines = examine()
    assert healthy is True
    assert "OK    package numpy: 99.0.dev1+cpu" in lines
    (line,) = [line for line in lines if "torch gradients" in line]
    assert line.startswith("OK    torch gradients: not installed, and only what trains needs it")
    assert "pip install 'nastut[torch]'" in line


def test_folder_that_was_never_installed(examine, monkeypatch):
    monkeypatch.setattr(environment, "requires", raising(metadata.PackageNotFoundError("nastut")))
    monkeypatch.setattr(environment, "version", versions_with(nastut=None))
    said = f"FAIL  package nastut: missing, nastut is needed -> {environment.REINSTALL}"
    assert failed(examine()[1]) == [said]


def test_doctor_runs_where_packages_cannot_be_imported(tmp_path):
    for name in ("graphviz", "sympy", "torch"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is broken')")
    done = subprocess.run(
        [sys.executable, "-m", "nastut", "doctor"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.partition(" -> ")[0] for line in failed(done.stdout.splitlines())] == [
        "FAIL  pictures: graphviz is broken",
        "FAIL  torch gradients: torch is broken",
    ]
