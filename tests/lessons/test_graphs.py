"""Notebook 01: who makes a famous mistake is told which, and what is right passes."""

from operator import add, mul

import numpy as np
import pytest
import sympy as sp

import nastut as nt
from nastut.lessons.exercise import exercises_of
from wrong_answers import each, judge, known

CREATE = "the create index (the node whose value becomes c_t)"
INJECT = "the inject index (the node where c_{t-1} enters)"
PICTURE = {
    "the combination of node 0": "Multiply",
    "the activation of node 0": "Sigmoid",
    "the combination of node 1": "Add",
    "the activation of node 1": "Tanh",
    "the combination of node 2": "Add",
    "the activation of node 2": "Tanh",
    "the combination of the injection": "Multiply",
    "the activation of the injection": "ReLU",
    CREATE: 2,
    INJECT: 1,
}
"""The picture of exercises 1.1 and 1.2, as it is to be read."""
KINDS = [("Add", "Multiply"), ("Identity", "Tanh", "Sigmoid", "ReLU"), (0, 1, 2)]


def relu(u):
    return (u + abs(u)) / 2


def sigmoid(u, tanh=np.tanh):
    return (1 + tanh(u / 2)) / 2


def step_of(read, x, h, c, tanh=np.tanh):
    """Return h_t and c_t of a picture in which these tokens are read."""
    operations = {"Add": add, "Multiply": mul, "Identity": lambda u: u, "Tanh": tanh}
    operations |= {"Sigmoid": lambda u: sigmoid(u, tanh), "ReLU": relu}
    combined = []

    def node(k, left, right):
        combined.append(operations[read[f"the combination of node {k}"]](left, right))
        value = operations[read[f"the activation of node {k}"]](combined[k])
        if read[INJECT] == k:
            value = operations[read["the combination of the injection"]](value, c)
            value = operations[read["the activation of the injection"]](value)
        return value

    h_new = node(2, node(0, x[0], h[0]), node(1, x[1], h[1]))
    return h_new, combined[read[CREATE]]


def misreadings():
    """Yield each place of the picture, a token that does not stand there, and what is told."""
    for place, token in PICTURE.items():
        for other in next(kind for kind in KINDS if token in kind):
            if other != token:
                yield place, other, f"in the picture {place} is {token}, yours is {other}"


def misread_step(place, other):
    return lambda x, h, c: step_of(PICTURE | {place: other}, x, h, c)


WX, WH = zip(nt.leaf_symbols(0), nt.leaf_symbols(1), strict=True)


def misread_formulas(place, other):
    return step_of(PICTURE | {place: other}, WX, WH, nt.c_prev, sp.tanh)


def leaves(x, h):
    return sigmoid(x[0] * h[0]), np.tanh(x[1] + h[1])


def root(a_0, a_1):
    return np.tanh(a_0 + a_1), a_0 + a_1


def right_step(x, h, c):
    a_0, a_1 = leaves(x, h)
    return root(a_0, relu(a_1 * c))


def after_the_tanh(x, h, c):
    h_new, _ = right_step(x, h, c)
    return h_new, h_new


def without_memory(x, h, c):
    return root(*leaves(x, h))


def entering_before_the_tanh(x, h, c):
    return root(sigmoid(x[0] * h[0]), relu(np.tanh((x[1] + h[1]) * c)))


def relu_before_the_memory(x, h, c):
    a_0, a_1 = leaves(x, h)
    return root(a_0, relu(a_1) * c)


def made_before_the_injection(x, h, c):
    return right_step(x, h, c)[0], sum(leaves(x, h))


def activations_exchanged(x, h, c):
    return root(np.tanh(x[0] * h[0]), relu(sigmoid(x[1] + h[1]) * c))


def cell_of_the_article(x, h, c):
    c_new = x[1] * h[1]
    return sigmoid(relu(np.tanh(x[0] + h[0]) + c) * relu(c_new)), c_new


NO_TANH = (
    "in the picture the activation of node 2 is Tanh, yours is Identity, or ReLU, which is the "
    "same where no sum is below 0"
)
MISREAD_STEPS = {
    words: misread_step(place, other)
    for place, other, words in misreadings()
    if place != "the activation of node 2" or other == "Sigmoid"
}
LEAF_0, LEAF_1 = sigmoid(WX[0] * WH[0], sp.tanh), sp.tanh(WX[1] + WH[1])
MISREAD_FORMULAS = {
    words: misread_formulas(place, other)[1]
    for place, other, words in misreadings()
    if place != "the activation of node 2" and (place, other) != (INJECT, 2)
}


def leaf_elements(base, inputs, hidden, matrices=("x", "h")):
    columns = {"x": inputs, "h": hidden}
    return sum(np.empty((hidden, columns[m])).size for _ in range(base) for m in matrices)


WRONG = {
    "1.1": {
        "c_t leaves the root before its Tanh, yours leaves after it": after_the_tanh,
        "c_{t-1} never enters": without_memory,
        "c_{t-1} never enters, though the ReLU of the injection is there": (
            lambda x, h, c: right_step(x, h, 1)
        ),
        "c_{t-1} enters after the Tanh of node 1, yours enters before it": (
            entering_before_the_tanh
        ),
        "ReLU acts after c_{t-1} has joined node 1, yours acts before": relu_before_the_memory,
        "c_t is made at the root, above node 1: it holds what node 1 is after the injection": (
            made_before_the_injection
        ),
        "leaf 0 and leaf 1 are exchanged": (
            lambda x, h, c: right_step((x[1], x[0]), (h[1], h[0]), c)
        ),
        "both leaves read x_parts[0] and h_parts[0]; each has its own": (
            lambda x, h, c: right_step((x[0], x[0]), (h[0], h[0]), c)
        ),
        "both leaves read x_parts[1] and h_parts[1]; each has its own": (
            lambda x, h, c: right_step((x[1], x[1]), (h[1], h[1]), c)
        ),
        "x_parts[0] belongs to h_parts[0], and x_parts[1] to h_parts[1]": (
            lambda x, h, c: right_step(x, (h[1], h[0]), c)
        ),
        "Tanh and Sigmoid are exchanged: leaf 0 has Sigmoid, leaf 1 Tanh": activations_exchanged,
        "that is the article's cell, not the one in the picture": cell_of_the_article,
        "that is (c_t, h_t); h_t comes first": lambda x, h, c: right_step(x, h, c)[::-1],
        NO_TANH: misread_step("the activation of node 2", "Identity"),
        **MISREAD_STEPS,
    },
    "1.2": {
        "that is h_t; c_t leaves before the Tanh of the root": (
            step_of(PICTURE, WX, WH, nt.c_prev, sp.tanh)[0]
        ),
        "c_{t-1} is missing; it enters at node 1": LEAF_0 + LEAF_1,
        "c_{t-1} is missing, though the ReLU of the injection is there": LEAF_0 + relu(LEAF_1),
        "c_{t-1} enters after the Tanh of node 1, yours enters before it": (
            LEAF_0 + relu(sp.tanh((WX[1] + WH[1]) * nt.c_prev))
        ),
        "Tanh and Sigmoid are exchanged: leaf 0 has Sigmoid, leaf 1 Tanh": (
            sp.tanh(WX[0] * WH[0]) + relu(sigmoid(WX[1] + WH[1], sp.tanh) * nt.c_prev)
        ),
        **MISREAD_FORMULAS,
    },
    "1.3": {
        "inner nodes have no matrices, only leaves do": lambda b, i, h: leaf_elements(
            2 * b - 1, i, h
        ),
        "each leaf has two matrices; that counts the one for x_t alone": lambda b, i, h: (
            leaf_elements(b, i, h, "x")
        ),
        "each leaf has two matrices; that counts the one for h_{t-1} alone": lambda b, i, h: (
            leaf_elements(b, i, h, "h")
        ),
        "the matrix of h_{t-1} has hidden x hidden elements": lambda b, i, h: leaf_elements(
            b, i, h, "xx"
        ),
        "the paper's cells have no biases": lambda b, i, h: leaf_elements(b, i, h) + b * h,
        "the paper's cells have no biases, and yours have two for each leaf": lambda b, i, h: (
            leaf_elements(b, i + 2, h)
        ),
        "that counts matrices, not their elements": lambda b, i, h: len(range(1, 2 * b + 1)),
        "that is one leaf; there are `base` of them": lambda b, i, h: leaf_elements(1, i, h),
        "that is twice too much": lambda b, i, h: leaf_elements(b, i, h, "xhxh"),
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert judge(number, answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("graphs")


def test_relu_in_place_of_the_tanh_of_the_root_is_told_the_same_as_no_tanh():
    relu_at_the_root = misread_step("the activation of node 2", "ReLU")
    assert judge("1.1", relu_at_the_root) == f"not yet: {NO_TANH}"


def test_memory_that_enters_the_root_is_missing_in_its_own_new_value():
    verdict = judge("1.2", misread_formulas(INJECT, 2)[1])
    assert verdict == "not yet: c_{t-1} is missing; it enters at node 1"


def test_memory_and_relu_may_both_come_before_the_tanh():
    def early(x, h, c):
        return root(leaves(x, h)[0], np.tanh(relu((x[1] + h[1]) * c)))

    words = "c_{t-1} enters after the Tanh of node 1, yours enters before it"
    assert judge("1.1", early) == f"not yet: {words}"


def one_element_at_a_time(x, h, c):
    pairs = [right_step(x[:, i], h[:, i], c[i]) for i in range(len(c))]
    return tuple(zip(*pairs, strict=True))


MEMORY = 1 / (1 + sp.exp(-WX[0] * WH[0])) + sp.Max(0, LEAF_1 * nt.c_prev)
RIGHT = [
    *(("1.1", answer, " on 4 cases") for answer in (right_step, one_element_at_a_time)),
    *(("1.2", MEMORY.rewrite(form), "") for form in (sp.exp, sp.tanh, sp.Abs)),
    *(("1.3", f, " on 4 cases") for f in (leaf_elements, lambda b, i, h: b * h * (i + h))),
]


@pytest.mark.parametrize(("number", "answer", "cases"), RIGHT)
def test_a_right_answer_passes(number, answer, cases):
    assert judge(number, answer) == f"passed{cases}"


NEARLY_RIGHT = [
    ("1.1", lambda x, h, c: root(leaves(x, h)[0], 0.999 * relu(leaves(x, h)[1] * c))),
    ("1.1", lambda x, h, c: (right_step(x, h, c)[0], 1.001 * right_step(x, h, c)[1])),
    ("1.1", lambda x, h, c: (1.001 * right_step(x, h, c)[0], right_step(x, h, c)[1])),
    ("1.1", lambda x, h, c: right_step(x, h, np.full(len(c), c[0]))),
    ("1.2", MEMORY - nt.c_prev / 999),
    ("1.2", MEMORY.subs(nt.c_prev, abs(nt.c_prev))),
    ("1.3", lambda b, i, h: b * i * (i + h)),
    ("1.3", lambda b, i, h: b * h * (i + h) + 1),
    ("1.3", lambda b, i, h: min(b, 4) * h * (i + h)),
]


@pytest.mark.parametrize(("number", "answer"), NEARLY_RIGHT)
def test_what_is_nearly_right_is_no_famous_mistake_and_does_not_pass(number, answer):
    said, _, words = judge(number, answer).partition(": ")
    assert said == "not yet"
    assert words not in known("graphs")[number]


def test_all_letters_of_the_picture_may_stand_in_a_formula():
    verdict = judge("1.2", sum((*WX, *WH, nt.c_prev)))
    assert verdict == "not yet: not right, and no slip that is known here; see the hint"
    verdict = judge("1.2", nt.leaf_symbols(2)[0])
    assert "use the letters Wx_0, Wh_0, Wx_1, Wh_1 and nt.c_prev; these are others" in verdict


@pytest.mark.parametrize("seed", range(20))
def test_the_cases_tell_vectors_from_numbers_and_inputs_from_hidden(seed):
    steps, sizes = (
        list(exercises_of("graphs")[number].cases(np.random.default_rng(seed)))
        for number in ("1.1", "1.3")
    )
    assert len({c.shape for _, _, c in steps}) == 4
    assert all(x.shape == h.shape == (2, *c.shape) for x, h, c in steps)
    assert [base for base, _, _ in sizes] == [1, 2, 4, 8]
    assert all(inputs != hidden and min(inputs, hidden) > 1 for _, inputs, hidden in sizes)
