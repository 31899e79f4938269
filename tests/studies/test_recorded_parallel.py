"""What stale policies cost, as it was recorded in simulated time."""

import numpy as np
import pytest

import nastut as nt


@pytest.fixture(scope="module")
def recorded():
    return nt.load_study("parallel")


def evaluations(recorded, method):
    """Return the median evaluations until the best per mille, by the number of workers."""
    reached = {}
    for run in recorded["runs"].values():
        if run.get("method") == method:
            arrived = np.inf if run["reached"] is None else run["reached"]
            reached.setdefault(run["workers"], []).append(arrived)
    return {workers: np.median(of) for workers, of in reached.items()}


def test_evolution_pays_for_every_worker_and_random_search_for_none(recorded):
    evolution, random = (evaluations(recorded, method) for method in ("evolution", "random"))
    assert list(evolution.values()) == sorted(evolution.values())
    assert evolution[400] > 2 * evolution[1]
    assert max(random.values()) < 1.05 * min(random.values())
