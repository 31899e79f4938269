"""Kill computations at random moments and let them go on: the result is the same, nothing is left.

Every search strategy, the comparison and the table are killed. What takes long is replaced: rewards
and trainings are made up, slowly. This file, run as a program, does the work that is killed.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

KINDS = ("random", "evolution", "reinforce", "priority_queue", "comparison", "table")
PAUSE = 0.01
"""Seconds that a child takes."""


def number(text: str) -> float:
    """Return a number from 0 to 1 that belongs to a text."""
    time.sleep(PAUSE)
    return zlib.crc32(text.encode()) / 2**32


def reward(cell: object) -> float:
    """Return a made-up reward; some children fail."""
    found = number(str(cell))
    return found if found > 0.1 else float("nan")


def trained(name: str, learning_rate: float, seed: int) -> dict[str, Any]:
    """Return a made-up record of the comparison."""
    found = 1 + number(f"{name} {learning_rate} {seed}")
    return {
        "cell": name,
        "hidden_size": 9,
        "learning_rate": learning_rate,
        "seed": seed,
        "validation": [found],
        "test": found,
    }


def work(kind: str, folder: Path) -> None:
    """Do what is killed; the result is ``folder/out`` with a suffix."""
    import nastut as nt
    from nastut.learning.training import Recipe, Record
    from nastut.studies import comparison, exhaustive

    space = nt.Space(2, ("Add", "Multiply"), ("Tanh",))
    print("begun", flush=True)
    if kind in ("comparison", "table"):
        with ThreadPoolExecutor(1) as executor:
            if kind == "comparison":
                comparison.run = trained
                comparison.comparison().conduct(folder / "out.json", executor)
                return

            def train(
                cells: Any, task: Any, recipe: Any, hidden_size: int, seed: int, **_: Any
            ) -> Any:
                made = [(cell, 1.5 + number(f"{cell} {seed}")) for cell in cells]
                return [Record(seed, 9, (2, 4), (p, p), p, None) for _, p in made]

            exhaustive.train = train
            how = exhaustive.TaskSettings(
                arguments={"train": 40, "validation": 20, "test": 20},
                recipe=Recipe(epochs=1, batch=2, steps=5, reports=2),
                hidden_size=2,
                at_once=7,
                seeds=(0, 1),
            )
            exhaustive.build(folder / "out.xz", executor, space, {"embedded_reber": how})
    else:
        method = getattr(nt.search, kind)
        found = method(nt.Space(2), reward, 150, 1, None, folder / "checkpoint", False)
        found.save(folder / "out.json")


def start(kind: str, folder: Path) -> subprocess.Popen[str]:
    """Start the work in a process, and return it once it has begun."""
    command = [sys.executable, __file__, kind, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def finish(kind: str, folder: Path) -> dict[str, bytes]:
    """Do the work to its end, and return all that the folder then holds."""
    process = start(kind, folder)
    _, complaints = process.communicate()
    assert process.returncode == 0, f"{kind} did not go on: {complaints}"
    kept = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    kept.pop(
        "checkpoint", None
    )  # It differs in when it was written, and torch packs no twice alike.
    return kept


def kill(kind: str, times: int, rng: random.Random, minutes: float = float("inf")) -> int:
    """Kill one kind of work so often, or for so long, and return how often it was still at work.

    Raises
    ------
    AssertionError
        If the result is another, or anything is left behind.
    """
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
        wanted, killed, end = finish(kind, Path(whole)), 0, time.monotonic() + 60 * minutes
        for _ in range(times):
            if time.monotonic() > end:
                break
            process = start(kind, Path(broken))
            time.sleep(rng.uniform(0, 0.5))
            process.kill()
            process.communicate()
            killed += process.returncode == -signal.SIGKILL
        found = finish(kind, Path(broken))
        assert list(found) == list(wanted), f"{kind} left {sorted(found)}, not {sorted(wanted)}"
        assert found == wanted, f"{kind} gave another result after {killed} kills"
    return killed


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]))
