"""The comparison on text: tuned, then trained at the best rates; broken off and gone on with."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nastut as nt
from nastut.learning.tasks import Task
from nastut.learning.training import Recipe
from nastut.studies import comparison


@pytest.fixture
def small(monkeypatch):
    """Make the comparison a matter of seconds."""
    stream = np.arange(300) % 5
    task = Task("circle", tuple("abcde"), stream, stream[:100], stream[:100])
    monkeypatch.setattr(comparison, "python_reference", lambda: task)
    monkeypatch.setattr(comparison, "PARAMETERS", 2_000)
    monkeypatch.setattr(comparison, "EMBEDDING", 4)
    monkeypatch.setattr(comparison, "RECIPE", Recipe(epochs=2, batch=4, steps=10, reports=2))
    monkeypatch.setattr(comparison, "LEARNING_RATES", (1e-2, 3e-2))
    monkeypatch.setattr(comparison, "SEEDS", (0, 1))


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_every_cell_is_tuned_and_then_trained_with_every_seed(small, executor, tmp_path):
    results = comparison.comparison().conduct(tmp_path / "text.json", executor)
    assert sum(name.startswith("tuning") for name in results) == 4 * 2
    assert len(results) == 4 * 2 + 4 * 2
    for name, run in results.items():
        if not name.startswith("tuning"):
            assert run["learning_rate"] == comparison.best_rate(results, run["cell"])
        assert abs(run["parameters"] - 2_000) < 300


class Broken:
    """An executor that breaks after some trainings."""

    def __init__(self, executor, after):
        self.executor, self.left = executor, after

    def submit(self, *task):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        future = self.executor.submit(*task)
        future.result()
        return future


def test_a_comparison_that_was_broken_off_goes_on_to_the_same_file(small, executor, tmp_path):
    whole, parts = tmp_path / "whole.json", tmp_path / "parts.json"
    comparison.comparison().conduct(whole, executor)
    with pytest.raises(KeyboardInterrupt):
        comparison.comparison().conduct(parts, Broken(executor, after=8 + 3))
    assert len(json.loads(parts.read_text())["runs"]) == 8
    comparison.comparison().conduct(parts, executor)
    assert parts.read_bytes() == whole.read_bytes()


def numbers(content):
    """Return all numbers of a JSON value."""
    if isinstance(content, dict | list):
        parts = content.values() if isinstance(content, dict) else content
        return [number for part in parts for number in numbers(part)]
    return [content] if isinstance(content, int | float) else []


def test_the_record_holds_every_number_of_its_former_form():
    """The file was no study before; it has 1500 numbers, and they hash to this."""
    found = sorted(numbers(nt.load_study("text")))
    digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()
    assert (len(found), digest) == (
        1500,
        "1c894c1307057107751133358ea905e818058b6b555ce52c72b6570aa0998f42",
    )


def test_nothing_is_missing_of_the_record():
    recorded, study = nt.load_study("text"), comparison.comparison()
    wanted = {**study.runs, **study.then(recorded["runs"])}
    assert list(recorded["runs"]) == list(wanted)


def test_the_record_was_made_by_the_settings_that_the_code_has():
    recorded = nt.load_study("text")["settings"]
    made = json.loads(json.dumps(comparison.comparison().settings))
    assert {key: value for key, value in made.items() if key != "task"} == {
        key: recorded[key] for key in made if key != "task"
    }
