"""The wheel, installed outside the checkout: every notebook runs from it in an empty folder.

This is where the tests execute the notebooks, strictly compared by nbval with what is stored.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from build import NOTEBOOKS

ROOT = Path(__file__).parent.parent
PATH = os.environ.get("PATH", "")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the interpreter of an environment that has the wheel, and nothing of the checkout.

    Other packages are those of this environment; a path to them installs nothing by itself.
    """
    folder, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source")
    for name in ("nastut", "data"):  # a copy: a build leaves files behind
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", str(source), "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", symlinks=sys.platform != "win32")
    paths = {"base": str(folder / "env"), "platbase": str(folder / "env")}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    # What is installed for editing is found by a file of its own, which a path does not read.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Path(sysconfig.get_path("scripts", "venv", paths)) / "python"


def run(installed, folder, *arguments):
    """Run the interpreter in an empty folder and return what it printed."""
    programs = {**os.environ, "PATH": os.pathsep.join([sysconfig.get_path("scripts"), PATH])}
    programs.pop("PYTHONPATH", None)  # a kernel would read it, and find the checkout
    process = subprocess.run(
        [installed, "-I", *arguments], cwd=folder, env=programs, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_the_recorded_data_is_found(installed, tmp_path):
    code = (
        "import nastut as nt; from nastut.files import recorded\n"
        "print(len(nt.load_table()), *nt.load_study('searches')['settings']['methods'])\n"
        "print(recorded('base2.csv.xz'))"
    )
    first, where = run(installed, tmp_path, "-c", code).splitlines()
    assert first.startswith("18688 random")
    assert Path(where).is_relative_to(installed.parents[1])


def test_what_made_the_records_is_not_in_it(installed):
    folder = next(installed.parents[1].rglob("nastut/data"))
    records = {path.name for path in (ROOT / "data").iterdir() if path.suffix in (".json", ".xz")}
    assert {path.name for path in folder.iterdir()} == records


def test_the_command_line_works(installed, tmp_path):
    shown = run(installed, tmp_path, "-m", "nastut", "show", "Add Tanh " * 4 + "0 1")
    assert "h_t" in shown
    assert "OK" in run(installed, tmp_path, "-m", "nastut", "doctor")


NBVAL = ("--nbval", "--nbval-current-env", f"--nbval-sanitize-with={ROOT}/tests/nbval_sanitize.cfg")


def executed(installed, folder, path):
    """Run a notebook in an empty folder, compared with what it stores; return what nbval said."""
    shutil.copy(path, folder)
    options = ("-q", "-p", "no:cacheprovider", "--tb=short", *NBVAL)
    return run(installed, folder, "-m", "pytest", *options, path.name)


@pytest.fixture(scope="module")
def notebooks(installed, request, tmp_path_factory):
    """Return a future for each notebook that is asked for: two run at a time."""
    asked = [
        item.callspec.params["path"]
        for item in request.session.items
        if item.path == request.path and "notebooks" in item.fixturenames
    ]
    with ThreadPoolExecutor(2) as pool:
        yield {
            path: pool.submit(executed, installed, tmp_path_factory.mktemp(path.stem), path)
            for path in asked
        }


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_shows_what_is_stored(path, notebooks):
    said = notebooks[path].result()
    cells = nbformat.read(path, as_version=4).cells
    code = sum(cell.cell_type == "code" for cell in cells)
    assert re.search(rf"^{code} passed", said, re.MULTILINE), said


def test_a_notebook_that_shows_something_else_is_noticed(installed, tmp_path):
    where = new_code_cell("import nastut\nprint(nastut.__file__)", execution_count=1)
    where.outputs = [new_output("stream", text="elsewhere")]
    nbformat.write(new_notebook(cells=[where]), tmp_path / "where.ipynb")
    with pytest.raises(AssertionError) as failure:
        run(installed, tmp_path, "-m", "pytest", *NBVAL, "where.ipynb")
    assert str(installed.parents[1] / "lib") in str(failure.value)
