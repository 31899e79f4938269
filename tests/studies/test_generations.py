"""Lines of controllers, each with a core from the one before or from elsewhere."""

import json
from dataclasses import FrozenInstanceError
from itertools import pairwise

import numpy as np
import pytest
import torch

import nastut as nt
from made_up_table import SPACE, made_up_table
from nastut.studies import generations
from nastut.studies.generations import (
    DEAD,
    LINES,
    RATE,
    RATES,
    SEEDS,
    SMALL,
    UNITS,
    dependence,
    lineage,
)

TABLE = made_up_table()
DEAD_CELL = nt.Cell.parse(DEAD)


@pytest.fixture
def small(monkeypatch):
    """Make the study a matter of seconds."""
    monkeypatch.setattr(generations, "table", lambda: TABLE)
    monkeypatch.setattr(generations, "EVALUATIONS", 100)
    monkeypatch.setattr(generations, "GENERATIONS", 1)


class Noted:
    """A search that finds the next cell of a list, and remembers what it was asked."""

    def __init__(self):
        rng = np.random.default_rng(5)
        self.finds = [SPACE.sample(rng) for _ in range(9)]
        self.asked = []

    def __call__(self, *given):
        self.asked.append(given)
        return {"best": str(self.finds[len(self.asked) - 1])}


def asked(line, seed=7):
    """Return the cores, the seeds, and the units and rates that a line asks for."""
    search = Noted()
    history = lineage(LINES[line], seed, SPACE, search)
    assert [found["best"] for found in history] == list(map(str, search.finds[:6]))
    cores, units, rates, seeds = map(list, zip(*search.asked, strict=True))
    return cores, seeds, {*units}, {*rates}


@pytest.mark.parametrize("line", [name for name in LINES if name.startswith(("found", "same"))])
def test_what_is_found_is_the_next_core(line):
    assert asked(line)[0] == [None, *Noted().finds[:5]]


@pytest.mark.parametrize("line", LINES)
def test_one_line_keeps_its_seed(line):
    wanted = [7] * 6 if line == "same seed" else [7, 1_007, 2_007, 3_007, 4_007, 5_007]
    assert asked(line)[1] == wanted


def test_random_cores_depend_on_the_seed_and_the_generation_alone():
    first, second, other = asked("random")[0], asked("random")[0], asked("random", 8)[0]
    assert first == second
    assert first[0] is other[0] is None
    assert len(set(first + other)) == 1 + 10
    assert all(core in SPACE for core in first[1:])


@pytest.mark.parametrize("line", ["dead", *(name for name in LINES if "LSTM" in name)])
def test_the_other_lines_keep_their_core(line):
    assert asked(line)[0] == [DEAD_CELL if line == "dead" else None] * 6


@pytest.mark.parametrize("line", LINES)
def test_units_and_rates_are_those_of_the_line(line):
    assert asked(line)[2] == {SMALL if line == "small LSTM" else UNITS}
    assert asked(line)[3] == {RATES.get(line.partition(", ")[2], RATE)}


def test_the_small_lstm_has_as_many_parameters():
    count = [
        sum(parameter.numel() for parameter in nt.Controller(nt.Space(), core, units).parameters())
        for core, units in ((None, SMALL), (DEAD_CELL, UNITS))
    ]
    assert count == [11_880, 11_860]


def test_a_dead_core_passes_nothing_on():
    torch.manual_seed(0)
    layer = nt.CellRNN(DEAD_CELL, 3, 4, num_layers=2)
    output, (h, c) = layer(torch.randn(9, 5, 3))
    assert not output.any()
    assert not h.any()
    assert not c.any()


def test_dependence_is_the_information_about_what_is_written():
    log_2 = float(np.log(2))
    # Two sequences: after one the next token is sure to be 0, after the other 1.
    assert dependence({"probabilities": [[0.5, 0.5]], "entropy": [0.0]}) == pytest.approx(log_2)
    assert dependence({"probabilities": [[0.5, 0.5]], "entropy": [log_2]}) == pytest.approx(0)
    assert dependence({"probabilities": [[1.0, 0.0]], "entropy": [0.0]}) == 0


def test_a_search_is_that_of_the_package(small):
    core = nt.Cell.parse("Add Tanh Add Tanh Multiply ReLU Add Tanh 2 0")
    for given, rate in ((None, RATE), (core, RATES["half rate"])):
        found = generations.searched(given, UNITS, rate, seed=3)
        result = nt.search.priority_queue(
            SPACE, TABLE.reward, 100, seed=3, progress=False, cell=given, learning_rate=rate
        )
        assert found["core"] == (given and str(given))
        assert found["best"] == str(result.best.canonical())
        assert found["improvements"][-1][1] == TABLE.rank(result.best)
        assert found["distinct"] == result.calls
        last = result.updates[-1]
        assert found["entropy"] == round(sum(last["entropy"]), 4)
        assert found["dependence"] == round(dependence(last), 4) >= 0
        assert len(found["improvements"]) == len(
            {n for n in result.curve().tolist() if n > -np.inf}
        )


def test_a_controller_that_reads_nothing_owes_nothing_to_what_is_written(small, capsys):
    assert generations.searched(DEAD_CELL, UNITS, RATE, seed=3)["dependence"] < 1e-3
    assert capsys.readouterr() == ("", "")


def test_a_policy_lost_to_infinities_is_recorded_as_none(small, monkeypatch):
    lost = nt.Controller.forward
    monkeypatch.setattr(
        nt.Controller, "forward", lambda self, choices: [n * np.nan for n in lost(self, choices)]
    )
    found = generations.searched(None, UNITS, RATE, seed=3)
    assert found["entropy"] is found["dependence"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_line_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        LINES["found"].units = 1


def test_the_rates_are_a_quarter_a_half_and_twice_the_usual_one():
    assert RATE == 0.03
    assert list(RATES.values()) == pytest.approx([0.0075, 0.015, 0.06])


def test_a_run_has_all_lines_and_is_repeatable(small):
    record = generations.run(3)
    assert list(record) == list(LINES)
    assert json.loads(json.dumps(record)) == record == generations.run(3)
    for history in record.values():
        assert len(history) == 2
    for line in ("found", "same seed"):
        assert all(b["core"] == a["best"] for a, b in pairwise(record[line]))
    for line in ("found", "same seed", "random"):
        assert record[line][0] == record["LSTM"][0]
    for rate in RATES:
        assert record[f"found, {rate}"][0] == record[f"LSTM, {rate}"][0] != record["LSTM"][0]


def test_the_study_has_a_run_for_each_seed(small):
    study = generations.generations()
    assert list(study.runs.values()) == [(seed,) for seed in SEEDS]
    assert len(SEEDS) >= 20
    assert study.settings["table"] == "made up"
    assert json.loads(json.dumps(study.settings))["lines"]["dead"]["first"] == DEAD


def test_the_record_was_made_by_the_settings_that_the_code_has():
    recorded, study = nt.load_study("generations"), generations.generations()
    made = json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list(study.runs)
