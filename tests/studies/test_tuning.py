"""Equal effort for every method, one rule that chooses, and other seeds that judge."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import nastut as nt
from made_up_table import made_up_table
from nastut.studies import contest, tuning

TABLE = made_up_table()


@pytest.fixture
def small(monkeypatch):
    """Make the study a matter of seconds."""
    for name, value in {
        "table": lambda: TABLE,
        "EVALUATIONS": 60,
        "TUNING_SEEDS": (5, 6),
        "SEEDS": (7, 8, 9),
        "AT_ONCE": 2,
        "BANDS": (1.0, 50.0),
        "GRIDS": {
            "evolution": {"population": (5, 10), "sample": (2,)},
            "reinforce": {"batch": (5,), "learning_rate": (0.01,), "entropy": (0.1, 0.2)},
            "priority_queue": {"batch": (5,), "learning_rate": (0.01,), "entropy": (0.1, 0.2)},
        },
    }.items():
        monkeypatch.setattr(tuning, name, value)


def test_the_record_was_made_by_the_settings_that_the_code_has():
    study = tuning.tuning()
    recorded, made = nt.load_study("tuning"), json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list({**study.runs, **study.then(recorded["runs"])})


def test_a_run_is_of_one_thread_and_says_what_it_ran(small, two_threads):
    found = tuning.run("evolution", {"population": 5}, (7, 8), "evolution, tuned")
    assert torch.get_num_threads() == 1
    assert list(found["reached"]) == ["1 per mille", "50 per mille"]
    del found["reached"]
    assert found == {
        "line": "evolution, tuned",
        "method": "evolution",
        "given": {"population": 5},
        "seeds": [7, 8],
    }
    assert tuning.run("random", {}, (7,))["line"] is None


def test_a_band_of_a_million_cells_is_a_thousand_of_them_for_each_per_mille(monkeypatch):
    monkeypatch.setattr(tuning, "table", lambda: range(1_000_000))
    assert [*tuning.bands().values()] == [500, 1_000, 2_000]


def test_every_band_is_a_share_of_the_classes():
    assert tuning.bands() == {"0.5 per mille": 9, "1 per mille": 18, "2 per mille": 37}


def test_every_judged_line_is_compared_with_others_that_are_judged():
    lines = tuning.lines(nt.load_study("tuning")["runs"])
    assert {line for pair in tuning.PAIRS for line in pair} <= lines.keys()
    assert len(set(tuning.PAIRS)) == len(tuning.PAIRS)
    for line, (_, given) in lines.items():
        assert ("no bonus" in line) == (given.get("entropy") == 0)
        if "redraw" in line:
            assert given["redraw"] is ("with redraw" in line)


def test_every_method_gets_the_same_effort():
    study = tuning.tuning()
    for method in tuning.GRIDS:
        given = [of for of in study.runs.values() if of[0] == method]
        assert len(given) == 12
        assert {seeds for _, _, seeds in given} == {tuning.TUNING_SEEDS}
        assert len({json.dumps(settings) for _, settings, _ in given}) == 12


def test_tuning_judging_and_the_defaults_of_the_queue_have_seeds_of_their_own():
    apart = [tuning.TUNING_SEEDS, tuning.SEEDS, range(100, 300), contest.SEEDS]
    assert len(set().union(*apart)) == sum(map(len, apart))


@pytest.mark.parametrize("method", ["random", "evolution", "reinforce", "priority_queue"])
@pytest.mark.parametrize("redraw", [False, True])
def test_it_arrives_when_a_whole_search_does(small, monkeypatch, method, redraw):
    monkeypatch.setattr(tuning, "EVALUATIONS", 203)  # no multiple of a batch
    given = {"redraw": redraw} if method in ("reinforce", "priority_queue") else {}
    result = getattr(nt.search, method)(
        TABLE.space, TABLE.reward, evaluations=203, seed=3, progress=False, **given
    )
    ranks = [TABLE.rank(cell) for cell in result.cells]
    assert tuning.bands() == {"1 per mille": 1, "50 per mille": 59}
    for band, found in tuning.arrival(tuning.strategy(method, given, 3)).items():
        good = [k for k, rank in enumerate(ranks, 1) if rank <= tuning.bands()[band]]
        assert found == (good[0] if good else None)


def tried(entropy, reached, method="reinforce", line=None):
    given = {"entropy": entropy}
    return {"method": method, "line": line, "given": given, "reached": {"1 per mille": reached}}


def test_the_rule_is_the_lowest_restricted_mean_and_looks_at_tuning_alone():
    results = {
        "a": tried(0.1, [10, None]),  # (10 + 1500) / 2
        "b": tried(0.2, [700, 790]),
        "c": tried(0.3, [790, 700]),
        "d": tried(0.4, [1, 1], line="judged"),
        "e": tried(0.5, [2, 2], method="priority_queue"),
    }
    assert tuning.chosen(results, "reinforce") == {"entropy": 0.2}


def test_what_was_chosen_is_judged_with_helpers_given_and_taken(small, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        results = tuning.tuning().conduct(tmp_path / "tuning.json", pool)
    lines = tuning.lines(results)
    assert len(results) == 6 + 2 * len(lines)  # three seeds in runs of two
    queue, reinforce = lines["priority queue, tuned"][1], lines["REINFORCE, tuned"][1]
    assert reinforce == tuning.chosen(results, "reinforce")
    assert lines["REINFORCE, with redraw"][1] == reinforce | {"redraw": True}
    assert lines["priority queue, no redraw, no bonus"][1] == queue | {
        "redraw": False,
        "entropy": 0.0,
    }
    for line, reached in tuning.judged(results).items():
        method, given = lines[line]
        assert len(reached) == 3
        alone = tuning.arrival(tuning.strategy(method, given, 9))["1 per mille"]
        assert reached[2] == (alone or np.inf)


def test_the_settings_say_which_settings_were_tried(small):
    settings = json.loads(json.dumps(tuning.tuning().settings))
    assert settings["grids"]["evolution"]["population"] == [5, 10]
    assert settings["defaults"]["reinforce"]["learning_rate"] == 0.0005
    assert settings["tuning_seeds"] == [5, 6]
