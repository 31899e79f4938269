"""The measurements on made-up lines, and what the recorded ones say."""

import numpy as np
import pytest

import nastut as nt
from nastut.studies.lineages import (
    RATES,
    best_rate,
    found_themselves,
    judge,
    measured,
    middle,
    won,
    won_at_own_rates,
)

RNG = np.random.default_rng
FOUND = ["found", *(f"found, {rate}" for rate in RATES)]


def search(reached, rank=1, core="A", best="B", dependence=0.5):
    return {
        "reached": reached,
        "improvements": [[1, 900], [2, rank]],
        "core": core,
        "best": best,
        "dependence": dependence,
    }


RUNS = {
    "seed 0": {"a": [search(9), search(5, 3), search(None, 4)], "b": [search(9), search(7, 3)] * 2},
    "seed 1": {"a": [search(9)] + [search(8, core="B")] * 2, "b": [search(9), search(2)] * 2},
}
RUNS = {seed: {"a": lines["a"], "b": lines["b"][:3]} for seed, lines in RUNS.items()}


def test_every_search_is_measured():
    assert measured(RUNS, "a", "reached").tolist() == [[9, 5, np.inf], [9, 8, 8]]
    assert measured(RUNS, "a", "rank").tolist() == [[1, 3, 4], [1, 1, 1]]
    assert measured(RUNS, "a", "itself").tolist() == [[0, 0, 0], [0, 1, 1]]
    others = {"seed 0": {"a": [search(1, core="A", best="B"), search(1, core="B", best="A")]}}
    assert not measured(others, "a", "itself").any()
    lost = {"seed 0": {"a": [search(1, dependence=None)]}}
    assert np.isnan(measured(lost, "a", "dependence")).all()


def test_the_median_is_the_first_value_within_which_half_of_the_searches_lie():
    """As in exercise 7.1: of two middle values the smaller one. Lost policies do not count."""
    assert middle(RUNS, "a", "reached", RNG(0))[0] == 8  # of 5, 8, 8, never
    assert middle(RUNS, "b", "reached", RNG(0))[0] == 7  # of 2, 7, 9, 9
    values = [None, 0.1, 0.2, 0.3, 0.4]
    lost = {"seed 0": {"a": [search(1, dependence=value) for value in (0.9, *values)]}}
    assert middle(lost, "a", "dependence", RNG(0)) == (0.2, 0.2, 0.2)
    never = {"seed 0": {"a": [search(1), search(5), search(None)]}}
    assert middle(never, "a", "reached", RNG(0)) == (5, 5, 5)


def test_later_generations_duel_seed_by_seed():
    assert won(RUNS, "a", "b", "reached").tolist() == [0.5, 0.5]
    assert won(RUNS, "b", "a", "reached").tolist() == [0.5, 0.5]
    assert won(RUNS, "a", "b", "rank").tolist() == [0.25, 0.5]


def lines_at_rates(best, seeds):
    """Runs in which a line arrives early at one rate, for each seed its own."""
    names = ["", *(f", {rate}" for rate in RATES)]
    return {
        f"seed {seed}": {
            **{
                f"a{n}": [search(10 if n == best[seed % 2] else 900) for _ in (0, 1)] for n in names
            },
            **{f"b{n}": [search(500)] * 2 for n in names},
        }
        for seed in range(seeds)
    }


def test_no_seed_judges_the_rate_that_it_chose():
    same = lines_at_rates([", half rate", ", half rate"], 6)
    assert best_rate(same, "a") == "a, half rate"
    assert won_at_own_rates(same, "a", "b", "reached").tolist() == [1] * 6
    apart = lines_at_rates([", half rate", ", quarter rate"], 6)
    assert won_at_own_rates(apart, "a", "b", "reached").tolist() == [0] * 6
    for lines in same.values():  # the first generation has an LSTM at every rate: it does not count
        lines["a"][0]["reached"], lines["a, half rate"][0]["reached"] = 1, 1_000
    assert best_rate(same, "a") == "a, half rate"


def test_shares_are_judged_together():
    found = judge({"even": np.full(8, 0.5), "all": np.ones(12)}, RNG(0))
    assert (found["even"].value, found["even"].corrected) == (0.5, 1)
    assert found["all"].low == found["all"].high == 1
    assert found["all"].p < found["all"].corrected == pytest.approx(2 * found["all"].p)


def test_cores_that_find_themselves_are_noticed_and_cores_that_shun_themselves_too():
    names = "ABCDEFGH"
    selves = {n: {"found": [search(1), *[search(1, core=n, best=n)] * 3]} for n in names}
    shy = {
        n: {"found": [search(1), *[search(1, core=n, best="B" if n == "A" else "A")] * 3]}
        for n in names[:2] * 1
    }
    judged = found_themselves(selves, ["found"], RNG(0))["found"]
    assert judged.value == 24 > judged.high
    assert judged.p == 2 / 10_001  # of ten thousand deals none, and the found one; both ends
    assert judged.low >= 0
    alike = {n: {"found": [search(1), search(1, core="A", best="A")]} for n in names}
    judged = found_themselves(alike, ["found"], RNG(0))["found"]
    assert (judged.value, judged.low, judged.high, judged.p) == (8, 8, 8, 1)
    pairs = {f"{k}{n}": run for k in range(8) for n, run in shy.items()}
    judged = found_themselves(pairs, ["found"], RNG(0))["found"]
    assert judged.value == 0 < judged.low
    assert judged.p < 1e-3


def test_no_recorded_core_finds_itself_more_or_less_often_at_any_rate():
    """At half the rate it is below chance, p = 0.02; among four rates that is no surprise."""
    judged = found_themselves(nt.load_study("generations")["runs"], FOUND, RNG(0))
    assert [judged[line].value for line in FOUND] == [18, 54, 36, 3]
    assert judged["found, half rate"].value < judged["found, half rate"].low
    assert 0.01 < judged["found, half rate"].p < 0.05 < judged["found, half rate"].corrected
    assert min(of.corrected for of in judged.values()) > 0.05
