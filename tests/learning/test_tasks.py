"""Tasks: three streams of symbols that share no passage, walked along in windows."""

import tracemalloc

import numpy as np
import pytest

from nastut.learning.tasks import python_reference, text_file, windows, word_files


def test_the_streams_are_the_paragraphs_of_the_manual_each_once():
    from pydoc_data.topics import topics

    task = python_reference()
    text = "".join(task.symbols[i] for i in task.train)
    manual = "\n\n".join(topics.values())
    paragraphs = text.split("\n\n")
    assert len(set(paragraphs)) == len(paragraphs)
    assert all(paragraph in manual for paragraph in paragraphs)


def test_test_and_training_share_no_paragraph():
    task = python_reference()
    train, validation, test = (
        set("".join(task.symbols[i] for i in stream).split("\n\n"))
        for stream in (task.train, task.validation, task.test)
    )
    assert not train & test
    assert not train & validation
    assert not validation & test


def test_the_digest_depends_on_the_content():
    task = python_reference()
    assert task.digest == python_reference().digest
    other = python_reference()
    other.test[0] += 1
    assert task.digest != other.digest


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


def test_a_missing_file_is_named(files):
    files[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"valid\.txt does not exist; bring a text file"):
        word_files(*files)


def test_an_empty_file_is_named(files):
    files[2].write_text("\n\n")
    with pytest.raises(ValueError, match=r"test\.txt is empty; one sentence a line"):
        word_files(*files)


def test_a_file_that_is_no_text_is_named(files):
    files[0].write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"train\.txt is no UTF-8 text"):
        word_files(*files)


def test_an_unknown_word_is_named_with_its_line(files):
    files[0].write_text("the cat\nsat\n")
    files[2].write_text("the cat\n\nthe bird\n")
    files[1].write_text("the cat\n")
    with pytest.raises(ValueError, match=r"test\.txt, line 3: the word 'bird' is not in"):
        word_files(*files)


def written(tmp_path, *contents):
    """Write three files; the last content stands for those that are missing."""
    paths = []
    every = (*contents, *[contents[-1]] * 2)
    for name, content in zip(("train", "valid", "test"), every, strict=False):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content.encode() if isinstance(content, str) else content)
    return paths


def said(task, part="train"):
    return " ".join(task.symbols[i] for i in getattr(task, part))


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("a b\n\nc\n", "a b <eos> <eos> c <eos>"),
        ("\n = a = \n \n", "<eos> = a = <eos> <eos>"),
        ("a\r\nb\rc", "a <eos> b <eos> c <eos>"),
        ("\ufeffa b\n", "a b <eos>"),
        ("a\u2028b\x85c\x0bd\x0ce\x1cf\n", "a b c d e f <eos>"),
    ],
    ids=["empty line", "WikiText", "line ends", "mark", "other separators"],
)
def test_words_are_counted_as_published_perplexities_count_them(tmp_path, content, wanted):
    assert said(word_files(*written(tmp_path, content))) == wanted


@pytest.mark.parametrize("content", ["a\nb <eos> c\n", "a\nb\0c\n"])
def test_what_would_be_counted_wrong_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r"train, line 2: it contains (the word <eos>|a NUL)"):
        word_files(*written(tmp_path, content))


def test_large_files_take_bounded_memory_and_show_progress(tmp_path, capsys):
    words = [f"word{n}" for n in range(5_000)]
    line = " ".join(words) + "\n"
    paths = written(tmp_path, line * 100, line, line)  # 4.4 MB, 500,000 words
    tracemalloc.start()
    task = word_files(*paths)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(task.train) == 500_100
    assert peak < 6 * paths[0].stat().st_size
    assert "train: 100%" in capsys.readouterr().err
    word_files(*paths, progress=False)
    assert capsys.readouterr().err == ""


def test_a_text_file_is_cut_into_three(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffabcdefgh\r\n\U0001f600".encode())
    task = text_file(path)
    parts = (task.train, task.validation, task.test)
    texts = ["".join(task.symbols[i] for i in part) for part in parts]
    assert texts == ["abcdefgh", "\n", "\U0001f600"]
    assert task.name == "characters of text.txt"
    assert task.symbols == tuple(sorted("abcdefgh\n\U0001f600"))


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", "has 0 characters; 10 or more"), (b"short", "has 5"), (b"caf\xe9" * 9, "no UTF-8 text")],
)
def test_a_text_file_that_is_none_is_named(tmp_path, content, error):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"text\.txt .*{error}"):
        text_file(path)
    with pytest.raises(FileNotFoundError, match=r"none\.txt does not exist"):
        text_file(tmp_path / "none.txt")
    with pytest.raises(OSError, match="is a folder"):
        text_file(tmp_path)
