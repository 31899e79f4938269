"""A file is there whole or not at all, and an error message names the file."""

import os
import re
import signal
import threading
from pathlib import Path

import pytest

from nastut.files import recorded, require_file, write_atomically


@pytest.fixture
def target(tmp_path):
    return tmp_path / "result.bin"


@pytest.mark.parametrize(
    "old", [b"\x00old and much longer\r\n", None], ids=["over a file", "afresh"]
)
def test_new_content_replaces_the_old_but_interrupted_writing_changes_nothing(
    target, old, monkeypatch
):
    if old is not None:
        write_atomically(target, old)

    def interrupted(path, other):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(target, b"new")
    assert [path.read_bytes() for path in target.parent.iterdir()] == ([old] if old else [])
    write_atomically(target, b"new")
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"new"]


def test_a_kill_leaves_the_old_file_and_what_the_next_write_overwrites(target):
    target.write_bytes(b"old")
    for _ in range(2):
        if os.fork() == 0:
            Path.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
            write_atomically(target, b"new and long")
        os.wait()
        assert target.read_bytes() == b"old"
        assert len(list(target.parent.iterdir())) == 2
    write_atomically(target, b"new")
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"new"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_are_those_of_any_new_file(target, umask, mode):
    before = os.umask(umask)
    try:
        write_atomically(target, b"new")
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == mode


def test_a_missing_folder_and_one_in_the_way_are_named(target):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*result\.bin$"):
        write_atomically(target / "more.bin", b"new")
    target.mkdir()
    with pytest.raises(OSError, match=r"result\.bin"):
        write_atomically(target, b"new")
    assert list(target.parent.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "result.bin", tmp_path / "link"
    link.symlink_to(target)
    for data in (b"first", b"second"):  # it points to nothing at first
        write_atomically(link, data)
        assert link.is_symlink()
        assert target.read_bytes() == data
    assert list(target.parent.iterdir()) == [target]


def test_a_pipe_is_written_into(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"data")
    reader.join()
    assert read == [b"data"]
    assert pipe.is_fifo()


def test_a_file_that_is_not_recorded_was_looked_for_in_both_places():
    assert recorded("text.json").is_file()
    with pytest.raises(FileNotFoundError, match=r"^none\.json is not recorded") as caught:
        recorded("none.json")
    beside, inside = re.fullmatch(r".*: neither in (.*) nor in (.*)", str(caught.value)).groups()
    assert Path(inside).parent.parent == Path(beside).parent
    with pytest.raises(FileNotFoundError):
        recorded("..")


def test_a_folder_and_a_pipe_are_refused_by_name(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    require_file(tmp_path / "nothing yet")
    for path, kind in ((tmp_path, "a folder"), (pipe, "no file")):
        with pytest.raises(OSError, match=f"^{re.escape(f'{path} is {kind}; give the path')}"):
            require_file(path)
