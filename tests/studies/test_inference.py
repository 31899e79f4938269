"""Intervals and tests against published or exactly enumerated values."""

from itertools import product

import numpy as np
import pytest

from nastut.studies.inference import (
    arrivals,
    bootstrap,
    compared,
    duels,
    holm,
    median,
    paired_test,
    restricted_mean,
)

INF = np.inf
RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3, 1, 2], 2), ([4, 1, 3, 2], 2), ([1, None, 2, None], 2), ([None, 1, None], INF)],
)
def test_the_median_is_where_half_have_arrived(values, expected):
    assert median(arrivals(values)) == expected
    assert (median(np.array([arrivals(values)] * 2)) == expected).all()


def test_a_restricted_mean_charges_the_budget_to_what_never_arrived():
    assert restricted_mean(np.array([10.0, INF, 40.0]), 30) == (10 + 30 + 30) / 3


def test_a_bootstrap_of_the_median_is_near_its_exact_interval():
    """Of 100 runs, the binomial interval of the median is from the 40th to the 61st."""
    values = np.arange(1.0, 101)
    low, high = bootstrap(median, values, rng=RNG(0))
    assert abs(low - 40) <= 1
    assert abs(high - 60) <= 1
    assert bootstrap(median, values, rng=RNG(0)) == (low, high)
    values[50:] = INF  # half of the runs never arrived
    assert bootstrap(median, values, rng=RNG(0))[1] == INF


def test_two_samples_are_drawn_apart():
    one, other = RNG(2).normal(size=(2, 50))
    low, high = bootstrap(lambda a, b: a.mean(-1) - b.mean(-1), one, other, rng=RNG(0))
    width = 2 * 1.96 * np.sqrt((one.var() + other.var()) / 50)
    assert high - low == pytest.approx(width, rel=0.05)


A = np.array([21, 35, 44, 44, 60, INF, 12, 90, 33, 71, 15, INF], float)
B = np.array([50, 44, 80, INF, INF, 95, 61, 70, 44, 110, 38], float)


def test_samples_are_compared_with_ties_at_infinity_and_corrected_together():
    samples = {"a": A, "b": B, "c": B + 100}
    found = compared(samples, [("a", "b"), ("b", "a"), ("a", "c")])
    one, other, _ = found.values()
    assert one.value == pytest.approx(91 / 132)
    assert one.p == pytest.approx(0.129677, abs=1e-5)
    assert (other.value, other.p) == pytest.approx((1 - one.value, one.p))
    assert [of.corrected for of in found.values()] == holm([of.p for of in found.values()]).tolist()
    (alike,) = compared({"a": np.full(5, INF), "b": np.full(7, INF)}, [("a", "b")]).values()
    assert (alike.value, alike.p) == (0.5, 1)


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


def test_holms_rule():
    """The textbook case: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.9]) == pytest.approx([1, 1])
    assert holm([]).tolist() == []
