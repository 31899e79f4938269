"""Training: it learns, repeats itself, stops at a divergence, and leaves the test alone."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from nastut.files import recorded
from nastut.learning.tasks import Task
from nastut.learning.training import (
    LanguageModel,
    Recipe,
    count_parameters,
    fit,
    optimizer_and_rate,
    perplexities,
    plan,
    seeded,
)

RECIPE = Recipe(epochs=3, batch=4, steps=10, learning_rate=0.02, reports=3)


@pytest.fixture
def task():
    """Symbols that follow each other in a circle: everything can be predicted but the first."""
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
    assert perplexities(trained, task.validation, RECIPE) == min(record.validation)
    assert perplexities(trained, task.test, RECIPE) == record.test


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


def test_a_divergence_ends_training_is_recorded_and_said(task, capsys):
    record = fit(model(core=Exploding(6, 8)), task, RECIPE, seed=4, progress=False)
    assert record.diverged == 3
    assert record.validation == ()
    assert record.test == math.inf
    said = "seed 4: the loss was not finite at step 3; training ended"
    assert said in capsys.readouterr().out


def test_perplexity_of_guessing_is_the_number_of_symbols(task):
    guessing = model()
    nn.init.zeros_(guessing.decoder.weight)
    nn.init.zeros_(guessing.decoder.bias)
    assert perplexities(guessing, task.test, RECIPE) == pytest.approx(5)


def test_only_what_is_learned_is_counted():
    layer = nn.Linear(3, 4)
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 12


def test_what_a_recipe_says_if_it_says_nothing():
    settings = json.loads(recorded("text.json").read_text())["settings"]["recipe"]
    assert asdict(Recipe()) == settings | {"epochs": 8, "learning_rate": 0.004, "reports": 8}


def test_a_projection_is_what_the_decoder_reads():
    projected = model(core=nn.LSTM(6, 8, proj_size=3))
    scores, (h, c) = projected(torch.zeros(4, 2, dtype=torch.long))
    assert (scores.shape, h.shape, c.shape) == ((4, 2, 5), (1, 2, 3), (1, 2, 8))


@pytest.mark.parametrize(
    ("epochs", "reports", "expected"),
    [(3, 3, (30, {10, 20, 30})), (1, 4, (10, {2, 5, 7, 10})), (2, 1, (20, {20}))],
)
def test_reports_are_spread_evenly_and_the_last_is_at_the_end(task, epochs, reports, expected):
    assert plan(task, replace(RECIPE, epochs=epochs, reports=reports)) == expected


def test_a_state_is_carried_through_an_epoch_without_its_graph(task):
    states = []

    class Watched(nn.LSTM):
        def forward(self, input, state=None):
            states.append(state)
            return super().forward(input, state)

    fit(model(core=Watched(6, 8)), task, replace(RECIPE, epochs=2, reports=1), progress=False)
    assert [n for n, state in enumerate(states[:20]) if state is None] == [0, 10]
    assert not any(value.requires_grad for state in states[1:10] for value in state)


def test_progress_is_shown_and_taken_away(task, capsys):
    record = fit(model(), task, RECIPE, seed=7)
    shown = capsys.readouterr().err
    assert record.seed == 7
    assert "seed 7: " in shown
    assert "/30" in shown
    assert f"perplexity={record.validation[0]:.3f}" in shown
    assert shown.endswith("\r")
    record = fit(model(), task, RECIPE, progress=False)
    assert capsys.readouterr().err == ""
    assert record.seed == 0


def test_a_model_that_is_never_measured_as_finite_keeps_its_first_weights(task):
    """Even if the test stream is easy."""
    sure = model()
    with torch.no_grad():
        sure.decoder.bias[0] = 1e6
    before = {name: value.clone() for name, value in sure.state_dict().items()}
    record = fit(sure, replace(task, test=np.zeros(100, int)), RECIPE, progress=False)
    assert record.validation == (math.inf,) * 3
    assert record.test == math.inf
    assert all(torch.equal(value, before[name]) for name, value in sure.state_dict().items())
