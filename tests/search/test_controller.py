"""The controller: what it samples is what it says, and its gradient is REINFORCE's."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import nastut as nt
from nastut.search.controller import expected_reward

SMALL = [2, 3, 2]


def rng(seed=0):
    return np.random.default_rng(seed)


def decided(cell=None):
    """Return a small controller whose probabilities differ much, as after some training."""
    controller = nt.Controller(SMALL, cell, hidden_size=5, num_layers=2, seed=2)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= 30
    return controller


def all_of():
    return torch.tensor(list(product(*map(range, SMALL))))


# What it is


def test_is_the_papers_by_default():
    controller = nt.Controller(nt.Space())
    assert isinstance(controller.core, nn.LSTM)
    assert (controller.core.hidden_size, controller.core.num_layers) == (35, 2)
    assert all(p.abs().max() <= 0.08 for p in controller.parameters())
    spread = torch.cat([p.detach().flatten() for p in controller.parameters()]).std()
    assert abs(spread / (0.16 / 12**0.5) - 1) < 0.02
    assert {p.dtype for p in controller.parameters()} == {torch.float64}


def test_any_list_of_choices_will_do():
    filters_kernels_strides = [3, 4, 2] * 5
    sample = nt.Controller(filters_kernels_strides).sample(200, rng())
    assert sample.shape == (200, 15)
    assert sample.max(0).values.tolist() == [n - 1 for n in filters_kernels_strides]
    assert sample.min() == 0


def test_the_seed_decides_the_weights_and_nothing_else_does():
    before = torch.get_rng_state()
    one, two, other = (nt.Controller(SMALL, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.get_rng_state())
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert not torch.equal(one.start, other.start)
    assert torch.equal(nt.Controller(SMALL).start, nt.Controller(SMALL, seed=0).start)


# Sampling and probabilities


@pytest.mark.parametrize("cell", [None, nt.zoo.NASCELL], ids=["lstm", "nascell"])
def test_samples_follow_the_probabilities_which_sum_to_one(cell):
    controller, count = decided(cell), 4000
    assert isinstance(controller.core, nn.LSTM) or controller.core.cell == cell
    with torch.no_grad():
        expected = controller.log_probabilities(all_of()).sum(1).exp()
    assert expected.sum().item() == pytest.approx(1, abs=1e-12)
    drawn = controller.sample(count, rng())
    found = torch.stack([(drawn == row).all(1).double().mean() for row in all_of()])
    standard_errors = (expected * (1 - expected) / count).sqrt()
    assert ((found - expected).abs() < 4 * standard_errors).all()


def test_a_token_without_probability_is_never_drawn():
    controller = nt.Controller([3])
    probabilities = torch.tensor([[0.0, 0.4, 0.6]] * 2000).double()
    drawn = controller.choose(probabilities, rng())
    assert sorted(set(drawn.tolist())) == [1, 2]
    drawn = controller.choose(probabilities, SimpleNamespace(random=np.zeros))
    assert set(drawn.tolist()) == {1}  # even if the generator gives exactly 0


def test_distribution_is_that_of_the_whole_sequence():
    controller = decided()
    for choices in all_of().tolist():
        product_of_all = 1.0
        for place, choice in enumerate(choices):
            product_of_all *= controller.distribution(choices[:place])[choice].item()
        expected = controller.log_probabilities(torch.tensor([choices])).sum().exp().item()
        assert product_of_all == pytest.approx(expected, rel=1e-12)


# Bad input


CONTROLLER = nt.Controller(SMALL)


@pytest.mark.parametrize(
    ("call", "arguments", "error", "said"),
    [
        (nt.Controller, ["33"], TypeError, "where a Space or a list of numbers of tokens"),
        (nt.Controller, [[2, True]], ValueError, "place 2 has the bool True tokens"),
        (nt.Controller, [SMALL, None, 0], ValueError, "hidden_size is 0"),
        (nt.Controller, [SMALL, None, 5, 2, 1.0], TypeError, "seed is 1.0"),
        (CONTROLLER.distribution, [[0, 3]], ValueError, "choice 2 is 3; it must be a whole number"),
        (CONTROLLER.distribution, [[0, 0, 0]], ValueError, "3 choices are written; the sequence"),
        (CONTROLLER, [torch.zeros(1, 3)], TypeError, "where a tensor of integers"),
        (CONTROLLER, [torch.tensor([[0, 1, 0, 0]])], ValueError, "with up to 3 places"),
        (CONTROLLER, [torch.tensor([[-1, 0, 0]])], ValueError, "choice 1 is -1"),
        (CONTROLLER.log_probabilities, [torch.tensor([[0, 1]])], ValueError, "is shorter than"),
        (CONTROLLER.sample, [0, rng()], ValueError, "count is 0; it must be at least 1"),
        (CONTROLLER.sample, [2, None], TypeError, "rng is None; it must be a generator"),
        (expected_reward, [nt.Controller(nt.Space(8)), len], ValueError,
         "there are 63,331,869,759,897,600 sequences; up to 100,000 can"),
    ],
    ids=range(13),
)  # fmt: skip
def test_bad_arguments_are_named(call, arguments, error, said):
    with pytest.raises(error, match=said):
        call(*arguments)
