"""Rooms that follow the chain of notebooks, and imports only downwards."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nastut"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
ROOM_FILES = [path for path in FILES if path.parent != PACKAGE]

BELOW_ALL = ("files", "names")
"""The files outside the rooms that every room may import."""

UPWARDS = ("cells/cell", "pictures/drawing")
"""The one import against the order: a cell shows its picture in a notebook. It is lazy."""


def rooms():
    """Return the files of each room, in the order in which CONTRIBUTING.md lists them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \| ([^|]+) \|", text, re.MULTILINE)
    return {room: re.findall(r"`(\w+)`", files) for room, files in rows}


ROOMS = rooms()


def named(path):
    """Return ``room/file``, or only the file if it is outside all rooms."""
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def imports(path):
    """Return the files of nastut that a file imports, at once or later."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found |= {ROOT / Path(*module.split(".")).with_suffix(".py") for module in modules}
    return {named(target) for target in found & set(FILES)}


def position(name):
    """Return where a file stands in the order; a notebook's lesson follows all that are listed."""
    room, _, file = name.rpartition("/")
    if not room:
        return (-1, 0) if file in BELOW_ALL else (len(ROOMS), 0)
    files = ROOMS[room]
    return list(ROOMS).index(room), files.index(file) if file in files else len(files)


def test_every_room_and_every_file_of_a_room_is_listed():
    assert set(ROOMS) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    for room in set(ROOMS) - {"lessons"}:  # its modules are those of the notebooks
        assert set(ROOMS[room]) == {path.stem for path in (PACKAGE / room).glob("[a-z]*.py")}
    assert set(ROOMS["lessons"]) <= {path.stem for path in (PACKAGE / "lessons").glob("*.py")}


@pytest.mark.parametrize("path", ROOM_FILES, ids=named)
def test_imports_go_only_downwards(path):
    for name in imports(path):
        if (named(path), name) != UPWARDS:
            assert position(name) < position(named(path)), f"{named(path)} imports {name}"


def test_what_every_room_may_import_imports_no_room():
    assert [imports(PACKAGE / f"{name}.py") for name in BELOW_ALL] == [set(), set()]


def test_the_walk_through_the_rooms_runs(tmp_path, monkeypatch, capsys):
    code = re.search(r"```python\n(.+?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code[1], {})
    assert (tmp_path / "cell.svg").exists()
    assert "h_t" in capsys.readouterr().out
