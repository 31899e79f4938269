"""Notebook 04: who makes a famous mistake is told which."""

from itertools import combinations

import pytest
import sympy as sp

import nastut as nt
from nastut.lessons.exercise import exercises_of
from nastut.lessons.lstm_as_sequence import VARIANTS
from wrong_answers import each, known

EXERCISES = exercises_of("lstm_as_sequence")

LEAVES = 8
OF_LSTM, OF_1997 = "gifo", "gio"  # a leaf each


def stripped(
    f="Add Sigmoid",
    g="Add Tanh",
    root="Add Tanh",
    injection="Multiply Identity",
    create=2,
    inject=1,
):
    """Write the cell of exercise 4.2, with the leaf of g first."""
    return [*f"{g} {f} {root} {injection}".split(), create, inject]


def with_f_first(tokens):
    """Let the two leaves change places, and let the indices follow them."""
    other = {0: 1, 1: 0, 2: 2}
    *words, create, inject = tokens
    return [*words[2:4], *words[:2], *words[4:], other[create], other[inject]]


WRONG = {
    "4.1": {
        "that is LSTM with its forget gate; without it one leaf more is free": (
            2 * (LEAVES - len(OF_LSTM))
        ),
        "that counts leaves; each has two matrices": LEAVES - len(OF_1997),
        "that counts the matrices that are needed": 2 * len(OF_1997),
        "that counts the leaves that are needed": len(OF_1997),
        "that counts all matrices, needed or not": 2 * LEAVES,
    },
    "4.2": {
        "c_{t-1} is multiplied with f, so it enters at the leaf of f": stripped(inject=0),
        "c_{t-1} is multiplied with f, yours is added": stripped(injection="Add Identity"),
        "the two indices are swapped; create comes first": stripped(create=1, inject=2),
        "the root adds the two, yours multiplies": stripped(root="Multiply Tanh"),
        "block 3 is the root and block 4 the injection; yours are exchanged": (
            stripped(root="Multiply Identity", injection="Add Tanh")
        ),
        "the sigmoid acts on f before c_{t-1} joins it; an injection acts after": (
            stripped(f="Add Identity", injection="Multiply Sigmoid")
        ),
        "a leaf adds its two products; what is multiplied with c_{t-1} is f as a whole": (
            stripped(f="Multiply Sigmoid")
        ),
        "f has its sigmoid at its leaf; the injection needs none": (
            stripped(injection="Multiply Sigmoid")
        ),
        "c_t = f * c_{t-1} + g has no tanh around f * c_{t-1}; the injection needs none": (
            stripped(injection="Multiply Tanh")
        ),
        "the leaf of f is a gate, the sigmoid of its sum": stripped(f="Add Identity"),
        "g is the tanh of its sum": stripped(g="Add Identity"),
        "the memory enters at the root, too late: c_t must contain it": stripped(inject=2),
        "h_t is the tanh of c_t: the root needs an activation": stripped(root="Add Identity"),
    },
    "4.3": {
        "look at A again: the root adds o and a tanh; nothing keeps it from doing so": {"B"},
        "look at B again: the memory is added where i * g is": {"A"},
        "look at C again: U_g multiplies something that the cell has computed": {"A", "B", "C"},
        "look at D again: the memory would enter at two places": {"A", "B", "D"},
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert EXERCISES[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("lstm_as_sequence")


@pytest.mark.parametrize("words", WRONG["4.2"])
def test_a_famous_mistake_is_named_in_either_order_of_the_leaves(words):
    answer = with_f_first(WRONG["4.2"][words])
    assert EXERCISES["4.2"].judge(answer) == f"not yet: {words}"


def test_the_right_tokens_pass_in_either_order_of_the_leaves():
    for tokens in (stripped(), with_f_first(stripped())):
        assert EXERCISES["4.2"].judge(tokens) == "passed"


def test_the_right_tokens_are_those_of_the_formulas_on_the_card():
    f, g = nt.sigmoid(nt.gate("f")), sp.tanh(nt.gate("g"))
    found = nt.linearize(sp.tanh(nt.c_next), f * nt.c_prev + g)
    assert found.cell.canonical() == nt.Cell.from_sequence(stripped()).canonical()


def test_ten_of_the_sixteen_matrices_of_1997_are_redundant():
    assert EXERCISES["4.1"].judge(2 * (LEAVES - len(OF_1997))) == "passed"


def test_the_variants_are_those_of_the_card():
    i, f, o = (nt.sigmoid(nt.gate(name)) for name in "ifo")
    g = sp.tanh(nt.gate("g"))
    h, c = o * sp.tanh(nt.c_next), f * nt.c_prev + i * g
    reset = sp.tanh(nt.gate("g", i * nt.h_prev))
    looking = nt.sigmoid(nt.gate("f") + nt.c_prev)
    assert {
        "A": (o + sp.tanh(nt.c_next), c),
        "B": (h, nt.c_prev + i * g),
        "C": (h, f * nt.c_prev + i * reset),
        "D": (h, looking * nt.c_prev + i * g),
    } == VARIANTS


SETS_OF_LETTERS = [set(some) for n in (1, 2, 3, 4) for some in combinations("ABCD", n)]


@pytest.mark.parametrize("letters", SETS_OF_LETTERS)
def test_a_and_b_fit_and_the_first_letter_that_is_wrong_is_named(letters):
    verdict = EXERCISES["4.3"].judge(letters)
    wrong = sorted(letters ^ {"A", "B"})
    assert verdict.startswith(f"not yet: look at {wrong[0]} again: " if wrong else "passed")
