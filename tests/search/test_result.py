"""The history of a search: its curve, and its file."""

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import nastut as nt
from nastut.search.result import Failure, SearchResult

EXAMPLE = nt.zoo.EXAMPLE
TWIN = nt.Cell.parse("Multiply ReLU Add Tanh Multiply Sigmoid Add ReLU 0 1")
OTHERS = [nt.Space().sample(np.random.default_rng(k)) for k in range(3)]


def result():
    return SearchResult(
        settings={"method": "random", "seed": 3, "batch": 2},
        space=nt.Space(activations=("Identity", "Tanh", "Sigmoid", "ReLU", "Sin")),
        cells=[EXAMPLE, OTHERS[0], TWIN, OTHERS[1], OTHERS[2]],
        rewards=[0.25, 0.0, 0.25, 1 / 3, 1 / 3],
        failures=[Failure(1, OTHERS[0], "the reward was nan")],
        updates=[{"evaluations": 2, "mean_reward": 0.1}, {"evaluations": 4, "mean_reward": 0.3}],
    )


def test_best_is_the_first_of_the_highest():
    assert result().best == OTHERS[1]


def failing(rewards):
    """Return a result in which the example's class failed, twice."""
    failures = [Failure(0, EXAMPLE, "RuntimeError: no")]
    cells = [EXAMPLE, OTHERS[0], TWIN, *OTHERS[1:]][: len(rewards)]
    return SearchResult({"method": "random"}, nt.Space(), cells, rewards, failures, [])


def test_a_failure_is_never_the_best():
    assert failing([-3.0, -2.0, -3.0, -3.0, -2.5]).best == OTHERS[0]
    assert failing([-3.0, -3.0, -3.0, -3.0, -3.0]).best == OTHERS[0]
    assert failing([0.0, 0.0, 0.0, 0.0, 0.0]).best == OTHERS[0]


def test_it_counts_what_failed():
    assert result().failed == 1
    assert failing([-3.0, -2.0, -3.0, -3.0, -2.5]).failed == 2
    assert "5 evaluations, 2 of them failed, 4 different" in repr(failing([-3.0] * 5))


def test_where_all_failed_none_is_the_best():
    said = "none of the 1 evaluations succeeded.*; evaluation 1, Add .* failed with: RuntimeError"
    with pytest.raises(ValueError, match=said):
        failing([0.0]).best  # noqa: B018
    assert "none of the 1 evaluations succeeded" in repr(failing([0.0]))


def test_nothing_failed_where_nothing_is_said_to_have():
    whole = SearchResult({"method": "random"}, nt.Space(), OTHERS, [0.5, 0.1, 0.2], [], [])
    assert whole.failed == 0
    assert whole.best == OTHERS[0]


def test_curve_is_the_best_so_far():
    assert result().curve().tolist() == [0.25, 0.25, 0.25, 1 / 3, 1 / 3]


def test_a_curve_of_more_is_the_mean_of_the_best_different_ones():
    cells = [EXAMPLE, OTHERS[0], TWIN, OTHERS[1], OTHERS[2]]
    found = SearchResult({}, nt.Space(), cells, [0.4, 0.1, 0.4, 0.3, 0.8], [], [])
    assert found.curve(2) == pytest.approx([np.nan, 0.25, 0.25, 0.35, 0.6], nan_ok=True)
    assert found.curve(3) == pytest.approx([np.nan] * 3 + [0.8 / 3, 0.5], nan_ok=True)
    assert np.isnan(found.curve(5)).all()


def test_the_top_are_different_cells_that_did_not_fail_best_first():
    cells = [EXAMPLE, OTHERS[0], TWIN, OTHERS[1], OTHERS[2]]
    failures = [Failure(1, OTHERS[0], "no")]
    found = SearchResult({}, nt.Space(), cells, [0.4, 0.9, 0.4, 0.3, 0.8], failures, [])
    assert found.top(2) == [(OTHERS[2], 0.8), (EXAMPLE, 0.4)]
    assert found.top(9) == [(OTHERS[2], 0.8), (EXAMPLE, 0.4), (OTHERS[1], 0.3)]


def test_a_result_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        result().rewards = []


def test_twins_are_one_cell():
    assert result().distinct().tolist() == [1, 2, 2, 3, 4]
    assert result().calls == 4


def test_it_says_what_it_is():
    said = repr(result())
    wanted = "<SearchResult of random: 5 evaluations, 1 of them failed, 4 different cells; "
    assert said.startswith(wanted)
    assert f"best 0.3333: {OTHERS[1]}" in said


def test_it_comes_back_from_its_file(tmp_path):
    result().save(tmp_path / "result.json")
    assert SearchResult.load(str(tmp_path / "result.json")) == result()
    assert json.loads((tmp_path / "result.json").read_text())["cells"][0] == str(EXAMPLE)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace("nastut search 1", "nastut search 2"),
        lambda text: text.replace("Add Tanh", "Add Cosh", 1),
        lambda text: text.replace('"rewards": [', '"rewards": ["high", '),
        lambda text: text.replace('"failures": [[1', '"failures": [[99'),
        lambda text: text.replace('"rewards": [0.25, ', '"rewards": ['),
    ],
    ids=["half", "list", "empty", "format", "token", "reward", "failure", "count"],
)
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "result.json"
    result().save(path)
    whole = path.read_text()
    path.write_text(damage(whole))
    assert path.read_text() != whole
    with pytest.raises(ValueError, match=r"result\.json is damaged or holds something"):
        SearchResult.load(path)


WRONG = {
    "format": "nastut search 2",
    "settings": {"seed": 1},
    "space": {"base": 3, "combinations": ["Add"], "activations": ["Tanh"]},
    "cells": ["Add Tanh"] * 5,
    "rewards": [0.25] * 4,
    "failures": [[99, "no"]],
    "updates": [None],
}


@pytest.mark.parametrize("place", [0, 4])
def test_any_of_the_cells_may_have_failed(tmp_path, place):
    made = result()
    made.failures[:] = [Failure(place, made.cells[place], "no")]
    made.save(tmp_path / "result.json")
    assert SearchResult.load(tmp_path / "result.json") == made


@pytest.mark.parametrize(
    "entry",
    [*WRONG, "no cell", "foreign cell", "infinite reward", "place 5", "place -1", "a reward more"],
)
def test_what_has_no_hash_is_looked_at_all_the_more(tmp_path, entry):
    path = tmp_path / "result.json"
    result().save(path)
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content))
    assert SearchResult.load(path) == result()
    change = {
        "no cell": {"cells": [], "rewards": [], "failures": []},
        "foreign cell": {"cells": [str(nt.zoo.MAXCELL)] * 5},
        "infinite reward": {"rewards": [float("inf")] * 5},
        "place 5": {"failures": [[5, "no"]]},
        "place -1": {"failures": [[-1, "no"]]},
        "a reward more": {"rewards": [0.5] * 6},
    }.get(entry, {entry: WRONG.get(entry)})
    path.write_text(json.dumps(content | change))
    with pytest.raises(ValueError, match=r"result\.json .*; restore it, or search again"):
        SearchResult.load(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        SearchResult.load(tmp_path / "none.json")
