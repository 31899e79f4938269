"""Lines of controllers, each with a core from the one before or from elsewhere."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from made_up_table import SPACE, made_up_table

import nastut as nt
from nastut import generations
from nastut.generations import DEAD, LINES, SEEDS, SMALL, UNITS, dependence, lineage

TABLE = made_up_table()


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

    def __call__(self, core, units, seed):
        self.asked.append((core, units, seed))
        return {"best": str(self.finds[len(self.asked) - 1])}


def asked(line, seed=7):
    search = Noted()
    history = lineage(line, seed, SPACE, search)
    assert [found["best"] for found in history] == list(map(str, search.finds[: len(history)]))
    return search.asked, search.finds


def test_what_is_found_is_the_next_core():
    given, finds = asked("found")
    assert [core for core, _, _ in given] == [None, *finds[:5]]
    assert [seed for _, _, seed in given] == [7, 1_007, 2_007, 3_007, 4_007, 5_007]


def test_one_line_keeps_its_seed():
    given, finds = asked("same seed")
    assert [core for core, _, _ in given] == [None, *finds[:5]]
    assert {seed for _, _, seed in given} == {7}


def test_random_cores_depend_on_the_seed_and_the_generation_alone():
    first, second, other = asked("random")[0], asked("random")[0], asked("random", 8)[0]
    assert first == second
    cores = [core for core, _, _ in first + other]
    assert cores[0] is cores[6] is None
    assert len(set(cores)) == 1 + 10
    assert all(core in SPACE for core in cores if core is not None)


@pytest.mark.parametrize(("line", "core"), [("LSTM", None), ("small LSTM", None), ("dead", DEAD)])
def test_the_other_lines_keep_their_core(line, core):
    given, _ = asked(line)
    assert {core for core, _, _ in given} == {core}
    assert {units for _, units, _ in given} == {SMALL if line == "small LSTM" else UNITS}


def test_every_other_line_has_as_many_units():
    for line in ("found", "same seed", "random"):
        assert {units for _, units, _ in asked(line)[0]} == {UNITS}


def test_an_unknown_line_is_refused():
    with pytest.raises(ValueError, match="line is 'lost'; it must be one of found, same seed"):
        lineage("lost", 0, SPACE, Noted())


def test_the_small_lstm_has_as_many_parameters():
    count = [
        sum(parameter.numel() for parameter in nt.Controller(nt.Space(), core, units).parameters())
        for core, units in ((None, SMALL), (DEAD, UNITS))
    ]
    assert count == [11_880, 11_860]


def test_a_dead_core_passes_nothing_on():
    torch.manual_seed(0)
    layer = nt.CellRNN(DEAD, 3, 4, num_layers=2)
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
    for given in (None, core):
        found = generations.searched(given, UNITS, seed=3)
        result = nt.search.priority_queue(
            SPACE, TABLE.reward, evaluations=100, seed=3, progress=False, cell=given
        )
        assert found["core"] == (given and str(given))
        assert found["best"] == str(result.best.canonical())
        assert found["improvements"][-1][1] == TABLE.rank(result.best)
        assert found["distinct"] == result.calls
        until = result.cells[: found["reached"] or 0]
        assert (found["trained"] or 0) == len({cell.canonical() for cell in until})
        assert found["entropy"] == pytest.approx(sum(result.updates[-1]["entropy"]), abs=1e-4)
        assert found["dependence"] >= 0


def test_only_a_controller_that_reads_owes_to_what_is_written(small):
    assert generations.searched(DEAD, UNITS, seed=3)["dependence"] < 1e-3
    assert generations.searched(None, UNITS, seed=3)["dependence"] > 1e-3


def test_a_policy_lost_to_infinities_is_recorded_as_none(small, monkeypatch):
    lost = nt.Controller.forward
    monkeypatch.setattr(
        nt.Controller, "forward", lambda self, choices: [n * np.nan for n in lost(self, choices)]
    )
    found = generations.searched(None, UNITS, seed=3)
    assert found["entropy"] is found["dependence"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


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


def test_the_study_has_a_run_for_each_seed(small):
    study = generations.generations()
    assert list(study.runs.values()) == [(seed,) for seed in SEEDS]
    assert len(SEEDS) >= 20
    assert study.settings["table"] == "made up"
    assert json.loads(json.dumps(study.settings))["dead"] == str(DEAD)
