"""How long the core and the notebooks take: seconds on this machine, medians where it says so.

Usage: ``python benchmarks/bench_core.py``. Numbers vary with the machine and its load.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

import nastut as nt

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """Return the median time of an action."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return median(times)


def fresh_process(statement: str) -> Callable[[], object]:
    """Return an action that runs a statement in a new interpreter."""
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True)


def round_trip() -> None:
    """Send every base-2 sequence to a cell, back, to text and to a cell again."""
    for cell in nt.Space(base=2):
        if nt.Cell.parse(str(nt.Cell.from_sequence(cell.sequence))) != cell:
            raise AssertionError(f"{cell} did not survive")


def execute(notebook: Path) -> None:
    """Run a notebook from top to bottom, away from the stored one."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook"]
        where = ["--log-level=ERROR", f"--output-dir={folder}", str(notebook)]
        subprocess.run([*command, *where], check=True)


def main() -> None:
    """Print the table."""
    cells = [nt.Space(base=8).sample(np.random.default_rng(seed)) for seed in range(5)]
    bare = seconds(fresh_process("pass"))
    rows = [
        ("import nastut", seconds(fresh_process("import nastut")) - bare),
        (
            "import nastut, one cell made",
            seconds(fresh_process("import nastut as n; n.Cell")) - bare,
        ),
        ("36,864 sequences there and back", seconds(round_trip, repeats=1)),
        ("formulas of a base-8 cell", seconds(lambda: [nt.formulas(cell) for cell in cells]) / 5),
        ("picture of a base-8 cell", seconds(lambda: [nt.draw(cell).svg() for cell in cells]) / 5),
    ]
    rows += [
        (f"notebook {path.stem}", seconds(lambda path=path: execute(path), repeats=1))
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    ]
    for name, value in rows:
        print(f"{name:35s} {value:8.3f} s")


if __name__ == "__main__":
    main()
