"""What ``data/tuning.json`` says of the searches, on seeds that chose no setting."""

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


def test_it_belongs_to_the_table(study):
    assert study["settings"]["table"] == nt.load_table().digest


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


def test_reinforce_is_not_seen_to_be_worse_than_chance_nor_better(study, found):
    """The band decides: at two per mille the tuned one is ahead, at half a per mille nothing is."""
    for line in ("REINFORCE", "REINFORCE, tuned"):
        assert found[line, "random"].corrected > 0.05
    wide = compared(tuning.judged(study["runs"], "2 per mille"), tuning.PAIRS)
    assert wide["REINFORCE, tuned", "random"].wins > 0.6


def test_reinforce_needs_the_bonus(found):
    assert found["REINFORCE, tuned", "REINFORCE, no bonus"].corrected < 0.01


def test_evolution_and_the_queue_are_faster_than_chance_and_alike(found):
    for line in ("evolution, tuned", "priority queue, tuned"):
        assert found[line, "random"].wins > 0.7
        assert found[line, "random"].corrected < 0.001
    assert found["priority queue, tuned", "evolution, tuned"].corrected > 0.05


@pytest.mark.parametrize("band", ["0.5 per mille", "1 per mille"])
def test_what_is_learned_makes_the_difference_whatever_the_helpers(study, band):
    found = compared(tuning.judged(study["runs"], band), tuning.PAIRS)
    for pair in (
        ("priority queue, tuned", "REINFORCE, with redraw"),
        ("priority queue, no redraw", "REINFORCE, tuned"),
        ("priority queue, no bonus", "REINFORCE, with redraw, no bonus"),
        ("priority queue, no redraw, no bonus", "REINFORCE, no bonus"),
    ):
        assert found[pair].wins > 0.65
        assert found[pair].corrected < 0.02


def test_the_helpers_do_not_hasten_the_queue_but_save_runs_that_would_never_arrive(study, found):
    for pair in (
        ("REINFORCE, with redraw", "REINFORCE, tuned"),
        ("priority queue, tuned", "priority queue, no redraw"),
        ("priority queue, tuned", "priority queue, no bonus"),
    ):
        assert found[pair].corrected > 0.05
    judged = tuning.judged(study["runs"])
    plain, whole = judged["priority queue, no redraw, no bonus"], judged["priority queue, tuned"]
    assert abs(median(plain) - median(whole)) < 50
    arrived = [int(np.isfinite(of).sum()) for of in (plain, whole)]
    assert fisher_test(arrived[0], len(plain), arrived[1], len(whole)) < 0.01


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
