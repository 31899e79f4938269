"""One concept a file, and imports only downwards."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nastut"
FILES = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def order():
    """Return the modules in the order in which CONTRIBUTING.md lists them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)(?:\.py|/)`", row)]


def imported(path):
    """Return the modules of nastut that a file imports when it is loaded."""
    names = set()
    for node in ast.parse(path.read_text()).body:  # not inside functions: those load later
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nastut."):
            names.add(node.module.split(".")[1])
    return names


def test_every_module_is_listed():
    assert {path.stem for path in FILES} | {"lessons"} == set(order())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_imports_only_what_stands_above(path):
    above = order()[: order().index(path.stem)]
    assert imported(path) <= set(above)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_file_holds_one_concept(path):
    assert len(path.read_text().splitlines()) <= 300


def test_semantics_are_written_once():
    """Only evaluate.py (and the wrong answers of the lessons) applies the rows of operations."""
    callers = [p.stem for p in FILES if re.search(r"\]\.apply\(", p.read_text())]
    assert callers == ["evaluate"]
