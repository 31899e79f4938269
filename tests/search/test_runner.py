"""The loop of a search, and the states from which it does not go on."""

import copy
import random
from dataclasses import asdict

import pytest
import torch
from search_in_process import SPACE, reward

import nastut as nt
from nastut import search
from nastut.search.checkpoint import Checkpoint

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
        (("memory", 0, 1), (float("inf"), None)),
        (("memory", 0, 1), (-float("inf"), None)),
        (("memory", 0, 1), (0.5, "it failed")),
        (("learned",), 50),
        (("learned",), -1),
        (("learned",), True),
        (("proposed", 0), [9] * 10),
        (("proposed", 0), [0] * 9),
        (("updates", -1, "evaluations"), 10),
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
