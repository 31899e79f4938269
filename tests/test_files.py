"""A file is there whole or not at all."""

import os
import re
from pathlib import Path

import pytest

from nastut.files import write_atomically


@pytest.fixture
def target(tmp_path):
    return tmp_path / "result.bin"


def test_new_file_holds_the_data(target):
    write_atomically(target, b"\x00new\r\n")
    assert target.read_bytes() == b"\x00new\r\n"


def test_old_content_is_replaced(target):
    target.write_bytes(b"old and much longer")
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("data", "error"), [("text, not bytes", TypeError), (b"new", KeyboardInterrupt)]
)
@pytest.mark.parametrize("old", [b"old", None], ids=["over a file", "afresh"])
def test_interrupted_writing_changes_nothing(target, old, data, error, monkeypatch):
    if old is not None:
        target.write_bytes(old)
    before = sorted(target.parent.iterdir())

    def interrupted(path, other):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(error):
        write_atomically(target, data)
    assert sorted(target.parent.iterdir()) == before
    assert old is None or target.read_bytes() == old


def test_reader_never_finds_a_part(target, monkeypatch):
    """Until the last moment the old file stands under the name."""
    target.write_bytes(b"old")
    seen = []

    def replace(path, other, original=Path.replace):
        seen.append((target.read_bytes(), path.read_bytes(), path.parent))
        return original(path, other)

    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(target, b"new")
    assert seen == [(b"old", b"new", target.parent)]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(target, umask, mode):
    before = os.umask(umask)
    try:
        write_atomically(target, b"new")
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == mode


def test_missing_folder_is_named(tmp_path):
    target = tmp_path / "none" / "result.bin"
    message = f"{target} cannot be written: there is no folder {target.parent}"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        write_atomically(target, b"new")


def test_folder_in_the_way_is_an_error_that_leaves_nothing_behind(target):
    target.mkdir()
    with pytest.raises(OSError, match=r"result\.bin"):
        write_atomically(target, b"new")
    assert list(target.parent.iterdir()) == [target]
