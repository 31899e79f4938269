"""A study goes on where it was broken off, and refuses what belongs to another."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

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


def test_it_goes_on_to_the_identical_file(tmp_path, executor):
    whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
    STUDY.conduct(whole, executor)
    content = json.loads(whole.read_text())
    del content["runs"]["1"], content["runs"]["4"]
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


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"runs": {}}', "\x00"])
def test_a_damaged_file_is_refused_and_stays(content, tmp_path, executor):
    path = tmp_path / "squares.json"
    path.write_text(content)
    for use in (lambda: STUDY.conduct(path, executor), lambda: load_study("squares", tmp_path)):
        with pytest.raises(ValueError, match=r"squares\.json is damaged or holds no study"):
            use()
    assert path.read_text() == content


def test_a_study_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m nastut study cubes"):
        load_study("cubes", tmp_path)
