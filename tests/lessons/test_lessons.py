"""Every check accepts the truth, names each famous wrong answer, and leaves stubs alone."""

import re

import pytest

import nastut as nt
from nastut.lessons.exercise import LESSONS, _exercises

EXERCISES = {n: e for lesson in LESSONS.values() for n, e in _exercises(lesson).items()}
MISTAKES = [(n, name) for n, exercise in EXERCISES.items() for name in exercise.mistakes]


def answer_of(exercise, route):
    """Return what a learner would hand in: the function itself, or its value."""
    return route if exercise.cases else route()


# Exercise 0.2 accepts any cell: its routes name kinds of answers, and these are examples.
CELLS = {
    "a cell": ["Add", "ReLU", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0],
    "example": nt.zoo.EXAMPLE.sequence,
    "text": "Add Tanh",
    "base": nt.zoo.LSTM.sequence,
}


def handed_in(number, route):
    answer = answer_of(EXERCISES[number], route)
    return CELLS[answer] if number == "0.2" else answer


@pytest.mark.parametrize("number", EXERCISES)
def test_truth_passes(number):
    verdict = EXERCISES[number].judge(handed_in(number, EXERCISES[number].truth))
    assert re.fullmatch(r"passed( on \d+ cases)?", verdict)


@pytest.mark.parametrize(("number", "name"), MISTAKES)
def test_famous_wrong_answer_is_named(number, name):
    wrong = EXERCISES[number].mistakes[name]
    assert EXERCISES[number].judge(handed_in(number, wrong)) == f"not yet: {name}"


@pytest.mark.parametrize("number", EXERCISES)
def test_at_least_three_mistakes_are_known(number):
    assert len(EXERCISES[number].mistakes) >= 3


def untouched(*arguments): ...


def unfinished(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("number", EXERCISES)
@pytest.mark.parametrize("stub", [..., None, untouched, unfinished])
def test_untouched_stub_is_not_attempted(number, stub, capsys):
    if callable(stub) and not EXERCISES[number].cases:
        pytest.skip("this exercise asks for a value")
    nt.check(number, stub)
    printed = capsys.readouterr().out
    assert printed.startswith(f"Exercise {number}: not attempted")
    assert printed.count("\n") == 1


class Odd:
    """An object that no exercise asks for."""

    def __eq__(self, other):
        raise TypeError("cannot be compared")

    __hash__ = None


@pytest.mark.parametrize("number", EXERCISES)
@pytest.mark.parametrize("answer", [3.75, "x", [1, 2], Odd(), lambda: 1, lambda *a: Odd()])
def test_odd_answers_get_one_line(number, answer, capsys):
    nt.check(number, answer)
    printed = capsys.readouterr().out
    assert printed.startswith(f"Exercise {number}: not yet: ")
    assert printed.count("\n") == 1


def test_answer_cannot_change_the_case():
    def spoil(tokens):
        tokens.clear()
        return tokens

    assert EXERCISES["2.4"].judge(spoil).startswith("not yet: for tokens = ['")


def test_a_wrong_sequence_is_told_its_place():
    verdict = EXERCISES["0.2"].judge(nt.zoo.EXAMPLE.sequence[:-1])
    assert verdict.startswith("not yet: token 10 of 10 is missing")


def test_a_formula_in_other_letters_is_told_so():
    from sympy import Eq, Symbol

    assert "use the letters" in EXERCISES["1.2"].judge(Symbol("x"))
    assert "right of the equals sign" in EXERCISES["1.2"].judge(Eq(nt.c_prev, 1))
    assert "a sympy formula is expected" in EXERCISES["1.2"].judge(object())


def test_names_of_cells_are_taken_in_small_letters_too():
    assert EXERCISES["5.1"].judge({"NASCell"}).startswith("passed")


def test_another_spelling_is_told_the_words():
    verdict = EXERCISES["7.2"].judge({"A": "swapped", "B": "never fed back", "C": "likeliest"})
    assert verdict.endswith("these words: h and c swapped, likeliest token, never fed back")


def test_the_number_of_returned_values_is_told():
    verdict = EXERCISES["1.1"].judge(lambda x, h, c: c)
    assert verdict.startswith("not yet: 2 values are expected, it returns [")


def test_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match=r"no exercise '9\.9'; there are 0\.1, "):
        nt.check("9.9", 1)
