"""Notebook 07: pictures and tables show what they are given; each broken controller has one bug."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.lessons import contest
from nastut.lessons.contest import BROKEN, RIGHT
from nastut.search import flat_gradient
from nastut.studies.verdict import PAIRS


def intervals(axis):
    """The vertical lines of an axis: each is the interval of a point."""
    ends = [segment for lines in axis.collections for segment in lines.get_segments()]
    return [tuple(segment[:, 1]) for segment in ends]


def test_marks_of_a_table_are_on_its_curve():
    rewards = np.array([0.1, 0.9, 0.5, 0.7, 0.3, 0.2, 0.6, 0.4])
    figure = contest.draw_table(rewards, {"first": 1, "second": 2, "third": 3, "last": 8})
    axis = figure.axes[0]
    curve, *marks = axis.lines
    assert list(curve.get_ydata()) == sorted(rewards, reverse=True)
    places = [(mark.get_xdata()[0], mark.get_ydata()[0]) for mark in marks]
    assert places == [(1, 0.9), (2, 0.7), (3, 0.6), (8, 0.1)]
    sides = [(text.get_text(), text.get_ha()) for text in axis.texts]  # inside the picture
    assert sides == [("first", "left"), ("second", "left"), ("third", "right"), ("last", "right")]


def test_every_setting_of_a_sweep_has_its_interval():
    rng = np.random.default_rng(0)
    sweeps = {
        method: {rate: rng.uniform(100, 900, (2, 3)).tolist() for rate in contest.RATES}
        for method in ("reinforce", "priority_queue")
    }
    figure = contest.draw_sweep(sweeps, [0.1, 0.2], chance=(500, 400, 600))
    for axis, (method, of_rates) in zip(figure.axes, sweeps.items(), strict=True):
        assert axis.get_title() == contest.TITLES[method]
        points = [list(line.get_ydata()) for line in axis.lines[:3]]
        assert points == [[value for value, _, _ in row] for row in of_rates.values()]
        ends = [(low, high) for row in of_rates.values() for _, low, high in row]
        assert intervals(axis) == [pytest.approx(pair) for pair in ends]
        assert set(axis.lines[3].get_ydata()) == {500}


def properties(cells):
    """Return which of some cells have which property."""
    memory = np.array([cell.has_memory for cell in cells])
    return contest.properties(SimpleNamespace(cells=cells, has_memory=memory))


def test_properties_are_read_from_the_words_of_a_sequence():
    """By another route than the package: from the text, word by word."""
    rng = np.random.default_rng(0)
    cells = [nt.Space().sample(rng) for _ in range(400)]
    found = properties(cells)
    for row, cell in enumerate(cells):
        left, _, right, _, root, activation, *_, out, into = str(cell).split()
        where = {"0": "leaf", "1": "leaf", "2": "root"}
        ways = {
            ("leaf", "root"): "inject at a leaf, create at the root (memory path)",
            ("root", "leaf"): "inject at the root, create at a leaf",
            ("root", "root"): "inject and create at the root",
            ("leaf", "leaf"): "inject and create at the same leaf"
            if into == out
            else "inject at one leaf, create at the other (the example)",
        }
        true = {name for name, has in found.items() if has[row]} - {"a gate"}
        assert true == {
            ways[where[into], where[out]],
            *(["root without activation"] if activation == "Identity" else []),
            *(["root adds"] if root == "Add" else []),
            *(["a leaf multiplies (W x with W h)"] if "Multiply" in (left, right) else []),
            *(["one leaf multiplies, one adds"] if left != right else []),
        }
    assert all(0 < has.sum() < len(cells) for has in found.values())


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("Add Sigmoid Add Tanh Multiply Identity Add Identity 1 2", True),
        ("Add Sigmoid Add Tanh Add Identity Add Identity 1 2", False),
        ("Add Sigmoid Add Tanh Add Identity Multiply Identity 1 0", True),  # it gates c
        ("Add Sigmoid Add Tanh Multiply Identity Add Tanh 1 0", False),  # the root sees a tanh
        ("Add Tanh Add Sigmoid Multiply Identity Add Identity 1 2", True),
        ("Add Tanh Add Tanh Multiply Sigmoid Add Identity 1 2", False),  # nothing is multiplied
        ("Add Tanh Add Tanh Multiply Identity Add Sigmoid 1 0", True),  # the root sees a sigmoid
        ("Add Tanh Add Tanh Add Sigmoid Multiply Identity 1 2", True),  # c is gated at the root
        ("Add Tanh Add Tanh Add Identity Multiply Sigmoid 1 0", False),
    ],
)
def test_a_gate_is_something_multiplied_by_a_sigmoid(text, gate):
    assert properties([nt.Cell.parse(text)])["a gate"] == [gate]


RESULTS = {
    "tuning of a": {
        "line": None,
        "method": "reinforce",
        "given": {"learning_rate": 0.01, "entropy": 0.1},
        "reached": {"1 per mille": [7, None]},
    },
    "tuning of b": {
        "line": None,
        "method": "evolution",
        "given": {"population": 20},
        "reached": {"1 per mille": [3, 4]},
    },
    "judged": {
        "line": "REINFORCE, tuned",
        "method": "reinforce",
        "given": {"learning_rate": 0.01, "entropy": 0.1},
        "reached": {"1 per mille": [1, 2]},
    },
}


def test_only_controllers_that_were_tried_are_found():
    ((setting, values),) = contest.tried(RESULTS).items()
    assert setting == ("reinforce", 0.01, 0.1)
    assert values.tolist() == [7, np.inf]


def test_what_a_run_spends_ends_at_the_budget():
    spent = contest.spent(np.array([500, np.inf]), np.random.default_rng(0))
    assert spent == (1_000, 500, 1_500)


def test_tables_have_a_row_for_each_method_and_each_pair():
    rng = np.random.default_rng(0)
    reached = {"fast": np.arange(1.0, 31), "slow": np.append(np.arange(500.0, 529), np.inf)}
    header, fast, slow = contest.arrival_table(reached, rng).splitlines()
    assert "half within" in header
    assert fast.split()[:2] == ["fast", "15"]
    assert fast == "fast                      15 ( 10 to   20)        0 of 30"
    assert slow == "slow                     514 (509 to  519)        1 of 30"


def test_the_planned_comparisons_have_a_row_each_corrected_for_all():
    lines = dict.fromkeys(line for pair in PAIRS for line in pair)
    reached = {line: np.arange(1.0, 31) + 500 * (line == "random") for line in lines}
    rows = contest.how_sure(reached, 0, 3).splitlines()
    assert rows[0] == f"{'REINFORCE':35s} before {'random':32s} 100%  p < 0.001"
    assert rows[2].endswith(" 50%  p = 1.000")
    assert len(rows) == 3


# The broken controllers: the tests that catch them are in the notebook; here it is another route


CHOICES = [2, 3]


def built(setup):
    """Return a learner whose policy is far from even."""
    return setup.build(CHOICES, seed=2, spread=40)


def gradient(learner, choices, rewards):
    learner.average = 0.5
    _, objective = learner.objective(torch.tensor(choices), torch.tensor(rewards).double())
    return flat_gradient(objective, learner.controller)


@pytest.mark.parametrize("name", BROKEN)
def test_each_differs_from_the_right_one_in_one_thing(name):
    setup = BROKEN[name]
    changed = [field for field, value in vars(setup).items() if value != vars(RIGHT)[field]]
    assert len(changed) == 1
    if changed != ["learning_rate"]:
        part = vars(setup)[changed[0]]
        assert len([method for method in vars(part) if not method.startswith("__")]) == 1


def test_what_is_not_sampled_right_still_says_the_same_probabilities():
    sequences = torch.cartesian_prod(torch.arange(2), torch.arange(3))
    right = built(RIGHT).controller.log_probabilities(sequences)
    for name in ("never fed back", "likeliest token", "h and c swapped"):
        assert torch.equal(built(BROKEN[name]).controller.log_probabilities(sequences), right)
    written = built(BROKEN["likeliest token"]).controller.sample(4, np.random.default_rng(0))
    first = built(RIGHT).controller.distribution([]).argmax()
    assert written[:, 0].tolist() == [first] * 4


@pytest.mark.parametrize(
    ("name", "batch", "rewards", "share", "as_if"),
    [
        ("another's credit", [[0, 1], [1, 2]], [0.9, 0.1], 1, [0.1, 0.9]),
        # A dropped baseline is a baseline of 0.
        ("baseline dropped", [[0, 1], [1, 2]], [0.9, 0.4], 1, [1.4, 0.9]),
        # With one sequence a batch, half of (R - b) is left.
        ("baseline of itself", [[1, 2]], [0.9], 0.5, [0.9]),
    ],
)
def test_a_bug_gives_the_right_gradient_of_other_rewards(name, batch, rewards, share, as_if):
    wrong, right = gradient(built(BROKEN[name]), batch, rewards), built(RIGHT)
    assert torch.allclose(wrong, share * gradient(right, batch, as_if))


def test_paying_for_surprise_rewrites_the_record():
    rewards = [0.2, 0.4]
    built(BROKEN["paid for surprise"]).learn([[0, 1], [1, 2]], rewards)
    assert rewards[0] > 0.2
    assert rewards[1] > 0.4
