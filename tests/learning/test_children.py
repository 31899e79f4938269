"""How many children are trained: what each is told, clipped, measured and recorded."""

import json
import math
import warnings
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

import nastut as nt
from nastut.files import recorded
from nastut.learning import children
from nastut.learning.children import CHILD, clip, perplexities, train
from nastut.learning.population import Population
from nastut.learning.tasks import Task
from nastut.learning.training import Recipe, plan

RECIPE = Recipe(epochs=1, batch=4, steps=10, learning_rate=0.01, reports=2)
RNG = np.random.default_rng(0)
CELLS = [nt.Space().sample(RNG) for _ in range(3)]
EXPLOSIVE = nt.Cell.parse("Multiply Sigmoid Multiply Tanh Add Identity Add Identity 0 2")
BOUNDED = nt.Cell.parse("Add Tanh Add Tanh Add Tanh Add Tanh 1 0")


@pytest.fixture
def task():
    stream = np.arange(404) % 5
    return Task("circle", tuple("abcde"), stream, stream[:80], stream[:80])


def test_the_recipe_is_that_of_the_recorded_studies():
    settings = json.loads(recorded("transfer.json").read_text())["settings"]
    assert asdict(CHILD) == settings["recipe"]


def test_what_is_left_out(task):
    given = train(CELLS[:1], task, RECIPE, 16, 0, 128, True, None)
    assert train(CELLS[:1], task, RECIPE) == given
    assert given[0].seed == 0
    assert given[0].parameters == 2 * 16 * (5 + 16) + 5 * (16 + 1)
    assert train(CELLS[:1], replace(task, train=np.arange(1_604) % 5), progress=False)[0].at == (
        1, 2, 3, 4
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "sizes"),
    [({}, [128, 1]), ({"at_once": 50}, [50, 50, 29]), ({"at_once": 129}, [129])],
    ids=str,
)
def test_so_many_run_as_one(task, monkeypatch, options, sizes):
    made = []

    def population(cells, *arguments):
        made.append(len(cells))
        return Population(cells, *arguments)

    monkeypatch.setattr(children, "Population", population)
    recipe = replace(RECIPE, batch=100, steps=1, reports=1)
    small = replace(task, validation=task.train, test=task.train)
    records = train([BOUNDED] * 129, small, recipe, 1, progress=False, **options)
    assert made == sizes
    assert len(records) == 129


def test_progress_counts_cells(task, capsys):
    train([*CELLS, nt.zoo.LSTM], task, RECIPE, 2, seed=3, at_once=2)
    shown = capsys.readouterr().err
    assert "seed 3: 100%" in shown
    assert "4/4" in shown
    assert "cell" in shown
    train(CELLS, task, RECIPE, 2, progress=False)
    assert capsys.readouterr().err == ""


def test_each_member_is_clipped_as_torch_clips_a_network():
    population = Population(CELLS, 5, 4, seed=0)
    generator = torch.Generator().manual_seed(0)
    size = torch.tensor([0.001, 0.07, 50.0])[:, None, None]  # the second is near the limit
    for weight in population.parameters():
        weight.grad = torch.randn(weight.shape, generator=generator) * size
    population.decoder_bias.grad = None
    weights = [weight for weight in population.parameters() if weight.grad is not None]
    expected = []
    for m in range(len(CELLS)):
        own = [nn.Parameter(weight[m].detach().clone()) for weight in weights]
        for mine, weight in zip(own, weights, strict=True):
            mine.grad = weight.grad[m].clone()
        nn.utils.clip_grad_norm_(own, 1.0)
        expected.append([mine.grad for mine in own])
    clip(population, 1.0)
    for m, grads in enumerate(expected):
        for weight, grad in zip(weights, grads, strict=True):
            torch.testing.assert_close(weight.grad[m], grad)
    assert population.decoder_bias.grad is None


def test_a_perplexity_that_is_no_number_or_too_large_is_infinite(task):
    population = Population([BOUNDED] * 3, 5, 4, seed=0)
    with torch.no_grad():
        population.decoder_bias[0] = math.nan
        population.decoder_bias[1, 0] = 1e6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = perplexities(population, task.test, RECIPE)
    assert found[0] == found[1] == math.inf
    assert found[2] == perplexities(Population([BOUNDED], 5, 4, seed=0), task.test, RECIPE)[0]


def test_perplexity_of_guessing_is_the_number_of_symbols(task):
    population = Population(CELLS, 5, 4, seed=0)
    for weight in (population.decoder, population.decoder_bias):
        nn.init.zeros_(weight)
    np.testing.assert_allclose(perplexities(population, task.test, RECIPE), 5, rtol=1e-6)


def test_a_record_ends_before_its_training_diverges(task):
    recipe = replace(RECIPE, epochs=3, learning_rate=3.0, clip=1e6)
    total, _ = plan(task, recipe)
    recipe = replace(recipe, reports=total)  # after every step
    ends, other = train([EXPLOSIVE, BOUNDED], task, recipe, 6, progress=False)
    assert ends.diverged is not None
    assert 1 < ends.diverged < total
    assert ends.at == tuple(range(1, ends.diverged))
    assert len(ends.validation) == len(ends.at)
    assert other.diverged is None
    assert other.at == tuple(range(1, total + 1))


def test_who_was_never_measured_as_finite_has_an_infinite_test(task, monkeypatch):
    def measured(population, stream, recipe):
        return np.array([math.inf, 3.0]) if stream is task.validation else np.array([2.0, 4.0])

    monkeypatch.setattr(children, "perplexities", measured)
    never, once = train([BOUNDED, BOUNDED], task, RECIPE, 4, progress=False)
    assert (never.validation, never.test) == ((math.inf, math.inf), math.inf)
    assert (once.validation, once.test) == ((3.0, 3.0), 4.0)
