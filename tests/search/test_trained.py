"""The reward of training: side by side as alone, halved by rule, the same text everywhere."""

import pickle
from dataclasses import replace
from math import inf

import numpy as np
import pytest
import torch

import nastut as nt
from nastut import search
from nastut.learning.children import train
from nastut.learning.tasks import Task, windows
from nastut.search import trained
from nastut.search.rewards import FAILED, SideBySide, UnfitWorkerError, measure
from nastut.search.trained import Halving, Trained
from threads import torch_threads

RNG = np.random.default_rng(0)
CELLS = [nt.Space(2).sample(RNG) for _ in range(12)]
SHORT = {"steps": 16, "hidden_size": 4, "validation": 800}


@pytest.fixture(scope="module")
def reward():
    return Trained.on("reber", **SHORT)


def test_a_reward_is_what_training_gives(reward):
    assert isinstance(reward, SideBySide)
    task = trained.TASKS["reber"]()
    cut = replace(task, train=task.train[: reward.train], validation=task.validation[:800])
    records = train(CELLS, cut, reward.recipe, 4, progress=False)
    assert records[0].at == (16,)
    for cell, outcome, record in zip(CELLS, reward.many(CELLS), records, strict=True):
        assert outcome.error is None
        assert outcome.reward == pytest.approx((task.best / record.validation[-1]) ** 2, rel=1e-4)
        if cell in CELLS[:4]:
            (alone,) = reward.many([cell])
            assert alone.reward == pytest.approx(outcome.reward, rel=1e-3)


def test_a_child_that_diverges_has_failed(reward):
    explosive = nt.Cell.parse("Multiply Sigmoid Multiply Tanh Add Identity Add Identity 0 2")
    wild = replace(reward, recipe=replace(reward.recipe, learning_rate=1e6, clip=1e9))
    outcomes = measure(wild, [explosive, CELLS[0]])
    assert outcomes[0].reward == FAILED
    assert outcomes[0].error.startswith("diverged at step ")


def test_the_text_is_not_sent_to_workers(reward):
    assert len(pickle.dumps(reward)) < 2_000
    assert pickle.loads(pickle.dumps(reward)) == reward


def test_another_text_in_a_worker_stops_the_search(reward):
    with pytest.raises(UnfitWorkerError, match=r"is not that of the search .*same version"):
        replace(reward, digest="other").many(CELLS[:1])
    lost = replace(reward, task="text", files=("none", "none", "none"))
    with pytest.raises(UnfitWorkerError, match="a worker cannot read the text"):
        search.random(nt.Space(2), lost, 10, progress=False)


def test_halving_trains_fewer_for_longer(reward):
    whole = replace(reward, recipe=replace(reward.recipe, reports=8))
    halved = Trained.on("reber", halving=Halving(8, (2, 4), 0.5), **SHORT)
    full, some = whole.many(CELLS), halved.many(CELLS)
    lengths = [len(outcome.curve) for outcome in some]
    assert sorted(lengths) == [2] * 6 + [4] * 3 + [8] * 3
    expected = [(halved.best / outcome.curve[-1]) ** 2 for outcome in some]
    assert [outcome.reward for outcome in some] == pytest.approx(expected)
    for one, other in zip(some, full, strict=True):
        np.testing.assert_allclose(one.curve, other.curve[: len(one.curve)], rtol=1e-3)
    at_first = np.argsort([outcome.curve[1] for outcome in full], kind="stable")
    assert {n for n, length in enumerate(lengths) if length > 2} == set(at_first[:6])


def test_halving_knows_what_came_before():
    rule = Halving(4, (1,), 0.5)
    perplexity = np.array([2.0, 3.0, inf])
    assert rule.stay([])(0, perplexity).tolist() == [True, False, False]
    before = [(9.0,), (8.0, 7.0), (), (inf,)]
    assert rule.stay(before)(0, perplexity).tolist() == [True, True, False]
    assert rule.stay([(1.0,)] * 9)(0, perplexity).tolist() == [False, False, False]
    assert rule.stay([])(1, perplexity).tolist() == [True, True, True]  # no rung


def test_at_least_one_child_goes_on_but_none_that_diverged():
    stay = Halving(4, (1,), 0.25).stay([])
    assert stay(0, np.array([3.0, 2.0, 4.0])).tolist() == [False, True, False]
    assert stay(0, np.array([2.0])).tolist() == [True]
    assert stay(0, np.array([inf, inf])).tolist() == [False, False]
    assert stay(0, np.array([2.0, 2.0, 3.0])).tolist() == [True, True, False]  # as good as the last


@pytest.fixture
def circle(monkeypatch):
    """Return a function that replaces the task 'text' by a circle with so many symbols."""

    def of(symbols):
        stream = np.arange(max(symbols, 100)) % 3
        task = Task("circle", ("a", "b", "c"), stream[:symbols], stream, stream)
        monkeypatch.setitem(trained.TASKS, "text", lambda: task)
        return task

    return of


@pytest.mark.parametrize("symbols", [528, 1_039, 1_040, 1_552])
@pytest.mark.parametrize("steps", [1, 3, 7])
def test_a_reward_takes_the_steps_asked_for_and_each_of_them_is_whole(circle, symbols, steps):
    task = circle(symbols)
    reward = Trained.on("text", steps=steps)
    text = task.train[: reward.train]
    read = [symbols.shape for symbols, _ in windows(text, 16, 32)]
    epochs = reward.recipe.epochs
    assert set(read) == {(32, 16)}
    assert steps <= epochs * len(read) < steps + epochs  # no more than rounding needs
    assert epochs == -(-steps // ((symbols // 16 - 1) // 32))  # no more than the text needs


def test_where_nobody_knows_the_best_perplexity_it_is_1_unless_it_is_given(circle):
    circle(528)
    shortest = Trained.on("text", steps=1)
    assert (shortest.train, shortest.best) == (528, 1)
    assert Trained.on("text", steps=1, best=6.0).best == 6
    assert Trained.on("reber", steps=1).best == trained.TASKS["reber"]().best
    circle(527)
    with pytest.raises(ValueError, match="circle has 527 symbols to train on; a step needs 528"):
        Trained.on("text", steps=1)


def test_children_are_trained_on_one_thread_in_silence(reward, monkeypatch, capsys):
    seen = []

    def noted(*arguments, **named):
        assert len(arguments[1].test) == 2 * 16  # nobody looks at it: as short as can be
        seen.append(torch.get_num_threads())
        return train(*arguments, **named)

    monkeypatch.setattr(trained, "train", noted)
    with torch_threads(2):
        reward.many(CELLS[:1])
    assert seen == [1]
    assert capsys.readouterr() == ("", "")


def test_only_a_reward_that_halves_remembers_what_was_learned(reward):
    assert reward.after([(2.0,), (3.0, 1.0)]) is reward
    halved = Trained.on("reber", halving=Halving(), **SHORT).after(iter([(2.0,), (3.0, 1.0)]))
    assert halved.before == ((2.0,), (3.0, 1.0))
    assert halved.settings == replace(halved, before=()).settings
    assert halved.settings["halving"] == {"parts": 8, "rungs": [1, 2, 4], "share": 0.5}


@pytest.mark.parametrize(
    ("call", "arguments", "said"),
    [
        (Trained.on, {"task": "ptb"}, "task is 'ptb'; it must be one of text, reber, recall"),
        (Trained.on, {"task": "reber", "files": "abc"}, "'reber' with 3 files; 'text' takes three"),
        (Trained.on, {"files": "a"}, "'text' with 1 files"),
        (Trained.on, {"hidden_size": -1}, "hidden_size is -1"),
        (Trained.on, {"validation": 0}, "validation is 0"),
        (Halving, {"parts": 4, "rungs": ()}, r"rungs are \(\) of 4 parts; they must ascend from 1"),
        (Halving, {"parts": 4, "rungs": (2, 1)}, r"rungs are \(2, 1\)"),
        (Halving, {"parts": 4, "rungs": (4,)}, r"rungs are \(4,\)"),
        (Halving, {"share": 1}, "share is 1; it must be a number between 0 and 1"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(call, arguments, said):
    with pytest.raises(ValueError, match=said):
        call(**arguments)
