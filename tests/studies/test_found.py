"""The study of what was found: documents are dealt out, rates bracketed, messy texts messy."""

import numpy as np
import pytest

import found
import texts

TEXT = found.Setting("speeches")


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


@pytest.mark.parametrize("best", [0.001, 0.004, 0.016, 0.064])
def test_the_chosen_rate_has_a_worse_one_on_either_side(best):
    results = {}
    while True:
        runs = found.tuning(results, TEXT)
        missing = {name: run for name, run in runs.items() if name not in results}
        if not missing:
            break
        for name, (*_, rate, _, _) in missing.items():
            perplexity = 3 + abs(np.log2(rate / best))
            results[name] = {"validation": [9.0, perplexity], "diverged": rate > 4 * best}
    tried = {rate for model, rate in ((run[1], run[2]) for run in runs.values()) if model == "GRU"}
    assert found.best_rate(results, TEXT, "GRU") == best
    assert min(tried) < best < max(tried)


@pytest.mark.parametrize("name", found.MESSY)
def test_a_messy_text_is_as_long_as_it_should_be_and_differs_by_seed(name):
    first, again, other = (found.messy(name, 5_000, seed) for seed in (0, 0, 1))
    assert len(first.train) == 5_000
    assert first.digest == again.digest != other.digest
