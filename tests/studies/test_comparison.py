"""The comparison on text: tuned, then trained at the best rates; broken off and gone on with."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.learning.tasks import Task
from nastut.learning.training import Recipe, seeded
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
    monkeypatch.setattr(comparison, "TUNING_SEEDS", (7, 8))
    monkeypatch.setattr(comparison, "KEPT", 1)
    monkeypatch.setattr(comparison, "SEEDS", (0, 1))


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_every_line_is_tuned_alike_and_then_trained_with_every_seed(small, executor, tmp_path):
    results = comparison.comparison().conduct(tmp_path / "text.json", executor)
    assert len(results) == 7 * (2 + 1 + 2)
    for name in comparison.LINES:
        tuned = [r for n, r in results.items() if n.startswith(f"tuning of {name}, rate")]
        first = {r["learning_rate"]: min(r["validation"]) for r in tuned if r["seed"] == 7}
        assert set(first) == {1e-2, 3e-2}
        kept = min(first, key=first.get)
        assert [r["learning_rate"] for r in tuned if r["seed"] == 8] == [kept]
        assert comparison.best_rate(results, name) == kept
        for seed in (0, 1):
            assert results[f"{name}, seed {seed}"]["learning_rate"] == kept
    for run in results.values():
        assert abs(run["parameters"] - 2_000) < 300


def tried(rate, seed, *validation):
    return {"cell": "LSTM", "learning_rate": rate, "seed": seed, "validation": list(validation)}


def test_the_best_rate_has_the_lowest_mean_of_those_tried_with_every_seed():
    runs = [tried(0.1, 7, 9, 5), tried(0.1, 8, 5), tried(0.2, 7, 4), tried(0.2, 8, 5.5)]
    runs += [tried(0.4, 7, 1), tried(0.2, 0, 99)]
    results = {str(number): run for number, run in enumerate(runs)}
    assert comparison.best_rates(results, "LSTM", (7,)) == [0.4, 0.2, 0.1]
    assert comparison.best_rates(results, "LSTM", (7, 8)) == [0.2, 0.1]
    diverged = {**results, "d": tried(0.05, 7), "e": tried(0.05, 8)}
    assert comparison.best_rates(diverged, "LSTM", (7, 8)) == [0.2, 0.1, 0.05]


def test_an_open_forget_gate_is_open_and_all_else_is_as_drawn():
    weights = []
    for name in ("LSTM, biases", "LSTM, biases, open forget gate"):
        with seeded(0):
            weights.append(dict(comparison.build(name, 9, 6).named_parameters()))
    change = {key: (weights[1][key] - weights[0][key]).detach() for key in weights[0]}
    opened = change.pop("core.bias_hh_l0")
    assert np.allclose(opened[6:12], 1)
    assert not opened[:6].any()
    assert not opened[12:].any()
    assert not any(of.any() for of in change.values())


def test_a_run_is_of_one_thread_and_has_no_infinity(small, two_threads, capsys):
    run = comparison.run("Example", 1e30, 3)
    assert torch.get_num_threads() == 1
    assert run["diverged"]
    assert run["test"] is None
    assert json.loads(json.dumps(run, allow_nan=False)) == run
    assert comparison.run("LSTM", 1e-2, 3)["test"] > 1
    assert "%" not in capsys.readouterr().err  # no progress bar


def test_a_line_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        comparison.LINES["LSTM"].bias = True


def test_every_line_has_the_biases_that_its_name_says():
    for name in comparison.LINES:
        names = dict(comparison.build(name, 9, 6).core.named_parameters())
        assert any("bias" in of for of in names) == ("biases" in name)


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
        comparison.comparison().conduct(parts, Broken(executor, after=7 * 2 + 7 + 3))
    assert len(json.loads(parts.read_text())["runs"]) == 7 * 2 + 7
    comparison.comparison().conduct(parts, executor)
    assert parts.read_bytes() == whole.read_bytes()


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
