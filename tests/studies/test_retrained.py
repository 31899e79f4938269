"""Which cells are trained again, and how the fresh rewards are read."""

import json

import numpy as np
import pytest

import nastut as nt
from nastut.studies import exhaustive, retrained


@pytest.fixture
def small(monkeypatch):
    """Make the study a matter of seconds."""
    task, how = retrained.made()
    lengths = {"train": 1_296, "validation": 1_008, "test": 1_000}
    short = exhaustive.TaskSettings(0, lengths, how.recipe, hidden_size=4, at_once=4)
    monkeypatch.setattr(retrained, "made", lambda: (task, short))
    monkeypatch.setattr(retrained, "BEST", 10)
    monkeypatch.setattr(retrained, "SEEDS", (30, 31))


def test_the_seeds_are_none_of_those_that_made_the_ranking():
    assert not set(retrained.SEEDS) & set(retrained.made()[1].seeds)
    assert len(retrained.SEEDS) >= 5
    assert retrained.BEST >= 300


def test_the_best_are_trained_by_the_recipe_of_the_table():
    table = nt.load_table()
    made = table.settings["tasks"][table.tasks[0]]
    assert retrained.retrained().settings["digest"] == made["digest"]
    assert retrained.made()[1] == exhaustive.TASKS[table.tasks[0]]


def test_every_one_of_the_best_is_trained_once_from_every_seed(small):
    study = retrained.retrained()
    best = [str(cell) for cell in nt.load_table().best(10)]
    for seed in (30, 31):
        given = [text for texts, of in study.runs.values() if of == seed for text in texts]
        assert given == best


def test_fresh_rewards_are_in_the_order_of_the_table(small):
    study = retrained.retrained()
    runs = {name: study.run(*given) for name, given in study.runs.items()}
    rewards = retrained.fresh_rewards(runs)
    assert rewards.shape == (10, 2)
    best = nt.load_table().settings["tasks"]["embedded_reber"]["best"]
    task, how = retrained.made()
    records = nt.train(
        nt.load_table().best(10), how.make(task), how.recipe, how.hidden_size, 31, progress=False
    )
    alone = [(best / record.validation[-1]) ** 2 for record in records]
    assert rewards[:, 1] == pytest.approx(alone, rel=1e-3)
    tests = [(best / record.test) ** 2 for record in records]
    assert retrained.fresh_rewards(runs, "test")[:, 1] == pytest.approx(tests, rel=1e-3)


def test_a_child_that_diverged_earns_nothing():
    first, second = (str(cell) for cell in nt.load_table().best(2))
    runs = {
        "a": [{"cell": second, "seed": 1, "validation": 2.0, "test": 2.0}],
        "b": [{"cell": first, "seed": 1, "validation": None, "test": None}],
    }
    rewards = retrained.fresh_rewards(runs)
    assert rewards[0] == 0 < rewards[1] < 1
    assert np.isfinite(rewards).all()


def test_the_best_by_two_measurements_overlap():
    one, other = np.array([9, 8, 7, 1]), np.array([1, 8, 9, 0])
    assert [retrained.kept(one, other, n) for n in (1, 2, 3)] == [0, 1, 3]


def test_the_standard_error_is_that_of_a_mean_over_seeds():
    rewards = np.arange(300.0)[:, None] + np.random.default_rng(0).normal(0, 2, (300, 5))
    assert retrained.standard_error(rewards) == pytest.approx(2 / np.sqrt(5), rel=0.1)
    assert retrained.standard_error(np.array([[1.0, 3], [5, 9]])) == pytest.approx(np.sqrt(2.5))


def test_the_record_was_made_by_the_settings_that_the_code_has():
    study = retrained.retrained()
    recorded, made = nt.load_study("retrained"), json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list(study.runs)
