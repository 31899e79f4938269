"""The page on the recorded data names every file and everything in it."""

import json
import re
from pathlib import Path

import pytest

from nastut.files import recorded
from nastut.studies.table import load_table

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
FILES = sorted(path.name for path in (ROOT / "data").iterdir() if path.suffix in (".json", ".xz"))


def rows(value):
    """Yield the innermost results of a study: dictionaries without dictionaries of results."""
    if isinstance(value, list):
        for item in value:
            yield from rows(item)
    elif isinstance(value, dict):
        inner = [v for v in value.values() if isinstance(v, dict) or (v and rows_of(v))]
        if len(inner) == len(value):
            for item in inner:
                yield from rows(item)
        else:
            yield value


def rows_of(value):
    return isinstance(value, list) and value and isinstance(value[0], dict)


def test_every_file_has_a_section():
    assert sorted(SECTIONS) == FILES


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".json")])
def test_every_key_is_explained(name):
    content = json.loads(recorded(name).read_text())
    found = list(rows(content["runs"])) if "runs" in content else [content]
    keys = {key for row in found for key in row} - {"about", "made_by"}
    explained = set(re.findall(r"`(\w+)`", SECTIONS[name]))
    assert keys <= explained, keys - explained


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".json")])
def test_the_command_is_the_one_in_the_file(name):
    content = json.loads(recorded(name).read_text())
    command = content.get("settings", {}).get("command", content.get("made_by"))
    assert f"`{command}`" in SECTIONS[name]


def test_every_kind_of_column_of_the_table_is_explained():
    named = re.findall(r"`(\w+)`|…`(\w+)`", SECTIONS["base2.csv.xz"])
    endings = {part.rpartition("_")[2] for pair in named for part in pair if part}
    table = load_table()
    for task in table.tasks:
        assert any(pair[0].startswith(task) for pair in named)
    assert {"sequence", "memory", "parameters", "test", "diverged", "step64", "step256"} <= endings
