"""Many children in one network: each learns as it would alone, and none disturbs another."""

import itertools
import json
import math
import warnings
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

import nastut as nt
from kernel_switch import switch_off_kernel
from nastut.files import recorded
from nastut.learning.children import CHILD, Population, train
from nastut.learning.tasks import Task, embedded_reber
from nastut.learning.training import LanguageModel, clip, fit, perplexities

RECIPE = replace(CHILD, batch=4, steps=8)
RNG = np.random.default_rng(0)
CELLS = [nt.Space().sample(RNG) for _ in range(12)]
LARGER = [nt.Space(4).sample(RNG), nt.zoo.NASCELL, nt.zoo.LSTM]
EXPLOSIVE = nt.Cell.parse("Multiply Sigmoid Multiply Tanh Add Identity Add Identity 0 2")
BOUNDED = [
    nt.Cell.parse("Add Tanh Add Tanh Add Tanh Add Tanh 1 0"),
    nt.Cell.parse("Add Sigmoid Multiply Tanh Add Tanh Add Tanh 2 2"),
]


@pytest.fixture(scope="module")
def task():
    return embedded_reber(np.random.default_rng(1), train=4 * 161, validation=200, test=200)


def alone(cell, population, m=0):
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


def fit_alone(cell, task, recipe=RECIPE):
    model = alone(cell, Population([cell], len(task.symbols), 6, seed=0))
    return fit(model, task, recipe, progress=False)


def assert_near(records, others):
    for one, other in zip(records, others, strict=True):
        assert (one.at, one.parameters, one.diverged) == (
            other.at, other.parameters, other.diverged
        )  # fmt: skip
        np.testing.assert_allclose(one.validation, other.validation, rtol=1e-4)
        np.testing.assert_allclose(one.test, other.test, rtol=1e-4)


@pytest.mark.parametrize("cells", [CELLS, LARGER[:1], LARGER[1:]], ids=["base 2", "4", "8"])
def test_losses_gradients_and_perplexities_are_those_of_the_layer(cells, task):
    population = Population(cells, len(task.symbols), 6, seed=0).double()
    symbols, following = RNG.integers(0, 5, (2, 7, 3))
    _, state = population.loss(symbols, following, None)
    loss, state = population.loss(following, symbols, state)  # from a state, through a state
    loss.sum().backward()
    measured = perplexities(population, task.test, RECIPE)
    for m, cell in enumerate(cells):
        model = alone(cell, population, m)
        _, own = model.loss(symbols, following, None)
        expected, own = model.loss(following, symbols, own)
        expected.sum().backward()
        torch.testing.assert_close(loss[m : m + 1], expected, rtol=1e-12, atol=1e-12)
        for member_state, own_state in zip(state, own, strict=True):
            torch.testing.assert_close(member_state[m], own_state[0], rtol=1e-12, atol=1e-12)
        for ours, theirs in (
            (population.input.grad[m], model.core.weight_ih_l0.grad),
            (population.hidden.grad[m], model.core.weight_hh_l0.grad),
            (population.decoder.grad[m], model.decoder.weight.grad),
            (population.decoder_bias.grad[m, :, 0], model.decoder.bias.grad),
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
        (alone_measured,) = perplexities(model, task.test, RECIPE)
        assert measured[m] == pytest.approx(alone_measured, rel=1e-9)


def test_in_company_alone_and_without_a_compiler_the_results_are_the_same(task, monkeypatch):
    together = train(CELLS, task, RECIPE, 6, progress=False)
    assert_near(together, [fit_alone(cell, task) for cell in CELLS])
    assert_near(together[::-1], train(CELLS[::-1], task, RECIPE, 6, at_once=5, progress=False))
    switch_off_kernel(monkeypatch)
    assert_near(together, train(CELLS, task, RECIPE, 6, progress=False))


def test_the_same_seed_gives_the_same_records(task):
    first, second, other = (
        train(CELLS[:3], task, RECIPE, 6, seed=seed, progress=False) for seed in (3, 3, 4)
    )
    assert first == second
    assert {record.seed for record in first} == {3}
    assert [r.validation for r in first] != [r.validation for r in other]
    assert train(CELLS[0], task, RECIPE, 6, 3, progress=False) == train(
        CELLS[:1], task, RECIPE, 6, 3, progress=False
    )


def test_cells_of_all_bases_come_back_in_their_order(task):
    mixed = [LARGER[0], CELLS[0], LARGER[1], CELLS[1]]
    records = train(iter(mixed), task, RECIPE, 6, progress=False)
    assert_near(records, [train(cell, task, RECIPE, 6, progress=False)[0] for cell in mixed])


def test_a_member_that_stays_is_trained_as_before_and_one_that_leaves_keeps_a_part(task):
    whole = train(CELLS, task, RECIPE, 6, progress=False)
    seen = []

    def best_half(report, perplexity):
        seen.append((report, len(perplexity)))
        return perplexity.argsort(kind="stable").argsort() < len(perplexity) // 2

    part = train(CELLS, task, RECIPE, 6, progress=False, stay=best_half)
    assert seen == [(0, 12), (1, 6), (2, 3)]  # after the last report there is no choice
    lengths = [len(record.at) for record in part]
    assert sorted(lengths) == [1] * 6 + [2] * 3 + [3] * 2 + [4]
    for record, full in zip(part, whole, strict=True):
        reports = len(record.at)
        assert record.at == full.at[:reports]
        np.testing.assert_allclose(record.validation, full.validation[:reports], rtol=1e-4)
        if reports == 4:
            np.testing.assert_allclose(record.test, full.test, rtol=1e-4)
    order = np.argsort([record.validation[0] for record in whole], kind="stable")
    assert {n for n, length in enumerate(lengths) if length > 1} == set(order[:6])


def test_all_may_leave(task):
    records = train(CELLS[:3], task, RECIPE, 6, progress=False, stay=lambda _, p: p < 0)
    assert [len(record.at) for record in records] == [1, 1, 1]
    assert all(math.isfinite(record.test) for record in records)


def test_a_member_that_diverges_disturbs_no_other(task):
    recipe = replace(RECIPE, learning_rate=3.0, clip=1e6, reports=20)
    cells = [BOUNDED[0], EXPLOSIVE, BOUNDED[1]]
    first, ends, last = train(cells, task, recipe, 6, progress=False)
    assert first.diverged is last.diverged is None
    assert 1 < ends.diverged == fit_alone(EXPLOSIVE, task, recipe).diverged
    assert ends.at == tuple(range(1, ends.diverged))  # the reports before its training diverged
    assert len(ends.validation) == len(ends.at)
    harmless = train([*BOUNDED, BOUNDED[1]], task, recipe, 6, progress=False)
    assert (first, last) == (harmless[0], harmless[2])  # to the last bit


def test_each_member_is_clipped_as_torch_clips_a_network():
    population = Population(CELLS[:3], 5, 4, seed=0)
    size = torch.tensor([0.001, 0.07, 50.0])[:, None, None]  # the second is near the limit
    for weight in population.parameters():
        weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)) * size
    population.decoder_bias.grad = None
    weights = [weight for weight in population.parameters() if weight.grad is not None]
    expected = []
    for m in range(3):
        own = [nn.Parameter(weight[m].detach().clone()) for weight in weights]
        for mine, weight in zip(own, weights, strict=True):
            mine.grad = weight.grad[m].clone()
        nn.utils.clip_grad_norm_(own, 1.0)
        expected.append([mine.grad for mine in own])
    clip(population, 1.0)
    for (m, grads), (i, weight) in itertools.product(enumerate(expected), enumerate(weights)):
        torch.testing.assert_close(weight.grad[m], grads[i])


def test_a_perplexity_that_is_no_number_or_too_large_is_infinite(task):
    population = Population([BOUNDED[0]] * 3, len(task.symbols), 4, seed=0)
    with torch.no_grad():
        population.decoder_bias[0] = math.nan
        population.decoder_bias[1, 0] = 1e6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = perplexities(population, task.test, RECIPE)
    assert list(np.isinf(found)) == [True, True, False]


def test_members_start_from_the_same_weights_around_zero():
    population, other = (Population(CELLS[:3], 12, 16, seed=seed) for seed in (0, 1))
    for weight, another in zip(population.parameters(), other.parameters(), strict=True):
        assert torch.equal(weight, weight[:1].expand_as(weight))
        assert not torch.equal(weight, another)
        assert -0.25 <= weight.min() < -0.1
        assert 0.1 < weight.max() <= 0.25


def test_a_population_has_one_base():
    with pytest.raises(ValueError, match=r"bases \[2, 8\]; give cells of one base"):
        Population([CELLS[0], nt.zoo.LSTM], 5, 6, seed=0)


def test_what_is_left_out():
    settings = json.loads(recorded("transfer.json").read_text())["settings"]
    assert asdict(CHILD) == settings["recipe"]
    stream = np.arange(80) % 5
    circle = Task("circle", tuple("abcde"), stream, stream, stream)
    records = train(BOUNDED, circle, replace(RECIPE, reports=1), progress=False)
    assert {(record.seed, record.parameters) for record in records} == {
        (0, 2 * 16 * (5 + 16) + 5 * (16 + 1))
    }


def test_progress_counts_cells(task, capsys):
    train([*CELLS[:2], nt.zoo.LSTM], task, RECIPE, 2, seed=3, at_once=1)
    shown = capsys.readouterr().err
    assert "seed 3: 100%" in shown
    assert "3/3" in shown
    train(CELLS[:1], task, RECIPE, 2, progress=False)
    assert capsys.readouterr().err == ""


def test_what_is_no_cell_or_no_size_is_refused(task):
    for wrong in ([CELLS[0], "Add"], CELLS[0].sequence):
        with pytest.raises(TypeError, match="Cell"):
            train(wrong, task, RECIPE, progress=False)
    for size in ("hidden_size", "at_once"):
        with pytest.raises(ValueError, match=f"{size} is 0; it must be at least 1"):
            train(CELLS[:1], task, RECIPE, progress=False, **{size: 0})
        with pytest.raises(TypeError, match=f"{size} is 2.5 where a whole number belongs"):
            train(CELLS[:1], task, RECIPE, progress=False, **{size: 2.5})
