"""What the verdicts read in records, on small ones whose numbers are known."""

import numpy as np
import pytest

import nastut as nt
from nastut.studies import verdict

A, B, C = (f"{first} {' '.join(['Add Tanh'] * 14)} Add Identity 14 0" for first in
           ("Add Tanh", "Multiply Tanh", "Max Tanh"))  # fmt: skip


def search(method, top, curve):
    curves = {str(best): curve for best in (1, 5)}
    return {"phase": "search", "method": method, "top": top, "curves": curves}


def training(cell, text, seed, validation, test, rate=0.004):
    return {
        "phase": "train", "cell": cell, "text": text, "learning_rate": rate, "seed": seed,
        "validation": [9.0, validation], "test": test,
    }  # fmt: skip


@pytest.fixture
def runs(monkeypatch):
    monkeypatch.setattr(verdict, "METHODS", ("random", "evolution"))
    monkeypatch.setattr(verdict, "FINALISTS", 2)
    every = [
        search("random", [[A, 0.5], [B, 0.4]], [None, 0.3, 0.5]),
        search("random", [[C, 0.1]], [None, 0.5, 0.5]),
        search("evolution", [[B, 0.9], [A, 0.2]], [None, 0.6, 0.9]),
        training(A, "manual", 100, 1.0, 1.0),  # a tuning: counts for nothing here
    ]
    worth = {A: 5.0, B: 4.0, str(nt.zoo.NASCELL): 4.5, "LSTM": 4.2, "LSTM, biases": 4.1}
    worth |= {"LSTM, forget gate open": 4.3, "GRU": 4.4}
    for text in ("manual", "source"):
        for name, perplexity in worth.items():
            if text == "source" and name == A:
                continue
            for seed in verdict.FRESH_SEEDS:
                p = perplexity + seed / 100
                every.append(training(name, text, seed, p, p + 1))
    return dict(enumerate(every))


def test_a_lift_is_the_difference_to_the_mean_of_random_search(runs):
    lift = verdict.lift(runs, "evolution", 5)
    assert lift.shape == (1, 3)
    np.testing.assert_allclose(lift[0], [np.nan, 0.2, 0.4])
    np.testing.assert_allclose(verdict.lift(runs, "random", 1).mean(0)[1:], 0, atol=1e-12)


def test_the_finalists_of_a_method_come_from_all_its_seeds_best_first(runs):
    assert verdict.finalists(runs) == {"random": {A: 0.5, B: 0.4}, "evolution": {B: 0.9, A: 0.2}}
    runs[2]["top"][1][0] = str(nt.Cell.parse(A).canonical())
    assert verdict.classes(runs) == [A, B]  # of equal cells only the first is trained


def test_perplexities_are_those_of_the_fresh_seeds(runs):
    test = verdict.perplexities(runs, "manual")
    np.testing.assert_allclose(test[A], [6, 6.01, 6.02, 6.03, 6.04])
    np.testing.assert_allclose(verdict.perplexities(runs, "manual", "validation")[A], test[A] - 1)
    assert A not in verdict.perplexities(runs, "source")
    assert verdict.best_baseline(runs) == "LSTM, biases"
    assert verdict.first_three(runs) == [B]
    for run in runs.values():
        if run["phase"] == "train" and run["cell"] == A:
            run["test"], run["validation"] = None, []  # it diverged
    for stream in ("test", "validation"):
        assert np.isinf(verdict.perplexities(runs, "manual", stream)[A]).all()


def test_a_class_that_two_methods_found_counts_for_both(runs):
    swapped = nt.Cell.parse(B).canonical()
    runs[2]["top"][0][0] = str(swapped)
    finals = verdict.finals(runs)
    assert [list(names) for names in finals.values()] == [[A, B], [str(swapped), A]]
    test = verdict.perplexities(runs, "manual")
    assert (finals["evolution"][str(swapped)] == test[B]).all()
    assert (finals["random"][A] == test[A]).all()


def test_a_ratio_is_that_of_the_means(runs):
    test = verdict.perplexities(runs, "manual")
    value, low, high = verdict.ratio(test[B], test["LSTM, biases"], np.random.default_rng(0))
    assert value == pytest.approx(5.02 / 5.12 - 1)
    assert low < value < high < 0


def test_only_judged_lines_arrive():
    runs = {
        str(number): {"line": line, "reached": {"1 per mille": reached}}
        for number, (line, reached) in enumerate([(None, [1]), ("a", [5, None]), ("a", [7])])
    }
    assert verdict.arrived(runs)["a"].tolist() == [5, np.inf, 7]
    assert list(verdict.arrived(runs)) == ["a"]
