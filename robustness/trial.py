"""Which tests notice a mutant: a copy of the project in which they are run."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import runpy
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sample import ROOT, Mutant

NOT_COPIED = (
    ".git",
    ".venv",
    ".*_cache",
    ".hypothesis",
    "build",
    "node_modules",
    "*.egg-info",
    "__pycache__",
)
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
        path.parent.mkdir(parents=True, exist_ok=True)
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
        shutil.rmtree(self.project, ignore_errors=True)  # of a run that was stopped
        shutil.copytree(ROOT, self.project, ignore=shutil.ignore_patterns(*NOT_COPIED))
        self.cache.mkdir(exist_ok=True)
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
        self.cache = self.folder / "its cache"
        shutil.rmtree(self.cache, ignore_errors=True)
        shutil.copytree(kept, self.cache)
        try:
            return not self.run(tests, limit)[0]
        finally:
            changed.write_text(unchanged)
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
