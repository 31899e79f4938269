"""Simulated workers: the loop is the real one, only the clock is not."""

import numpy as np
import pytest

from nastut import search
from nastut.studies import parallel
from nastut.studies.contest import table
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


def test_children_are_timed(monkeypatch):
    monkeypatch.setattr(parallel, "train", lambda *given, **options: None)
    assert len(parallel.timed(3)) == 3
