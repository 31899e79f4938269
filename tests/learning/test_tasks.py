"""Tasks: three streams of symbols that share no passage, walked along in windows."""

import tracemalloc
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from nastut.learning import tasks
from nastut.learning.grammar import recall
from nastut.learning.tasks import (
    delayed_recall,
    embedded_reber,
    of_characters,
    python_reference,
    split,
    windows,
    word_files,
)


def test_the_streams_are_paragraphs_of_the_manual_each_once_and_share_none():
    from pydoc_data.topics import topics

    task = python_reference()
    manual = "\n\n".join(topics.values())
    paragraphs = [
        paragraph
        for stream in (task.train, task.validation, task.test)
        for paragraph in "".join(task.symbols[i] for i in stream).split("\n\n")
    ]
    assert len(set(paragraphs)) == len(paragraphs)
    assert all(paragraph in manual for paragraph in paragraphs)


@pytest.mark.parametrize(("length", "batch", "steps"), [(100, 4, 7), (101, 3, 50), (6, 3, 1)])
def test_windows_walk_along_pieces_side_by_side(length, batch, steps):
    stream = np.arange(length)
    inputs, targets = (
        np.concatenate(side) for side in zip(*windows(stream, batch, steps), strict=True)
    )
    piece = length // batch
    assert inputs.shape == targets.shape == (piece - 1, batch)
    assert np.array_equal(targets, inputs + 1)
    assert np.array_equal(inputs[0], np.arange(batch) * piece)
    assert all(part.shape[0] <= steps for part, _ in windows(stream, batch, steps))


def test_a_stream_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="a stream of 5 symbols is too short for 3 pieces"):
        list(windows(np.arange(5), 3, 10))


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ("train.txt", "valid.txt", "test.txt")]
    paths[0].write_text(" the cat <unk> \n sat\n")
    paths[1].write_text(" the dog\n")
    paths[2].write_text("\n sat the cat\n")
    return paths


def test_words_of_files(files):
    task = word_files(*files)
    assert task.symbols == ("<eos>", "<unk>", "cat", "sat", "the")
    assert [task.symbols[i] for i in task.train] == ["the", "cat", "<unk>", "<eos>", "sat", "<eos>"]
    assert [task.symbols[i] for i in task.validation] == ["the", "<unk>", "<eos>"]
    assert [task.symbols[i] for i in task.test] == ["<eos>", "sat", "the", "cat", "<eos>"]


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [
        (1, None, r"valid\.txt does not exist; bring a text file"),
        (2, b"\n\n", r"test\.txt is empty; one sentence a line"),
        (0, b"\xff\xfe\x00", r"train\.txt is no UTF-8 text"),
        (0, b"a\nb <eos> c\n", r"train\.txt, line 2: it contains the word <eos>"),
        (0, b"a\nb\0c\n", r"train\.txt, line 2: it contains a NUL"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(files, place, content, message):
    files[place].unlink()
    if content is not None:
        files[place].write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        word_files(*files)


def test_an_unknown_word_is_named_with_its_line(files):
    files[0].write_text("the cat\nsat\n")
    files[1].write_text("the cat\n")
    files[2].write_text("the cat\n\nthe bird\n")
    with pytest.raises(ValueError, match=r"test\.txt, line 3: the word 'bird' is not in"):
        word_files(*files)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a b\n\nc\n", "a b <eos> <eos> c <eos>"),
        ("\n = a = \n \n", "<eos> = a = <eos> <eos>"),
        ("a\r\nb\rc", "a <eos> b <eos> c <eos>"),
        ("\ufeffa b\n", "a b <eos>"),
        ("a\u2028b\x85c\x0bd\x0ce\x1cf\n", "a b c d e f <eos>"),
    ],
    ids=["empty line", "WikiText", "line ends", "mark", "other separators"],
)
def test_words_are_counted_as_published_perplexities_count_them(files, content, words):
    for path in files:
        path.write_bytes(content.encode())
    task = word_files(*files)
    assert " ".join(task.symbols[i] for i in task.train) == words


def test_large_files_take_bounded_memory_and_show_progress(files, capsys):
    line = " ".join(f"word{n}" for n in range(5_000)) + "\n"
    for path, times in zip(files, (25, 1, 1), strict=True):
        path.write_text(line * times)  # 1.1 MB, 125,000 words; from 1 MiB on
    tracemalloc.start()
    task = word_files(*files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(task.train) == 125_025
    assert peak < 6 * files[0].stat().st_size
    shown = capsys.readouterr().err
    assert "train.txt: 100%" in shown
    assert "valid" not in shown
    word_files(*files, progress=False)
    assert capsys.readouterr().err == ""


def test_a_text_is_split_into_three():
    parts = split("".join(chr(100 + n) for n in range(200)))
    assert [len(part) for part in parts] == [160, 20, 20]
    assert split(["a", "b"] * 5) == [["a", "b"] * 4, ["a"], ["b"]]
    task = of_characters("a text", split("abcdefgh\n\U0001f600"))
    streams = (task.train, task.validation, task.test)
    texts = ["".join(task.symbols[i] for i in stream) for stream in streams]
    assert texts == ["abcdefgh", "\n", "\U0001f600"]
    assert task.symbols == tuple(sorted("abcdefgh\n\U0001f600"))


@pytest.mark.parametrize("make", [embedded_reber, delayed_recall])
def test_a_task_of_the_usual_size_is_some_256_windows_of_512_symbols(make):
    task = make(np.random.default_rng(0))
    assert [len(s) for s in (task.train, task.validation, task.test)] == [131_200, 16_400, 16_400]
    assert 256 <= len(list(windows(task.train, 16, 32))) <= 257
    with pytest.raises(FrozenInstanceError):
        task.train = task.test


def test_the_usual_recall_is_of_four_keys_after_eight_of_two_distractors():
    task = delayed_recall(np.random.default_rng(0), train=10, validation=10, test=10)
    assert task.name == "recall of 4 keys after 8 of 2 distractors"
    assert task.symbols == recall(8, 4, 2).symbols == recall().symbols
    assert task.best == recall(8, 4, 2).perplexity() == recall().perplexity()


def test_a_digest_is_sixteen_digits_of_all_that_the_task_holds():
    task, digests = embedded_reber(np.random.default_rng(0), 10, 10, 10), set()
    assert len(task.digest) == 16
    assert set(task.digest) <= set("0123456789abcdef")
    for stream in (task.train, task.validation, task.test):
        digests.add(task.digest)
        stream[-1] += 1
    digests.add(task.digest)
    assert len(digests) == 4
    same = tasks.Task(task.name, task.symbols, *(s.astype(np.int32) for s in (task.train,) * 3))
    wider = tasks.Task("another name", task.symbols, *(task.train,) * 3, best=2.0)
    assert same.digest == wider.digest
