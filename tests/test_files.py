"""A file is there whole or not at all."""

import os
import re
import threading
from pathlib import Path

import pytest

from nastut.files import (
    LARGEST,
    parse_json,
    read_json,
    read_limited,
    recorded,
    remove_leftovers,
    require_file,
    require_form,
    write_atomically,
    write_json,
)


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


def test_the_longest_name_will_do(tmp_path):
    target = tmp_path / ("n" * 255)
    write_atomically(target, b"data")
    assert target.read_bytes() == b"data"


def test_leftovers_of_a_file_are_removed_and_no_others(target):
    for name in (b"result.bin", b"other.bin"):
        if os.fork() == 0:
            Path.replace = lambda *names: os._exit(9)
            write_atomically(target.with_name(name.decode()), name)
        os.wait()
    left = list(target.parent.iterdir())
    assert sorted(path.read_bytes() for path in left) == [b"other.bin", b"result.bin"]
    remove_leftovers(target)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"other.bin"]


def test_the_error_of_a_file_that_cannot_be_opened_is_told_as_it_is(target, monkeypatch):
    def refuse(path, *arguments):
        raise PermissionError("no")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionError, match="no"):
        write_atomically(target, b"new")


def test_leftovers_that_somebody_else_took_away_are_no_trouble(target, monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [folder / "gone"])
    remove_leftovers(target)


# Reading


def test_what_is_recorded_is_found_and_what_is_not_is_looked_for_at_both_places():
    assert recorded("text.json").is_file()
    with pytest.raises(FileNotFoundError, match=r"^none\.json is not recorded") as caught:
        recorded("none.json")
    beside, inside = re.fullmatch(r".*: neither in (.*) nor in (.*)", str(caught.value)).groups()
    assert Path(beside).name == Path(inside).name == "data"
    assert Path(inside).parent.parent == Path(beside).parent
    assert Path(inside).parent.name == "nastut"


def test_a_folder_is_not_recorded():
    with pytest.raises(FileNotFoundError):
        recorded("..")


def test_a_file_is_read_up_to_64_mib_and_no_further(target):
    with target.open("wb") as file:
        file.truncate(64 << 20)  # zeros that take no room
    assert len(read_limited(target)) == 64 << 20
    os.truncate(target, (64 << 20) + 1)
    with pytest.raises(ValueError, match="it has more than the 64 MiB that are read"):
        read_limited(target)


def test_what_is_recorded_is_far_from_the_limit():
    files = [path for path in recorded("text.json").parent.iterdir() if path.is_file()]
    assert 10 * max(path.stat().st_size for path in files) < LARGEST


@pytest.mark.parametrize("read", [require_file, read_limited])
def test_what_is_no_file_is_called_what_it_is(read, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, kind in ((tmp_path, "a folder"), (pipe, "no file")):
        message = f"{path} is {kind}; give the path of a file"
        with pytest.raises(OSError, match=f"^{re.escape(message)}$"):
            read(path)


def test_a_file_or_a_path_where_nothing_is_may_be_one(target):
    require_file(target)
    target.write_bytes(b"data")
    require_file(target)
    assert read_limited(target) == b"data"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff", "NaN,"])
def test_whatever_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is Python's affair
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "it is nested too deeply"),
        ("{", "Expecting property name"),
        ("[1]", "it is of type list where dict belongs"),
        ("{}", "it lacks 'a'"),
    ],
    ids=["deep", "cut", "list", "empty"],
)
def test_damaged_json_is_told_with_its_path_and_what_to_do(text, said, tmp_path):
    path = tmp_path / "some.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"some\.json is damaged .*{said}.*; restore it$"):
        read_json(path, {"a": int}, "restore it")


def test_a_list_is_read_without_a_hash(tmp_path):
    path = tmp_path / "some.json"
    path.write_text("[1, 2]")
    assert read_json(path, [int], "restore it") == [1, 2]


def test_written_json_ends_with_its_hash_and_a_new_line(tmp_path):
    path = tmp_path / "some.json"
    write_json(path, {"a": 1})
    assert re.fullmatch(r'\{"a": 1, "sha256": "[0-9a-f]{64}"\}\n', path.read_text())
    write_json(path, {"a": 1}, indent=1)
    assert path.read_text().startswith('{\n "a": 1,\n "sha256"')
    assert read_json(path, {"a": int}, "restore it") == {"a": 1}


# Forms

FORM = {"name": str, "seeds": [int], "pairs": [(float, str | None)], "more": dict}
FITTING = {"name": "a", "seeds": [1, 2], "pairs": [[1, None], (0.5, "b")], "more": {"any": []}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"seeds": [], "pairs": []}, None),
        ({"name": None}, "it['name'] is of type NoneType where str belongs"),
        ({"seeds": [1, True]}, "it['seeds'][1] is of type bool where int belongs"),
        ({"seeds": [1, 2.0]}, "it['seeds'][1] is of type float where int belongs"),
        ({"seeds": {}}, "it['seeds'] is of type dict where list belongs"),
        ({"pairs": [[1]]}, "it['pairs'][0] has 1 entries; it must have 2"),
        ({"pairs": [[True, None]]}, "it['pairs'][0][0] is of type bool where float belongs"),
        ({"pairs": [[1, 2]]}, "it['pairs'][0][1] is of type int where str | None belongs"),
        ({"more": []}, "it['more'] is of type list where dict belongs"),
        ({"other": 1}, "it has 'other'; it must have name, seeds, pairs, more"),
    ],
    ids=str,
)
def test_a_form_names_the_place_that_does_not_fit(change, said):
    if said is None:
        require_form(FITTING | change, FORM, "it")
        return
    with pytest.raises(ValueError, match=re.escape(said)):
        require_form(FITTING | change, FORM, "it")


@pytest.mark.parametrize("name", FORM)
def test_a_form_needs_all_its_names(name):
    value = {key: FITTING[key] for key in FITTING if key != name}
    with pytest.raises(ValueError, match=f"it lacks '{name}'; it must have name, seeds"):
        require_form(value, FORM, "it")


def test_a_form_names_what_is_none_at_all():
    with pytest.raises(ValueError, match="it is of type list where dict belongs"):
        require_form([], FORM, "it")


@pytest.mark.parametrize("value", [True, None, 1.5, "a", [], {"b": True}], ids=str)
def test_a_form_may_leave_others_open(value):
    require_form({"name": "a", "other": value}, {"name": str, ...: object}, "it")
    with pytest.raises(ValueError, match="it lacks 'name'; it must have name"):
        require_form({"other": value}, {"name": str, ...: object}, "it")


def test_json_comes_back_and_its_hash_is_looked_at(tmp_path):
    path, content = tmp_path / "some.json", {"a": [1, 2.5, None], "b": {"c": "\u00e9"}}
    write_json(path, content)
    assert read_json(path, dict, "restore it") == content
    other = path.read_text().replace("2.5", "3.5")
    for text in (other, re.sub("[0-9a-f]{64}", "0" * 64, other)):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"some\.json is damaged .* hash says; restore it"):
            read_json(path, dict, "restore it")
    path.write_text('{"a": 1}')
    assert read_json(path, {"a": int}, "restore it") == {"a": 1}
