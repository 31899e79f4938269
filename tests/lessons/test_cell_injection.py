"""Notebook 03: who makes a famous mistake is told which, and what is right passes."""

from itertools import permutations

import numpy as np
import pytest
import sympy as sp

import nastut as nt
from nastut.lessons.cell_injection import NO_PATH, PATH
from nastut.lessons.exercise import exercises_of
from wrong_answers import each, judge, known

EVENTS = ("create", "activate", "inject")
RIGHT_ORDER = "combine, create, activate, inject"


def sigmoid(u):
    return 1 / (1 + np.exp(-u))


def in_order(events):
    """Return a step of the lone node that does these things, in this order, after it combines."""

    def lone_node(left, right, c):
        value = left + right
        for event in events:
            if event == "create":
                c_new = value
            elif event == "activate":
                value = np.tanh(value)
            else:
                value = sigmoid(value * c)
        return value, c_new

    return lone_node


def right_step(left, right, c):
    combined = left + right
    return sigmoid(np.tanh(combined) * c), combined


def made_within_the_injection(left, right, c):
    joined = np.tanh(left + right) * c
    return sigmoid(joined), joined


A_0, A_1 = sp.symbols("a_{0} a_{1}", real=True)
C = nt.c_prev


def tanh(u):
    """Write tanh with exp alone."""
    return (sp.exp(2 * u) - 1) / (sp.exp(2 * u) + 1)


def slope(u):
    """Return the derivative of tanh by its argument: four exp(2u) / (exp(2u) + 1) squared."""
    return 4 * sp.exp(2 * u) / (sp.exp(2 * u) + 1) ** 2


def parent(k, base):
    return base + k // 2


def stands_above(k, i, base):
    """Tell whether node `k` is met on the way down to node `i`: whether `i` is among all below."""
    below = [k]
    for node in below:
        if node >= base:
            below += [2 * (node - base), 2 * (node - base) + 1]
    return i in below[1:]


def is_root(k, base):
    return k == len(range(2 * base)) - 2


WRONG = {
    "3.1": {
        **{
            f"your order is combine, {', '.join(events)}; it is {RIGHT_ORDER}": in_order(events)
            for events in permutations(EVENTS)
            if events != EVENTS
        },
        "c_t is taken within the injection; it is made before c_{t-1} arrives": (
            made_within_the_injection
        ),
        "the injection uses the node's activation again; it has its own": (
            lambda left, right, c: (np.tanh(np.tanh(left + right) * c), left + right)
        ),
        "c_{t-1} enters before the node's own tanh, and the injection's sigmoid after it": (
            lambda left, right, c: (sigmoid(np.tanh((left + right) * c)), left + right)
        ),
        "c_{t-1} never enters": lambda left, right, c: (np.tanh(left + right), left + right),
        "c_{t-1} never enters, though the sigmoid of the injection is there": (
            lambda left, right, c: (sigmoid(np.tanh(left + right)), left + right)
        ),
        "the activation of the injection is missing": (
            lambda left, right, c: (np.tanh(left + right) * c, left + right)
        ),
        "that is (c_t, h_t); h_t comes first": lambda *values: right_step(*values)[::-1],
    },
    "3.2": {
        "the slope of tanh is missing": A_0,
        "the factor a_0 is missing": slope(A_1 + C),
        "the slope of tanh is 1 - tanh squared": A_0 - A_0 * tanh(A_1 + C),
        "that is c_t itself": A_0 * tanh(A_1 + C),
        "c_{t-1} got lost: the slope of tanh is taken at a_1 + c_{t-1}, not at a_1": (
            A_0 * slope(A_1)
        ),
        "a sign: the slope of tanh is 1 - tanh squared, not 1 + tanh squared": (
            A_0 + A_0 * tanh(A_1 + C) ** 2
        ),
        "the sign: the slope of tanh is 1 - tanh squared, which is positive": (
            -A_0 * slope(A_1 + C)
        ),
        "a sign: inside tanh c_{t-1} is added to a_1": A_0 * slope(A_1 - C),
        "the slope of a sigmoid; this is a tanh": (A_0 * (tanh(A_1 + C) - tanh(A_1 + C) ** 2)),
        "the slope of tanh is taken at a_1 + c_{t-1}, not at c_{t-1}": A_0 * slope(C),
    },
    "3.3": {
        "equal indices do not count: c_t is taken before c_{t-1} arrives": (
            lambda create, inject, base: create == inject or stands_above(create, inject, base)
        ),
        "the other way round: create must stand above inject": (
            lambda create, inject, base: stands_above(inject, create, base)
        ),
        "a larger index need not stand above; 1 is not above 0": (
            lambda create, inject, base: inject < create
        ),
        "create may stand higher than the parent of inject": (
            lambda create, inject, base: create == parent(inject, base)
        ),
        "an inner node need not stand above: node `base` joins 0 and 1 alone": (
            lambda create, inject, base: create not in range(base)
        ),
        "a larger index need not stand above, be it that of an inner node": (
            lambda create, inject, base: create not in range(max(base, inject + 1))
        ),
        "the root stands above all others, but each inner node stands above some": (
            lambda create, inject, base: is_root(create, base)
        ),
        "other nodes than the root stand above some nodes too": (
            lambda create, inject, base: is_root(create, base) and not is_root(inject, base)
        ),
        "nothing is above anything? the root is above all others": (
            lambda create, inject, base: False
        ),
        "not every pair has a path: climb from the inject node": lambda create, inject, base: True,
        "that is an inner node and a leaf, but not one above the other": (
            lambda create, inject, base: create not in range(base) and inject in range(base)
        ),
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert judge(number, answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("cell_injection")


def by_halves(left, right, c):
    """Write tanh and sigmoid with one another."""
    node = 2 * sigmoid(2 * (left + right)) - 1
    return (1 + np.tanh(node * c / 2)) / 2, right + left


def climb(create, inject, base):
    while inject < 2 * base - 2:
        inject = parent(inject, base)
        if inject == create:
            return True
    return False


RIGHT = [
    ("3.1", right_step, " on 4 cases"),
    ("3.1", by_halves, " on 4 cases"),
    ("3.1", in_order(EVENTS), " on 4 cases"),
    ("3.2", A_0 * slope(A_1 + C), ""),
    ("3.2", sp.diff(A_0 * sp.tanh(A_1 + C), C), ""),
    ("3.3", stands_above, " on 284 cases"),
    ("3.3", climb, " on 284 cases"),
]


@pytest.mark.parametrize(("number", "answer", "cases"), RIGHT)
def test_a_right_answer_passes(number, answer, cases):
    assert judge(number, answer) == f"passed{cases}"


NEARLY_RIGHT = [
    ("3.1", lambda *values: (1.001 * right_step(*values)[0], right_step(*values)[1])),
    ("3.1", lambda *values: (right_step(*values)[0], 1.001 * right_step(*values)[1])),
    ("3.1", lambda left, right, c: right_step(left, right, np.full(len(c), c[0]))),
    ("3.1", lambda left, right, c: (sigmoid(np.tanh(left + right) + c), left + right)),
    ("3.2", 1.001 * A_0 * slope(A_1 + C)),
    ("3.2", abs(A_0) * slope(A_1 + C)),
    ("3.2", A_0 * slope(abs(A_1) + C)),
    ("3.3", lambda create, inject, base: climb(create, inject, base) if base < 8 else False),
    ("3.3", lambda create, inject, base: base == 1 or climb(create, inject, base)),
    ("3.3", lambda create, inject, base: climb(create, inject, base) and create < 14),
    ("3.3", lambda create, inject, base: climb(create, inject, base) and inject < 13),
]


@pytest.mark.parametrize(("number", "answer"), NEARLY_RIGHT)
def test_what_is_nearly_right_is_no_famous_mistake_and_does_not_pass(number, answer):
    said, _, words = judge(number, answer).partition(": ")
    assert said == "not yet"
    assert words not in known("cell_injection")[number]


def test_all_letters_of_the_card_may_stand_in_the_derivative():
    verdict = judge("3.2", A_0 + A_1 + C)
    assert verdict == "not yet: not right, and no slip that is known here; see the hint"
    verdict = judge("3.2", A_0 * sp.Symbol("a_{1}'", real=True))
    assert "use the letters a_0, a_1 and nt.c_prev; these are others: a_{1}'" in verdict


def test_the_vectors_of_the_lone_node_have_four_lengths():
    cases = list(exercises_of("cell_injection")["3.1"].cases(np.random.default_rng(0)))
    assert len({c.shape for _, _, c in cases}) == 4
    assert all(left.shape == right.shape == c.shape for left, right, c in cases)


def test_every_pair_of_indices_of_four_trees_is_tried():
    cases = list(exercises_of("cell_injection")["3.3"].cases(np.random.default_rng(0)))
    assert len(set(cases)) == len(cases) == 1**2 + 3**2 + 7**2 + 15**2
    assert all(max(create, inject) <= 2 * base - 2 for create, inject, base in cases)


def test_the_lines_with_and_without_a_path_differ_in_colour_and_in_style():
    assert PATH.keys() == NO_PATH.keys() == {"color", "linestyle"}
    assert all(PATH[key] != NO_PATH[key] for key in PATH)
