"""Every task of the project, said once: make, Windows and the workflows call this file.

Usage: ``python tasks.py TASK [OPTION ...]``; on Windows ``py tasks.py TASK``. A task sets up
``.venv`` first, with the tested versions, unless uv has made it, or this interpreter's environment
(conda's, for example) has the project. ``python tasks.py --here TASK`` takes that environment as it
is. Options go to the task: ``python tasks.py test tests/cells -x``.

It needs nothing but the standard library, because a fresh clone has nothing else; and a Python
that is too old must be able to read it, to be told so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
READY = VENV / ".ready"
NODE_MODULES = ROOT / "docs" / "node_modules"
OLDEST = (3, 11)


@dataclass(frozen=True)
class Task:
    """What a task does: commands for Python, after its extra and npm's packages are installed."""

    help: str
    commands: tuple[tuple[str, ...], ...]
    extra: str = ""
    npm: bool = False


def _scripts(pattern: str) -> tuple[tuple[str, ...], ...]:
    return tuple((path.relative_to(ROOT).as_posix(),) for path in sorted(ROOT.glob(pattern)))


# A file is one worker's; tests/conftest.py starts with the one that takes longest.
PYTEST = ("-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
LAB = ("-m", "jupyter", "lab", "notebooks/00_start_here.ipynb")
TASKS = {
    "setup": Task("set up .venv, and no more", ()),
    "lab": Task("open JupyterLab on the first notebook", (LAB,)),
    "test": Task("run the tests and every notebook, on two workers", (PYTEST,)),
    "check-all": Task(
        "run every test there is: browsers, slides and a Dask cluster, too",
        ((*PYTEST, "-m", ""),),
    ),
    "check": Task(
        "lint, format, types",
        (("-m", "ruff", "check"), ("-m", "ruff", "format", "--check"), ("-m", "mypy")),
    ),
    "format": Task(
        "mend what ruff can mend",
        (("-m", "ruff", "check", "--fix"), ("-m", "ruff", "format")),
    ),
    "notebooks": Task(
        "make the notebooks from notebooks/source, executed; numbers choose some",
        (("notebooks/build.py",),),
    ),
    "handouts": Task(
        "notebooks without solutions, and a book of solutions; --clear, --grading",
        (("notebooks/handouts.py",),),
    ),
    "slides": Task(
        "slides that need no network, for each lecture and notebook",
        (("notebooks/slides.py",),),
        npm=True,
    ),
    "sheet": Task("the page to look things up, in build/sheet.pdf", (("notebooks/sheet.py",),)),
    "site": Task(
        "the site that needs no network, in build/site; --teacher for theirs, with solutions",
        (("notebooks/website.py",),),
        extra="site",
        npm=True,
    ),
    "badges": Task(
        "a fork's badges, for Colab, Binder and its tests, into the README",
        (("notebooks/badges.py",),),
    ),
    "data": Task(
        "make the recorded results anew, or go on making them",
        # The texts first. What TensorFlow recorded needs an environment of its own.
        (
            ("data/texts.py",),
            *(
                script
                for script in _scripts("data/*.py")
                if script[0] not in ("data/texts.py", "data/tensorflow_nascell.py")
            ),
        ),
    ),
    "bench": Task("measure speed; prints ratios", _scripts("benchmarks/bench_*.py")),
    "cluster": Task(
        "searches on a Dask cluster of this machine, with everything killed that can be",
        (("-m", "pytest", "-m", "cluster", "tests/search/test_cluster.py"),),
    ),
}


def python_of(venv: Path) -> Path:
    """Return the interpreter of an environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def older(made: Path, *sources: Path) -> bool:
    """Tell whether something is missing, or older than what it is made from."""
    if not made.exists():
        return True
    return any(source.stat().st_mtime > made.stat().st_mtime for source in sources)


def run(*command: str | Path) -> None:
    """Run a command in the project's folder; end with its status if it fails."""
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT)
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:  # the command was told, too; JupyterLab asks before it ends
            continue
    if status:
        sys.exit(status)


def install(*requirements: str) -> None:
    """Install into .venv, with the tested versions."""
    pip = [python_of(VENV), "-m", "pip", "--disable-pip-version-check", "install"]
    run(*pip, "-c", "constraints.txt", *requirements)


INSTALLED = "import jupytext, nastut"
"""What an environment can do that has the project with its extra "test"."""


def is_installed_here() -> bool:
    """Tell whether somebody has installed the project into this interpreter's environment."""
    known = distributions(name="nastut")  # a folder that was built in has one, without an address
    return any(found.read_text("direct_url.json") for found in known)


def set_up() -> None:
    """Make .venv, unless it is newer than what describes it, or was made by other means.

    TORCH_INDEX in the environment: the package index that torch comes from; see the README.
    """
    if not older(READY, ROOT / "pyproject.toml", ROOT / "constraints.txt"):
        return
    python = python_of(VENV)
    asked = [str(python), "-I", "-c", INSTALLED]
    made = python.exists() and not READY.exists()
    if made and not subprocess.run(asked, capture_output=True).returncode:
        return  # uv's
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
        sys.exit("no venv: install your system's python3-venv package, then try again")
    if os.environ.get("TORCH_INDEX"):
        install("--index-url", os.environ["TORCH_INDEX"], "torch")
    install("-e", ".[test]")
    READY.touch()


def fetch_for_pages() -> None:
    """Fetch what slides and site load, unless it is there."""
    lock = ROOT / "docs" / "package-lock.json"
    if not older(NODE_MODULES, lock):
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is missing: install Node.js (its 'node' and 'npm')")
    run(npm, "ci", "--prefix", "docs", "--no-audit", "--no-fund")
    NODE_MODULES.touch()


def main(arguments: list[str] | None = None) -> None:
    """Do one task."""
    if sys.version_info < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        sys.exit(
            f"nastut needs Python {oldest} or newer, and this is {sys.version.split()[0]}; name "
            f"one: python{oldest} tasks.py ..., or make PYTHON=python{oldest} ..."
        )
    listed = "\n".join(f"  {name:10} {task.help}" for name, task in TASKS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\ntasks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--here", action="store_true", help="use this interpreter's environment")
    parser.add_argument("task", choices=TASKS, metavar="TASK")
    parser.add_argument("options", nargs=argparse.REMAINDER, metavar="OPTION")
    given = parser.parse_args(arguments)
    task = TASKS[given.task]
    if given.options and len(task.commands) != 1:
        parser.error(f"{given.task} takes no options, and {' '.join(given.options)} was given")
    here = given.here or (Path(sys.prefix) != VENV and is_installed_here())
    if not here:
        set_up()
        if task.extra:
            install("-q", "-e", f".[{task.extra}]")
    if task.npm:
        fetch_for_pages()
    for command in task.commands:
        run(sys.executable if here else python_of(VENV), *command, *given.options)


if __name__ == "__main__":
    main()
