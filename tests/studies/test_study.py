"""A study goes on where it was broken off, and refuses what belongs to another."""

import json
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from nastut.studies.study import Study, load_study

asked = []


def square(number):
    asked.append(number)
    if number == 3:
        raise RuntimeError("three")
    return {"square": number**2}


STUDY = Study("squares", {"power": 2}, {str(n): (n,) for n in (1, 2, 4)}, square)


@pytest.fixture(autouse=True)
def nothing_asked():
    asked.clear()


@pytest.fixture
def executor():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_the_file_holds_settings_and_runs_in_their_order(tmp_path, executor):
    found = STUDY.conduct(tmp_path / "new" / "squares.json", executor)
    assert list(found.items()) == [
        ("1", {"square": 1}),
        ("2", {"square": 4}),
        ("4", {"square": 16}),
    ]
    content = load_study("squares", tmp_path / "new")
    assert content["runs"] == found
    assert content["settings"]["power"] == 2
    assert content["settings"]["command"] == "python -m nastut study squares"


def test_each_value_has_a_line_so_that_a_change_is_seen_line_by_line(tmp_path, executor):
    STUDY.conduct(tmp_path / "squares.json", executor)
    lines = (tmp_path / "squares.json").read_text().splitlines()
    assert ' "runs": {' in lines
    assert '   "square": 16' in lines


def long_run(number, checkpoint):
    asked.append(checkpoint)
    if number > 1:
        checkpoint.write_text("half")
    return number


def test_a_long_run_has_a_checkpoint_of_its_own_that_is_removed_when_it_is_done(tmp_path, executor):
    study = Study("long", {}, {str(n): (n,) for n in (1, 2, 3)}, long_run, kept=True)
    assert study.conduct(tmp_path / "long.json", executor) == {"1": 1, "2": 2, "3": 3}
    assert len(set(asked)) == 3
    assert {path.parent for path in asked} == {tmp_path}
    assert [path.name for path in tmp_path.iterdir()] == ["long.json"]
    first = sorted(asked)
    asked.clear()
    (tmp_path / "long.json").unlink()
    study.conduct(tmp_path / "long.json", executor)
    assert sorted(asked) == first  # it finds them again


def test_a_study_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        STUDY.settings = {}


def test_it_goes_on_to_the_identical_file(tmp_path, executor):
    whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
    STUDY.conduct(whole, executor)
    content = json.loads(whole.read_text())
    del content["runs"]["1"], content["runs"]["4"], content["sha256"]
    broken.write_text(json.dumps(content))
    asked.clear()
    STUDY.conduct(broken, executor)
    assert sorted(asked) == [1, 4]
    assert broken.read_bytes() == whole.read_bytes()


def test_what_follows_is_asked_for_until_there_is_no_more(tmp_path, executor):
    def then(results):
        largest = max(result["square"] for result in results.values())
        return {f"after {n}": (n,) for n in (5, 6, 7) if n**2 <= 2 * largest}

    study = replace(STUDY, then=then)  # 16 allows 5; 25 allows 6 and 7
    found = study.conduct(tmp_path / "squares.json", executor)
    assert list(found) == ["1", "2", "4", "after 5", "after 6", "after 7"]
    asked.clear()
    assert study.conduct(tmp_path / "squares.json", executor) == found
    assert asked == []


def test_what_had_finished_survives_a_failure(tmp_path):
    failing = replace(STUDY, runs={"2": (2,), "3": (3,)})
    path = tmp_path / "squares.json"
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="three"):
        failing.conduct(path, pool)
    assert load_study("squares", tmp_path)["runs"] == {"2": {"square": 4}}


def test_other_settings_are_refused_and_the_file_stays(tmp_path, executor):
    path = tmp_path / "squares.json"
    STUDY.conduct(path, executor)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"squares\.json was made with other power"):
        replace(STUDY, settings={"power": 3}).conduct(path, executor)
    assert path.read_bytes() == before


WRONG = {
    "empty": "",
    "cut": "{",
    "a list": "[1]",
    "no settings": '{"runs": {}}',
    "no runs": '{"settings": {}}',
    "listed runs": '{"settings": {}, "runs": []}',
    "more": '{"settings": {}, "runs": {}, "runz": {}}',
    "no text": "\x00",
    "deep": "[" * 100_000,
    "long number": '{"settings": {}, "runs": {"1": ' + "9" * 5_000 + "}}",
    "other hash": '{"settings": {}, "runs": {}, "sha256": "0"}',
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_damaged_file_is_refused_and_stays(content, tmp_path, executor):
    path = tmp_path / "squares.json"
    path.write_text(content)
    for use in (lambda: STUDY.conduct(path, executor), lambda: load_study("squares", tmp_path)):
        with pytest.raises(ValueError, match=r"squares\.json is damaged or holds something"):
            use()
    assert path.read_text() == content


def test_no_flipped_bit_passes_for_another_number(tmp_path, executor):
    """It is refused, or in the white space."""
    path = tmp_path / "squares.json"
    found = STUDY.conduct(path, executor)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            assert load_study("squares", tmp_path)["runs"] == found
        except ValueError as error:
            assert "squares.json is damaged" in str(error)  # noqa: PT017


def test_a_file_without_a_hash_is_read_as_before(tmp_path, executor):
    path = tmp_path / "squares.json"
    found = STUDY.conduct(path, executor)
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content, indent=1) + "\n")
    before = path.read_bytes()
    assert STUDY.conduct(path, executor) == found
    assert path.read_bytes() == before


def test_a_run_of_another_study_is_refused(tmp_path, executor):
    path = tmp_path / "squares.json"
    STUDY.conduct(path, executor)
    with pytest.raises(ValueError, match=r"squares\.json has '4', which is no run of this study"):
        replace(STUDY, runs={"1": (1,), "2": (2,)}).conduct(path, executor)


def test_a_folder_and_a_pipe_are_called_what_they_are(tmp_path, executor):
    (tmp_path / "squares.json").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"squares\.json is a folder; give the path of a file"):
        load_study("squares", tmp_path)
    with pytest.raises(OSError, match="pipe is no file"):
        STUDY.conduct(tmp_path / "pipe", executor)


def test_a_file_too_large_to_be_one_is_not_read(tmp_path):
    with (tmp_path / "squares.json").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(ValueError, match="it has more than the 64 MiB that are read"):
        load_study("squares", tmp_path)


def test_a_study_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m nastut study cubes"):
        load_study("cubes", tmp_path)


def test_the_versions_are_recorded(tmp_path, executor):
    STUDY.conduct(tmp_path / "squares.json", executor)
    settings = load_study("squares", tmp_path)["settings"]
    assert settings["torch"] == torch.__version__.partition("+")[0]
    assert settings["python"] == platform.python_version()
