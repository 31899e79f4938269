"""The study of base 8: its phases follow each other, and it goes on where it was broken off."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

import nastut as nt
from nastut import search
from nastut.studies import beyond
from nastut.studies.beyond import finalists, found
from nastut.studies.beyond import run as real_run


def number(text):
    return zlib.crc32(text.encode()) / 2**32


class Fake:
    """A reward that costs nothing, in place of a training."""

    settings = {"fake": True}  # noqa: RUF012

    def __call__(self, cell):
        return number(str(cell.canonical()))

    def many(self, cells):
        return [search.rewards.Outcome(self(cell), None) for cell in cells]

    def after(self, curves):
        return self


def fake_finalist(name, text, rate, seed):
    perplexity = 3 + number(name) + rate + seed / 1000
    made_by = {"cell": name, "text": text, "learning_rate": rate, "seed": seed}
    return {**made_by, "validation": [9.0, perplexity], "test": perplexity + 1}


@pytest.fixture
def small(monkeypatch):
    for name, value in {
        "text_reward": Fake, "trial_reward": Fake, "train_finalist": fake_finalist,
        "TRIAL_EVALUATIONS": 32, "EVALUATIONS": 64, "TRIAL_SEEDS": (1,), "SEARCH_SEEDS": (2, 3),
        "LEARNING_RATES": (0.1, 0.2), "FRESH_SEEDS": (0, 1), "TOP": 4, "FINALISTS": 3,
        "GRIDS": {
            "random": [{}],
            "evolution": [{"population": 4, "sample": 2}, {"population": 8, "sample": 2}],
        },
    }.items():  # fmt: skip
        monkeypatch.setattr(beyond, name, value)


def conduct(path):
    with ThreadPoolExecutor(1) as pool:
        return beyond.beyond().conduct(path, pool)


def test_four_phases(small, tmp_path):
    results = conduct(tmp_path / "beyond.json")
    phases = [name.partition(" of ")[0].partition(",")[0] for name in results]
    count = {phase: phases.count(phase) for phase in dict.fromkeys(phases)}
    cells = len(finalists(results))
    assert 3 < cells <= 6
    names = cells + 5  # with LSTM three times, GRU and NASCell
    assert count == {
        "trial": 2,
        "random": 2,
        "evolution": 2,
        "tuning": 2 * names,
        "final": 2 * names,
        "second text": 2 * (5 + 3),
    }
    second = [r for r in results.values() if r.get("text") == "source"]
    assert {r["learning_rate"] for r in second} == {0.1}  # as tuned on the first text
    best = sorted(finalists(results), key=number)[:3]
    assert {r["cell"] for r in second} >= set(best)
    assert [path.name for path in tmp_path.iterdir()] == ["beyond.json"]  # no checkpoint is left


@pytest.mark.parametrize("broken_at", ["trial", "search", "train"])
def test_it_goes_on_where_it_was_broken_off(small, tmp_path, monkeypatch, broken_at):
    whole = conduct(tmp_path / "whole.json")
    calls = []

    def breaking(phase, *given, checkpoint):
        calls.append(phase)
        if phase == broken_at and calls.count(phase) == 2:
            if phase != "train":  # in the middle
                monkeypatch.setattr(Fake, "many", lambda self, cells: stop())
            else:
                stop()
        return real_run(phase, *given, checkpoint=checkpoint)

    def stop():
        raise KeyboardInterrupt

    many = Fake.many
    monkeypatch.setattr(beyond, "run", breaking)
    with pytest.raises(KeyboardInterrupt):
        conduct(tmp_path / "broken.json")
    monkeypatch.setattr(Fake, "many", many)
    again = []
    counted = lambda phase, *given, checkpoint: (  # noqa: E731
        again.append(phase) or real_run(phase, *given, checkpoint=checkpoint)
    )
    monkeypatch.setattr(beyond, "run", counted)
    assert conduct(tmp_path / "broken.json") == whole
    assert len(again) < len(whole)
    assert (tmp_path / "broken.json").read_text() == (tmp_path / "whole.json").read_text()


def test_the_settings_are_plain_and_name_the_text():
    settings = json.loads(json.dumps(beyond.beyond().settings))
    assert settings["searches"]["reward"]["digest"] == nt.learning.tasks.python_reference().digest
    assert settings["searches"]["reward"]["halving"]["share"] == 0.25
    assert settings["trials"]["reward"]["task"] == "reber"
    assert settings["space"]["size"] == 63_331_869_759_897_600
    seeds = [settings["trials"]["seeds"], settings["searches"]["seeds"]]
    assert not set(seeds[0]) & set(seeds[1])


def test_the_record_was_made_by_the_settings_that_the_code_has():
    study = beyond.beyond()
    recorded, made = nt.load_study("beyond"), json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list({**study.runs, **study.then(recorded["runs"])})


def test_a_search_is_silent_and_says_what_it_was(small, tmp_path, capsys):
    made = beyond.run("search", "evolution", {"population": 4}, 2, checkpoint=tmp_path / "a.ckpt")
    assert (made["phase"], made["method"], made["seed"]) == ("search", "evolution", 2)
    assert made["given"] == {"population": 4}
    assert len(made["curves"]["1"]) == 64 // beyond.EVERY
    tried = beyond.run("trial", "random", {}, 1, checkpoint=tmp_path / "b.ckpt")
    assert len(tried["curves"]["1"]) == 32 // beyond.EVERY
    assert capsys.readouterr() == ("", "")


def trial(method, given, rewards):
    top = [[f"cell {n}", reward] for n, reward in enumerate(rewards)]
    return {"phase": "trial", "method": method, "given": given, "top": top}


def test_settings_are_chosen_by_the_best_five_of_each_trial_then_by_their_order():
    one, two, three, four = beyond.GRIDS["evolution"]
    results = {
        "a": trial("evolution", one, [0.9, 0.1, 0.1, 0.1, 0.1, 9.0]),
        "b": trial("evolution", two, [0.5, 0.5, 0.5, 0.5, 0.5, 0.0]),
        "c": trial("evolution", three, [0.5] * 5),
        "d": trial("evolution", four, [0.7] * 5),
        "e": trial("evolution", four, [0.2] * 5),
        "f": trial("reinforce", four, [9.0] * 5),
        "g": {**trial("evolution", four, [9.0] * 5), "phase": "search"},
    }
    assert beyond.chosen(results, "evolution") == two
    assert beyond.chosen({}, "evolution") == one
    assert beyond.chosen(results, "random") == {}


def test_the_best_rate_and_the_best_finalists_are_those_of_validation(monkeypatch):
    monkeypatch.setattr(beyond, "LEARNING_RATES", (0.1, 0.2, 0.3))
    monkeypatch.setattr(beyond, "FRESH_SEEDS", (0, 1))
    monkeypatch.setattr(beyond, "finalists", lambda results: ["a", "b", "c", "d"])
    monkeypatch.setattr(beyond, "SECOND_TEXT", 2)
    lowest = {"a": [5, 4, 4], "b": [3, 5, 5], "c": [6, 6, 2], "d": [9, 9, None]}
    results = {}
    for name, values in lowest.items():
        for rate, value in zip((0.1, 0.2, 0.3), values, strict=True):
            for seed in (beyond.TUNING_SEEDS[0], 0, 1):
                ends = [] if value is None else [value + seed % 7 / 10, 99]
                results[name, rate, seed] = {
                    "phase": "train", "cell": name, "text": "manual", "learning_rate": rate,
                    "seed": seed, "validation": ends,
                }  # fmt: skip
    assert [beyond.best_rate(results, name) for name in lowest] == [0.2, 0.1, 0.3, 0.1]
    assert beyond.best_finalists(results) == ["c", "b"]
    del results["a", 0.2, beyond.TUNING_SEEDS[0]]
    with pytest.raises(KeyError, match="manual"):
        beyond.best_rate(results, "a")


def test_what_is_recorded_of_a_search():
    result = search.random(nt.Space(8), Fake(), 64, progress=False)
    recorded = found(result)
    for best in (1, 5, 15):
        curve = result.curve(best)[[15, 31, 47, 63]].tolist()
        assert recorded["curves"][str(best)] == [round(mean, 6) for mean in curve]
    assert recorded["top"] == [[str(cell), round(worth, 6)] for cell, worth in result.top(10)]
    assert (recorded["different"], recorded["failed"]) == (result.calls, 0)
    few = found(search.random(nt.Space(8), Fake(), 16, progress=False, batch=1))
    assert few["curves"]["15"][0] is not None
    same = search.random(nt.Space(1, ("Add",), ("Tanh",)), Fake(), 16, progress=False)
    assert found(same)["curves"]["5"] == [None]  # there are not so many cells
    assert len(recorded["curves"]["15"]) == 64 // beyond.EVERY
    assert recorded["curves"]["1"][-1] == pytest.approx(max(result.rewards), abs=1e-6)
    assert recorded["top"][0] == [str(result.best), pytest.approx(max(result.rewards), abs=1e-6)]
    assert len(recorded["top"]) == beyond.TOP
    assert partial(found, result)() == recorded
