"""The parts of a long computation: kept, marked, refused, and removed when all are there."""

import json

import pytest

from nastut.studies.parts import Parts, require_same

SETTINGS = {"space": {"base": 2, "names": ["Add"]}, "seed": 3}
FORM = [{"n": int}]


@pytest.fixture
def parts(tmp_path):
    made = Parts(tmp_path / "not there" / "table.parts", SETTINGS)
    made.open()
    return made


def test_a_part_comes_back_as_it_was_and_none_is_none(parts):
    assert parts.read("one", FORM) is None
    parts.write("one", [{"n": 1}, {"n": 2}])
    assert parts.read("one", FORM) == [{"n": 1}, {"n": 2}]
    parts.open()
    assert Parts(parts.folder, SETTINGS).read("one", FORM) == [{"n": 1}, {"n": 2}]


def test_a_part_of_another_form_is_refused(parts):
    parts.write("one", [{"m": 1}])
    with pytest.raises(
        ValueError, match=r"one\.part\.json .* lacks 'n'.*; delete it and build again"
    ):
        parts.read("one", FORM)


OTHERS = {
    "seed": {**SETTINGS, "seed": 4},
    "space.base": {**SETTINGS, "space": {"base": 4, "names": ["Add"]}},
    "space.names": {**SETTINGS, "space": {"base": 2, "names": []}},
    "more": {**SETTINGS, "more": 1},
}


@pytest.mark.parametrize("name", OTHERS)
def test_parts_of_other_settings_are_refused_by_name_and_kept(parts, name):
    parts.write("one", [{"n": 1}])
    others = Parts(parts.folder, OTHERS[name])
    with pytest.raises(ValueError, match=f"was made with other {name}; move it away"):
        others.open()
    with pytest.raises(ValueError, match="was made with other settings; delete it"):
        others.read("one", FORM)
    others.remove()
    assert parts.read("one", FORM) == [{"n": 1}]


def test_all_settings_that_differ_are_named_once_and_in_their_order():
    with pytest.raises(ValueError, match=r"made with other a, b\.d, b\.c, e; move it away"):
        require_same("file", {"a": 1, "b": {"d": 1}}, {"b": {"d": 2, "c": 0}, "e": 5, "a": 2})
    require_same("file", {"a": {"b": 1}}, {"a": {"b": 1}})


def test_what_is_removed_is_all_that_was_written_also_by_a_kill(parts):
    parts.write("one", [])
    (parts.folder / ".nastut-1").write_text("half")
    parts.remove()
    assert not parts.folder.exists()
    parts.remove()  # nothing is there: nothing to do


def test_what_is_of_somebody_else_stays(parts):
    (parts.folder / "notes.txt").write_text("mine")
    parts.write("one", [])
    parts.remove()
    assert [path.name for path in parts.folder.iterdir()] == ["notes.txt"]


def test_damaged_settings_are_named(parts):
    (parts.folder / "settings.json").write_text(json.dumps([1]))
    for use in (parts.open, parts.remove):
        with pytest.raises(ValueError, match=r"settings\.json is damaged.*; delete it and build"):
            use()
