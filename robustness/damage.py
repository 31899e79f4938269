"""Flip bits of files of every kind, and cut them: they are refused, or nothing changes.

``python robustness/damage.py --times 100000 --seed 0`` prints what came of it. Kinds of files: the
table, a study, a part of a table, the result of a search, a checkpoint, and a text of words.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nastut as nt
from nastut.cells.space import Space
from nastut.files import write_json
from nastut.learning.tasks import word_files
from nastut.search.checkpoint import Checkpoint
from nastut.search.result import SearchResult
from nastut.studies.parts import Parts
from nastut.studies.study import load_study
from nastut.studies.table import pack


class Kind(NamedTuple):
    """A kind of file: where a good one is, and what reads it."""

    path: Path
    read: Callable[[], Any]
    silent: bool = False  # whether other content may be as good: text has no hash


def kinds(folder: Path) -> dict[str, Kind]:
    """Write a small file of each kind."""
    space = Space(1)
    settings = {
        "space": {"base": 1, "combinations": space.combinations, "activations": space.activations},
        "tasks": {"made up": {"best": 1.5, "seeds": [0], "at": [1, 2]}},
    }
    cells = [cell for cell in space if cell == cell.canonical()]
    rows = [[str(cell), str(int(cell.has_memory)), "9", "3.5", "2.5", "2.6", ""] for cell in cells]
    table = folder / "table.csv.xz"
    table.write_bytes(pack(settings, rows))
    write_json(folder / "study.json", {"settings": {"a": 1}, "runs": {"1": [0.25, {"b": 2.5}]}}, 1)
    parts = Parts(folder, {"seed": 0})
    parts.open()
    parts.write("1", [{"perplexity": 2.5}])
    found = nt.search.priority_queue(
        space, lambda cell: float(len(str(cell))), 20, checkpoint=folder / "c", progress=False
    )
    found.save(folder / "result.json")
    checkpoint = Checkpoint(folder / "state", {"seed": 0})
    checkpoint.write({"rng": 2**100, "queue": [(0.5, [1, 2])], "weights": np.ones(3).tolist()})
    words = folder / "words.txt"
    words.write_text("the cat <unk> sat\n\non the mat\n")

    def result() -> Any:
        read = SearchResult.load(folder / "result.json")
        return read.settings, read.cells, read.rewards, read.updates

    def rewards() -> Any:
        read = nt.load_table(table)
        return read.digest, read.rewards().tolist()

    return {
        "table": Kind(table, rewards),
        "study": Kind(folder / "study.json", lambda: load_study("study", folder)),
        "part": Kind(folder / "1.part.json", lambda: parts.read("1", [dict])),
        "settings of parts": Kind(folder / "settings.json", lambda: parts.open()),
        "result": Kind(folder / "result.json", result),
        "checkpoint": Kind(folder / "state", checkpoint.read),
        "words": Kind(words, lambda: word_files(words, words, words).digest, silent=True),
    }


def damaged(good: bytes, rng: random.Random) -> bytes:
    """Return content with a flipped bit, or with a part cut out."""
    if rng.random() < 0.8:
        flipped, bit = bytearray(good), rng.randrange(8 * len(good))
        flipped[bit // 8] ^= 1 << bit % 8
        return bytes(flipped)
    start, stop = sorted(rng.choices(range(len(good) + 1), k=2))
    return good[:start] if rng.random() < 0.5 else good[:start] + good[stop:]


def damage(times: int, seed: int) -> Counter[str]:
    """Damage each kind of file as often, and count what came of it.

    Raises
    ------
    AssertionError
        If anything but a ValueError that names the file is raised, or other content passes.
    """
    counted: Counter[str] = Counter()
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        every = kinds(Path(temporary))
        whole = {name: (kind.path.read_bytes(), kind.read()) for name, kind in every.items()}
        for number in range(times):
            name = list(every)[number % len(every)]
            kind, (good, wanted) = every[name], whole[name]
            bad = damaged(good, rng)
            kind.path.write_bytes(bad)
            try:
                found = kind.read()
            except ValueError as error:
                named = kind.path.name in str(error) or kind.path.parent.name in str(error)
                assert named, f"{name}: {error}"  # noqa: PT017
                counted[f"{name}: refused"] += 1
            except Exception as error:
                raise AssertionError(f"{name}: {error!r} for {bad!r}") from error
            else:
                assert kind.silent or found == wanted, f"{name}: other content for {bad!r}"
                counted[
                    f"{name}: without effect" if found == wanted else f"{name}: other text"
                ] += 1
            assert kind.path.read_bytes() == bad, f"{name}: the damaged file was written to"
            kind.path.write_bytes(good)
    return counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for outcome, count in sorted(damage(options.times, options.seed).items()):
        print(f"{count:8,} {outcome}")
    sys.exit(0)
