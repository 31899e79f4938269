"""The loop of a search, and the states from which it does not go on."""

import copy
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest
import torch

import nastut as nt
from nastut import search
from nastut.search.checkpoint import Checkpoint
from nastut.search.runner import run
from nastut.search.strategies import Random
from search_in_process import SPACE, reward

METHODS = {
    "random": search.random,
    "evolution": search.evolution,
    "reinforce": search.reinforce,
    "priority_queue": search.priority_queue,
}
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
ABSENT = object()


@pytest.fixture
def checkpoint(tmp_path):
    """Make a checkpoint by a method, and give it with its state."""

    def made(method):
        path = tmp_path / "search.ckpt"
        method(SPACE, reward, 60, 5, progress=False, checkpoint=path)
        result = method(SPACE, reward, 60, 5, progress=False, checkpoint=path)
        owner = {"version": nt.__version__, "space": asdict(SPACE), "settings": result.settings}
        kept = Checkpoint(path, owner)
        return kept, kept.read()

    return made


def places(state, path=()):
    """Yield the path of every entry, but of long lists only the ends."""
    entries = []
    if isinstance(state, dict):
        entries = list(state)
    elif isinstance(state, list | tuple):
        entries = [0, len(state) - 1][: len(state)]
    for entry in entries:
        yield (*path, entry)
        yield from places(state[entry], (*path, entry))


def changed(state, path, value):
    """Return a copy with another value at one place, or without it."""
    state = copy.deepcopy(state)
    within = state
    for entry in path[:-1]:
        if isinstance(within[entry], tuple):
            within[entry] = list(within[entry])
        within = within[entry]
    if value is ABSENT:
        del within[path[-1]]
    else:
        within[path[-1]] = value
    return state


WRONG = [None, ABSENT, -1, 10**9, 10**30, float("nan"), "x", [], {}, [[]], torch.zeros(7)]


@each_method
def test_no_state_that_is_wrong_in_one_place_breaks_the_search(method, checkpoint):
    """It is refused, untouched, before any work; or it fits, and the search ends as always."""
    kept, state = checkpoint(method)
    changes = [(path, value) for path in places(state) for value in WRONG]
    refused = []
    for path, value in random.Random(1).sample(changes, 40):
        kept.write(changed(state, path, value))
        before = kept.path.read_bytes()
        try:
            result = method(SPACE, reward, 62, 5, progress=False, checkpoint=kept.path)
        except ValueError as error:
            refused.append(str(error))
            assert kept.path.read_bytes() == before
        else:
            assert len(result.cells) == 62
    assert all("search.ckpt holds no state of this search" in error for error in refused)
    assert len(refused) > 20


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("memory",), []),
        (("memory", 0, 0), "Add Tanh"),
        (("memory", 0, 0), "Multiply ReLU Add Tanh Add Tanh Add Tanh 0 0"),
        (("memory", 0, 1), (float("inf"), None, [])),
        (("memory", 0, 1), (-float("inf"), None, [])),
        (("memory", 0, 1), (float("nan"), None, [])),
        (("memory", 0, 1), (0.5, "it failed", [])),
        (("memory", 0, 1), (float("inf"), "it failed", [])),
        (("memory", 0, 1), (float("nan"), "it failed", [])),
        (("memory", 0, 1), (0.5, None)),
        (("learned",), 50),
        (("learned",), -1),
        (("learned",), 61),
        (("pending",), [-1, 1]),
        (("pending",), [1]),
        (("learned",), True),
        (("proposed", 0), [9] * 10),
        (("proposed", 0), [0] * 9),
        (("updates", -1, "evaluations"), 10),
        (("updates", 0, "evaluations"), 0),
        (("updates", 0, "evaluations"), 20),
        (("updates", 0, "evaluations"), 30),
        (("updates",), []),
        (("strategy", "average"), "high"),
        (("strategy", "lowest"), None),
        (("strategy", "optimizer", "param_groups", 0, "lr"), 0.5),
        (("strategy", "optimizer", "state", 0, "exp_avg"), torch.zeros(1)),
        (("strategy", "optimizer", "state", 0), ABSENT),
        (("strategy", "controller", "start"), torch.zeros(1)),
    ],
    ids=str,
)
def test_what_fits_in_form_but_not_in_sense_is_refused(checkpoint, path, value):
    kept, state = checkpoint(search.reinforce)
    kept.write(changed(state, path, value))
    before = kept.path.read_bytes()
    with pytest.raises(ValueError, match=r"search\.ckpt holds no state of this search"):
        search.reinforce(SPACE, reward, 80, 5, progress=False, checkpoint=kept.path)
    assert kept.path.read_bytes() == before


@pytest.mark.parametrize(
    ("method", "entry"),
    [(search.evolution, "alive"), (search.priority_queue, "queue")],
)
@pytest.mark.parametrize(
    "entries",
    [[(float("nan"), [0] * 10)], [(0.5, [0] * 9)], [(0.5, [9] * 10)], [(0.5, [0] * 10)] * 99, [0]],
    ids=["nan", "short", "outside", "too many", "no pair"],
)
def test_what_a_strategy_remembers_is_of_the_space(checkpoint, method, entry, entries):
    kept, state = checkpoint(method)
    kept.write(changed(state, ("strategy", entry), entries))
    with pytest.raises(ValueError, match=f"holds no state of this search .*{entry}"):
        method(SPACE, reward, 80, 5, progress=False, checkpoint=kept.path)


def chance():
    return Random(SPACE.choices, np.random.default_rng(5))


def test_a_search_without_settings_is_called_by_its_strategy():
    result = run(chance(), SPACE, reward, 10, progress=False)
    assert result.settings == {"method": "Random"}


def test_a_search_is_of_2000_evaluations_unless_told(capsys):
    result = run(chance(), SPACE, lambda cell: 0.5)
    assert len(result.cells) == 2_000
    assert "2000/2000" in capsys.readouterr().err


def test_the_bar_begins_where_the_search_goes_on(tmp_path, capsys):
    path = tmp_path / "search.ckpt"
    search.random(SPACE, reward, 20, progress=False, checkpoint=path)
    search.random(SPACE, reward, 20, checkpoint=path)
    shown = capsys.readouterr().err
    assert "20/20" in shown
    assert " 0/20" not in shown


@pytest.mark.parametrize(
    ("workers", "error", "said"),
    [
        (0, ValueError, "workers is 0; it must be at least 1"),
        (1.5, TypeError, "workers is 1.5 where a whole number belongs"),
        ("2", TypeError, "workers is '2'"),
    ],
)
def test_a_number_of_workers_that_is_none_is_named(workers, error, said):
    with pytest.raises(error, match=said):
        run(chance(), SPACE, reward, 10, progress=False, workers=workers)


@pytest.mark.parametrize("workers", [None, 1, lambda: 1])
def test_the_workers_are_counted_or_count_themselves(workers):
    with ThreadPoolExecutor(2) as pool:
        result = run(chance(), SPACE, reward, 30, None, pool, progress=False, workers=workers)
    assert result == run(chance(), SPACE, reward, 30, progress=False)
