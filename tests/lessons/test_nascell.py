"""Notebook 05: who makes a famous mistake is told which; what is drawn is what is given."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nastut as nt
import oracle
from looks import assert_looks
from nastut.lessons.exercise import exercises_of
from nastut.lessons.nascell import PORT, draw_lines, golden_test, recorded_case
from wrong_answers import each, known

EXERCISES = exercises_of("nascell")
SEQUENCE = nt.zoo.NASCELL.sequence
NAMES = ("EXAMPLE", "LSTM", "NASCELL", "MAXCELL")  # in the order of the card


def combination_of(node):
    """Return the place of a node's combination, counted from 1."""
    return 2 * node + 1


def by_the_rules(tokens):
    """Run TensorFlow's test by the rules of the sequence, read once more."""
    leaves = len(tokens) // 4
    w_h = [6 * 0.1 * 0.5] * leaves
    return [oracle.step(tokens, [4 * x * 0.5] * leaves, w_h, 0.1)[0] for x in (1, 2, 3)]


def changed(place, word):
    return [*SEQUENCE[: place - 1], word, *SEQUENCE[place:]]


WRONG = {
    "5.1": {
        "only one of them has every way to c_t closed by a tanh": {*NAMES},
        "the other way round: each of these can grow; look at the last activation before c_t": (
            {"EXAMPLE", "LSTM", "MAXCELL"}
        ),
        "look at NASCELL again: its c_t is a product of two tanh": set(),
        "look at EXAMPLE again: its c_t is W_3 x_t times W_4 h_{t-1}, without an activation": (
            {"EXAMPLE", "NASCELL"}
        ),
        "look at LSTM again: it adds i * g, at most 1, at every step, so its memory can grow": (
            {"LSTM", "NASCELL"}
        ),
        "look at MAXCELL again: it multiplies a sum with a sigmoid; the sum has no bound": (
            {"MAXCELL", "NASCELL"}
        ),
    },
    "5.2": {
        "places are counted from 1": (SEQUENCE.index("Multiply"), "Add"),
        "that is what stands there in the right sequence; what does the port have?": (
            (combination_of(3), SEQUENCE[combination_of(3) - 1])
        ),
        "that leaf adds in the right sequence too": (combination_of(2), "Add"),
        "3 is the number of the leaf; its two words stand at places 7 and 8": (3, "Add"),
        "that is node 8, an inner node; the port is wrong at a leaf": (combination_of(8), "Add"),
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert EXERCISES[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("nascell")


@pytest.mark.parametrize("names", [some for n in range(5) for some in combinations(NAMES, n)])
def test_whoever_names_another_set_is_told_of_a_name_that_is_wrong(names):
    verdict = EXERCISES["5.1"].judge(set(names))
    if names == ("NASCELL",):
        assert verdict == "passed"
    elif "again" in verdict:
        (told,) = [name for name in NAMES if f"look at {name} again" in verdict]
        assert told == min({*names} ^ {"NASCELL"}, key=NAMES.index)
    else:
        assert names in (NAMES, ("EXAMPLE", "LSTM", "MAXCELL"))


def test_c_t_of_each_cell_is_what_the_learner_is_told():
    """As the parts of 5.1's verdicts say it, by the letters of the formulas."""
    c = {name: str(nt.formulas(getattr(nt.zoo, name))).splitlines() for name in NAMES}
    assert "c_t = W_3 x_t ⊙ W_4 h_{t-1}" in c["EXAMPLE"]
    assert {"a_8' = tanh(a_8 + c_{t-1})", "a_9 = tanh(a_2 + a_3)", "c_t = a_8' ⊙ a_9"} <= {
        *c["NASCELL"]
    }
    assert {"a_8 = a_0 + a_1'", "a_9 = sigmoid(a_2 + a_3)", "c_t = a_8 ⊙ a_9"} <= {*c["MAXCELL"]}
    assert {"a_8 = a_0 ⊙ a_1", "c_t = a_8 + a_9'"} <= {*c["LSTM"]}


def test_the_port_adds_in_leaf_3_where_the_right_sequence_multiplies():
    assert np.allclose(by_the_rules(SEQUENCE), [0.576751, 0.618936, 0.627393], atol=1e-6)
    assert np.allclose(by_the_rules(changed(7, "Add")), PORT, atol=1e-6)
    assert EXERCISES["5.2"].judge((7, "Add")) == "passed"
    assert PORT == (0.618672, 0.630180, 0.630712)  # as the card has it


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_test_follows_the_rules_of_the_sequence(name):
    cell = getattr(nt.zoo, name)
    assert np.allclose(golden_test(cell), by_the_rules(cell.sequence), rtol=1e-12)


@pytest.mark.parametrize(("place", "word"), [(1, "Multiply"), (30, "Tanh"), (32, "ReLU")])
def test_the_golden_test_of_another_change_is_shown(place, word):
    given = " ".join(f"{value:.6f}" for value in by_the_rules(changed(place, word)))
    verdict = EXERCISES["5.2"].judge((place, word.lower()))
    assert f"with {word} at place {place} the test gives {given}, and the port 0.618672" in verdict


@pytest.mark.parametrize("place", [0, 33, -7])
def test_there_are_32_words(place):
    verdict = EXERCISES["5.2"].judge((place, "Add"))
    assert f"the words stand at the places 1 to 32; {place} is none of them" in verdict


def test_the_lists_of_a_recorded_case_are_arrays():
    versions, case = recorded_case("plain")
    assert versions["tensorflow-addons"] == "0.23.0"
    assert case["given"]["inputs"].shape == (5, 3, 4)
    assert case["gradients"]["kernel"].shape == (4, 8 * 6)
    assert case["outputs"].dtype == float
    assert type(case["seed"]) is int


def test_a_line_is_a_row_of_points_with_a_bar_at_the_median():
    axis = plt.figure().subplots()
    draw_lines(axis, {"a": np.array([3.0, 1.0, 2.0]), "b": np.array([5.0, 9.0, 4.0])})
    assert_looks(axis.figure, "lines of a comparison")
    drawn = [(line.get_marker(), [*line.get_xdata()], {*line.get_ydata()}) for line in axis.lines]
    assert drawn == [
        ("o", [3, 1, 2], {0}),
        ("|", [2], {0}),
        ("o", [5, 9, 4], {1}),
        ("|", [5], {1}),
    ]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert axis.yaxis.get_inverted()  # the first line is on top
    assert axis.get_xscale() == "log"
