"""Many children in one batch: each learns as it would alone, and none disturbs another."""

import itertools
import math
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import nn

import nastut as nt
from nastut.layers import kernel
from nastut.learning.children import CHILD, perplexities, train
from nastut.learning.population import Population
from nastut.learning.tasks import embedded_reber
from nastut.learning.training import LanguageModel, fit, perplexity

RECIPE = replace(CHILD, batch=8, steps=12)
RNG = np.random.default_rng(0)
CELLS = [nt.Space().sample(RNG) for _ in range(24)]
LARGER = [nt.Space(4).sample(RNG), nt.zoo.NASCELL, nt.zoo.LSTM]


@pytest.fixture(scope="module")
def task():
    return embedded_reber(np.random.default_rng(1), train=8 * 301, validation=400, test=400)


def alone(cell, population, m):
    """The member's network, made of a CellRNN and torch's own layers, with the same weights."""
    symbols, hidden_size = population.decoder.shape[1:]
    model = LanguageModel(nt.CellRNN(cell, symbols, hidden_size), symbols)
    model.embedding = nn.Embedding.from_pretrained(torch.eye(symbols))  # one 1 a symbol, frozen
    with torch.no_grad():
        model.core.weight_ih_l0.copy_(population.input[m])
        model.core.weight_hh_l0.copy_(population.hidden[m])
        model.decoder.weight.copy_(population.decoder[m])
        model.decoder.bias.copy_(population.decoder_bias[m, :, 0])
    return model.to(population.input.dtype)


@pytest.mark.parametrize("cells", [CELLS, LARGER[:1], LARGER[1:]], ids=["base 2", "4", "8"])
def test_losses_and_gradients_are_those_of_the_layer(cells):
    population = Population(cells, 5, 6, seed=0).double()
    symbols, following = RNG.integers(0, 5, (2, 7, 3))
    loss, state = population.loss(symbols, following, None)
    loss, state = population.loss(following, symbols, state)  # from a state, through a state
    loss.sum().backward()
    for m, cell in enumerate(cells):
        model = alone(cell, population, m)
        expected, h_and_c = model.loss(symbols, following, None)
        expected, h_and_c = model.loss(following, symbols, h_and_c)
        expected.backward()
        torch.testing.assert_close(loss[m], expected, rtol=1e-12, atol=1e-12)
        for member_state, own in zip(state, h_and_c, strict=True):
            torch.testing.assert_close(member_state[m], own[0], rtol=1e-12, atol=1e-12)
        for ours, theirs in (
            (population.input.grad[m], model.core.weight_ih_l0.grad),
            (population.hidden.grad[m], model.core.weight_hh_l0.grad),
            (population.decoder.grad[m], model.decoder.weight.grad),
            (population.decoder_bias.grad[m, :, 0], model.decoder.bias.grad),
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_training_is_that_of_the_network_alone(task):
    for cell, record in zip(CELLS, train(CELLS, task, RECIPE, 6, progress=False), strict=True):
        model = alone(cell, Population([cell], len(task.symbols), 6, seed=0), 0)
        expected = fit(model, task, RECIPE, progress=False)
        assert (record.at, record.parameters) == (expected.at, expected.parameters)
        assert record.diverged is expected.diverged is None
        np.testing.assert_allclose(record.validation, expected.validation, rtol=1e-4)
        np.testing.assert_allclose(record.test, expected.test, rtol=1e-4)


def test_company_does_not_matter(task):
    together = train(CELLS, task, RECIPE, 6, progress=False)
    for at_once, cells in ((1, CELLS), (7, CELLS[::-1])):
        apart = train(cells, task, RECIPE, 6, at_once=at_once, progress=False)
        if cells is not CELLS:
            apart.reverse()
        for one, other in zip(together, apart, strict=True):
            np.testing.assert_allclose(one.validation, other.validation, rtol=1e-4)


def test_the_same_seed_gives_the_same_records(task):
    first, second, other = (
        train(CELLS[:5], task, RECIPE, 6, seed=seed, progress=False) for seed in (3, 3, 4)
    )
    assert first == second
    assert [r.validation for r in first] != [r.validation for r in other]


def test_cells_of_all_bases_come_back_in_their_order(task):
    recipe = replace(RECIPE, reports=1)
    mixed = [LARGER[0], CELLS[0], LARGER[1], CELLS[1]]
    records = train(iter(mixed), task, recipe, 6, progress=False)
    for cell, record in zip(mixed, records, strict=True):
        (own,) = train([cell], task, recipe, 6, progress=False)
        assert record.parameters == own.parameters
        np.testing.assert_allclose(record.validation, own.validation, rtol=1e-4)


def test_who_stays_is_trained_as_before_and_who_leaves_keeps_a_part(task):
    whole = train(CELLS, task, RECIPE, 6, progress=False)
    seen = []

    def best_half(report, perplexity):
        seen.append((report, len(perplexity)))
        return perplexity.argsort(kind="stable").argsort() < len(perplexity) // 2

    some = train(CELLS, task, RECIPE, 6, progress=False, stay=best_half)
    assert seen == [(0, 24), (1, 12), (2, 6)]  # after the last report nobody has to be chosen
    lengths = [len(record.at) for record in some]
    assert sorted(lengths) == [1] * 12 + [2] * 6 + [3] * 3 + [4] * 3
    for record, full in zip(some, whole, strict=True):
        reports = len(record.at)
        assert record.at == full.at[:reports]
        np.testing.assert_allclose(record.validation, full.validation[:reports], rtol=1e-4)
        if reports == 4:
            np.testing.assert_allclose(record.test, full.test, rtol=1e-4)
    order = np.argsort([record.validation[0] for record in whole], kind="stable")
    assert {n for n, length in enumerate(lengths) if length > 1} == set(order[:12])


def test_all_may_leave(task):
    records = train(CELLS[:3], task, RECIPE, 6, progress=False, stay=lambda _, p: p < 0)
    assert [len(record.at) for record in records] == [1, 1, 1]
    assert all(math.isfinite(record.test) for record in records)


def test_without_a_compiler_the_results_are_the_same(task):
    compiled = train(CELLS[:6], task, RECIPE, 6, progress=False)
    with patch.object(kernel, "load", lambda: kernel.Kernel(None, "switched off")):
        lean = train(CELLS[:6], task, RECIPE, 6, progress=False)
    for one, other in zip(compiled, lean, strict=True):
        np.testing.assert_allclose(one.validation, other.validation, rtol=1e-4)


EXPLOSIVE = nt.Cell.parse("Multiply Sigmoid Multiply Tanh Add Identity Add Identity 0 2")
BOUNDED = [
    nt.Cell.parse("Add Tanh Add Tanh Add Tanh Add Tanh 1 0"),
    nt.Cell.parse("Add Sigmoid Multiply Tanh Add Tanh Add Tanh 2 2"),
]


def test_a_member_that_diverges_disturbs_nobody(task):
    recipe = replace(RECIPE, learning_rate=3.0, clip=1e6)
    first, ends, last = train([BOUNDED[0], EXPLOSIVE, BOUNDED[1]], task, recipe, 6, progress=False)
    assert first.diverged is last.diverged is None
    assert ends.diverged == fit_alone(EXPLOSIVE, task, recipe).diverged is not None
    assert len(ends.at) == len(ends.validation)
    assert all(at < ends.diverged for at in ends.at)
    harmless = train([*BOUNDED, BOUNDED[1]], task, recipe, 6, progress=False)
    assert (first, last) == (harmless[0], harmless[2])  # to the last bit


def fit_alone(cell, task, recipe):
    model = alone(cell, Population([cell], len(task.symbols), 6, seed=0), 0)
    return fit(model, task, recipe, progress=False)


def test_perplexity_is_that_of_training(task):
    population = Population(CELLS[:3], len(task.symbols), 6, seed=0)
    found = perplexities(population, task.test, RECIPE)
    for m, cell in enumerate(CELLS[:3]):
        expected = perplexity(alone(cell, population, m), task.test, RECIPE)
        assert math.isclose(found[m], expected, rel_tol=1e-6)


def test_what_is_no_cell_is_refused(task):
    with pytest.raises(TypeError, match="Cell"):
        train([CELLS[0], "Add"], task, RECIPE, progress=False)
    with pytest.raises(TypeError, match="Cell"):
        train(CELLS[0].sequence, task, RECIPE, progress=False)


@pytest.mark.parametrize("size", ["hidden_size", "at_once"])
def test_sizes_are_positive_whole_numbers(task, size):
    with pytest.raises(ValueError, match=f"{size} is 0; it must be at least 1"):
        train(CELLS[:1], task, RECIPE, progress=False, **{size: 0})
    with pytest.raises(TypeError, match=f"{size} is 2.5 where a whole number belongs"):
        train(CELLS[:1], task, RECIPE, progress=False, **{size: 2.5})


def test_a_single_cell_will_do(task):
    alone, listed = (train(c, task, RECIPE, 6, progress=False) for c in (CELLS[0], CELLS[:1]))
    assert alone == listed


def test_all_members_start_from_the_same_weights_around_zero():
    population, other = (Population(CELLS[:3], 12, 16, seed=seed) for seed in (0, 1))
    for weight, another in zip(population.parameters(), other.parameters(), strict=True):
        assert torch.equal(weight, weight[:1].expand_as(weight))
        assert not torch.equal(weight, another)
        assert -0.25 <= weight.min() < -0.1
        assert 0.1 < weight.max() <= 0.25
    assert max(weight.max() for weight in population.parameters()) > 0.24


@pytest.mark.parametrize("members", [[0], [2, 0], [1, 2, 3]])
def test_some_members_are_what_they_were(members):
    population = Population(CELLS[:4], 5, 6, seed=0)
    with torch.no_grad():
        for m, weight in itertools.product(range(4), population.parameters()):
            weight[m] *= m + 1
    some = population.of(np.array(members))
    symbols = torch.from_numpy(RNG.integers(0, 5, (7, 3)))
    scores, (h, c) = population(symbols)
    found, (found_h, found_c) = some(symbols)
    torch.testing.assert_close(found, scores[members])
    torch.testing.assert_close((found_h, found_c), (h[members], c[members]))
    assert all(weight.is_leaf and weight.requires_grad for weight in some.parameters())


def test_a_population_has_one_base():
    with pytest.raises(ValueError, match=r"bases \[\]; give cells of one base"):
        Population([], 5, 6, seed=0)
    with pytest.raises(ValueError, match=r"bases \[2, 8\]"):
        Population([CELLS[0], nt.zoo.LSTM], 5, 6, seed=0)
