"""A study goes on where it was interrupted, and refuses what belongs to another."""

import json
import os
import platform
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

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


@pytest.fixture
def path(tmp_path):
    return tmp_path / "squares.json"


def test_the_file_holds_settings_versions_and_runs_in_their_order(path, executor):
    found = STUDY.conduct(path, executor)
    assert list(found.items()) == [(str(n), {"square": n * n}) for n in (1, 2, 4)]
    content = json.loads(path.read_text())
    assert list(content["runs"].items()) == list(found.items())
    assert content["settings"] == {
        "command": "python data/squares.py",
        "python": platform.python_version(),
        "torch": torch.__version__.partition("+")[0],
        "power": 2,
    }
    assert '   "square": 16' in path.read_text().splitlines()  # so that a change is seen by line


@pytest.mark.parametrize("missing", [("1", "4"), ()])
def test_it_goes_on_to_the_identical_file(path, executor, missing):
    STUDY.conduct(path, executor)
    whole = path.read_bytes()
    content = json.loads(whole)
    for name in missing:
        del content["runs"][name]
    path.write_text(json.dumps(content, indent=1) + "\n")
    asked.clear()
    STUDY.conduct(path, executor)
    assert sorted(asked) == [int(name) for name in missing]
    assert path.read_bytes() == whole


def larger(results):
    """Allow more while the numbers allow it: 16 allows 5, and 25 allows 6 and 7."""
    largest = max(result["square"] for result in results.values())
    return {f"after {n}": (n,) for n in (5, 6, 7) if n**2 <= 2 * largest}


def count(results):
    return {f"of {len(results)}": (len(results),)} if "of 6" not in results else {"of 6": (6,)}


def test_each_phase_is_asked_until_it_has_no_more_and_then_comes_the_next(path, executor):
    study = replace(STUDY, then=[larger, count])
    found = study.conduct(path, executor)
    assert list(found) == ["1", "2", "4", "after 5", "after 6", "after 7", "of 6"]
    asked.clear()
    assert study.conduct(path, executor) == found
    assert asked == []


def test_what_had_finished_survives_a_failure(path):
    failing = replace(STUDY, runs={"2": (2,), "3": (3,)})
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="three"):
        failing.conduct(path, pool)
    assert json.loads(path.read_text())["runs"] == {"2": {"square": 4}}


def test_other_settings_are_named_and_the_file_stays(path, executor):
    STUDY.conduct(path, executor)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"squares\.json was made with other settings \(power\)"):
        replace(STUDY, settings={"power": 3}).conduct(path, executor)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b'{"runs": {}}', b"[" * 100_000, b"\xff"],
    ids=["cut", "a list", "no settings", "deep", "bytes"],
)
def test_a_damaged_file_is_refused_and_stays(content, path, executor):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"squares\.json is .*; restore it, or move it away"):
        STUDY.conduct(path, executor)
    assert path.read_bytes() == content


def test_a_record_is_loaded_by_its_name():
    assert load_study("text")["settings"]["command"] == "python data/text.py"
    with pytest.raises(FileNotFoundError, match=r"cubes\.json is not recorded"):
        load_study("cubes")


SCRIPT = """
import os, signal, sys, time
from nastut.studies.study import Study

def run(number):
    if number == 5 and os.environ["KILL"]:
        while not os.path.exists(sys.argv[1]):
            time.sleep(0.01)
        os.kill(int(os.environ["MAIN"]), signal.SIGKILL)
        time.sleep(60)
    return number

if __name__ == "__main__":
    os.environ.setdefault("MAIN", str(os.getpid()))
    Study("counted", {}, {str(n): (n,) for n in range(8)}, run).main()
"""


@pytest.mark.slow
def test_a_script_that_was_killed_goes_on_to_the_identical_file(tmp_path):
    script, record = tmp_path / "counted.py", tmp_path / "counted.json"
    script.write_text(SCRIPT)

    def call(*arguments, kill=""):
        paths = {"PYTHONPATH": str(Path(__file__).parents[2]), "KILL": kill}
        command = [sys.executable, script, *arguments]
        return subprocess.run(command, env=os.environ | paths, capture_output=True).returncode

    assert call(record, "--workers", "1", kill="yes") == -signal.SIGKILL
    assert 0 < len(json.loads(record.read_text())["runs"]) < 8
    assert call("--workers", "2") == 0
    runs = json.loads(record.read_text())["runs"]
    assert list(runs.items()) == [(str(n), n) for n in range(8)]
