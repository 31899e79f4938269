"""Notebook 08: its pictures show what they are given; who makes a famous mistake is told which."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nastut as nt
import oracle
from looks import assert_looks
from nastut.lessons.exercise import exercises_of
from nastut.lessons.networks_that_design_networks import (
    draw_generations,
    draw_ranks,
    draw_worth,
    is_dead,
)
from wrong_answers import each, known

EXERCISES = exercises_of("networks_that_design_networks")


def test_every_rank_is_written_and_what_found_itself_is_framed():
    numbers = np.array([[1, 20, 3], [4, 5, 6]])
    itself = np.array([[False, True, False], [False, False, True]])
    figure = draw_ranks({"a": numbers, "b": numbers}, {"a": itself, "b": ~itself})
    assert_looks(figure, "ranks")
    axis = figure.axes[0]
    written = {text.get_position(): text for text in axis.texts}
    for (row, column), rank in np.ndenumerate(numbers):
        text = written[column, row]
        assert text.get_text() == str(rank)
        assert (text.get_bbox_patch() is not None) == itself[row, column]


def test_a_core_that_stays_is_one_point_beside_the_generations():
    axis = plt.figure().subplots()
    of_generations = {line: [(100, 50, 150), (200, 120, 300)] for line in ("found", "random")}
    draw_generations(axis, of_generations, {"LSTM": (90, 80, 100), "dead": (260, 220, 290)})
    assert_looks(axis.figure, "generations")
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert labels == ["1", "2", "LSTM", "dead"]
    points = [(line.get_label(), line.get_ydata()[0]) for line in axis.lines if line.get_marker()]
    assert ("LSTM", 90) in points
    assert [value for line, value in points if line == "found"] == [100, 200]
    assert len([1 for line, _ in points if line in ("LSTM", "dead")]) == 2
    legend = [text.get_text() for text in axis.get_legend().get_texts()]
    assert legend == ["found", "random"]


def test_dead_cores_have_another_mark():
    figure = draw_worth(np.array([0.1, 0.5]), np.array([300, 400]), np.array([True, False]))
    assert_looks(figure, "worth")
    axis = figure.axes[0]
    assert {line.get_label(): line.get_xdata().tolist() for line in axis.lines} == {
        "not dead": [0.5],
        "dead": [0.1],
    }
    assert len({line.get_marker() for line in axis.lines}) == 2


def walk(leads_to, start):
    """Return all that is visited, in order, and how many of them come before the cycle."""
    visited = [start]
    while (following := leads_to[visited[-1]]) not in visited:
        visited.append(following)
    return visited, visited.index(following)


def cycle(leads_to, start):
    visited, before = walk(leads_to, start)
    return before, len(visited) - before


def cycle_by_counting(leads_to, start):
    """Count how often each letter is met in many steps: those of the cycle more than once."""
    met, letter = dict.fromkeys(leads_to, 0), start
    for _ in range(100):
        met[letter] += 1
        letter = leads_to[letter]
    return sum(n == 1 for n in met.values()), sum(n > 1 for n in met.values())


UNITS = 20


def steps(cell, hidden=0.0, carried=True):
    """Take five steps by the rules of the sequence, read once more; yield all h_t and c_t."""
    rng = np.random.default_rng(7)
    c = np.zeros(UNITS)
    for _ in range(5):
        x_parts, h_parts = rng.normal(size=(UNITS, 2)), hidden * rng.normal(size=(UNITS, 2))
        parts = zip(x_parts, h_parts, c if carried else 0 * c, strict=True)
        h, c = np.transpose([oracle.step(cell.sequence, *of_one) for of_one in parts])
        yield h, c


def stays_0(cell, **how):
    return not any(h.any() for h, _ in steps(cell, **how))


def leaves_that_multiply(cell):
    return [*cell.sequence[0:4:2]].count("Multiply")


WRONG = {
    "8.1": {
        "that is (length, steps before it); the steps come first": lambda m, s: cycle(m, s)[::-1],
        "the cycle is one shorter: its first element must not be counted twice": lambda m, s: (
            walk(m, s)[1],
            len([*walk(m, s)[0][walk(m, s)[1] :], "the first again"]),
        ),
        "the second number counts all that were visited; only those in the cycle": (
            lambda m, s: (walk(m, s)[1], len(walk(m, s)[0]))
        ),
        "one step too many before the cycle: a start inside it has 0": lambda m, s: (
            len(walk(m, s)[0][: walk(m, s)[1] + 1]),
            cycle(m, s)[1],
        ),
        "what leads to itself is a cycle of length 1, not 0: count the arrows": lambda m, s: (
            walk(m, s)[1],
            len(walk(m, s)[0][walk(m, s)[1] + 1 :]),
        ),
        "it ignores the start: begin at `start`, not at the first key": (
            lambda m, s: cycle(m, next(iter(m)))
        ),
    },
    "8.2": {
        "the memory may be awake after the first step: take more of them, and carry c along": (
            lambda cell: not next(steps(cell))[0].any()
        ),
        "h_t can be 0 for ever while c_t is not": (
            lambda cell: not any(h.any() or c.any() for h, c in steps(cell))
        ),
        "one leaf that multiplies is not enough: the other one may speak": (
            lambda cell: leaves_that_multiply(cell) >= 1
        ),
        "two leaves that multiply are neither enough nor needed: think of sigmoid(0)": (
            lambda cell: leaves_that_multiply(cell) == 2
        ),
        "a memory path has nothing to do with it": (
            lambda cell: not (cell.create_index == 2 and cell.inject_index != 2)
        ),
        "the hidden parts are not 0 there; h_0 is 0, and as long as h is 0 they are": (
            lambda cell: stays_0(cell, hidden=1.0)
        ),
        "that never says dead: return True if every h stayed 0": lambda cell: False,
        "that always says dead: return False once an element of h is not 0": lambda cell: True,
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert EXERCISES[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    known_here = known("networks_that_design_networks")
    assert {number: set(answers) for number, answers in WRONG.items()} == known_here


@pytest.mark.parametrize(
    ("number", "answer", "cases"),
    [("8.1", cycle, 10), ("8.1", cycle_by_counting, 10), ("8.2", stays_0, 41)],
)
def test_a_right_answer_passes(number, answer, cases):
    assert EXERCISES[number].judge(answer) == f"passed on {cases} cases"


def test_who_does_not_carry_the_memory_is_told_to():
    verdict = EXERCISES["8.2"].judge(lambda cell: stays_0(cell, carried=False))
    assert verdict.endswith("take more of them, and carry c along")


def with_at_most(of_before, of_length):
    return lambda m, s: (min(of_before, cycle(m, s)[0]), min(of_length, cycle(m, s)[1]))


ALMOST = {
    "at most five before": ("8.1", with_at_most(5, 99)),
    "at most five in the cycle": ("8.1", with_at_most(99, 5)),
    "a start in the cycle has 1": ("8.1", lambda m, s: (cycle(m, s)[0] or 1, cycle(m, s)[1])),
    "only what leads to itself has 0": (
        "8.1",
        lambda m, s: (cycle(m, s)[0], 0 if m[s] == s else cycle(m, s)[1]),
    ),
    "awake if a leaf adds or c_t does not stay 0": (
        "8.2",
        lambda cell: leaves_that_multiply(cell) == 2 and not any(c.any() for _, c in steps(cell)),
    ),
    "dead if c_t stays 0": ("8.2", lambda cell: not any(c.any() for _, c in steps(cell))),
    "dead if some of h_t stays 0": (
        "8.2",
        lambda cell: not np.any([h for h, _ in steps(cell)], axis=0).all(),
    ),
    "awake if a sigmoid is left": ("8.2", lambda cell: "Sigmoid" not in cell.sequence),
}


@pytest.mark.parametrize("slip", ALMOST)
def test_an_answer_that_is_almost_right_does_not_pass(slip):
    number, answer = ALMOST[slip]
    assert EXERCISES[number].judge(answer).startswith("not yet: for ")


def test_cells_of_the_table_are_dead_by_the_rules_of_the_sequence_too():
    """No case of 8.2, but what the notebook counts."""
    rng = np.random.default_rng(5)
    cells = [nt.Space().sample(rng) for _ in range(60)]
    dead = [is_dead(cell) for cell in cells]
    assert dead == [stays_0(cell) for cell in cells]
    assert 0 < sum(dead) < 60


def test_whoever_looks_at_a_later_h_alone_is_right():
    """No value of a cell of base 2 is only ever below 0, so no memory puts it to sleep again."""
    x_parts, zeros = np.random.default_rng(0).normal(size=(3, 2, 100)), np.zeros((2, 100))
    for cell in nt.load_table().cells[::20]:
        c, awake = zeros[0], []
        for x in x_parts:
            h, c = nt.evaluate(cell, x, zeros, c)
            awake.append(np.any(h))
        assert awake[1] == awake[2] == any(awake)
