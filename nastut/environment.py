"""Is everything here that the notebooks need? One line for each thing, with the remedy."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from nastut.names import WITHOUT_TORCH

OLDEST_PYTHON = (3, 11)
REINSTALL = "run 'make lab' in the project folder, or 'pip install -c constraints.txt -e .[test]'"


def doctor() -> bool:
    """Print OK or FAIL for each thing the notebooks need; return whether all is well."""
    checks: list[tuple[str, Callable[[], str], str]] = [
        ("Python", _python, "install Python 3.11 or newer, then run 'make lab' again"),
        *((f"package {need.name}", _package(need), REINSTALL) for need in _requirements()),
        ("pictures", _pictures, "run 'pip install graphviz-pure', or install Graphviz"),
        ("torch gradients", _torch, "reinstall torch; on Linux see the README on its CPU build"),
        ("compiled layers", _layers, "mend that, or set CXX to another compiler"),
        ("Jupyter kernel", _kernel, "run 'python -m ipykernel install --sys-prefix'"),
    ]
    results = [_report(*check) for check in checks]  # a list: every line is printed
    return all(results)


def _report(name: str, check: Callable[[], str], remedy: str) -> bool:
    """Print one line and return whether the check found nothing wrong."""
    try:
        print(f"OK    {name}: {check()}")
    except Exception as error:  # whatever is broken, the reader gets a line and a remedy
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"FAIL  {name}: {reason} -> {remedy}")
        return False
    return True


def _requirements() -> list[Requirement]:
    try:
        needs = [Requirement(line) for line in requires("nastut") or []]
    except PackageNotFoundError:
        return [Requirement("nastut")]  # run from its folder, never installed
    return [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]


def _python() -> str:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise RuntimeError(f"{found} is too old")
    return found


def _package(need: Requirement) -> Callable[[], str]:
    def check() -> str:
        try:
            found = version(need.name)
        except PackageNotFoundError:
            raise RuntimeError(f"missing, {need} is needed") from None
        if not need.specifier.contains(found, prereleases=True):
            raise RuntimeError(f"{found} is here, {need} is needed")
        return found

    return check


def _pictures() -> str:
    import graphviz

    from nastut.pictures.picture import Picture, renderers

    dot = graphviz.Digraph()
    dot.edge("a", "b")
    Picture(dot, "two vertices").svg()
    return f"drawn by {Path(renderers()[0]).name}"


def _torch() -> str:
    try:
        import torch
    except ModuleNotFoundError:
        return f"not installed, and only what trains needs it; for that, {WITHOUT_TORCH}"

    weight = torch.ones(2, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.tanh(weight @ weight).sum(), weight)
    if not torch.isfinite(slope).all():
        raise RuntimeError("torch gave no finite gradient")
    return f"computed with {torch.get_num_threads()} threads"


def _layers() -> str:
    try:
        from nastut.layers import kernel
    except Exception:  # what is wrong with torch has a line of its own
        return "not without torch"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is said here
        compiled = kernel.load()
    if compiled.failed:
        raise RuntimeError(compiled.status)
    return compiled.status.replace(str(Path.home()), "~")


def _kernel() -> str:
    from jupyter_client.kernelspec import KernelSpecManager

    return str(KernelSpecManager().get_kernel_spec("python3").display_name)
