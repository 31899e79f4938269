"""A verdict says what is right, which mistake it is, or where an answer differs first."""

import time

import pytest

import nastut as nt
from nastut.lessons.exercise import Exercise, exercises_of


def asks(truth, mistakes=None, cases=((1,), (2,)), **more):
    """Return an exercise that asks for a function; for a value if there are no cases."""
    given = cases and (lambda rng: iter(cases))
    return Exercise(truth=truth, mistakes=mistakes or {}, cases=given, **more)


@pytest.mark.parametrize(
    ("truth", "answer", "said"),
    [
        (2, "2", "a number is expected, this is the text '2'"),
        (2, (2,), "a number is expected, this is the tuple (2,)"),
        (2, [2], "a number is expected, this is the list [2]"),
        (2, {2}, "a number is expected, this is the set {2}"),
        (2, True, "True is not right, and no slip that is known here; see the hint"),
        (True, 0, "0 is not right, and no slip that is known here; see the hint"),
        (2.5, 2 + 1j, "a real number is expected, this is 2+1j"),
        (2.5, {"A": 2}, "a number is expected, this is {'A': 2}"),
        ([1, 2], 3, "2 values are expected, this is 3"),
        ((1, 2), "12", "2 values are expected, this is the text '12'"),
        ([1, 2], [1], "2 values are expected, these are 1: [1]"),
        ([[1, 2], [3, 4]], [[1], [3]], "the shape should be (2, 2), it is (2, 1)"),
        ([[1, 2], [3]], [[1], [3]], "[[1], [3]] is not right, and no slip that is known"),
        ([1, 2], [1, "a"], "[1, 'a'] is not right, and no slip that is known here"),
        ("a", "b", "'b' is not right, and no slip that is known here; see the hint"),
    ],
)
def test_what_is_of_another_kind_is_said(truth, answer, said):
    assert asks(lambda: truth, cases=None).judge(answer).startswith(f"not yet: {said}")
    told = asks(lambda n: truth, cases=[(7,)]).judge(lambda n: answer)
    if " is not right" in said:
        assert told.startswith("not yet: for n = 7 it gives ")
    else:
        assert told == f"not yet: {said} (for n = 7)"


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ((1, 5, 5), " (right: value 1 of 3)"),
        ((1, 5, 3), " (right: value 1 and 3 of 3)"),
        ((5,) * 3, ""),
    ],
)
def test_of_several_values_the_right_ones_are_named(given, right):
    told = asks(lambda n: (1, 2, 3), cases=[(7,)]).judge(lambda n: given)
    assert told == f"not yet: for n = 7 it gives {given}, not (1, 2, 3){right}"


def test_the_first_case_that_differs_is_shown():
    told = asks(lambda n: n, cases=[(1,), (2,), (3,)]).judge(lambda number: min(number, 1))
    assert told == "not yet: for number = 2 it gives 1, not 2"


def test_names_are_the_learner_s_and_left_out_if_they_say_nothing():
    exercise = asks(lambda a, b: 0, cases=[(1, [2])])
    assert exercise.judge(lambda x, y: 1) == "not yet: for x = 1, y = [2] it gives 1, not 0"
    assert exercise.judge(lambda *all: 1) == "not yet: for 1, [2] it gives 1, not 0"


def test_a_mistake_must_be_made_in_every_case():
    exercise = asks(lambda n: n, {"twice": lambda n: 2 * n, "square": lambda n: n * n})
    assert exercise.judge(lambda n: 2 * n) == "not yet: twice"
    assert exercise.judge(lambda n: n * n) == "not yet: square"
    assert exercise.judge(lambda n: 2 * n if n == 1 else n).startswith("not yet: for n = 1 it")


def test_a_right_answer_says_on_how_many_cases():
    assert asks(lambda n: n).judge(lambda n: n) == "passed on 2 cases"
    assert asks(lambda: 3, cases=None).judge(3) == "passed"


def test_none_is_named_only_if_there_is_nothing_else():
    assert asks(lambda n: n).judge(lambda n: None).startswith("not yet: the function returns None")
    assert asks(lambda n: n).judge(lambda n: None if n == 2 else n) == (
        "not yet: a number is expected, this is None (for n = 2)"
    )
    assert asks(lambda: 3, cases=None).judge(None).startswith("not yet: this is None; print only")


def test_dots_are_seen_inside_of_lists_and_tuples():
    for answer in ([1, ...], (..., 1)):
        told = asks(lambda: [1, 2], cases=None).judge(answer)
        assert told == "not yet: there are still three dots in the answer"
    assert asks(lambda: 3, cases=None).judge(...) == "not attempted"


def test_a_remark_replaces_the_first_difference_and_may_fail():
    assert asks(lambda: 3, cases=None, remark=lambda v: f"{v}?").judge(4) == "not yet: 4?"
    broken = asks(lambda: 3, cases=None, remark=lambda v: 1 / 0)
    assert broken.judge(4) == "not yet: not right, and no slip that is known here; see the hint"


def test_a_comparison_of_its_own_may_fail_on_what_is_handed_in():
    exercise = asks(lambda: [3], cases=None, same=lambda value, wanted: value[0] == wanted[0])
    assert exercise.judge([3, 4]) == "passed"
    assert exercise.judge(object()).startswith("not yet: ")


def test_a_verdict_is_cut_at_600_characters():
    exercise = asks(lambda: 3, cases=None, remark=lambda v: v)
    assert exercise.judge("a" * 591) == "not yet: " + "a" * 591
    assert exercise.judge("a" * 592) == "not yet: " + "a" * 588 + "..."


def test_all_cases_together_have_one_limit_of_seconds(monkeypatch):
    monkeypatch.setattr("nastut.lessons.exercise.SECONDS", 0.3)

    def slow(n):
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        return n

    assert asks(lambda n: n, cases=[(1,)]).judge(slow) == "passed on 1 cases"
    told = asks(lambda n: n, cases=[(1,), (2,), (3,)]).judge(slow)
    assert told.startswith("not yet: for n = 2 it takes too long; does every loop")


def test_what_is_no_exercise_is_refused_with_those_that_there_are():
    for number in ("1.9", "99", "x", 3.25):
        with pytest.raises(
            ValueError, match=rf"no exercise '{number}'; there are 0\.1, 0\.2, 1\.1"
        ):
            nt.check(number, 3)


def test_numbers_of_exercises_may_be_written_without_quotes(capsys):
    nt.check(2.1, ...)
    assert capsys.readouterr().out == "Exercise 2.1: not attempted\n"


def test_arguments_cannot_be_changed():
    def last(numbers):
        return numbers.pop() if numbers else 0

    exercise = Exercise(cases=lambda rng: [([1, 2],)], truth=last, mistakes={"first": min})
    assert exercise.judge(last) == "passed on 1 cases"
    assert exercise.judge(lambda numbers: numbers.pop(0)) == "not yet: first"
    assert exercise.judge(lambda numbers: numbers.clear()).startswith("not yet: the function ret")


def test_one_list_filled_anew_each_time_is_read_each_time():
    kept = []

    def same_list_again(tokens):
        kept[:] = exercises_of("linearization")["2.4"].truth(tokens)
        return kept

    assert exercises_of("linearization")["2.4"].judge(same_list_again) == "passed on 12 cases"


def test_values_that_differ_late_are_shown_to_all_digits():
    exercise = Exercise(truth=lambda n: n, mistakes={}, cases=lambda rng: [(1,)])
    assert "for n = 1 it gives 1.000030517578125, not 1" in exercise.judge(lambda n: n + 2**-15)
