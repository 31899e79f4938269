"""What ``data/searches.json`` says of the searches, on seeds that decided about no setting."""

import numpy as np
import pytest

import nastut as nt
from nastut.studies import contest


@pytest.fixture(scope="module")
def study():
    return nt.load_study("searches")


def reached(study, method):
    """The evaluation of the first best-per-mille cell, for each seed; infinite if there is none."""
    runs = [run for run in study["runs"].values() if run["method"] == method]
    assert [run["seed"] for run in runs] == list(range(100))
    return np.array([run["reached"] or np.inf for run in runs])


def test_it_belongs_to_the_table_and_the_code(study):
    assert (
        study["settings"].items()
        >= dict(contest.contest().settings | {"seeds": list(contest.SEEDS)}).items()
    )
    assert study["settings"]["table"] == nt.load_table().digest


@pytest.mark.parametrize("seeds", [20, 100])
def test_learning_from_the_best_needs_a_third_of_what_chance_needs(study, seeds):
    queue, chance = (np.median(reached(study, m)[:seeds]) for m in ("priority queue", "random"))
    assert queue <= chance / 3


def test_learning_from_the_best_is_level_with_evolution(study):
    queue, other = reached(study, "priority queue")[:, None], reached(study, "evolution")
    share = (queue < other).mean() + 0.5 * (queue == other).mean()
    assert 0.5 - share < 1.96 * np.sqrt(1 / 12 * (2 / 100))  # the rank test of Mann and Whitney


def test_a_run_repeats_itself(study):
    seed = 3
    recorded = study["runs"][f"priority queue, seed {seed}"]
    result = nt.search.priority_queue(
        nt.Space(), nt.load_table().reward, evaluations=600, seed=seed, progress=False
    )
    found = contest.summary(result, nt.load_table())
    upto = [step for step in recorded["improvements"] if step[0] <= 600]
    assert found["improvements"] == upto
    assert found["entropy"] == pytest.approx(recorded["entropy"][:6], abs=1e-3)
