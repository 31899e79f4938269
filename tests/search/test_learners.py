"""REINFORCE against the exact gradient, and what the two learners learn."""

from itertools import product

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.search import PriorityQueue, Reinforce, expected_reward, flat_gradient
from nastut.search.rewards import FAILED

RNG = np.random.default_rng
CHOICES = [2, 3]
SEQUENCES = [list(choices) for choices in product(*map(range, CHOICES))]
REWARDS = dict(zip(map(tuple, SEQUENCES), [0.9, 0.1, 0.8, 0.7, 0.6, 1.0], strict=True))


def controller():
    found = nt.Controller(CHOICES, hidden_size=4, num_layers=2, seed=2)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter *= 10
    return found


def learner(method=Reinforce, **settings):
    return method(controller(), np.random.default_rng(0), **settings)


def estimate(strategy, count=5_000):
    """Return the mean and the variance of the gradients of single samples."""
    of_sequence = []
    for choices in SEQUENCES:
        reward = torch.tensor([REWARDS[tuple(choices)]]).double()
        _, objective = strategy.objective(torch.tensor([choices]), reward)
        of_sequence.append(flat_gradient(objective, strategy.controller))
    drawn = strategy.controller.sample(count, np.random.default_rng(1))
    numbers = (drawn * torch.tensor([3, 1])).sum(1)
    samples = torch.stack(of_sequence)[numbers]
    return samples.mean(0), samples.var(0)


def excess(strategy, count=5_000):
    """Return by how many standard errors the mean misses the exact gradient, at the most."""
    exact = flat_gradient(
        expected_reward(strategy.controller, REWARDS.__getitem__), strategy.controller
    )
    mean, variance = estimate(strategy, count)
    moving = variance > 1e-20
    assert torch.allclose(mean[~moving], exact[~moving], atol=1e-9)
    return float(((mean - exact)[moving] / (variance[moving] / count).sqrt()).abs().max())


@pytest.mark.parametrize("baseline", [None, 0.5, 0.7])
def test_reinforce_has_the_exact_gradient_on_average(baseline):
    strategy = learner()
    strategy.average = baseline
    # About 400 numbers, so five standard errors happen by chance once in thousands of runs.
    assert excess(strategy) < 5


def test_a_baseline_lowers_the_variance():
    without, with_baseline = learner(), learner()
    with_baseline.average = expected_reward(controller(), REWARDS.__getitem__).item()
    _, large = estimate(without)
    _, small = estimate(with_baseline)
    assert small.sum() < 0.5 * large.sum()


def test_the_baseline_is_the_average_of_previous_rewards():
    strategy = learner(decay=0.8)
    used = [
        strategy.learn([[0, 0], [1, 1]], rewards)["baseline"]
        for rewards in ([0.2, 0.4], [1.0, 1.0], [0.0, 0.0])
    ]
    assert used == pytest.approx([0.0, 0.3, 0.8 * 0.3 + 0.2 * 1.0])


def test_an_update_is_adams_step_along_the_objective():
    strategy, reference = learner(learning_rate=0.01), controller()
    rewards = torch.tensor([0.2, 0.9]).double()
    (
        -(reference.log_probabilities(torch.tensor([[0, 1], [1, 2]])).sum(1) * rewards).mean()
    ).backward()
    torch.optim.Adam(reference.parameters(), 0.01).step()
    strategy.learn([[0, 1], [1, 2]], rewards.tolist())
    for found, expected in zip(
        strategy.controller.parameters(), reference.parameters(), strict=True
    ):
        assert torch.allclose(found, expected, atol=1e-12)


def test_the_queue_holds_the_best_different_sequences():
    strategy = learner(PriorityQueue, best=3)
    strategy.learn([[0, 0], [0, 1], [0, 0], [1, 1]], [0.5, 0.9, 0.5, 0.1])
    assert strategy.queue == [(0.9, [0, 1]), (0.5, [0, 0]), (0.1, [1, 1])]
    strategy.learn([[1, 2], [1, 0]], [0.5, 0.4])
    assert strategy.queue == [(0.9, [0, 1]), (0.5, [0, 0]), (0.5, [1, 2])]  # the older first


@pytest.mark.parametrize("method", [Reinforce, PriorityQueue])
def test_with_redraw_nothing_is_proposed_again_while_there_is_something_new(method):
    strategy = learner(method, batch=3, redraw=True)
    proposed = [tuple(choices) for choices in strategy.propose() + strategy.propose()]
    assert sorted(proposed) == sorted(REWARDS)  # all six
    assert len(strategy.propose()) == 3


@pytest.mark.parametrize("method", [Reinforce, PriorityQueue])
def test_without_redraw_what_is_proposed_is_what_the_policy_samples(method):
    strategy = learner(method, batch=20, redraw=False)
    assert strategy.propose() == strategy.controller.sample(20, np.random.default_rng(0)).tolist()


def test_the_defaults_are_the_papers_and_for_the_queue_those_of_the_record():
    papers, queue = learner(), learner(PriorityQueue)
    assert (papers.batch, papers.decay, papers.entropy, papers.redraw) == (10, 0.9, 0, False)
    assert (queue.batch, queue.best, queue.entropy, queue.redraw) == (5, 3, 0.5, True)
    assert [one.optimizer.defaults["lr"] for one in (papers, queue)] == [0.0005, 0.03]


@pytest.mark.parametrize(
    ("method", "name", "wrong"),
    [
        (Reinforce, "learning_rate", [0, np.inf, True]),
        (Reinforce, "entropy", [-0.1, np.nan, "1"]),
        (Reinforce, "decay", [-0.1, 1, None]),
        (Reinforce, "batch", [0]),
        (PriorityQueue, "best", [0]),
    ],
)
def test_settings_have_bounds_that_are_named(method, name, wrong):
    for value in wrong:
        with pytest.raises(ValueError, match=f"{name} is {value!r}"):
            learner(method, **{name: value})


def test_entropy_keeps_the_policy_wider():
    widths = []
    for entropy in (0.0, 1.0):
        strategy = learner(PriorityQueue, best=1, entropy=entropy)
        drawn = [strategy.learn([[1, 2]], [1.0]) for _ in range(30)][-1]
        widths.append(sum(drawn["entropy"]))
    assert widths[1] > widths[0] + 0.3


@pytest.mark.parametrize("method", [Reinforce, PriorityQueue])
def test_an_update_returns_entropies_and_probabilities_to_draw(method):
    drawn = learner(method).learn([[0, 1], [1, 2]], [0.3, 0.4])
    assert [len(place) for place in drawn["probabilities"]] == CHOICES
    assert all(sum(place) == pytest.approx(1) for place in drawn["probabilities"])
    assert all(0 <= h <= np.log(n) for h, n in zip(drawn["entropy"], CHOICES, strict=True))
    first = controller().distribution()
    assert drawn["probabilities"][0] == [round(p, 6) for p in first.tolist()]
    assert drawn["entropy"][0] == round(-(first * first.log()).sum().item(), 6)


def weights(strategy):
    return torch.cat([parameter.detach().flatten() for parameter in strategy.parameters()])


def test_to_reinforce_a_failure_is_the_lowest_reward_so_far():
    told, failed = learner(), learner()
    for strategy, last in [(told, -4.0), (failed, float("-inf"))]:
        strategy.learn(SEQUENCES[:2], [-4.0, -2.0])
        strategy.learn(SEQUENCES[:3], [-3.0, -1.0, last])
    assert torch.equal(weights(told.controller), weights(failed.controller))
    assert told.average == failed.average
    assert failed.lowest == -4


@pytest.mark.parametrize("entropy", [0.0, 0.5])
def test_the_queue_takes_no_failure(entropy):
    strategy = learner(PriorityQueue, best=2, entropy=entropy)
    strategy.learn(SEQUENCES[:2], [FAILED, FAILED])
    assert strategy.queue == []
    assert weights(strategy.controller).isfinite().all()
    strategy.learn(SEQUENCES[1:4], [FAILED, -8.0, float("-inf")])
    assert strategy.queue == [(-8.0, SEQUENCES[2])]
