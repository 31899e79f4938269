"""Rooms that follow the chain of notebooks, one concept a file, and imports only downwards."""

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

UPWARDS = {("cells/cell.py", "pictures/drawing.py")}
"""The one import against the order: a cell shows its picture in a notebook. It is lazy."""


def rooms():
    """Return the files of each room, in the order in which CONTRIBUTING.md lists them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \| ([^|]+) \|", text, re.MULTILINE)
    return {room: re.findall(r"`(\w+)`", files) for room, files in rows}


ROOMS = rooms()


def named(path):
    """Return ``(room, file)``; the room of a file outside all rooms is empty."""
    *room, _ = path.relative_to(PACKAGE).parts
    return "".join(room), path.stem


def imports(path, lazy):
    """Return what a file imports of nastut, as ``(room, file)``: when loaded, or only later."""
    tree = ast.parse(path.read_text())
    now = {id(node) for node in tree.body}
    found = set()
    for node in ast.walk(tree):
        if (id(node) not in now) is not lazy or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        modules = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        )
        for module in modules:
            target = PACKAGE.parent / Path(*module.split(".")).with_suffix(".py")
            if target in FILES:
                found.add(named(target))
    return found


def position(room, file):
    """Return where a file stands in the order; a notebook's lesson follows all that are listed."""
    if not room:
        return (-1, 0) if file in BELOW_ALL else (len(ROOMS), 0)
    files = ROOMS[room]
    return list(ROOMS).index(room), files.index(file) if file in files else len(files)


def test_every_room_and_every_file_of_a_room_is_listed():
    folders = {path.parent.name for path in ROOM_FILES}
    assert set(ROOMS) == folders == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    for room in set(ROOMS) - {"lessons"}:  # its modules are those of the notebooks
        assert set(ROOMS[room]) == {path.stem for path in (PACKAGE / room).glob("[a-z]*.py")}
    assert set(ROOMS["lessons"]) <= {path.stem for path in (PACKAGE / "lessons").glob("*.py")}


@pytest.mark.parametrize("lazy", [False, True], ids=["when loaded", "later"])
@pytest.mark.parametrize("path", ROOM_FILES, ids=lambda path: "/".join(named(path)))
def test_imports_go_only_downwards(path, lazy):
    here = named(path)
    for there in imports(path, lazy):
        if ("/".join(here) + ".py", "/".join(there) + ".py") in UPWARDS:
            assert lazy
        else:
            assert position(*there) < position(*here), f"{here} imports {there}"


def test_the_named_exception_is_there():
    for importer, imported in UPWARDS:
        assert named(PACKAGE / imported) in imports(PACKAGE / importer, lazy=True)


@pytest.mark.parametrize("name", BELOW_ALL)
def test_what_every_room_may_import_imports_no_room(name):
    path = PACKAGE / f"{name}.py"
    assert not imports(path, lazy=False) | imports(path, lazy=True)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_lives_there_and_defines_nothing(room):
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text())
    assert 2 <= len(re.findall(r"\.(?:\s|$)", ast.get_docstring(tree))) <= 4
    assert "first" in ast.get_docstring(tree)
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)


@pytest.mark.parametrize("room", set(ROOMS))
def test_the_tests_have_the_same_rooms(room):
    assert list((ROOT / "tests" / room).glob("test_*.py"))


def test_no_test_of_a_room_lies_outside_it():
    outside = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    assert not outside & {path.stem for path in ROOM_FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(named(path)))
def test_file_holds_one_concept(path):
    assert len(path.read_text().splitlines()) <= 300


def test_semantics_are_written_once():
    """Only evaluate.py (and the wrong answers of the lessons) applies the rows of operations."""
    files = [path for path in FILES if path.parent.name != "lessons"]
    callers = [p.stem for p in files if re.search(r"\]\.apply\(", p.read_text())]
    assert callers == ["evaluate"]


def test_the_walk_through_the_rooms_runs(tmp_path, monkeypatch, capsys):
    code = re.search(r"```python\n(.+?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code[1], {})
    assert (tmp_path / "cell.svg").exists()
    assert "h_t" in capsys.readouterr().out
