"""Every check accepts the truth, knows at least three mistakes, and leaves stubs alone."""

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch

import nastut as nt
from nastut.lessons.exercise import Exercise
from wrong_answers import EXERCISES

A_CELL = ["Add", "ReLU", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]


@pytest.mark.parametrize("number", EXERCISES)
def test_truth_passes(number):
    exercise = EXERCISES[number]
    truth = exercise.truth if exercise.cases else exercise.truth()
    verdict = exercise.judge(A_CELL if number == "0.2" else truth)  # 0.2 accepts any cell
    assert re.fullmatch(r"passed( on \d+ cases)?", verdict)


@pytest.mark.parametrize("number", EXERCISES)
def test_at_least_three_mistakes_are_known(number):
    assert len(EXERCISES[number].mistakes) >= 3


def untouched(*arguments):
    return ...


def unfinished(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("number", EXERCISES)
@pytest.mark.parametrize("stub", [..., untouched, unfinished])
def test_untouched_stub_is_not_attempted(number, stub, capsys):
    if callable(stub) and not EXERCISES[number].cases:
        pytest.skip("this exercise asks for a value")
    nt.check(number, stub)
    assert capsys.readouterr().out == f"Exercise {number}: not attempted\n"


@pytest.mark.parametrize("number", EXERCISES)
def test_none_is_named(number):
    exercise = EXERCISES[number]
    verdict = exercise.judge((lambda *arguments: None) if exercise.cases else None)
    assert verdict.startswith(("not yet: this is None", "not yet: the function returns None"))


RIGHT = {
    "0.1": [4.0, np.int64(4), np.array(4), torch.tensor(4), sp.Integer(4), Fraction(4)],
    "0.2": [tuple(A_CELL), nt.Cell.from_sequence(A_CELL)],
    "3.2": [
        sp.sympify("a_0 / cosh(a_1 + c) ** 2").subs("c", nt.c_prev),
        sp.sympify("a_0 * sech(a_1 + c) ** 2").subs("c", nt.c_prev),
    ],
    "4.2": [
        nt.Cell.parse("Add Tanh Add Sigmoid Add Tanh Multiply Identity 2 1"),
        ("Add", "Sigmoid", "Add", "Tanh", "Add", "Tanh", "Multiply", "Identity", 2, 0),
    ],
    "4.3": [["A", "B"], ("b", "a"), "AB", np.array(["A", "B"])],
    "5.1": [{"NASCell"}, "NASCELL", ["NASCELL"], {nt.zoo.NASCELL}],
    "5.2": [[7, "Add"], (np.int64(7), "add"), (7.0, "Add"), np.array([7, "Add"], dtype=object)],
    "7.2": [
        {"A": "H and c swapped", "B": "Never Fed Back", "C": "LIKELIEST TOKEN"},
        [("C", "Likeliest Token"), ("A", "h and C swapped"), ("B", "never fed back")],
    ],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number, row in RIGHT.items() for answer in row]
)
def test_the_right_answer_passes_in_another_form(number, answer):
    assert EXERCISES[number].judge(answer) == "passed"


FORMS = [
    lambda values: list(values),
    lambda values: tuple(values),
    lambda values: (value for value in values),
    lambda values: iter(values),
    lambda values: np.array(values),
    lambda values: np.array(values, dtype=object),
    lambda values: torch.tensor(np.array(values)),
    lambda values: [sp.Float(value) if np.ndim(value) == 0 else list(value) for value in values],
    lambda values: sp.Matrix(np.array(values)).tolist() if np.ndim(values) == 2 else values,
]


@pytest.mark.parametrize("number", ["1.1", "2.1", "3.1"])
@pytest.mark.parametrize("form", FORMS)
def test_the_right_values_pass_in_another_form(number, form):
    truth = EXERCISES[number].truth
    assert EXERCISES[number].judge(lambda *case: form(truth(*case))).startswith("passed on")


def test_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match=r"there is no exercise '9\.9'; there are 0\.1, "):
        nt.check("9.9", 1)


def passed(number, answer):
    return EXERCISES[number].judge(answer).startswith("passed")


def dead_by(x_parts, last_only=False):
    """Return another way to tell a dead cell: by these inputs, or by the last step alone."""

    def is_dead(cell):
        c, awake = np.zeros_like(x_parts[0][0]), []
        for x in x_parts:
            h, c = nt.evaluate(cell, x, np.zeros_like(x), c)
            awake.append(np.any(h))
        return not (awake[-1] if last_only else any(awake))

    return is_dead


def test_other_ways_to_tell_a_dead_cell_pass_because_they_are_right():
    """Ones are enough (all that is awake is then above 0), and so is the last of some steps."""
    normal = np.random.default_rng(0).normal(size=(6, 2, 100))
    ways = [dead_by(normal), dead_by(np.ones((6, 2))), dead_by(normal, last_only=True)]
    rng = np.random.default_rng(1)
    for cell in (nt.Space().sample(rng) for _ in range(500)):
        assert len({way(cell) for way in ways}) == 1
    assert all(passed("8.2", way) for way in ways)


def test_two_steps_are_needed_to_tell_a_dead_cell():
    normal = np.random.default_rng(0).normal(size=(1, 2, 100))
    assert not passed("8.2", dead_by(normal))


def test_one_random_number_is_too_few_to_tell_a_dead_cell():
    below_zero = -np.ones((6, 2))
    assert not passed("8.2", dead_by(below_zero))


def test_the_first_case_that_differs_is_shown():
    exercise = Exercise(lambda x: x, {}, cases=lambda rng: [(1,), (20,), (300,), (4000,)])
    verdict = exercise.judge(lambda x: x if x < 10 else -x)
    assert "20" in verdict
    assert "300" not in verdict
