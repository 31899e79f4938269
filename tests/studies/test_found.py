"""The study of what was found: documents are dealt out, rates bracketed, messy texts messy."""

import math

import numpy as np
import pytest
import torch

import found
import texts


@pytest.fixture
def made_up(monkeypatch):
    documents = tuple(f"<{number:03}>" + "abc \n" * 40 for number in range(300))
    monkeypatch.setattr(texts, "documents", lambda name: documents)
    monkeypatch.setattr(texts, "HELD_OUT", 2_000)


def test_no_document_is_in_two_streams_and_each_seed_deals_anew(made_up):
    def numbers(task, stream):
        return set("".join(task.symbols[n] for n in stream).split("<")[1:])

    task, other = (texts.split("speeches", 20_000, seed) for seed in (0, 1))
    streams = [
        {part[:3] for part in numbers(task, s)} for s in (task.train, task.validation, task.test)
    ]
    assert all(streams)
    assert sum(map(len, streams)) == len(set.union(*streams))
    assert len(task.train) == 20_000
    assert task.digest != other.digest
    with pytest.raises(ValueError, match="too short"):
        texts.split("speeches", 10**6, 0)


def perplexity(model, text, rate):
    """Return a made-up one: each model has a best rate, and a distance from the best."""
    if model == "cell 2" and text == "rows":
        return math.inf
    number = [*found.MODELS, model].index(model)
    return 3 + 0.05 * number + abs(np.log2(rate / (0.001 * 2 ** (number % 7))))


def test_the_phases_follow_from_one_another(made_up):
    results, study = {}, found.study()
    for phase in study.then:
        while missing := phase(results).keys() - results.keys():
            for name, run in phase(results).items():
                setting, model, rate, replicate, _ = run
                value = perplexity(model, setting.text, rate)
                results[name] = {"validation": [9.0, value], "diverged": math.isinf(value)}
            assert missing <= results.keys()
    assert found.stable(results) == ["cell 1", "random's best", "cell 2, bounded"]
    assert found.primary(results) == "cell 1"
    tried = {}
    for setting, model, rate, replicate, _ in (
        run for phase in study.then for run in phase(results).values()
    ):
        if replicate == found.TUNING_REPLICATE:
            tried.setdefault((setting, model), set()).add(rate)
    for (setting, model), rates in tried.items():
        assert min(rates) < found.best_rate(results, setting, model) < max(rates)
    finals = found.finals(results).values()
    assert len(finals) == 4 * 3 * 10
    assert not {run[3] for run in finals} & {found.TUNING_REPLICATE}


def test_one_thing_of_a_cell_is_changed():
    sequence = found.MODELS["cell 2"]
    changed = found.changed(sequence)
    before = sequence.split()
    for what, model in changed.items():
        after = model.removeprefix(found.NO_C).split()
        assert model != sequence
        differ = sum(a != b for a, b in zip(before, after, strict=True))
        assert differ == (6 - int(what[0]) if what.endswith("products") else 1)
    (silent,) = (model for model in changed.values() if model.startswith(found.NO_C))
    network, learned = found.build_model(silent, 20, 10_000)
    assert learned == pytest.approx(10_000, rel=0.05)
    output, (_, c) = network.core(torch.ones(3, 2, found.EMBEDDING))
    output.sum().backward()
    silent_rows = network.core.weight_hh_l0.grad.view(8, network.core.hidden_size, -1)[7]
    assert not c.any()
    assert not silent_rows.any()


@pytest.mark.parametrize("name", found.MESSY)
def test_a_messy_text_is_as_long_as_it_should_be_and_differs_by_seed(name):
    first, again, other = (found.messy(name, 5_000, seed) for seed in (0, 0, 1))
    assert len(first.train) == 5_000
    assert first.digest == again.digest != other.digest
