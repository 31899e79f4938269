"""A checkpoint: read back as it was, refused where it does not belong, never half written."""

import hashlib
import io
import os
import pickle
import random

import pytest
import torch

from nastut.search.checkpoint import Checkpoint

OWNER = {"version": "1", "settings": {"seed": 0, "cell": None}}
STATE = {
    "rng": {"state": 2**127 + 1},
    "weights": {"w": torch.arange(3.0).double()},
    "queue": [(0.5, [1, 2])],
    "none": None,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.ckpt"


def test_a_state_comes_back_as_it_was(path):
    Checkpoint(path, OWNER).write(STATE)
    found = Checkpoint(str(path), OWNER).read()
    assert torch.equal(found.pop("weights")["w"], STATE["weights"]["w"])
    assert found == {key: STATE[key] for key in found}
    assert list(path.parent.iterdir()) == [path]


def test_no_file_is_no_state(path):
    assert Checkpoint(path, OWNER).read() is None
    assert not path.exists()


def test_no_folder_is_an_error_before_any_work(path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        Checkpoint(path / "sub", OWNER).read()


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        ({**OWNER, "version": "2"}, "was made with version '1', not '2'"),
        ({**OWNER, "settings": {"seed": 1, "cell": None}}, "was made with settings"),
        ({**OWNER, "more": 1}, "was made with more None, not 1"),
        ({"version": "1"}, "was made with settings"),
    ],
)
def test_that_of_another_owner_is_refused_and_kept(path, owner, said):
    Checkpoint(path, OWNER).write(STATE)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=said):
        Checkpoint(path, owner).read()
    assert path.read_bytes() == before


class Evil:
    def __reduce__(self):
        return (open, ("evil", "w"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"hello" + data[5:],
        lambda data: pickle.dumps(STATE["queue"]),
        lambda data: pickle.dumps(Evil()),
        lambda data: b"{}",
    ],
    ids=["empty", "half", "other start", "a pickled list", "code", "text"],
)
def test_a_damaged_file_is_refused_and_kept(path, damage, monkeypatch):
    monkeypatch.chdir(path.parent)
    Checkpoint(path, OWNER).write(STATE)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"is (damaged|no checkpoint).*; it is left as it is"):
        Checkpoint(path, OWNER).read()
    assert path.read_bytes() == damaged
    assert list(path.parent.iterdir()) == [path]


def test_no_flipped_bit_goes_unnoticed(path):
    """The weights have no other guard than the hash: any bit of them would do as a number."""
    Checkpoint(path, OWNER).write(STATE)
    whole, rng = path.read_bytes(), random.Random(0)
    for bit in rng.sample(range(8 * len(whole)), 1_000):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match="is left as it is"):
            Checkpoint(path, OWNER).read()
        assert path.read_bytes() == flipped


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"state": STATE}, {"belongs_to": OWNER, "state": [1]}, torch.zeros(2), Evil()],
    ids=str,
)
def test_what_has_a_hash_but_no_state_is_refused_and_none_of_its_code_runs(
    path, content, monkeypatch
):
    monkeypatch.chdir(path.parent)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest().encode()
    path.write_bytes(b"nastut checkpoint 1 sha256 " + digest + b"\n" + buffer.getvalue())
    with pytest.raises(ValueError, match="holds no state"):
        Checkpoint(path, OWNER).read()
    assert list(path.parent.iterdir()) == [path]


def test_what_is_no_file_is_called_what_it_is(path):
    path.mkdir()
    with pytest.raises(OSError, match=r"search\.ckpt is a folder; give the path of a file"):
        Checkpoint(path, OWNER).read()
    os.mkfifo(path.parent / "pipe")
    with pytest.raises(OSError, match="pipe is no file"):
        Checkpoint(path.parent / "pipe", OWNER).read()
    with pytest.raises(OSError, match="name too long"):
        Checkpoint(path.parent / ("long" * 100), OWNER).read()


@pytest.mark.parametrize("there", [True, False])
def test_what_a_kill_left_beside_it_is_removed(path, there, monkeypatch):
    checkpoint = Checkpoint(path, OWNER)
    checkpoint.write(STATE)
    monkeypatch.setattr("pathlib.Path.replace", lambda *names: os._exit(9))
    if os.fork() == 0:
        checkpoint.write(STATE)
    os.wait()
    assert len(list(path.parent.iterdir())) == 2
    if not there:
        path.unlink()
    assert (checkpoint.read() is not None) is there
    assert list(path.parent.iterdir()) == ([path] if there else [])


def test_it_is_due_at_once_and_then_after_some_patience(path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("nastut.search.checkpoint.monotonic", lambda: now[0])

    def slow(*arguments, **keywords):
        now[0] += 2

    monkeypatch.setattr(torch, "save", slow)
    checkpoint = Checkpoint(path, OWNER)
    assert checkpoint.due
    checkpoint.write(STATE)
    assert not checkpoint.due
    now[0] += 19
    assert not checkpoint.due
    now[0] += 1
    assert checkpoint.due
