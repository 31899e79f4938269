"""The recorded comparison: made, broken off, gone on with, and read back."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

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
    path = tmp_path / "new folder" / "text.json"
    content = comparison.compare(path, executor)
    assert len(content["tuning"]) == 4 * 2
    assert len(content["runs"]) == 4 * 2
    for run in content["runs"]:
        assert run["learning_rate"] == comparison.best_rate(content, run["cell"])
        assert abs(run["parameters"] - 2_000) < 300
    assert content == comparison.load_comparison(path)


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
    comparison.compare(whole, executor)
    with pytest.raises(KeyboardInterrupt):
        comparison.compare(parts, Broken(executor, after=8 + 3))
    assert len(json.loads(parts.read_text())["tuning"]) == 8
    comparison.compare(parts, executor)
    assert parts.read_bytes() == whole.read_bytes()


def test_a_file_of_other_settings_is_refused_and_kept(small, executor, tmp_path, monkeypatch):
    path = tmp_path / "text.json"
    comparison.compare(path, executor)
    before = path.read_bytes()
    monkeypatch.setattr(comparison, "SEEDS", (0, 1, 2))
    with pytest.raises(ValueError, match=r"text\.json was made with other seeds; move it away"):
        comparison.compare(path, executor)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is damaged"), ("[]", "holds no comparison"), ("{}", "holds no")]
)
def test_a_damaged_or_foreign_file_is_refused(tmp_path, text, said):
    (tmp_path / "text.json").write_text(text)
    with pytest.raises(ValueError, match=said):
        comparison.load_comparison(tmp_path / "text.json")


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="'python -m nastut compare' makes it"):
        comparison.load_comparison(tmp_path / "text.json")
