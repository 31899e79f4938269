"""Whether the cheap start of a training told who is good in the end, as it was recorded."""

import json

import numpy as np
import pytest

import nastut as nt
from nastut.learning import children
from nastut.search import trained
from nastut.search.trained import Halving
from nastut.studies import halving
from nastut.studies.inference import rank_correlation


@pytest.fixture(scope="module")
def recorded():
    return nt.load_study("halving")


@pytest.fixture(scope="module")
def curves(recorded):
    return halving.curves_of([*recorded["runs"].values()])


def test_nothing_is_missing_and_the_settings_are_those_of_the_code(recorded, curves):
    study = halving.halving()
    assert list(recorded["runs"]) == list(study.runs)
    today = json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in today} == today
    assert curves.shape == (halving.CELLS, halving.PARTS)


def test_the_first_eighth_of_three_children_comes_out_as_recorded(recorded, monkeypatch):
    """All digits on the processor it was made on; elsewhere rounding grows, so to a per cent."""
    run = recorded["runs"]["cells from 0"]
    some = [n for n, curve in enumerate(run["curves"]) if curve is not None][:3]

    def first_part(*given, **options):
        nobody = {"stay": lambda report, perplexity: np.zeros(len(perplexity), bool)}
        return children.train(*given, **{**options, **nobody})

    monkeypatch.setattr(trained, "train", first_part)
    outcomes = halving.reward().many([nt.Cell.parse(run["cells"][n]) for n in some])
    again = [outcome.curve for outcome in outcomes]
    assert [len(curve) for curve in again] == [1, 1, 1]
    np.testing.assert_allclose(np.ravel(again), [run["curves"][n][0] for n in some], rtol=0.01)


def test_the_early_order_is_the_final_one_less_so_among_the_best(curves):
    sound = curves[np.isfinite(curves[:, -1])]
    first, last = sound[:, 0], sound[:, -1]
    good = last <= np.quantile(last, 0.25)
    among_all, among_good = (rank_correlation(first[some], last[some]) for some in (last > 0, good))
    assert among_all > 0.95
    assert 0.8 < among_good < among_all


@pytest.mark.parametrize("rule", halving.RULES, ids=str)
def test_the_best_is_kept_at_less_than_half_of_the_cost(curves, rule):
    played = halving.play(curves, rule, orders=100)
    assert played.cost < 0.45
    assert played.best > 0.99
    assert played.best_five > 0.9


def test_so_does_the_rule_of_the_searches(curves):
    """They train half as long; so their rung, a quarter, is the first of these eight parts."""
    played = halving.play(curves[:, :4], Halving(4, (1,), 0.25), orders=100)
    assert played.best > 0.99
    assert played.cost < 0.45
