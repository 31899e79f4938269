"""Sequences to learn: what comes next, symbol by symbol.

A task is three streams of symbols, numbered from 0: one to train on, one to choose by
(validation), one to report (test). They share no passage.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nastut.cells.space import require_generator
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
    cuts = [0, len(kept) * 8 // 10, len(kept) * 9 // 10, len(kept)]
    texts = ["\n\n".join(kept[a:b]) for a, b in itertools.pairwise(cuts)]
    symbols = tuple(sorted(set("".join(texts))))
    number = {symbol: i for i, symbol in enumerate(symbols)}
    train, validation, test = (np.array([number[char] for char in text]) for text in texts)
    return Task("python reference, characters", symbols, train, validation, test)


def word_files(
    train: str | os.PathLike[str],
    validation: str | os.PathLike[str],
    test: str | os.PathLike[str],
) -> Task:
    """Return the words of three files in the format of Penn Treebank and WikiText-2.

    One sentence a line, words separated by spaces, ``<unk>`` for rare words. The end of a
    line becomes the word ``<eos>``. The files are yours to bring: Penn Treebank is licensed.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is empty or no UTF-8 text, or has a word that the training file lacks and
        for which there is no ``<unk>``; the message names file and line.
    """
    words = [list(_words(Path(path))) for path in (train, validation, test)]
    symbols = tuple(sorted({word for _, word in words[0]}))
    number = {symbol: i for i, symbol in enumerate(symbols)}
    unknown = number.get("<unk>")
    for path, part in zip((train, validation, test), words, strict=True):
        for line, word in part:
            if word not in number and unknown is None:
                raise ValueError(
                    f"{path}, line {line}: the word {word!r} is not in {train}, which has no "
                    "<unk> to stand for it; use the three files of one corpus"
                )
    streams = [np.array([number.get(word, unknown) for _, word in part]) for part in words]
    return Task(f"words of {Path(train).name}", symbols, streams[0], streams[1], streams[2])


def _words(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each word and the end of each line, with the number of the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist; bring a text file with one sentence a line, such as "
            "ptb.train.txt of Penn Treebank or wiki.train.tokens of WikiText-2"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text: {error}") from None
    if not text.strip():
        raise ValueError(f"{path} is empty; one sentence a line is expected")
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield from ((number, word) for word in (*line.split(), "<eos>"))
