"""Would the tests notice? Change one thing in the package at a time, and run the tests near it.

``make mutants`` prints the mutants that survived, and the share that was killed. A sample is drawn
by a seed: first a place in the code, then one of the changes that cosmic-ray knows for it. What
was found is kept in ``build/mutants.jsonl``, so a run that was stopped goes on; without that file
it begins anew.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import json
import os
import random
import resource
import runpy
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
"""Mutants that do what the original does, looked at by hand, each with the reason."""

NOT_COPIED = (".*", "build", "node_modules", "*.egg-info", "__pycache__")
PRELOADED = ("graphviz", "hypothesis", "matplotlib", "numpy", "onnx", "pytest", "sympy", "torch")
"""Loaded once, before every run of tests becomes a process by a fork: nothing of the package."""

SLOW, AT_LEAST = 4, 20
"""Tests that take so many times longer than without a mutant, and so many seconds more, hang.

All seconds here are those of the processor, as a busy machine takes its time.
"""

ASLEEP = 30
"""So many times those seconds may pass on the clock."""

MEMORY = 8 << 30
"""Bytes that tests may take; a mutant that takes more is killed."""


class Mutant(NamedTuple):
    """One change of one file."""

    path: Path
    operator: str
    occurrence: int

    def source(self) -> str:
        """Return the file as it is."""
        return (ROOT / self.path).read_text()

    def code(self) -> str:
        """Return the changed file."""
        changed = mutate_code(self.source(), get_operator(self.operator)(), self.occurrence)
        return str(changed or self.source())

    def __str__(self) -> str:
        """Return file, function, and the first line that differs, before and after."""
        before, after = self.source().splitlines(), self.code().splitlines()
        pairs = enumerate(zip(before, after, strict=False))
        number = next((n for n, (a, b) in pairs if a != b), len(before) - 1)
        place = ".".join([str(self.path), *around(self.source(), number + 1)])
        return f"{place}: {before[number].strip()} -> {after[number].strip()}"


def around(source: str, number: int) -> list[str]:
    """Return the names of the classes and functions in which a line is, the outermost first."""
    named = ast.FunctionDef | ast.ClassDef
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, named)]
    return [n.name for n in nodes if n.lineno <= number <= (n.end_lineno or number)]


class _Nodes(Visitor):
    """Collect the nodes of a tree in the order in which cosmic-ray goes through them."""

    def __init__(self) -> None:
        self.found = list[Any]()

    def visit(self, node: Any) -> Any:
        self.found.append(node)
        return node


def mutants(path: Path) -> list[list[Mutant]]:
    """Return the mutants of a file, those of one place in one list."""
    nodes = _Nodes()
    nodes.walk(get_ast((ROOT / path).read_text()))
    places = dict[Any, list[Mutant]]()
    for name in operator_names():
        if "Variable" in name:  # these want to be told which
            continue
        operator = get_operator(name)()
        found = (place for node in nodes.found for place in operator.mutation_positions(node))
        for occurrence, place in enumerate(found):
            places.setdefault(place, []).append(Mutant(path, name, occurrence))
    return [places[place] for place in sorted(places)]


def meaning(source: str) -> str:
    """Return what a file does, without the types of its arguments, variables and results."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def is_another(mutant: Mutant) -> bool:
    """Tell whether a mutant is a program, and another one than the original."""
    try:
        return meaning(mutant.code()) != meaning(mutant.source())
    except SyntaxError:
        return False


def drawn(files: list[Path], rng: random.Random) -> list[Mutant]:
    """Return one mutant of every place in some files, in a random order."""
    places = [place for path in files for place in mutants(path)]
    rng.shuffle(places)
    return [rng.choice(place) for place in places]


def equivalent() -> set[str]:
    """Return the mutants listed by hand; the lines that begin with a space give the reasons."""
    return {line for line in EQUIVALENT.read_text().splitlines() if line[:1] not in ("", " ", "#")}


def tests_of(path: Path) -> list[Path]:
    """Return the files with tests that should notice a change of a file of the package.

    The first is the file's own, of the same name in the same room. Then come those, in any room,
    that import the file by its name, and the others of its room; of each, the short ones first. The
    last is the notebook of a lesson.
    """
    module, room = ".".join(path.with_suffix("").parts), path.parts[1:-1]
    own = Path("tests", *room, f"test_{path.name}")
    by_size = sorted((p.stat().st_size, p) for p in ROOT.glob("tests/**/test_*.py"))
    every = [p.relative_to(ROOT) for _, p in by_size]
    named = [
        test
        for test in every
        if module in (text := (ROOT / test).read_text())
        or f"from {module.rpartition('.')[0]} import {path.stem}" in text
    ]
    near = [test for test in every if room and test.parts[1:-1] == room]
    notebooks = [p.relative_to(ROOT) for p in ROOT.glob(f"notebooks/*_{path.stem}.ipynb")]
    last = notebooks if room == ("lessons",) else []
    kept = [test for test in (*named, *near, *last) if test.name != "test_cluster.py"]
    return list(dict.fromkeys([own, *kept] if own in every else kept))


class Findings:
    """What was found, as lines of a file; each is written at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.found = dict[str, Any](json.loads(line) for line in lines)

    def add(self, key: str, value: Any) -> Any:
        """Keep a value, and return it."""
        self.found[key] = value
        with self.path.open("a") as file:
            file.write(json.dumps([key, value]) + "\n")
        return value


def digest(*paths: Path) -> str:
    """Return a short hash of what some files of the project hold."""
    return hashlib.sha256(b"\0".join((ROOT / p).read_bytes() for p in paths)).hexdigest()[:16]


class Copy:
    """A copy of the project, in which one file is changed at a time and tests are run."""

    def __init__(self, folder: Path, findings: Findings) -> None:
        self.folder, self.findings = folder, findings
        self.project, self.cache = folder / "project", folder / "cache"
        shutil.copytree(ROOT, self.project, ignore=shutil.ignore_patterns(*NOT_COPIED))
        self.cache.mkdir()
        files = ("nastut/**/*.py", "nastut/**/*.cpp", "nastut/**/*.h")
        self.package = digest(*sorted(p.relative_to(ROOT) for g in files for p in ROOT.glob(g)))

    def run(self, tests: Path, limit: int | None = None) -> tuple[bool, float]:
        """Tell whether the tests of a file pass within so many seconds, and how many they took."""
        pid = os.fork()
        if not pid:
            self._become(tests, limit)
        end = time.monotonic() + ASLEEP * limit if limit else float("inf")
        while time.monotonic() < end:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
            time.sleep(0.02)
        with suppress(ProcessLookupError):  # it may have ended before it had a group of its own
            os.killpg(pid, signal.SIGKILL)  # with all that it started
        _, status, used = os.wait4(pid, 0)
        return os.waitstatus_to_exitcode(status) == 0, used.ru_utime + used.ru_stime

    def _become(self, tests: Path, limit: int | None) -> None:
        """Go on as ``python -m pytest``, with the cache that the unchanged package left."""
        code = 1
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            if limit:
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            os.chdir(self.project)
            with open(self.folder / "said", "wb") as said:
                for stream in (1, 2):
                    os.dup2(said.fileno(), stream)
            os.environ |= {"PYTHONPATH": str(self.project), "PYTHONDONTWRITEBYTECODE": "1"}
            os.environ["XDG_CACHE_HOME"] = str(self.cache)
            sys.path[0] = str(self.project)
            options = ["-x", "-q", "-pno:cacheprovider", str(tests)]
            if tests.suffix == ".py":
                alone = "--strict-markers --import-mode=importlib -m 'not cluster'"
                options += ["-pno:nbval", f"-oaddopts={alone}"]
            sys.argv[1:] = options
            runpy.run_module("pytest", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.stdout.flush()
            os._exit(code)

    def lasts(self, tests: Path) -> float:
        """Return how many seconds the tests of a file take without a mutant."""
        key = f"{tests} {digest(tests)} {self.package}"
        if key not in self.findings.found:
            passed, seconds = self.run(tests)
            if not passed:
                said = (self.folder / "said").read_text()[-3_000:]
                raise SystemExit(f"{said}\n{tests} fails without any mutant; mend that first")
            self.findings.add(key, seconds)
        return float(self.findings.found[key])

    def notices(self, tests: Path, mutant: Mutant) -> bool:
        """Tell whether the tests of a file fail, or hang, with a mutant."""
        limit = int(AT_LEAST + SLOW * self.lasts(tests))
        changed, unchanged, kept = self.project / mutant.path, mutant.source(), self.cache
        changed.write_text(mutant.code())
        self.cache = Path(shutil.copytree(kept, self.folder / "its cache"))
        try:
            return not self.run(tests, limit)[0]
        finally:
            changed.write_text(unchanged)
            shutil.rmtree(self.cache)
            self.cache = kept

    def killer(self, mutant: Mutant, patience: float) -> str:
        """Return the file with the tests that notice a mutant; an empty text if none do."""
        spent = 0.0
        for tests in tests_of(mutant.path):
            if spent > patience:
                break
            if self.notices(tests, mutant):
                return str(tests)
            spent += self.lasts(tests)
        return ""


def main() -> int:
    """Print the score; 0 if it is what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="of the package; all if left out")
    parser.add_argument("--sample", type=int, default=150, help="mutants that are tried")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=7_200, help="begin no other after that")
    parser.add_argument(
        "--patience", type=float, default=60, help="begin no other tests after so many seconds"
    )
    parser.add_argument("--least", type=float, default=97, help="percent that must be killed")
    options = parser.parse_args()
    begun, listed, killers = time.monotonic(), equivalent(), list[str]()
    findings = Findings(ROOT / "build" / "mutants.jsonl")
    every_test = digest(*sorted(p.relative_to(ROOT) for p in ROOT.glob("tests/**/*.py")))
    for name in PRELOADED:
        importlib.import_module(name)
    every = sorted(p.relative_to(ROOT) for p in ROOT.glob("nastut/**/*.py"))
    files = [path for path in options.files or every if tests_of(path)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder), findings)
        for mutant in drawn(files, random.Random(options.seed)):
            if len(killers) == options.sample or time.monotonic() - begun > options.seconds:
                break
            if not is_another(mutant) or str(mutant) in listed:
                continue
            key = f"{mutant} {digest(mutant.path)}"
            killer = findings.found.get(key, "")
            # What was killed stays so; what survived is asked again once there are other tests.
            if not killer and findings.found.get(f"{key} {every_test}") is None:
                killer = copy.killer(mutant, options.patience)
                findings.add(key if killer else f"{key} {every_test}", killer)
            killers.append(killer)
            if not killer:
                print(f"survived {mutant}", flush=True)
    killed = sum(map(bool, killers))
    score = 100 * killed / max(len(killers), 1)
    print(f"{killed} of {len(killers)} mutants killed: {score:.1f} % (seed {options.seed})")
    return 0 if score >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
