"""What ``data/searches.json`` says of the searches, on seeds that decided about no setting."""

import numpy as np
import pytest

import nastut as nt
from nastut.studies import contest
from nastut.studies.inference import (
    bootstrap,
    compared,
    fisher_test,
    median,
    rank_test,
    wilson,
)


@pytest.fixture(scope="module")
def study():
    return nt.load_study("searches")


def reached(study, method):
    """The evaluation of the first best-per-mille cell, for each seed; infinite if there is none."""
    runs = [run for run in study["runs"].values() if run["method"] == method]
    assert [run["seed"] for run in runs] == list(range(100))
    return np.array([run["reached"] or np.inf for run in runs])


def test_it_belongs_to_the_table(study):
    assert study["settings"]["table"] == nt.load_table().digest


@pytest.mark.parametrize("seeds", [20, 100])
def test_learning_from_the_best_needs_a_third_of_what_chance_needs(study, seeds):
    queue, chance = (np.median(reached(study, m)[:seeds]) for m in ("priority queue", "random"))
    assert queue <= chance / 3


def test_learning_from_the_best_is_level_with_evolution(study):
    assert rank_test(reached(study, "priority queue"), reached(study, "evolution"))[1] > 0.05


def test_at_the_papers_setting_more_runs_never_arrive_than_by_chance(study):
    """22 against 5 of 100; over all runs it is behind, too, though the medians' bands overlap."""
    paper, chance = reached(study, "REINFORCE"), reached(study, "random")
    never = [int(np.isinf(of).sum()) for of in (paper, chance)]
    assert never == [22, 5]
    assert fisher_test(never[0], 100, never[1], 100) < 0.001
    assert wilson(never[0], 100)[0] > wilson(never[1], 100)[1]
    samples = {"paper": paper, "chance": chance, "evolution": reached(study, "evolution")}
    pairs = [("paper", "chance"), ("evolution", "chance"), ("paper", "evolution")]
    assert compared(samples, pairs)["paper", "chance"].corrected < 0.05
    bands = [bootstrap(median, of, rng=np.random.default_rng(0)) for of in (paper, chance)]
    assert bands[0][0] < bands[1][1]  # they overlap
    low, high = bootstrap(
        lambda a, b: median(a) - median(b), paper, chance, rng=np.random.default_rng(0)
    )
    assert 0 < low < high  # and still the medians differ


def test_most_of_it_comes_after_its_policy_has_left_chance(study):
    """Up to evaluation 400 its policy is even, and so are the two."""
    paper, chance = reached(study, "REINFORCE"), reached(study, "random")
    early = [np.where(of > 400, np.inf, of) for of in (paper, chance)]
    assert rank_test(*early)[1] > 0.1
    runs = [run for run in study["runs"].values() if run["method"] == "REINFORCE"]
    entropy = np.median([run["entropy"][3] for run in runs])
    assert entropy > 0.99 * np.log(nt.Space().size)


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
