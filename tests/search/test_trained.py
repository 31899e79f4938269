"""The reward of training: side by side as alone, halved by rule, the same text everywhere."""

import pickle
from dataclasses import replace
from math import inf

import numpy as np
import pytest

import nastut as nt
from nastut import search
from nastut.learning.children import train
from nastut.search import trained
from nastut.search.rewards import SideBySide, UnfitWorkerError, measure
from nastut.search.strategies import FAILED
from nastut.search.trained import Halving, Trained

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
        assert reward(cell) == pytest.approx(outcome.reward, rel=1e-3)


def test_a_child_that_diverges_has_failed():
    explosive = nt.Cell.parse("Multiply Sigmoid Multiply Tanh Add Identity Add Identity 0 2")
    wild = replace(Trained.on("reber", **SHORT), recipe=replace(
        Trained.on("reber", **SHORT).recipe, learning_rate=1e6, clip=1e9))  # fmt: skip
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


def test_halving_trains_fewer_for_longer():
    whole = Trained.on("reber", **SHORT)
    whole = replace(whole, recipe=replace(whole.recipe, reports=8))
    halved = Trained.on("reber", halving=Halving(8, (2, 4), 0.5), **SHORT)
    full, some = whole.many(CELLS), halved.many(CELLS)
    lengths = [len(outcome.curve) for outcome in some]
    assert sorted(lengths) == [2] * 6 + [4] * 3 + [8] * 3
    for one, other in zip(some, full, strict=True):
        np.testing.assert_allclose(one.curve, other.curve[: len(one.curve)], rtol=1e-3)
    at_first = np.argsort([outcome.curve[1] for outcome in full], kind="stable")
    assert {n for n, length in enumerate(lengths) if length > 2} == set(at_first[:6])


def test_halving_knows_who_came_before():
    rule = Halving(4, (1,), 0.5)
    perplexity = np.array([2.0, 3.0, inf])
    assert rule.stay([])(0, perplexity).tolist() == [True, False, False]
    assert rule.stay([(9.0,), (8.0, 7.0), (), (inf,)])(0, perplexity).tolist() == [
        True,
        True,
        False,
    ]
    assert rule.stay([(1.0,)] * 9)(0, perplexity).tolist() == [False, False, False]
    assert rule.stay([])(1, perplexity).tolist() == [True, True, True]  # no rung


def test_a_search_that_halves_goes_on_from_its_checkpoint(tmp_path):
    reward = Trained.on("reber", halving=Halving(4, (1, 2), 0.5), **SHORT)
    settings = {"progress": False, "batch": 6}
    whole = search.evolution(nt.Space(2), reward, 30, 1, **settings)
    path = tmp_path / "search.ckpt"
    search.evolution(nt.Space(2), reward, 12, 1, checkpoint=path, **settings)
    assert search.evolution(nt.Space(2), reward, 30, 1, checkpoint=path, **settings) == whole
    assert whole.settings["reward"]["halving"] == {"parts": 4, "rungs": [1, 2], "share": 0.5}
    other = Trained.on("reber", **SHORT)
    with pytest.raises(ValueError, match=r"was made with settings .*'halving'"):
        search.evolution(nt.Space(2), other, 30, 1, checkpoint=path, **settings)


def test_steps_may_be_more_than_an_epoch_has():
    epoch = 131_200 // 16 // 32
    twice = Trained.on("reber", steps=2 * epoch + 2)
    assert twice.recipe.epochs == 3
    assert twice.recipe.epochs * ((twice.train // 16 - 1) // 32) >= 2 * epoch + 2


def test_words_of_files(tmp_path):
    files = []
    for part, count in (("train", 200), ("valid", 60), ("test", 60)):
        path = tmp_path / f"wiki.{part}.tokens"
        path.write_text("\r\n".join([" the cat <unk> sat on the mat ", ""] * count))
        files.append(str(path))
    outcomes = Trained.on("text", files, steps=2, hidden_size=3, validation=200).many(CELLS[:2])
    assert all(outcome.error is None and 0 < outcome.reward < 1 for outcome in outcomes)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"task": "ptb"}, "task is 'ptb'; it must be one of text, reber, recall"),
        ({"task": "reber", "files": ["a"] * 3}, "'reber' with 3 files; 'text' takes three"),
        ({"files": ["a"]}, "'text' with 1 files"),
        ({"steps": 0}, "steps is 0"),
        ({"hidden_size": -1}, "hidden_size is -1"),
        ({"validation": 0}, "validation is 0"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        Trained.on(**arguments)
