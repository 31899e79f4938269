"""Intervals and tests against published or exactly enumerated values."""

from dataclasses import FrozenInstanceError
from itertools import combinations, product

import numpy as np
import pytest

from nastut.studies.inference import (
    arrivals,
    bootstrap,
    compared,
    duels,
    exact_rank_test,
    fisher_test,
    holm,
    median,
    paired_test,
    rank_correlation,
    rank_test,
    restricted_mean,
    share,
    wilson,
)

INF = np.inf
RNG = np.random.default_rng


def test_a_run_that_never_arrived_is_infinite():
    assert arrivals([5, None, 3]).tolist() == [5, INF, 3]
    assert share(arrivals([5, None, 3, None])) == 0.5


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([3, 1, 2], 2), ([4, 1, 3, 2], 2), ([1, INF, 2, INF], 2), ([INF, 1, INF], INF)],
)
def test_the_median_is_where_half_have_arrived(values, wanted):
    assert median(np.array(values, float)) == wanted
    assert (median(np.array([values, values], float)) == wanted).all()


def test_a_restricted_mean_charges_the_budget_to_who_never_arrived():
    assert restricted_mean(np.array([10.0, INF, 40.0]), 30) == (10 + 30 + 30) / 3


def test_a_bootstrap_of_the_median_is_near_its_exact_interval():
    """Of 100 runs, the binomial interval of the median is from the 40th to the 61st."""
    values = np.arange(1.0, 101)
    low, high = bootstrap(median, values, rng=RNG(0))
    assert abs(low - 40) <= 1
    assert abs(high - 60) <= 1
    assert bootstrap(median, values, rng=RNG(0)) == (low, high)


def test_a_bootstrap_of_the_mean_is_near_its_standard_error():
    values = RNG(1).normal(size=400)
    low, high = bootstrap(lambda sample: sample.mean(-1), values, rng=RNG(0))
    error = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.01)


def test_an_interval_ends_at_infinity_where_many_never_arrived():
    values = np.array([*range(1, 12), *[INF] * 9], float)
    low, high = bootstrap(median, values, rng=RNG(0))
    assert low <= 7
    assert high == INF


def test_two_samples_are_drawn_apart():
    one, other = RNG(2).normal(size=(2, 50))
    low, high = bootstrap(lambda a, b: a.mean(-1) - b.mean(-1), one, other, rng=RNG(0))
    width = 2 * 1.96 * np.sqrt((one.var() + other.var()) / 50)
    assert high - low == pytest.approx(width, rel=0.05)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    rng, held = RNG(3), 0
    for _ in range(200):
        low, high = bootstrap(median, rng.exponential(size=60), rng=rng)
        held += low <= np.log(2) <= high
    assert 0.9 <= held / 200 <= 0.99


@pytest.mark.parametrize(
    ("count", "of", "wanted"),  # scipy 1.17, binomtest(...).proportion_ci(method="wilson")
    [(9, 20, (0.258, 0.658)), (0, 16, (0.0, 0.194)), (15, 16, (0.717, 0.989))],
)
def test_wilsons_interval(count, of, wanted):
    assert wilson(count, of) == pytest.approx(wanted, abs=1e-3)


def test_wilsons_interval_of_none_or_all_ends_at_0_or_1_in_spite_of_rounding():
    for of in range(1, 60):
        assert wilson(0, of)[0] >= 0
        assert wilson(of, of)[1] <= 1
    assert wilson(0, 25)[0] == 0
    assert wilson(32, 32)[1] == 1


A = np.array([21, 35, 44, 44, 60, INF, 12, 90, 33, 71, 15, INF], float)
B = np.array([50, 44, 80, INF, INF, 95, 61, 70, 44, 110, 38], float)


def test_mann_and_whitney_with_ties_at_infinity():
    """The values are those of scipy 1.17, mannwhitneyu."""
    wins, p = rank_test(A, B)
    assert wins == pytest.approx(91 / 132)
    assert p == pytest.approx(0.129677, abs=1e-5)
    assert rank_test(B, A) == pytest.approx((1 - wins, p))


def test_the_normal_approximation_is_close_to_all_permutations():
    rng = RNG(4)
    pooled = np.minimum(rng.integers(1, 9, 14), 7).astype(float)
    pooled[pooled == 7] = INF

    def wins(rows):
        rest = np.delete(pooled, rows)
        return rank_test(pooled[list(rows)], rest)[0]

    everything = np.array([wins(rows) for rows in combinations(range(14), 7)])
    for rows in ((0, 1, 2, 3, 4, 5, 6), (0, 2, 4, 6, 8, 10, 12), (7, 8, 9, 10, 11, 12, 13)):
        exact = np.mean(np.abs(everything - 0.5) >= abs(wins(rows) - 0.5) - 1e-12)
        approximate = rank_test(pooled[list(rows)], np.delete(pooled, list(rows)))[1]
        assert approximate == pytest.approx(exact, abs=0.04)


def test_samples_that_are_alike_do_not_differ():
    assert rank_test(np.full(5, INF), np.full(7, INF)) == (0.5, 1.0)
    assert rank_test(np.array([1, 4]), np.array([2, 3])) == (0.5, 1.0)
    rng = RNG(5)
    p = [rank_test(*rng.integers(0, 20, (2, 30)).astype(float))[1] for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08


def test_several_questions_are_corrected_together():
    samples = {"a": A, "b": B, "c": B + 100}
    found = compared(samples, [("a", "b"), ("a", "c")])
    assert found["a", "b"].wins == rank_test(A, B)[0]
    p = [rank_test(A, B)[1], rank_test(A, B + 100)[1]]
    assert [of.p for of in found.values()] == p
    assert [of.corrected for of in found.values()] == holm(p).tolist()
    with pytest.raises(FrozenInstanceError):
        found["a", "b"].p = 0.01


def test_the_rank_correlation():
    """The value with ties is that of scipy 1.17, spearmanr."""
    assert rank_correlation(np.array([1, 2, 3]), np.array([10, 20, 900])) == pytest.approx(1)
    assert rank_correlation(np.array([1, 2, 3]), np.array([3, 2, -INF])) == pytest.approx(-1)
    a, b = np.array([1, 2, 2, 4, 5, 5, 7]), np.array([3, 1, 4, 4, 2, 8, 9])
    assert rank_correlation(a, b) == pytest.approx(0.5780059766913394, abs=1e-6)


def test_duels_count_a_draw_as_a_half():
    assert duels(np.array([1, 2, INF]), np.array([2, 2, INF])).tolist() == [1, 0.5, 0.5]
    assert duels(np.array([3]), np.array([2])).tolist() == [0]


def test_the_paired_test_is_close_to_all_swaps():
    shares = np.array([0.9, 0.2, 0.7, 0.8, 0.6, 1.0, 0.4, 0.8])
    swaps = np.array([*product((-1, 1), repeat=8)])
    exact = np.mean(np.abs((swaps * (shares - 0.5)).mean(1)) >= abs(shares.mean() - 0.5) - 1e-12)
    assert paired_test(shares, RNG(0)) == pytest.approx(exact, abs=0.01)
    assert paired_test(np.full(4, 0.5), RNG(0)) == 1
    assert paired_test(np.ones(30), RNG(0)) == 1 / 10_001  # of ten thousand none, and the found


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((8, 10, 1, 6), 0.0349650),
        ((15, 16, 2, 16), 6.844342e-06),
        ((3, 10, 4, 10), 1.0),
        ((0, 5, 5, 5), 2 / 252),
    ],
)
def test_fishers_test(counts, wanted):
    """The values are those of scipy 1.17, fisher_exact."""
    assert fisher_test(*counts) == pytest.approx(wanted, rel=1e-3)


def test_holms_rule():
    """The textbook case: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.9]) == pytest.approx([1, 1])
    assert holm([]).tolist() == []


def test_the_exact_test_of_ranks():
    """Complete separation of five and five is one of 252 choices, either way; ties are halves."""
    five = np.arange(5.0)
    assert exact_rank_test(five, five + 10) == (1, pytest.approx(2 / 252))
    assert exact_rank_test(five + 10, five) == (0, pytest.approx(2 / 252))
    assert exact_rank_test(np.array([1.0, INF]), np.array([1.0, INF])) == (0.5, 1)
    rng = RNG(0)
    a, b = rng.normal(size=9), rng.normal(0.8, size=9)
    (wins, close), (share, exact) = rank_test(a, b), exact_rank_test(a, b)
    assert wins == pytest.approx(share)
    assert close == pytest.approx(exact, abs=0.01)
