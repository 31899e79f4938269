"""Notebook 00: who makes a famous mistake is told which, and any other cell passes."""

import pytest

import nastut as nt
from nastut.lessons.exercise import exercises_of
from wrong_answers import each, known

SHOWN = ["Add", "Tanh", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]
"""The ten tokens of section 2, which both exercises are about."""
COMBINATIONS, ACTIVATIONS = ("Add", "Multiply"), ("Identity", "Tanh", "Sigmoid", "ReLU")
INJECTION_AND_INDICES = SHOWN[6:]
WORDS = [token for token in SHOWN if isinstance(token, str)]

THE_EXAMPLE = "this is the example itself; change at least one token"
A_TEXT = "this is text; give a list, as in ['Add', 'Tanh', ...]"
ANOTHER_BASE = "this is a cell, but not one of three nodes; ten tokens make three"
MAX_OR_SIN = "Max and Sin are left out here; use Add and Multiply, Identity, Tanh, Sigmoid, ReLU"


def changed(place, token):
    return [*SHOWN[: place - 1], token, *SHOWN[place:]]


WRONG = {
    "0.1": {
        "that is one for each node; the injection has a combination too": (
            sum(token in COMBINATIONS for token in SHOWN[:6])
        ),
        "that is one for each block; the last block holds two indices": len(SHOWN[::2]),
        "that counts different words; count places, Add stands at two of them": (
            len({token for token in SHOWN if token in COMBINATIONS})
        ),
        "that counts all words; half of them are activations": len(WORDS),
        "that counts all tokens": len(SHOWN),
    },
    "0.2": {
        THE_EXAMPLE: SHOWN,
        A_TEXT: " ".join(map(str, changed(2, "ReLU"))),
        ANOTHER_BASE: [*SHOWN[:2], *INJECTION_AND_INDICES[:2], 0, 0],
        MAX_OR_SIN: changed(1, "Max"),
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert exercises_of("start_here")[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("start_here")


def judge(answer):
    return exercises_of("start_here")["0.2"].judge(answer)


ONE_TOKEN_CHANGED = [
    changed(place, token)
    for place, allowed in enumerate([COMBINATIONS, ACTIVATIONS] * 4 + [range(3)] * 2, 1)
    for token in allowed
    if token != SHOWN[place - 1]
]


@pytest.mark.parametrize("answer", ONE_TOKEN_CHANGED, ids=str)
@pytest.mark.parametrize("form", [list, tuple, nt.Cell.from_sequence])
def test_one_token_changed_is_enough(form, answer):
    assert judge(form(answer)) == "passed"


def test_the_example_with_its_leaves_exchanged_is_another_list():
    assert judge([*SHOWN[2:4], *SHOWN[:2], *SHOWN[4:8], 0, 1]) == "passed"


def test_the_words_that_are_no_activations_are_counted():
    count = len(WORDS) - sum(word in ACTIVATIONS for word in WORDS)
    assert exercises_of("start_here")["0.1"].judge(count) == "passed"


LEAVES = ["Add", "Sigmoid"] * 4
OTHER_FORMS = [
    (THE_EXAMPLE, tuple(SHOWN)),
    (THE_EXAMPLE, nt.Cell.from_sequence(SHOWN)),
    (A_TEXT, str(SHOWN)),
    (A_TEXT, ""),
    (ANOTHER_BASE, [*LEAVES, *WORDS[:6], *INJECTION_AND_INDICES]),
    (ANOTHER_BASE, ["Max", "Sin", *INJECTION_AND_INDICES[:2], 0, 0]),
    *((MAX_OR_SIN, changed(place, "Max")) for place in (3, 5, 7)),
    *((MAX_OR_SIN, changed(place, "Sin")) for place in (2, 4, 6, 8)),
    (MAX_OR_SIN, nt.Cell.from_sequence(changed(8, "Sin"))),
]


@pytest.mark.parametrize(("words", "answer"), OTHER_FORMS)
def test_a_famous_mistake_is_named_in_another_form(words, answer):
    assert judge(answer) == f"not yet: {words}"


NO_CELLS = [
    (changed(4, "Relu"), "token 4 is 'Relu'"),
    (changed(9, "Add"), "token 9 is 'Add'"),
    (changed(10, 3), "token 10 is 3"),
    (SHOWN[:-1], "token 10 of 10 is missing"),
    ([*SHOWN, 0], "token 11, 0, is one too many"),
    (12, "12 was given where a list of tokens belongs"),
]


@pytest.mark.parametrize(("answer", "words"), NO_CELLS)
def test_what_is_no_cell_is_told_at_which_token(answer, words):
    assert judge(answer).startswith(f"not yet: {words}")
