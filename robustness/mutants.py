"""Would the tests notice? Change one thing in a file at a time, and run the tests of that file.

``make mutants`` draws a sample by a seed, so the next run asks the same. Prints the mutants that
survived, and the share that was killed. Operators and mutations are those of cosmic-ray.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
"""Mutants that do what the original does, looked at by hand: one a line, as they are printed."""

SLOW = 4
"""A mutant that takes so many times longer than the original hangs, and counts as killed."""


class Mutant(NamedTuple):
    """One change of one file."""

    path: Path
    operator: str
    occurrence: int

    def code(self) -> str:
        """Return the changed file."""
        source = (ROOT / self.path).read_text()
        return mutate_code(source, get_operator(self.operator)(), self.occurrence) or source

    def __str__(self) -> str:
        before, after = (ROOT / self.path).read_text().splitlines(), self.code().splitlines()
        pairs = enumerate(zip(before, after, strict=False))
        number = next((n for n, (a, b) in pairs if a != b), len(before) - 1)
        return f"{self.path}: {before[number].strip()} -> {after[number].strip()}"


class _Positions(Visitor):
    def __init__(self, operator: object) -> None:
        self.operator, self.count = operator, 0

    def visit(self, node: object) -> object:
        self.count += len(list(self.operator.mutation_positions(node)))
        return node


def tests_of(path: Path) -> Path:
    """Return the file with the tests of a file of the package; the rooms are the same."""
    inside = path.relative_to("nastut")
    return Path("tests", *inside.parts[:-1], f"test_{inside.name}")


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file that is another program."""
    source = (ROOT / path).read_text()
    tree = get_ast(source)
    for name in operator_names():
        if "Variable" in name:  # these want to be told which
            continue
        counter = _Positions(get_operator(name)())
        counter.walk(tree)
        for occurrence in range(counter.count):
            yield Mutant(path, name, occurrence)


def meaning(source: str) -> str:
    """Return what a file does, without its types and its texts."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def run(folder: Path, tests: Path, seconds: float | None) -> bool:
    """Tell whether the tests pass in a copy of the project."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(tests)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    """Print the score; 0 if it is what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="of the package; all if left out")
    parser.add_argument("--sample", type=int, default=100, help="mutants that are tried")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3_600, help="begin no other after that")
    parser.add_argument("--least", type=float, default=97, help="percent that must be killed")
    options = parser.parse_args()
    given = options.files or sorted(p.relative_to(ROOT) for p in ROOT.glob("nastut/*/*.py"))
    files = [path for path in given if (ROOT / tests_of(path)).is_file()]
    candidates = [mutant for path in files for mutant in mutants(path)]
    random.Random(options.seed).shuffle(candidates)
    known = set(EQUIVALENT.read_text().splitlines()) if EQUIVALENT.exists() else set()
    begun, tried, survivors, lasted = time.monotonic(), 0, [], dict[Path, float]()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("nastut", "tests", "data", "pyproject.toml", "CONTRIBUTING.md"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        for mutant in candidates:
            if tried == options.sample or time.monotonic() - begun > options.seconds:
                break
            source = (ROOT / mutant.path).read_text()
            if meaning(mutant.code()) == meaning(source) or str(mutant) in known:
                continue
            tests = tests_of(mutant.path)
            if tests not in lasted:
                start = time.monotonic()
                if not run(folder, tests, None):
                    raise SystemExit(f"{tests} fails without any mutant; mend that first")
                lasted[tests] = time.monotonic() - start
            (folder / mutant.path).write_text(mutant.code())
            tried += 1
            if run(folder, tests, 30 + SLOW * lasted[tests]):
                survivors.append(mutant)
                print(f"survived {mutant}", flush=True)
            (folder / mutant.path).write_text(source)
    score = 100 * (1 - len(survivors) / max(tried, 1))
    print(
        f"{tried - len(survivors)} of {tried} mutants killed: {score:.0f} % "
        f"(seed {options.seed}, of {len(candidates):,} in {len(files)} files)"
    )
    return 0 if score >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
