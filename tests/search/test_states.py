"""What a strategy remembers: taken from a file only if the strategy could have written it."""

import copy
from math import inf, nan

import pytest
import torch

from nastut.search.states import require_of_optimizer, require_rewarded, require_sequences

CHOICES = [2, 3]
PAIRS = [(0.5, [1, 2]), (-inf, [0, 0])]


def test_rewarded_sequences_come_back_as_a_list_of_their_own():
    found = require_rewarded(PAIRS, CHOICES, 2, "queue")
    assert found == PAIRS
    assert found is not PAIRS
    assert found[0][1] is not PAIRS[0][1]
    assert require_rewarded([], CHOICES, 2, "queue") == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([*PAIRS, PAIRS[0]], "queue has 3 entries; it may have 2"),
        ([(nan, [0, 0])], "queue has a reward that is no number"),
        ([PAIRS[0], (nan, [0, 0])], "queue has a reward that is no number"),
        ([(0.5, [0, 0], 1)], "queue.* has 3 entries"),
        ([("0.5", [0, 0])], "queue.* is of type str where float belongs"),
        ([(0.5, [0, 3])], r"queue has \[0, 3\], which is no sequence of these choices"),
        ((1, 2), "queue is of type tuple where list belongs"),
    ],
)
def test_what_no_strategy_would_remember_is_refused(entries, said):
    with pytest.raises(ValueError, match=said):
        require_rewarded(entries, CHOICES, 2, "queue")


@pytest.mark.parametrize("sequence", [[0, 0], [1, 2]])
def test_every_token_of_its_place_fits(sequence):
    require_sequences([sequence, [0, 1]], CHOICES, "known")


@pytest.mark.parametrize("sequence", [[-1, 0], [2, 0], [0, 3], [0, -1], [0], [0, 0, 0], []])
def test_a_token_of_no_place_does_not_fit(sequence):
    with pytest.raises(ValueError, match=r"known has \[.*, which is no sequence of these choices"):
        require_sequences([[0, 0], sequence], CHOICES, "known")


def adam(steps=1):
    """Return Adam for two weights, after some steps."""
    weights = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3, 2))]
    optimizer = torch.optim.Adam(weights, 0.1)
    for _ in range(steps):
        sum(weight.sum() for weight in weights).backward()
        optimizer.step()
    return optimizer


@pytest.mark.parametrize("steps", [0, 1])
def test_the_state_of_an_optimizer_fits_another_of_its_kind(steps):
    require_of_optimizer(adam(steps).state_dict(), adam(0))


def lacks_a_weight(state):
    del state["state"][0]


def has_another_rate(state):
    state["param_groups"][0]["lr"] = 0.2


def has_a_word(state):
    state["state"][1]["exp_avg"] = "x"


def has_other_shapes(state):
    state["state"][1]["exp_avg_sq"] = torch.ones(2, 3)


def has_two_steps(state):
    state["state"][0]["step"] = torch.ones(1)


def knows_more(state):
    state["state"][2] = state["state"][1]


def lacks_everything(state):
    del state["state"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lacks_a_weight, "optimizer has not one state for each parameter"),
        (knows_more, "optimizer has not one state for each parameter"),
        (has_another_rate, "optimizer has other settings than this search"),
        (has_a_word, r"optimizer\[1\]\['exp_avg'\] is of type str where Tensor belongs"),
        (has_other_shapes, r"optimizer\[1\] has tensors of other shapes than the weights"),
        (has_two_steps, r"optimizer\[0\] has tensors of other shapes than the weights"),
        (lacks_everything, "optimizer lacks 'state'"),
    ],
)
def test_the_state_of_another_optimizer_does_not_fit(damage, said):
    state = copy.deepcopy(adam().state_dict())
    damage(state)
    with pytest.raises(ValueError, match=said):
        require_of_optimizer(state, adam(0))
