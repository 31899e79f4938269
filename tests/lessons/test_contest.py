"""Notebook 07: who makes a famous mistake is told which."""

import math

import numpy as np
import pytest

from nastut.lessons.contest import mystery
from nastut.lessons.exercise import exercises_of
from nastut.studies.verdict import EVALUATIONS
from wrong_answers import each, known

EXERCISES = exercises_of("contest")


def arrived(reached):
    return [number for number in reached if number is not None]


def filled(reached, never):
    """Sort, with something in the place of None."""
    return sorted(never if number is None else number for number in reached)


def lower_middle(ordered):
    return ordered[(len(ordered) + 1) // 2 - 1]


def none_if(value, is_never):
    return None if is_never(value) else value


def mean(numbers):
    return sum(numbers) / len(numbers)


def halfway(ordered):
    """Return the mean of the two middle ones, which are one if the length is odd."""
    return (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2


def half_arrived(reached):
    """Answer 7.1 by counting up, evaluation by evaluation."""
    for evaluations in range(3_001):
        if sum(number <= evaluations for number in arrived(reached)) >= len(reached) / 2:
            return evaluations
    return None


def shares(tokens):
    return np.array([mean([token == kind for token in tokens]) for kind in range(3)])


def told_by_sampling(name):
    """Answer 7.2 as its hints say."""
    written = mystery(name, 2_000, np.random.default_rng(3)).tolist()
    if all(sequence == written[0] for sequence in written):
        return "likeliest token"
    after_0, after_1 = ([b for a, b in written if a == first] for first in (0, 1))
    if np.abs(shares(after_0) - shares(after_1)).max() < 0.1:
        return "never fed back"
    return "h and c swapped"


TOLD = {name: told_by_sampling(name) for name in "ABC"}


def exchanged(one, other):
    return TOLD | {one: TOLD[other], other: TOLD[one]}


def moved(to):
    """Give each letter another's bug: {letter: whose}."""
    return {letter: TOLD[whose] for letter, whose in zip("ABC", to, strict=True)}


WRONG = {
    "7.1": {
        "runs that never arrived are left out; they are the slowest of all": (
            lambda reached: lower_middle(sorted(arrived(reached)))
        ),
        "never is late, not early: it must not count as 0": (
            lambda reached: lower_middle(filled(reached, 0))
        ),
        "never is not the budget, 1,500: nobody knows that the next one would do": (
            lambda reached: lower_middle(filled(reached, 1_500))
        ),
        "no budget is given: a run may arrive at 1,500 or later": (
            lambda reached: none_if(lower_middle(filled(reached, 1_500)), lambda n: n >= 1_500)
        ),
        "never is not the mean of the others; a run that did not arrive is slower than all": (
            lambda reached: lower_middle(filled(reached, mean(arrived(reached))))
        ),
        "that is halfway between the middle two, where no run had just arrived": (
            lambda reached: none_if(halfway(filled(reached, math.inf)), math.isinf)
        ),
        "that is the median of those alone that arrived; the others are the slowest of all": (
            lambda reached: halfway(sorted(arrived(reached)))
        ),
        "that is a mean, and of those alone that arrived": lambda reached: mean(arrived(reached)),
    },
    "7.2": {
        "C is right; in B the second token does not depend on the first, in A it does": (
            exchanged("A", "B")
        ),
        "A is right; of the other two, one writes the same sequence every time": (
            exchanged("B", "C")
        ),
        "B is right; of the other two, one writes the same sequence every time": (
            exchanged("A", "C")
        ),
        "all three are elsewhere; begin with the one that always writes the same": moved("BCA"),
        "all three are elsewhere; look how the second token depends on the first": moved("CAB"),
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert EXERCISES[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("contest")


def test_the_budget_is_that_of_the_study():
    assert EVALUATIONS == 1_500


def test_counting_up_passes():
    assert EXERCISES["7.1"].judge(half_arrived) == "passed on 10 cases"


def at(place, reached):
    """Return what stands at a place of the sorted list, with None for infinity."""
    return none_if([*filled(reached, math.inf), math.inf][place], math.isinf)


ALMOST = {
    "infinity for None": lambda reached: lower_middle(filled(reached, math.inf)),
    "0 for None": lambda reached: half_arrived(reached) or 0,
    "never None": lambda reached: half_arrived(reached) or max(arrived(reached)),
    "None if one never arrived": lambda reached: None if None in reached else half_arrived(reached),
    "more than half": lambda reached: at(len(reached) // 2, reached),
    "less than half": lambda reached: at(max(0, (len(reached) + 1) // 2 - 2), reached),
    "all": lambda reached: at(len(reached) - 1, reached),
    "one evaluation too many": lambda reached: (half_arrived(reached) or math.nan) + 1,
}


@pytest.mark.parametrize("answer", ALMOST)
def test_an_answer_that_is_almost_right_does_not_pass(answer):
    verdict = EXERCISES["7.1"].judge(ALMOST[answer])
    assert verdict.startswith("not yet: ")
    assert "for reached = [" in verdict


def test_sampling_tells_the_three_controllers():
    assert EXERCISES["7.2"].judge(TOLD) == "passed"


WORDS = "h and c swapped, likeliest token, never fed back"
FORMS = {
    "each word is used once": [dict.fromkeys("ABC", "never fed back")],
    "answer with a dict of A, B and C, and with these words": [
        dict.fromkeys("AB", "never fed back"),
        dict.fromkeys("ABCD", "never fed back"),
        TOLD | {"A": "swapped"},
        dict.fromkeys("ABC", "a bug"),
        list(TOLD.values()),
        7,
    ],
}


@pytest.mark.parametrize("told", FORMS)
def test_an_answer_of_another_form_is_told_the_form(told):
    for answer in FORMS[told]:
        assert EXERCISES["7.2"].judge(answer) == f"not yet: {told}: {WORDS}"


def test_a_mystery_writes_the_same_from_the_same_generator():
    one, other = (mystery("A", 5, np.random.default_rng(1)) for _ in range(2))
    assert one.shape == (5, 2)
    assert one.tolist() == other.tolist()
