"""The controller: what it samples is what it says, and its gradient is REINFORCE's."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import nastut as nt
from nastut.layers.layer import CellRNN
from nastut.search.controller import entropies, expected_reward

SMALL = [2, 3, 2]


def rng(seed=0):
    return np.random.default_rng(seed)


def decided(choices=SMALL, cell=None, factory=nt.Controller):
    """Return a small controller whose probabilities differ much, as after some training."""
    controller = factory(choices, cell, hidden_size=5, num_layers=2, seed=2)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= 30
    return controller


def every(choices=SMALL):
    return torch.tensor(list(product(*map(range, choices))))


def excess(controller, count=4000):
    """Return by how many standard errors the samples miss the probabilities, at the most."""
    sequences = every(controller.choices)
    with torch.no_grad():
        wanted = controller.log_probabilities(sequences).sum(1).exp()
    drawn = controller.sample(count, rng())
    found = torch.stack([(drawn == row).all(1).double().mean() for row in sequences])
    return float(((found - wanted) / (wanted * (1 - wanted) / count).sqrt()).abs().max())


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


@pytest.mark.parametrize("base", [1, 2, 4, 8])
def test_writes_cells_of_any_base(base):
    space = nt.Space(base)
    for choices in nt.Controller(space).sample(5, rng()).tolist():
        assert space.decode(choices) in space


@pytest.mark.parametrize("cell", [nt.zoo.EXAMPLE, nt.zoo.NASCELL], ids=["example", "nascell"])
def test_runs_on_any_cell(cell):
    controller = nt.Controller(nt.Space(), cell)
    assert isinstance(controller.core, CellRNN)
    assert controller.core.cell == cell
    assert controller.sample(3, rng()).shape == (3, 10)


def test_the_seed_decides_the_weights_and_nothing_else_does():
    before = torch.get_rng_state()
    one, two, other = (nt.Controller(SMALL, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.get_rng_state())
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert not torch.equal(one.start, other.start)
    assert torch.equal(nt.Controller(SMALL).start, nt.Controller(SMALL, seed=0).start)


# Sampling and probabilities


@pytest.mark.parametrize("cell", [None, nt.zoo.EXAMPLE], ids=["lstm", "example"])
def test_probabilities_of_all_sequences_sum_to_one(cell):
    controller = decided(cell=cell)
    total = controller.log_probabilities(every()).sum(1).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("cell", [None, nt.zoo.NASCELL], ids=["lstm", "nascell"])
def test_samples_follow_the_probabilities(cell):
    assert excess(decided(cell=cell)) < 4


class NotFedBack(nt.Controller):
    def next_input(self, count, written):
        return self.start.expand(count, -1)


class Greedy(nt.Controller):
    def choose(self, probabilities, rng):
        return probabilities.argmax(-1)


class Swapped(nt.Controller):
    def step(self, decoder, inputs, state):
        return super().step(decoder, inputs, state and state[::-1])


@pytest.mark.parametrize("broken", [NotFedBack, Greedy, Swapped])
def test_samples_of_a_broken_controller_do_not(broken):
    assert excess(decided(factory=broken)) > 8


def test_sampling_step_by_step_is_one_run_over_all_places():
    seen = []

    class Watched(nt.Controller):
        def choose(self, probabilities, rng):
            seen.append(probabilities)
            return super().choose(probabilities, rng)

    controller = decided(factory=Watched)
    choices = controller.sample(7, rng())
    for found, wanted in zip(seen, controller(choices), strict=True):
        assert torch.allclose(found, wanted.exp(), atol=1e-12)


def test_the_same_generator_gives_the_same_sample():
    controller = nt.Controller(nt.Space())
    assert torch.equal(controller.sample(9, rng(5)), controller.sample(9, rng(5)))
    assert not torch.equal(controller.sample(9, rng(5)), controller.sample(9, rng(6)))


def test_a_token_without_probability_is_never_drawn():
    controller = nt.Controller([3])
    probabilities = torch.tensor([[0.0, 0.4, 0.6]] * 2000).double()
    drawn = controller.choose(probabilities, rng())
    assert sorted(set(drawn.tolist())) == [1, 2]
    drawn = controller.choose(probabilities, SimpleNamespace(random=np.zeros))
    assert set(drawn.tolist()) == {1}  # even if the generator gives exactly 0


def test_distribution_is_that_of_the_whole_sequence():
    controller = decided()
    for choices in every().tolist():
        product_of_all = 1.0
        for place, choice in enumerate(choices):
            product_of_all *= controller.distribution(choices[:place])[choice].item()
        wanted = controller.log_probabilities(torch.tensor([choices])).sum().exp().item()
        assert product_of_all == pytest.approx(wanted, rel=1e-12)


def test_entropy_is_zero_if_sure_and_the_logarithm_if_even():
    even = torch.full((4, 3), 1 / 3).double().log()
    sure = torch.tensor([[0.0, -800.0]] * 4).double()
    assert entropies([even, sure]).tolist() == pytest.approx([np.log(3), 0])


# The gradient


def test_gradient_of_log_softmax_is_one_minus_probability():
    import sympy

    scores = sympy.symbols("z_0:3", real=True)
    softmax = [sympy.exp(z) / sum(map(sympy.exp, scores)) for z in scores]
    for chosen, k in product(range(3), repeat=2):
        derivative = sympy.diff(sympy.log(softmax[chosen]), scores[k])
        assert sympy.simplify(derivative - (int(chosen == k) - softmax[k])) == 0


def test_gradient_in_the_scores_is_that_of_log_softmax():
    controller = decided()
    choices = torch.tensor([[1, 2, 0]])
    controller.log_probabilities(choices).sum().backward()
    for place, (decoder, chosen) in enumerate(zip(controller.decoders, choices[0], strict=True)):
        probabilities = controller.distribution(choices[0, :place].tolist())
        one = nn.functional.one_hot(chosen, SMALL[place])
        assert torch.allclose(decoder.bias.grad, one - probabilities, atol=1e-12)


def test_expected_reward_is_the_mean_over_samples():
    controller = decided()
    table = {
        tuple(row): value for row, value in zip(every().tolist(), rng().random(12), strict=True)
    }
    rewards = [table[tuple(row)] for row in controller.sample(20_000, rng(1)).tolist()]
    error = np.std(rewards) / len(rewards) ** 0.5
    assert abs(expected_reward(controller, table.__getitem__).item() - np.mean(rewards)) < 4 * error


# Bad input


@pytest.mark.parametrize("space", [None, 3, "33", [], {2, 3}, np.array([2, 3])], ids=str)
def test_no_list_of_choices(space):
    with pytest.raises(TypeError, match="where a Space or a list of numbers of tokens belongs"):
        nt.Controller(space)


@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, "2", None], ids=repr)
def test_a_number_of_tokens_that_is_none(wrong):
    with pytest.raises(ValueError, match=r"place 2 has .* tokens; it must be a whole number from"):
        nt.Controller([2, wrong])


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"hidden_size": 0}, ValueError, "hidden_size is 0; it must be at least 1"),
        ({"hidden_size": 3.5}, TypeError, "hidden_size is 3.5"),
        ({"num_layers": 0}, ValueError, "num_layers is 0"),
        ({"seed": -1}, ValueError, "seed is -1; it must be at least 0"),
        ({"seed": 1.0}, TypeError, "seed is 1.0 where a whole number belongs"),
        ({"seed": None}, TypeError, "seed is None"),
        ({"cell": "LSTM"}, TypeError, "'LSTM' was given where a Cell belongs"),
    ],
)
def test_bad_arguments_are_named(arguments, error, said):
    with pytest.raises(error, match=said):
        nt.Controller(SMALL, **arguments)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([0, 3], "choice 2 is 3; it must be a whole number from 0 to 2"),
        ([-1], "choice 1 is -1"),
        ([0, 0, 0], "3 choices are written; the sequence has 3 places, so none is left"),
        ([0, 0, 0, 0], "4 choices are written; the sequence has 3 places, so none is left"),
    ],
)
def test_a_beginning_that_does_not_fit(written, said):
    with pytest.raises(ValueError, match=said):
        nt.Controller(SMALL).distribution(written)


@pytest.mark.parametrize(
    ("choices", "error", "said"),
    [
        ([[0, 1, 0]], TypeError, "where a tensor of integers"),
        (torch.zeros(1, 3), TypeError, "where a tensor of integers"),
        (torch.tensor([0, 1, 0]), ValueError, r"have shape \(3,\); it must be \(count, places\)"),
        (torch.tensor([[[0, 1, 0]]]), ValueError, r"have shape \(1, 1, 3\)"),
        (torch.tensor([[0, 1, 0, 0]]), ValueError, "with up to 3 places"),
        (torch.tensor([[0, 1]]), ValueError, "is shorter than"),
        (torch.tensor([[0, 3, 0], [0, 0, 2]]), ValueError, "choice 2 is 3"),
        (torch.tensor([[0, 0, 0], [1, 2, 2]]), ValueError, "choice 3 is 2; it must be .* 0 to 1"),
        (torch.tensor([[-1, 0, 0]]), ValueError, "choice 1 is -1"),
    ],
)
def test_choices_that_do_not_fit(choices, error, said):
    with pytest.raises(error, match=said):
        nt.Controller(SMALL).log_probabilities(choices)


@pytest.mark.parametrize(
    ("count", "generator", "error", "said"),
    [
        (0, rng(), ValueError, "count is 0; it must be at least 1"),
        (2.0, rng(), TypeError, "count is 2.0"),
        (2, None, TypeError, "rng is None; it must be a generator: np.random.default_rng"),
        (2, torch.Generator(), TypeError, "rng is .*; it must be a generator"),
    ],
)
def test_a_sample_that_cannot_be(count, generator, error, said):
    with pytest.raises(error, match=said):
        nt.Controller(SMALL).sample(count, generator)


def test_too_many_sequences_to_go_through():
    with pytest.raises(ValueError, match="there are 63,331,869,759,897,600 sequences"):
        expected_reward(nt.Controller(nt.Space(8)), lambda choices: 0.0)
    most, more = (nt.Controller(n, hidden_size=1, num_layers=1) for n in (5 * [10], [11, 9_091]))
    assert expected_reward(most, lambda choices: 0.5).item() == pytest.approx(0.5)
    with pytest.raises(ValueError, match="there are 100,001 sequences; up to 100,000 can be"):
        expected_reward(more, lambda choices: 0.5)
