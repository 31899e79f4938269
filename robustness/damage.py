"""Flip bits of files of every kind, and cut them: they are refused, or nothing changes.

Kinds of files: the table, a study, a part of a table, the result of a search, a checkpoint, and a
text of words. A file whose hash was made anew after the damage, or left out, may be another good
file; if it is none, it is refused like any other. Whatever once passed, or ended in another error,
is kept in ``corpus``, in a folder for each kind, and tried first.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nastut as nt
from nastut.cells.space import Space
from nastut.files import HASH, write_json
from nastut.learning.tasks import word_files
from nastut.search.checkpoint import Checkpoint
from nastut.search.result import SearchResult
from nastut.studies.parts import Parts
from nastut.studies.study import load_study
from nastut.studies.table import pack

CORPUS = Path(__file__).with_name("corpus")
"""Damaged files that once found a fault."""


class Kind(NamedTuple):
    """A kind of file: where a good one is, and what reads it."""

    path: Path
    read: Callable[[], Any]
    silent: bool = False  # whether other content may be as good: text has no hash
    opened: Callable[[bytes], bytes] = bytes  # what is damaged of the file
    closed: Callable[[bytes], bytes] = bytes  # the file with that in it


def hashed(head: bytes, body: bytes) -> bytes:
    """Return content after a line with its hash."""
    return head + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def head_of(file: bytes) -> bytes:
    """Return what stands before the hash."""
    return file.partition(b"\n")[0][:-64]


def without_hash(file: bytes) -> bytes:
    """Return JSON without the entry that holds the hash."""
    content = json.loads(file)
    del content[HASH]
    return json.dumps(content).encode()


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

    every = {
        "table": Kind(table, rewards),
        "study": Kind(folder / "study.json", lambda: load_study("study", folder)),
        "part": Kind(folder / "1.part.json", lambda: parts.read("1", [dict])),
        "settings": Kind(folder / "settings.json", lambda: parts.open()),
        "result": Kind(folder / "result.json", result),
        "checkpoint": Kind(folder / "state", checkpoint.read),
        "words": Kind(words, lambda: word_files(words, words, words).digest, silent=True),
    }
    of_table = head_of(lzma.decompress(table.read_bytes()))
    of_checkpoint = head_of(checkpoint.path.read_bytes())
    ways: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
        "table": (
            lambda file: lzma.decompress(file).partition(b"\n")[2],
            lambda body: lzma.compress(hashed(of_table, body), preset=0),
        ),
        "checkpoint": (
            lambda file: file.partition(b"\n")[2],
            lambda body: hashed(of_checkpoint, body),
        ),
        **dict.fromkeys(("study", "part", "settings", "result"), (without_hash, bytes)),
    }
    for name, (opened, closed) in ways.items():
        every[f"{name}, hash mended"] = Kind(
            every[name].path, every[name].read, True, opened, closed
        )
    return every


def damaged(good: bytes, rng: random.Random) -> bytes:
    """Return content with a flipped bit, or with a part cut out."""
    if rng.random() < 0.8:
        flipped, bit = bytearray(good), rng.randrange(8 * len(good))
        flipped[bit // 8] ^= 1 << bit % 8
        return bytes(flipped)
    start, stop = sorted(rng.choices(range(len(good) + 1), k=2))
    return good[:start] if rng.random() < 0.5 else good[:start] + good[stop:]


def outcome(kind: Kind, name: str, bad: bytes, wanted: Any) -> str:
    """Read a damaged file, and say what came of it.

    Raises
    ------
    AssertionError
        If anything but a ValueError that names the file is raised, or other content passes.
    """
    kind.path.write_bytes(bad)
    try:
        found = kind.read()
    except ValueError as error:
        named = kind.path.name in str(error) or kind.path.parent.name in str(error)
        assert named, f"{name}: {error}"  # noqa: PT017
        said = "refused"
    except Exception as error:
        raise AssertionError(f"{name}: {error!r}") from error
    else:
        assert kind.silent or found == wanted, f"{name}: other content"
        said = "without effect" if found == wanted else "other content"
    assert kind.path.read_bytes() == bad, f"{name}: the damaged file was written to"
    return f"{name}: {said}"


def damage(times: int, seed: int, minutes: float = float("inf")) -> Counter[str]:
    """Try the corpus, then damage each kind of file as often, and count what came of it.

    Raises
    ------
    AssertionError
        As :func:`outcome` does. The damaged file is then in the corpus.
    """
    counted: Counter[str] = Counter()
    rng, end = random.Random(seed), time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as temporary:
        every = kinds(Path(temporary))
        whole = {name: (kind.path.read_bytes(), kind.read()) for name, kind in every.items()}
        for kept in sorted(CORPUS.glob("*/*")):
            name = kept.parent.name
            counted[outcome(every[name], f"corpus, {name}", kept.read_bytes(), whole[name][1])] += 1
            every[name].path.write_bytes(whole[name][0])
        for number in range(times):
            if time.monotonic() > end:
                break
            name = list(every)[number % len(every)]
            kind, (good, wanted) = every[name], whole[name]
            bad = kind.closed(damaged(kind.opened(good), rng))
            try:
                counted[outcome(kind, name, bad, wanted)] += 1
            except AssertionError as error:
                kept = CORPUS / name / hashlib.sha256(bad).hexdigest()[:12]
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(bad)
                raise AssertionError(f"{error}; kept as {kept}") from error
            kind.path.write_bytes(good)
    return counted
