"""What ``data/tuning.json`` says of the searches, on seeds that chose no setting."""

import json

import numpy as np
import pytest

import nastut as nt
from nastut.studies import tuning
from nastut.studies.inference import (
    arrivals,
    compared,
    fisher_test,
    median,
    restricted_mean,
    wilson,
)


@pytest.fixture(scope="module")
def study():
    return nt.load_study("tuning")


@pytest.fixture(scope="module")
def found(study):
    return compared(tuning.judged(study["runs"]), tuning.PAIRS)


def arrived(study, bonuses, rates=tuning.RATE_AND_BONUS["learning_rate"]):
    """Return how many tuning runs of REINFORCE arrived, and of how many."""
    reached = [
        arrivals(run["reached"]["1 per mille"])
        for run in study["runs"].values()
        if (run["method"], run["line"]) == ("reinforce", None)
        and run["given"]["entropy"] in bonuses
        and run["given"]["learning_rate"] in rates
    ]
    return int(np.isfinite(reached).sum()), int(np.size(reached))


def test_nothing_is_missing_and_it_belongs_to_the_code(study):
    made = tuning.tuning()
    assert study["settings"]["table"] == nt.load_table().digest
    assert list(study["runs"]) == list({**made.runs, **made.then(study["runs"])})
    written = json.loads(json.dumps(made.settings))
    assert {key: study["settings"][key] for key in written} == written


@pytest.mark.parametrize("method", ["reinforce", "priority_queue"])
def test_what_was_chosen_lies_inside_the_grid(study, method):
    given = tuning.chosen(study["runs"], method)
    for name, tried in tuning.RATE_AND_BONUS.items():
        assert min(tried) < given[name] < max(tried)


def test_without_a_bonus_to_speak_of_reinforce_seldom_arrives_at_any_rate(study):
    """Bonus 0.01: 2 of 16 and 5 of 12 runs were reported before; here 16 of 60."""
    small, all_small = arrived(study, (0.01,))
    large, all_large = arrived(study, (0.1, 0.2, 0.4))
    assert wilson(small, all_small)[1] < 0.4
    assert wilson(large, all_large)[0] > 0.7
    assert fisher_test(small, all_small, large, all_large) < 1e-6
    for rate in tuning.RATE_AND_BONUS["learning_rate"]:
        few, more = arrived(study, (0.01,), (rate,)), arrived(study, (0.1,), (rate,))
        assert fisher_test(*few, *more) < 0.01


def test_reinforce_is_not_seen_to_be_worse_than_chance_nor_better(found):
    for line in ("REINFORCE", "REINFORCE, tuned"):
        assert found[line, "random"].corrected > 0.05


def test_evolution_and_the_queue_are_faster_than_chance_and_alike(found):
    for line in ("evolution, tuned", "priority queue, tuned"):
        assert found[line, "random"].wins > 0.7
        assert found[line, "random"].corrected < 0.02
    assert found["priority queue, tuned", "evolution, tuned"].corrected > 0.05


def test_what_is_learned_makes_the_difference_not_the_helpers(study, found):
    """With both helpers, and with none, the queue is ahead; the redraw is worth nothing seen."""
    assert found["priority queue, tuned", "REINFORCE, with redraw"].corrected < 0.02
    assert found["priority queue, no bonus", "REINFORCE, with redraw, no bonus"].corrected < 0.02
    assert found["priority queue, no redraw, no bonus", "REINFORCE, no bonus"].wins > 0.6
    for pair in (
        ("REINFORCE, with redraw", "REINFORCE, tuned"),
        ("priority queue, tuned", "priority queue, no redraw"),
        ("priority queue, tuned", "priority queue, no bonus"),
    ):
        assert found[pair].corrected > 0.05
    judged = tuning.judged(study["runs"])
    plain = median(judged["priority queue, no redraw, no bonus"])
    assert plain < median(judged["REINFORCE, tuned"])


@pytest.mark.parametrize("band", tuning.bands())
def test_the_order_of_the_methods_is_that_of_every_band(study, band):
    spent = {
        line: restricted_mean(of, tuning.EVALUATIONS)
        for line, of in tuning.judged(study["runs"], band).items()
    }
    for fast in ("evolution, tuned", "priority queue, tuned", "priority queue"):
        for slow in ("random", "REINFORCE", "REINFORCE, tuned", "REINFORCE, no bonus"):
            assert spent[fast] < spent[slow]
    assert spent["REINFORCE, tuned"] < spent["REINFORCE, no bonus"]


def test_a_run_repeats_itself(study):
    judged = tuning.judged(study["runs"])
    for line in ("evolution, tuned", "priority queue, tuned"):
        method, given = tuning.lines(study["runs"])[line]
        seed = tuning.SEEDS[3]
        again = tuning.arrival(tuning.strategy(method, given, seed))
        assert again["1 per mille"] == judged[line][3]
