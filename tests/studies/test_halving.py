"""The rule of halving, played on curves."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import nastut as nt
from nastut.search.rewards import Outcome, failure
from nastut.search.trained import Halving
from nastut.studies import halving
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


def crossing():
    """Return curves of which the best in the end is the worst at the start."""
    curves = CURVES.copy()
    curves[-1] = [20, 10, 5, 0.5]
    return curves


def test_a_rule_can_be_wrong():
    played = play(crossing(), Halving(4, (1,), 0.25), at_once=8, orders=20)
    assert played.best == 0
    assert played.loss == pytest.approx((CURVES[0, -1] - 0.5) / 0.5)
    assert played.loss > 1


def test_of_the_best_five_the_share_is_counted_that_was_kept():
    played = play(CURVES, Halving(4, (1,), 1 / 16), at_once=64, orders=2)
    assert (played.best, played.best_five) == (1, 0.8)


def test_a_rule_is_played_in_500_orders_of_batches_of_16_unless_told():
    rule = Halving(4, (1,), 0.25)
    assert play(crossing(), rule) == play(crossing(), rule, at_once=16, orders=500, seed=0)
    assert play(crossing(), rule, orders=3) != play(crossing(), rule, orders=3, seed=1)


def test_what_was_played_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        play(CURVES, Halving(4, (1,), 0.25), orders=1).cost = 0


def test_the_rules_cost_from_two_fifths_to_a_quarter():
    """At the first: 1/2 of the cells end after 1 part, 1/4 after 2, 1/8 after 4, 1/8 after 8."""
    curves = np.repeat(CURVES[:, :1], halving.PARTS, axis=1)
    costs = [play(curves, rule, at_once=64, orders=1).cost for rule in halving.RULES]
    parts = [2.5, 2, 3.5, 2.75, 1.875]
    assert costs == [cost / 8 for cost in parts]


def test_the_cells_of_a_run_are_those_from_its_number_and_what_diverged_is_none(monkeypatch):
    seen = []

    class Fake:
        def many(self, cells):
            seen.extend(cells)
            return [Outcome(0.5, None, (2.123456, 1.987654)), failure("diverged")]

    monkeypatch.setattr(halving, "reward", Fake)
    monkeypatch.setattr(halving, "AT_ONCE", 2)
    monkeypatch.setattr(halving, "CELLS", 6)
    found = [halving.run(start) for start in (0, 2, 4)]
    rng = np.random.default_rng(5_000)
    assert seen == [nt.Space(8).sample(rng) for _ in range(6)]
    assert [cell for run in found for cell in run["cells"]] == list(map(str, seen))
    assert found[1]["curves"] == [[2.1235, 1.9877], None]


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
