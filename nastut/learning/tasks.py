"""Sequences to learn: what comes next, symbol by symbol.

A task is three streams of symbols, numbered from 0: one to train on, one to choose by
(validation), one to report (test). They share no passage.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from tqdm.auto import tqdm

from nastut.cells.space import require_generator
from nastut.files import require_file
from nastut.learning.grammar import EMBEDDED_REBER, Grammar, recall

Stream = np.ndarray
"""Symbols in their order: a vector of integers."""


@dataclass(frozen=True)
class Task:
    """Streams of symbols, and what the symbols are.

    Attributes
    ----------
    name
        Name of the task, with what its content depends on.
    symbols
        The symbol that each number stands for: characters or words.
    train, validation, test
        Streams of the numbers 0 ... ``len(symbols) - 1``.
    best
        The best possible perplexity of an endless stream; None where nobody knows it.
    """

    name: str
    symbols: tuple[str, ...]
    train: Stream
    validation: Stream
    test: Stream
    best: float | None = None

    @property
    def digest(self) -> str:
        """A hash of the content, to be written beside any result."""
        content = hashlib.sha256("\n".join(self.symbols).encode())
        for stream in (self.train, self.validation, self.test):
            content.update(stream.astype("<i8").tobytes())
        return content.hexdigest()[:16]


def windows(stream: Stream, batch: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut a stream into `batch` long pieces and walk along them side by side.

    What a network remembers at the end of one window belongs to the start of the next.

    Yields
    ------
    tuple
        Symbols and the symbols that follow them, each of shape ``(steps, batch)``. The last
        window may have fewer steps, but at least one; what does not fill a row is left out.

    Raises
    ------
    ValueError
        If the stream is too short for two rows.
    """
    length = len(stream) // batch
    if length < 2:
        raise ValueError(
            f"a stream of {len(stream)} symbols is too short for {batch} pieces of 2 or more"
        )
    pieces = stream[: length * batch].reshape(batch, length).T
    for start in range(0, length - 1, steps):
        stop = min(start + steps, length - 1)
        yield pieces[start:stop], pieces[start + 1 : stop + 1]


def embedded_reber(
    rng: np.random.Generator, train: int = 131_200, validation: int = 16_400, test: int = 16_400
) -> Task:
    """Return streams of the embedded Reber grammar.

    See :data:`nastut.learning.grammar.EMBEDDED_REBER`.

    Parameters
    ----------
    rng
        What the sentences are drawn from, such as ``np.random.default_rng(seed)``.
    train, validation, test
        Numbers of symbols.
    """
    return _from_grammar("embedded Reber grammar", EMBEDDED_REBER, rng, (train, validation, test))


def delayed_recall(
    rng: np.random.Generator,
    delay: int = 8,
    keys: int = 4,
    distractors: int = 2,
    train: int = 131_200,
    validation: int = 16_400,
    test: int = 16_400,
) -> Task:
    """Return streams of keys that return after `delay` distractors.

    See :func:`nastut.learning.grammar.recall` for the numbers, and :func:`embedded_reber` for
    the rest.
    """
    name = f"recall of {keys} keys after {delay} of {distractors} distractors"
    return _from_grammar(name, recall(delay, keys, distractors), rng, (train, validation, test))


def _from_grammar(
    name: str, grammar: Grammar, rng: np.random.Generator, lengths: tuple[int, int, int]
) -> Task:
    require_generator(rng)
    train, validation, test = (grammar.stream(rng, length) for length in lengths)
    return Task(name, grammar.symbols, train, validation, test, grammar.perplexity())


def python_reference() -> Task:
    """Return the characters of Python's reference manual, which comes with every Python.

    The topics of the manual quote each other, so each paragraph is kept once; otherwise the
    test would repeat what was trained on. The first 80 % of the paragraphs are for training,
    the next 10 % for validation, the last 10 % for the test. The text changes with the
    version of Python: write :attr:`Task.digest` beside a result.
    """
    from pydoc_data.topics import topics

    paragraphs = "\n\n".join(topics[name] for name in sorted(topics)).split("\n\n")
    kept = list(dict.fromkeys(p.strip("\n") for p in paragraphs if p.strip()))
    texts = ["\n\n".join(paragraphs) for paragraphs in split(kept)]
    return of_characters("python reference, characters", texts)


T = TypeVar("T", bound=Sequence[str])


def split(text: T) -> list[T]:
    """Return the parts of a text to train on, to choose by and to test: 80, 10 and 10 per cent.

    Parameters
    ----------
    text
        A string, or its paragraphs. If it repeats itself, the test is on what was trained on.
    """
    cuts = [0, len(text) * 8 // 10, len(text) * 9 // 10, len(text)]
    return [cast(T, text[start:stop]) for start, stop in itertools.pairwise(cuts)]


def of_characters(name: str, texts: Sequence[str], symbols: Sequence[str] = ()) -> Task:
    """Return a task of three texts. Its symbols are their characters, sorted, unless listed."""
    symbols = tuple(symbols or sorted(set().union(*texts)))
    codes = np.array([ord(symbol) for symbol in symbols], dtype=np.uint32)
    train, validation, test = (
        np.searchsorted(codes, np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32))
        for text in texts
    )
    return Task(name, symbols, train, validation, test)


def word_files(
    train: str | os.PathLike[str],
    validation: str | os.PathLike[str],
    test: str | os.PathLike[str],
    progress: bool = True,
) -> Task:
    """Return the words of three files in the format of Penn Treebank and WikiText-2.

    Words are separated by spaces; ``<unk>`` stands for rare ones. Each line end, also that of
    an empty line, becomes the word ``<eos>``: so published perplexities count. Only a line feed,
    a carriage return, or both end a line. The files are yours to bring: Penn Treebank is licensed.

    They are read line by line, and a word takes four bytes of memory.

    Parameters
    ----------
    train, validation, test
        Paths of the files.
    progress
        Whether to show a progress bar where a file is large.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is empty or no UTF-8 text, contains the word ``<eos>`` or a NUL character, or
        has a word that the training file lacks and for which there is no ``<unk>``; the message
        names file and line.
    """
    number: dict[str, int] = {}
    read = array("I")
    for _, words in _lines(Path(train), progress):
        read.extend([number.setdefault(word, len(number)) for word in words])
    symbols = tuple(sorted(number))
    place = {symbol: i for i, symbol in enumerate(symbols)}
    streams = [np.array([place[word] for word in number])[np.frombuffer(read, dtype=np.uint32)]]
    unknown = place.get("<unk>")
    for path in (validation, test):
        stream = array("I")
        for line, words in _lines(Path(path), progress):
            for word in words:
                found = place.get(word, unknown)
                if found is None:
                    raise ValueError(
                        f"{path}, line {line}: the word {word!r} is not in {train}, which has no "
                        "<unk> to stand for it; use the three files of one corpus"
                    )
                stream.append(found)
        streams.append(np.frombuffer(stream, dtype=np.uint32).astype(np.int64))
    return Task(f"words of {Path(train).name}", symbols, streams[0], streams[1], streams[2])


EOS = "<eos>"
"""The word at the end of every line."""

LARGE = 1 << 20
"""Bytes from which on reading a file shows its progress."""


def _lines(path: Path, progress: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line from 1 on, and its words with the end of the line."""
    require_file(path)
    # So opened, no other separator of Unicode ends a line: str.splitlines would take them for one.
    with _decoding(path), path.open(encoding="utf-8-sig") as file:
        size, empty = path.stat().st_size, True
        bar = tqdm(
            total=size,
            desc=path.name,
            unit="B",
            unit_scale=True,
            disable=not progress or size < LARGE,
        )
        with bar:
            for line, text in enumerate(file, 1):
                words = text.split()
                if EOS in words or "\0" in text:
                    fault = f"the word {EOS}" if EOS in words else "a NUL character"
                    raise ValueError(
                        f"{path}, line {line}: it contains {fault}; the end of a line is counted "
                        "as <eos> by itself, and text has no NUL: take it out"
                    )
                empty = empty and not words
                bar.update(len(text.encode()))
                yield line, [*words, EOS]
        if empty:
            raise ValueError(f"{path} is empty; one sentence a line is expected")


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Turn what reading a text file raises into messages that name it."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist; bring a text file, such as ptb.train.txt of Penn Treebank "
            "or wiki.train.tokens of WikiText-2"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text: {error}") from None
