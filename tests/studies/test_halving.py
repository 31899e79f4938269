"""The rule of halving, played on curves."""

import numpy as np
import pytest

from nastut.search.trained import Halving
from nastut.studies.halving import curves_of, parts_trained, play

RNG = np.random.default_rng(0)
CURVES = np.sort(RNG.uniform(1, 9, (64, 1)), axis=0) + np.linspace(1, 0, 4)  # never cross


def test_where_curves_never_cross_the_best_is_kept_and_cost_is_what_the_rule_says():
    played = play(CURVES, Halving(4, (1, 2), 0.5), at_once=64, orders=3)
    assert (played.best, played.best_five, played.loss) == (1, 1, 0)
    assert played.cost == (0.5 * 1 + 0.25 * 2 + 0.25 * 4) / 4


def test_who_comes_early_stays_more_easily():
    parts = parts_trained(CURVES[::-1], Halving(4, (1,), 0.5), 1)  # the worst come first
    assert (parts == 4).all()
    parts = parts_trained(CURVES, Halving(4, (1,), 0.5), 1)  # the best come first
    assert (parts[1:] == 1).all()
    assert parts[0] == 4


def test_a_rule_can_be_wrong():
    """The best in the end is the worst at the start."""
    crossing = CURVES.copy()
    crossing[-1] = [20, 10, 5, 0.5]
    played = play(crossing, Halving(4, (1,), 0.25), at_once=8, orders=20)
    assert played.best == 0
    assert played.loss > 1


def test_what_diverged_is_never_kept():
    curves = np.where(np.arange(64)[:, None] % 2, np.inf, CURVES)
    parts = parts_trained(curves, Halving(4, (1,), 0.75), 16)
    assert (parts[1::2] == 1).all()
    recorded = [{"curves": [[2.0] * 8, None]}, {"curves": [[3.0] * 8]}]
    assert curves_of(recorded)[:, -1].tolist() == [2.0, np.inf, 3.0]


@pytest.mark.parametrize(
    "rule", [{"rungs": ()}, {"rungs": (0, 1)}, {"rungs": (2, 1)}, {"rungs": (8,)}, {"share": 1}]
)
def test_bad_rules_are_named(rule):
    with pytest.raises(ValueError, match=r"rungs are|share is"):
        Halving(**rule)
