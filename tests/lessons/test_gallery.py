"""The gallery of notebook 07: every bug is one, the curve shows few of them, a test shows all.

The tests that catch the bugs are in the notebook; here each is caught by another route.
"""

from itertools import product

import numpy as np
import pytest
import torch

from nastut.lessons.contest import mystery
from nastut.lessons.gallery import BROKEN, RIGHT, Setup, practise
from nastut.search import flat_gradient

CHOICES = [2, 3]


def built(setup):
    """Return a learner whose policy is far from even."""
    return setup.build(CHOICES, seed=2, spread=40)


def gradient(learner, choices, rewards):
    learner.average = 0.5
    _, objective = learner.objective(torch.tensor(choices), torch.tensor(rewards).double())
    return flat_gradient(objective, learner.controller)


@pytest.mark.parametrize("name", BROKEN)
def test_each_differs_from_the_right_one_in_one_thing(name):
    setup = BROKEN[name]
    changed = [field for field, value in vars(setup).items() if value != vars(RIGHT)[field]]
    assert len(changed) == 1
    if changed != ["learning_rate"]:
        part = vars(setup)[changed[0]]
        assert len([method for method in vars(part) if not method.startswith("__")]) == 1


def test_what_is_not_sampled_right_still_says_the_same_probabilities():
    every = torch.cartesian_prod(torch.arange(2), torch.arange(3))
    wanted = built(RIGHT).controller.log_probabilities(every)
    for name in ("never fed back", "likeliest token", "h and c swapped"):
        assert torch.equal(built(BROKEN[name]).controller.log_probabilities(every), wanted)


def test_the_mysteries_are_told_apart_by_what_they_write():
    after = {}
    for name in "ABC":
        first, second = mystery(name, 4_000, np.random.default_rng(0)).numpy().T
        after[name] = [np.bincount(second[first == k], minlength=3) for k in (0, 1)]
    share = {name: [n / max(n.sum(), 1) for n in counts] for name, counts in after.items()}
    assert np.abs(np.subtract(*share["A"])).max() > 0.2
    assert np.abs(np.subtract(*share["B"])).max() < 0.05
    assert np.count_nonzero(after["C"]) == 1


def test_anothers_credit_turns_the_gradient():
    batch, rewards = [[0, 1], [1, 2]], [0.9, 0.1]
    wrong = gradient(built(BROKEN["another's credit"]), batch, rewards)
    assert torch.allclose(wrong, gradient(built(RIGHT), batch, rewards[::-1]))


def test_a_dropped_baseline_is_a_baseline_of_zero():
    batch, rewards = [[0, 1], [1, 2]], [0.9, 0.4]
    wrong = gradient(built(BROKEN["baseline dropped"]), batch, rewards)
    assert torch.allclose(wrong, gradient(built(RIGHT), batch, [r + 0.5 for r in rewards]))


def test_a_baseline_of_itself_shortens_the_gradient():
    """With one sequence a batch, half of (R - b) is left."""
    wrong = gradient(built(BROKEN["baseline of itself"]), [[1, 2]], [0.9])
    assert torch.allclose(wrong, 0.5 * gradient(built(RIGHT), [[1, 2]], [0.9]))


def test_who_is_paid_for_surprise_rewrites_the_record():
    rewards = [0.2, 0.4]
    built(BROKEN["paid for surprise"]).learn([[0, 1], [1, 2]], rewards)
    assert rewards[0] > 0.2
    assert rewards[1] > 0.4


def test_a_high_rate_collapses_on_one_sequence():
    written = {}
    for name, setup in (("right", RIGHT), ("collapse", BROKEN["collapse"])):
        learner = setup.build([3, 3, 3], seed=0)
        for _ in range(10):
            proposed = learner.propose()
            learner.learn(proposed, [sum(choices) / 6 for choices in proposed])
        written[name] = len({tuple(choices) for choices in learner.propose()})
    assert written["collapse"] == 1 < written["right"]


def test_a_seed_gives_the_same_learner():
    one, other = (Setup().build(CHOICES, seed=5) for _ in range(2))
    assert one.propose() == other.propose()


def test_practice_is_recorded_batch_by_batch():
    reward_of = {choices: sum(choices) / 3 for choices in product(range(2), range(3))}
    curve, record = practise(built(RIGHT), reward_of, updates=4)
    proposed = built(RIGHT).propose()
    assert len(curve) == len(record) == 4
    assert curve[0] == pytest.approx(np.mean([reward_of[tuple(choices)] for choices in proposed]))
    assert record[0] == {tuple(choices) for choices in proposed}
