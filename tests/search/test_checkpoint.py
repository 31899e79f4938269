"""The history of a search: its curves, and its file."""

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nastut as nt
from nastut.search.checkpoint import Batch, Failure, SearchResult
from nastut.search.rewards import FAILED, Outcome

EXAMPLE = nt.zoo.EXAMPLE
TWIN = nt.Cell.parse("Multiply ReLU Add Tanh Multiply Sigmoid Add ReLU 0 1")
OTHERS = [nt.Space().sample(np.random.default_rng(k)) for k in range(3)]
CELLS = [EXAMPLE, OTHERS[0], TWIN, OTHERS[1], OTHERS[2]]


def of(cells, rewards):
    """Return a result in one batch; a text in place of a reward is a failure, None is unknown."""
    outcomes = [
        Outcome(FAILED, reward) if isinstance(reward, str) else reward and Outcome(reward, None)
        for reward in rewards
    ]
    return SearchResult({"method": "random"}, nt.Space(), [Batch(0, cells, outcomes)], 1)


RESULT = of(CELLS, [0.25, "the reward was nan", 0.25, 1 / 3, 1 / 3])


def test_best_is_the_first_of_the_highest_that_did_not_fail():
    assert RESULT.best == OTHERS[1]
    for rewards in (["no", -2.0, "no", -3.0, -2.5], ["no", -3.0, "no", -3.0, -3.0]):
        found = of(CELLS, rewards)
        assert found.best == OTHERS[0]
        assert found.failed == 2
        assert found.rewards == [-3.0 if reward == "no" else reward for reward in rewards]
        assert found.failures == [Failure(0, EXAMPLE, "no")]  # its twin is the same


def test_there_is_no_best_where_all_failed_or_nothing_is_known():
    with pytest.raises(ValueError, match=r"none of the 1 .*; Add .* failed with: RuntimeError"):
        of([EXAMPLE], ["RuntimeError: no"]).best  # noqa: B018
    begun = of([EXAMPLE], [None])
    with pytest.raises(ValueError, match="none of the 0 evaluations succeeded"):
        begun.best  # noqa: B018
    assert repr(begun).endswith("0 of them failed, 0 different cells; none succeeded>")
    assert (begun.calls, begun.curve().tolist(), begun.top(3)) == (0, [], [])


def test_a_curve_is_the_mean_of_the_best_different_cells_so_far():
    assert RESULT.curve().tolist() == [0.25, 0.25, 0.25, 1 / 3, 1 / 3]
    found = of(CELLS, [0.4, 0.1, 0.4, 0.3, 0.8])
    assert found.curve(2) == pytest.approx([np.nan, 0.25, 0.25, 0.35, 0.6], nan_ok=True)
    assert found.curve(3) == pytest.approx([np.nan] * 3 + [0.8 / 3, 0.5], nan_ok=True)
    assert np.isnan(found.curve(5)).all()


def test_the_top_are_different_cells_that_did_not_fail_best_first():
    found = of(CELLS, [0.4, "no", 0.4, 0.3, 0.8])
    assert found.top(2) == [(OTHERS[2], 0.8), (EXAMPLE, 0.4)]
    assert found.top(9) == [(OTHERS[2], 0.8), (EXAMPLE, 0.4), (OTHERS[1], 0.3)]


def test_twins_are_one_cell_and_the_repr_counts_them():
    assert RESULT.distinct().tolist() == [1, 2, 2, 3, 4]
    assert RESULT.calls == 4
    assert repr(RESULT) == (
        "<SearchResult of random: 5 evaluations, 1 of them failed, 4 different cells; "
        f"best 0.3333: {OTHERS[1]}>"
    )


# Its file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.json"


outcomes = st.none() | st.builds(
    lambda reward, error, curve: Outcome(FAILED if error else reward, error or None, tuple(curve)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9),
    st.lists(st.floats(1, allow_infinity=True), max_size=3),
)
batches = st.builds(
    lambda after, pairs: Batch(after, [cell for cell, _ in pairs], [one for _, one in pairs]),
    st.integers(0, 99),
    st.lists(st.tuples(st.sampled_from(CELLS), outcomes), min_size=1, max_size=4),
)


@settings(max_examples=15)
@given(st.lists(batches, max_size=4), st.integers(0, 4))
def test_it_comes_back_from_its_file_to_the_last_digit(tmp_path_factory, batches, learned):
    path = tmp_path_factory.getbasetemp() / "search.json"
    space = nt.Space(activations=("Identity", "Tanh", "Sigmoid", "ReLU", "Sin"))
    whole = SearchResult({"method": "random", "cell": None}, space, batches, learned, [{}])
    whole.save(path)
    found = SearchResult.load(str(path))
    assert found == whole
    assert found.rewards == whole.rewards
    assert found.updates == []


def test_a_person_can_read_it(path):
    of(CELLS[:3], [0.25, "diverged", None]).save(path)
    lines = path.read_text().splitlines()
    assert len(lines) == 11
    entry = json.loads(lines[-4])
    assert entry == {
        "after": 0, "cells": [str(cell) for cell in CELLS[:3]], "rewards": [0.25, "diverged", None]
    }  # fmt: skip


def test_no_flipped_bit_goes_unnoticed_and_the_file_is_left_as_it_is(path):
    RESULT.save(path)
    whole, rng = path.read_bytes(), random.Random(0)
    for bit in rng.sample(range(8 * len(whole)), 150):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=r"search\.json is damaged or is not the file of a s"):
            SearchResult.load(path)
        assert path.read_bytes() == flipped


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"[" * 99_999, b"\xff\xfe", b'{"runs": {}}', b'{"format": "nastut search 1"}',
     b'{"format": "nastut search 2"}'],
    ids=lambda content: str(content[:30]),
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_with_a_remedy(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"search\.json is damaged .* and search again"):
        SearchResult.load(path)
    assert path.read_bytes() == content


def test_a_folder_and_a_missing_file_are_refused(path):
    with pytest.raises(FileNotFoundError):
        SearchResult.load(path)
    with pytest.raises(OSError, match=r" is a folder; give the path of a file"):
        SearchResult.load(path.parent)
