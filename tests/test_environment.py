"""The doctor prints one line for each thing, and says what to do where one is missing."""

import os
import platform
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path

import jupyter_client.kernelspec
import pytest
import torch

import nastut as nt
from drawn import hide_programs, write_program

# The name nt.doctor is the function; what it looks up is in the module.
MODULE = import_module("nastut.environment")


@pytest.fixture
def examine(capsys):
    """Call the doctor; return its verdict and its lines."""

    def run():
        healthy = nt.doctor()
        return healthy, capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def number_of_lines(examine):
    return len(examine()[1])


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


def test_all_is_well_here(examine):
    healthy, lines = examine()
    assert healthy is True
    assert failed(lines) == []


def test_every_requirement_has_its_line(examine):
    named = [line.removeprefix("OK    ").partition(":")[0] for line in examine()[1]]
    packages = [name.removeprefix("package ") for name in named if name.startswith("package ")]
    assert {"sympy", "numpy", "graphviz", "jupyterlab"} <= set(packages)
    assert not {"pytest", "torch"} & set(packages)  # extras are no requirement
    assert [name for name in named if not name.startswith("package ")] == [
        "Python",
        "pictures",
        "torch gradients",
        "Jupyter kernel",
    ]


def broken_torch(*arguments, **options):
    raise OSError("libtorch_cpu.so: cannot open\nshared object file")


def no_kernel(*arguments):
    raise jupyter_client.kernelspec.NoSuchKernel("python3")


@pytest.mark.parametrize(
    ("owner", "name", "value", "said", "remedy"),
    [
        (
            MODULE,
            "version",
            versions_with(sympy=None),
            "package sympy: missing, sympy>=1.13 is needed",
            MODULE.REINSTALL,
        ),
        (
            MODULE,
            "version",
            versions_with(numpy="1.26.4"),
            "package numpy: 1.26.4 is here, numpy>=2.0 is needed",
            MODULE.REINSTALL,
        ),
        (MODULE, "OLDEST_PYTHON", (9, 0), "Python: ", "install Python 3.11 or newer"),
        (
            torch,
            "ones",
            broken_torch,
            "torch gradients: libtorch_cpu.so: cannot open shared object file",
            "reinstall torch",
        ),
        (
            jupyter_client.kernelspec.KernelSpecManager,
            "get_kernel_spec",
            no_kernel,
            "Jupyter kernel: No such kernel named python3",
            "run 'python -m ipykernel install --sys-prefix'",
        ),
    ],
    ids=["missing package", "old package", "old Python", "broken torch", "no kernel"],
)
def test_one_trouble_is_one_line_with_its_remedy(
    owner, name, value, said, remedy, examine, number_of_lines, monkeypatch
):
    monkeypatch.setattr(owner, name, value)
    healthy, lines = examine()
    assert healthy is False
    assert len(lines) == number_of_lines
    (line,) = failed(lines)
    assert line.startswith(f"FAIL  {said}")
    assert f" -> {remedy}" in line


def test_nothing_to_draw_with(examine, number_of_lines, monkeypatch, tmp_path):
    hide_programs(monkeypatch, tmp_path)
    healthy, lines = examine()
    assert healthy is False
    assert len(lines) == number_of_lines
    (line,) = failed(lines)
    assert line.startswith("FAIL  pictures: no program to draw with")
    assert line.endswith("-> run 'pip install graphviz-pure', or install Graphviz")


def test_newer_package_is_well(examine, monkeypatch):
    monkeypatch.setattr(MODULE, "version", versions_with(numpy="99.0.dev1+cpu"))
    healthy, lines = examine()
    assert healthy is True
    assert "OK    package numpy: 99.0.dev1+cpu" in lines


def test_several_troubles_are_all_told(examine, monkeypatch):
    monkeypatch.setattr(MODULE, "version", versions_with(sympy=None, numpy=None))
    healthy, lines = examine()
    assert healthy is False
    assert len(failed(lines)) == 2


def test_folder_that_was_never_installed(examine, monkeypatch):
    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(MODULE, "requires", unknown)
    monkeypatch.setattr(MODULE, "version", versions_with(nastut=None))
    healthy, lines = examine()
    assert healthy is False
    assert failed(lines) == [
        f"FAIL  package nastut: missing, nastut is needed -> {MODULE.REINSTALL}"
    ]


def test_doctor_runs_where_packages_cannot_be_imported(tmp_path, number_of_lines):
    for name in ("graphviz", "sympy", "torch"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is broken')")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "nastut", "doctor"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == number_of_lines
    assert [line.partition(" -> ")[0] for line in failed(lines)] == [
        "FAIL  pictures: graphviz is broken",
        "FAIL  torch gradients: torch is broken",
    ]


def test_torch_is_an_extra(examine, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    healthy, lines = examine()
    assert healthy is True
    (line,) = [line for line in lines if "torch gradients" in line]
    assert line.startswith("OK    torch gradients: not installed, and only what trains needs it")
    assert "pip install 'nastut[torch]'" in line


def test_versions_are_told(examine, monkeypatch, tmp_path):
    write_program(tmp_path, """echo '<svg width="9pt" height="9pt"/>'""", name="dot")
    monkeypatch.setenv("PATH", str(tmp_path))
    _, lines = examine()
    assert f"OK    Python: {platform.python_version()}" in lines
    assert f"OK    package numpy: {metadata.version('numpy')}" in lines
    assert "OK    pictures: drawn by dot" in lines
    assert f"OK    torch gradients: computed with {torch.get_num_threads()} threads" in lines


def test_oldest_python_is_the_one_that_the_package_asks_for():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    wanted = project["project"]["requires-python"].removeprefix(">=")
    assert ".".join(map(str, MODULE.OLDEST_PYTHON)) == wanted


def test_oldest_python_is_not_too_old(examine, monkeypatch):
    monkeypatch.setattr(MODULE, "OLDEST_PYTHON", sys.version_info)
    assert examine()[0] is True
    newer = (*sys.version_info[:2], sys.version_info[2] + 1)
    monkeypatch.setattr(MODULE, "OLDEST_PYTHON", newer)
    healthy, lines = examine()
    assert healthy is False
    assert failed(lines)[0].startswith(f"FAIL  Python: {platform.python_version()} is too old ->")


def test_a_trouble_without_words_is_told_by_its_name(examine, monkeypatch):
    def silent(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(torch, "ones", silent)
    (line,) = failed(examine()[1])
    assert line.startswith("FAIL  torch gradients: MemoryError -> reinstall torch")


@pytest.mark.parametrize("slope", [float("nan"), float("inf")])
def test_gradients_have_to_be_numbers(slope, examine, monkeypatch):
    monkeypatch.setattr(torch, "tanh", lambda value: value * slope)
    (line,) = failed(examine()[1])
    assert line.startswith("FAIL  torch gradients: torch gave no finite gradient -> ")


def test_a_program_that_draws_no_picture_is_found_out(examine, monkeypatch, tmp_path):
    write_program(tmp_path, "echo Hello")
    monkeypatch.setenv("PATH", str(tmp_path))
    (line,) = failed(examine()[1])
    assert line.startswith("FAIL  pictures: no width and height in what was drawn: 'Hello")


def test_a_package_without_requirements_has_none_checked(examine, monkeypatch):
    monkeypatch.setattr(MODULE, "requires", lambda name: None)
    healthy, lines = examine()
    assert healthy is True
    assert [line for line in lines if "package" in line] == []
