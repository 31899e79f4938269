"""Simulated workers: the loop is the real one, only the clock is not."""

import json

import numpy as np
import pytest
import torch

import nastut as nt
from nastut import search
from nastut.studies import parallel
from nastut.studies.contest import table
from nastut.studies.exhaustive import TaskSettings
from nastut.studies.parallel import METHODS, SimulatedWorkers, simulate

SECONDS = (1.0, 2.0, 4.0)


@pytest.mark.parametrize("name", METHODS)
def test_one_worker_is_the_search_itself(name):
    found = simulate(name, 1, 7, SECONDS, 120)
    method = {"REINFORCE": "reinforce", "priority queue": "priority_queue"}.get(name, name)
    result = getattr(search, method)(
        table().space, table().reward, 120, 7, progress=False, **METHODS[name]
    )
    assert found["best"] == round(max(result.rewards), 5)
    good = [n for n, cell in enumerate(result.cells, 1) if table().rank(cell) <= 18]
    assert found["reached"] == (good[0] if good else None)
    assert (found["method"], found["workers"], found["seed"]) == (name, 1, 7)
    assert 1 * result.calls <= found["took"] <= 4 * result.calls


def test_time_passes_as_it_would():
    """Two workers, three children of 2 s: the third begins when the first is ready."""
    workers = SimulatedWorkers(2, [2.0], np.random.default_rng(0))
    cells = table().cells[:3]
    for cell in cells:
        workers.hand_out(table().reward, {cell: cell})
    clock = []
    while workers.busy:
        (found,) = workers.next().items()
        clock.append(workers.clock)
        assert found == (cells[len(clock) - 1], (table().reward(cells[len(clock) - 1]), None, ()))
    assert clock == [2.0, 2.0, 4.0]


def test_a_search_is_simulated_in_silence(capsys):
    simulate("random", 2, 7, SECONDS, 10)
    assert capsys.readouterr() == ("", "")


def test_random_search_gains_what_its_workers_are_worth():
    one, ten = (simulate("random", workers, 7, [1.0], 200) for workers in (1, 10))
    assert one["best"] == ten["best"]
    assert one["took"] == pytest.approx(200, abs=10)  # a few classes come twice
    assert ten["took"] == pytest.approx(20, abs=1)


@pytest.mark.parametrize("name", METHODS)
def test_many_workers_learn_every_evaluation(name):
    found = simulate(name, 50, 7, SECONDS, 150)
    assert found == simulate(name, 50, 7, SECONDS, 150)
    assert found["took"] < simulate(name, 1, 7, SECONDS, 150)["took"] / 5


def test_who_arrives_is_told_by_evaluation_and_by_time(monkeypatch):
    """One worker, a child a second: the time is the number of different cells until then."""
    monkeypatch.setattr(parallel, "per_mille", lambda table: 400)
    found = simulate("random", 1, 7, [1.0], 200)
    result = search.random(table().space, table().reward, 200, 7, progress=False, batch=1)
    good = [n for n, cell in enumerate(result.cells, 1) if table().rank(cell) <= 400]
    assert found["reached"] == good[0]
    assert found["reached_at"] == result.distinct()[good[0] - 1]
    monkeypatch.setattr(parallel, "per_mille", lambda table: 0)
    found = simulate("random", 1, 7, [1 / 3], 20)
    assert found["reached"] is found["reached_at"] is None
    assert found["took"] == 6.67


def test_children_are_timed_one_by_one_in_silence(monkeypatch, two_threads):
    clock, trained = iter(np.arange(6) ** 2 / 7), []
    monkeypatch.setattr(parallel, "train", lambda *given, **named: trained.append((given, named)))
    monkeypatch.setattr(parallel, "TIMED", 3)
    monkeypatch.setattr(parallel.time, "process_time", lambda: next(clock))
    assert parallel.run("", 0, 0, ()) == {"seconds": [0.1429, 0.7143, 1.2857]}
    rng = np.random.default_rng(0)
    assert [given[0] for given, _ in trained] == [table().space.sample(rng) for _ in range(3)]
    how = TaskSettings.recorded(table(), "embedded_reber")
    for given, named in trained:
        assert given[2:] == (how.recipe, how.hidden_size)
        assert named == {"progress": False}
    assert torch.get_num_threads() == 1


def test_the_record_was_made_by_the_settings_that_the_code_has():
    study = parallel.parallel()
    recorded, made = nt.load_study("parallel"), json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list({**study.runs, **study.then(recorded["runs"])})


@pytest.mark.parametrize("size", [1, 2])
def test_there_is_room_while_a_worker_has_nothing_to_do(size):
    workers = SimulatedWorkers(size, [1.0], np.random.default_rng(0))
    assert not workers.busy
    for cell in table().cells[:size]:
        assert workers.room
        workers.hand_out(table().reward, {cell: cell})
    assert workers.busy
    assert not workers.room
