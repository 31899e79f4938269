"""Training: it learns, repeats itself, stops at a divergence, and leaves the test alone."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nastut.learning.tasks import Task
from nastut.learning.training import (
    LanguageModel,
    Recipe,
    count_parameters,
    fit,
    hidden_size_for,
    optimizer_and_rate,
    perplexity,
    seeded,
)

RECIPE = Recipe(epochs=3, batch=4, steps=10, learning_rate=0.02, reports=3)


@pytest.fixture
def task():
    """Symbols that follow each other in a circle: everything can be foretold but the first."""
    stream = np.arange(400) % 5
    return Task("circle", tuple("abcde"), stream, stream[:100], stream[:100])


def model(seed=0, core=None):
    with seeded(seed):
        return LanguageModel(core or nn.LSTM(6, 8), 5)


def test_a_circle_is_learned(task):
    record = fit(model(), task, replace(RECIPE, epochs=10), progress=False)
    assert record.validation[0] > record.validation[-1]
    assert record.test < 1.5
    assert record.at == (33, 66, 100)
    assert record.diverged is None


def test_the_same_seed_gives_the_same_record(task):
    assert fit(model(), task, RECIPE, progress=False) == fit(model(), task, RECIPE, progress=False)
    assert fit(model(1), task, RECIPE, progress=False) != fit(model(), task, RECIPE, progress=False)


def test_seeding_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    model(7)
    assert torch.equal(before, torch.get_rng_state())


def test_the_test_stream_decides_nothing(task):
    other = replace(task, test=task.test[::-1].copy())
    one, two = (fit(model(), t, RECIPE, progress=False) for t in (task, other))
    assert one.validation == two.validation
    assert one.test != two.test


def test_the_test_uses_the_weights_that_were_best_in_validation(task):
    trained = model()
    record = fit(trained, task, RECIPE, progress=False)
    assert perplexity(trained, task.validation, RECIPE) == min(record.validation)
    assert perplexity(trained, task.test, RECIPE) == record.test


def test_the_rate_falls_linearly_to_zero():
    optimizer, rate = optimizer_and_rate(model(), RECIPE, total=4)
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        rate.step()
    assert rates == pytest.approx([0.02, 0.015, 0.01, 0.005, 0])


class Exploding(nn.LSTM):
    """A layer that gives NaN in its third call."""

    calls = 0

    def forward(self, *arguments):
        self.calls += 1
        output, state = super().forward(*arguments)
        return output * (math.nan if self.calls == 3 else 1), state


def test_a_divergence_ends_training_and_is_recorded(task):
    record = fit(model(core=Exploding(6, 8)), task, RECIPE, progress=False)
    assert record.diverged == 3
    assert record.validation == ()
    assert record.test == math.inf


def test_perplexity_of_guessing_is_the_number_of_symbols(task):
    guessing = model()
    nn.init.zeros_(guessing.decoder.weight)
    nn.init.zeros_(guessing.decoder.bias)
    assert math.isclose(perplexity(guessing, task.test, RECIPE), 5, rel_tol=1e-6)


def test_a_perplexity_that_is_too_large_for_a_number_is_infinite(task):
    sure = model()
    with torch.no_grad():
        sure.decoder.bias[0] = 1e6
    assert perplexity(sure, task.test, RECIPE) == math.inf


@pytest.mark.parametrize("wanted", [500, 3_000, 20_000])
def test_hidden_size_comes_nearest_to_the_parameters_wanted(wanted):
    def build(size):
        return nn.LSTM(6, size)

    size = hidden_size_for(wanted, build)
    distance = abs(count_parameters(build(size)) - wanted)
    assert all(abs(count_parameters(build(s)) - wanted) >= distance for s in range(1, 2 * size))


@pytest.mark.parametrize("size", [1, 2, 3, 16])
def test_a_hidden_size_that_fits_exactly_is_found(size):
    wanted = count_parameters(nn.LSTM(6, size))
    assert hidden_size_for(wanted, lambda size: nn.LSTM(6, size)) == size


def test_too_few_parameters_are_refused():
    with pytest.raises(ValueError, match=r"a hidden size of 1 has .* parameters, more than 3"):
        hidden_size_for(3, lambda size: nn.LSTM(6, size))
