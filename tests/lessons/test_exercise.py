"""A verdict says what is right, which mistake it is, or where an answer differs first.

It is one line, the last one printed, whatever is handed in, in any thread.
"""

import itertools
import os
import signal
import sys
import threading
import time

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nastut as nt
from nastut.lessons.exercise import LESSONS, UNKNOWN, Exercise, Verdict, exercises_of, judge

EXERCISES = {n: e for lesson in LESSONS.values() for n, e in exercises_of(lesson).items()}


def asks(truth, mistakes=lambda *case: {}, cases=((1,), (2,)), **more):
    """Return an exercise that asks for a function; for a value if there are no cases."""
    return Exercise(truth, mistakes, cases=cases and (lambda rng: iter(cases)), **more)


def told(exercise, answer):
    return str(exercise.judge(answer)).removeprefix("not yet: ")


@pytest.mark.parametrize(
    ("truth", "answer", "words"),
    [
        (2, "2", "a number is expected, this is the text '2'"),
        (2, True, f"True is {UNKNOWN}"),
        (2.5, 2 + 1j, "a real number is expected, this is 2+1j"),
        ([1, 2], 3, "2 values are expected, this is 3"),
        ((1, 2), "12", "2 values are expected, this is the text '12'"),
        ([1, 2], [1], "2 values are expected, these are 1: [1]"),
        ([[1, 2], [3, 4]], [[1], [3]], "the shape should be (2, 2), it is (2, 1)"),
        ([1, 2], [[1, 2]], "the shape should be (2,), it is (1, 2)"),
        ([[1, 2], [3]], [[1], [3]], f"[[1], [3]] is {UNKNOWN}"),
    ],
)
def test_what_is_of_another_kind_is_said(truth, answer, words):
    assert told(asks(lambda: truth, cases=None), answer) == words
    of_function = told(asks(lambda n: truth, cases=[(7,)]), lambda n: answer)
    if UNKNOWN in words:
        assert of_function.startswith("for n = 7 it gives ")
    else:
        assert of_function == f"{words} (for n = 7)"


def test_the_first_case_that_differs_is_shown_in_the_learner_s_names():
    exercise = asks(lambda n: n, cases=[(1,), (2,), (3,)])
    assert told(exercise, lambda number: min(number, 1)) == "for number = 2 it gives 1, not 2"
    two = asks(lambda a, b: 0, cases=[(1, [2])])
    assert told(two, lambda x, y: 1) == "for x = 1, y = [2] it gives 1, not 0"
    assert told(two, lambda *all: 1) == "for 1, [2] it gives 1, not 0"


def test_of_several_values_the_right_ones_are_named():
    exercise = asks(lambda n: (1, 2, 3), cases=[(7,)])
    shown = "for n = 7 it gives (1, 5, 3), not (1, 2, 3) (right: value 1 and 3 of 3)"
    assert told(exercise, lambda n: (1, 5, 3)) == shown
    of_two_cases = asks(lambda n: (n, 0), cases=[(1,), (2,)])
    assert told(of_two_cases, lambda n: (1, 1)) == "for n = 1 it gives (1, 1), not (1, 0)"


def test_values_that_differ_late_are_shown_to_all_digits():
    assert "for n = 1 it gives 1.000030517578125, not 1" in told(
        asks(lambda n: n), lambda n: n + 2**-15
    )


def test_a_mistake_must_be_the_same_in_all_cases():
    exercise = asks(lambda n: n, lambda n: {"twice": 2 * n, "square": n * n})
    assert told(exercise, lambda n: 2 * n) == "twice"
    assert told(exercise, lambda n: n * n) == "square"
    assert told(exercise, lambda n: 2 * n if n == 1 else n).startswith("for n = 1 it")


def test_a_verdict_is_an_object_and_its_words_say_on_how_many_cases():
    assert asks(lambda n: n).judge(lambda n: n) == Verdict(True, "passed on 2 cases")
    assert asks(lambda: 3, cases=None).judge(3) == Verdict(True, "passed")
    assert judge("2.1", ...) == judge(2.1, ...) == Verdict(False, "not attempted")


@pytest.mark.parametrize("answer", [[1, ...], (..., 1)])
def test_dots_are_seen_inside_of_lists_and_tuples(answer):
    exercise = asks(lambda: [1, 2], cases=None)
    assert told(exercise, answer) == "there are still three dots in the answer"


def test_a_remark_replaces_the_first_difference_and_may_fail():
    assert told(asks(lambda: 3, cases=None, remark=lambda v: f"{v}?"), 4) == "4?"
    assert told(asks(lambda: 3, cases=None, remark=lambda v: 1 / 0), 4) == UNKNOWN


def test_a_verdict_is_cut_at_600_characters():
    exercise = asks(lambda: 3, cases=None, remark=lambda v: v)
    assert told(exercise, "a" * 591) == "a" * 591
    assert told(exercise, "a" * 592) == "a" * 588 + "..."


def test_an_unknown_exercise_is_refused_and_the_known_ones_are_listed():
    for number in ("1.9", "99", "x", 3.25):
        with pytest.raises(ValueError, match=rf"no exercise '{number}'; there are 0\.1, 0\.2, 1"):
            nt.check(number, 3)


def test_arguments_and_answers_are_not_changed():
    def last(numbers):
        return numbers.pop() if numbers else 0

    exercise = asks(lambda n: n[-1], lambda n: {"first": n[0]}, cases=[([1, 2],)])
    assert exercise.judge(last).passed
    assert told(exercise, lambda numbers: numbers.pop(0)) == "first"


def test_one_list_filled_anew_each_time_is_read_each_time():
    kept = []

    def same_list_again(tokens):
        kept[:] = EXERCISES["2.4"].truth(tokens)
        return kept

    assert judge("2.4", same_list_again).passed


def test_text_is_no_code(tmp_path):
    """Sympy evaluates text, even inside a list."""
    path = tmp_path / "witness"
    code = f"open({str(path)!r}, 'w')"
    for number in EXERCISES:
        for answer in (code, [code]):
            judge(number, answer)
            judge(number, lambda *arguments, answer=answer: answer)
    assert not path.exists()


# What an answer prints, how long it runs, and where


def test_what_an_answer_prints_is_seen_and_the_verdict_is_the_last_line(capsys):
    def talkative(k, base):
        print("here I am:", k)
        return 2 * (k - base), 2 * (k - base) + 1

    nt.check("2.1", talkative)
    *said, verdict = capsys.readouterr().out.splitlines()
    assert said[0] == "here I am: 2"
    assert verdict == "Exercise 2.1: passed on 11 cases"


def compiled_loop_that_calls_back(*arguments):
    return max(map(lambda x: x, itertools.count()))  # noqa: C417


class Ones:
    def __iter__(self):
        return self

    def __next__(self):
        while True:
            time.sleep(0.001)


@pytest.fixture
def as_under_nohup():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    assert signal.signal(signal.SIGINT, before) == signal.SIG_IGN


@pytest.mark.usefixtures("as_under_nohup")
@pytest.mark.parametrize("endless", [compiled_loop_that_calls_back, lambda *arguments: Ones()])
def test_an_endless_answer_is_interrupted(endless, monkeypatch):
    monkeypatch.setattr("nastut.lessons.exercise.SECONDS", 0.2)
    threads = threading.active_count()
    verdict = judge("2.1", endless)
    assert str(verdict).startswith("not yet: for ")
    assert "it was interrupted; does every loop come to an end?" in str(verdict)
    assert threading.active_count() == threads
    assert judge("2.1", EXERCISES["2.1"].truth).passed


def test_all_cases_together_have_one_limit(monkeypatch):
    monkeypatch.setattr("nastut.lessons.exercise.SECONDS", 0.6)

    def slow(n):
        time.sleep(0.4)
        return n

    assert asks(lambda n: n, cases=[(1,)]).judge(slow).passed
    words = told(asks(lambda n: n, cases=[(1,), (2,), (3,)]), slow)
    assert words.startswith("for n = 2 it was interrupted")


def test_no_interrupt_outlives_its_answer(monkeypatch):
    """Where an answer ends just when its time does, too."""
    monkeypatch.setattr("nastut.lessons.exercise.SECONDS", 0.02)
    for pause in np.linspace(0.018, 0.022, 40):
        exercise = asks(lambda: 3, cases=None, same=lambda *_, pause=pause: time.sleep(pause) or 1)
        assert exercise.judge(3).words in (
            "passed",
            "not yet: it was interrupted; does it come to an end?",
        )
    time.sleep(0.05)


def test_what_an_answer_sets_for_the_whole_process_is_undone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    process = {
        np.geterr: lambda: np.seterr(all="raise"),
        torch.get_default_dtype: lambda: torch.set_default_dtype(torch.float64),
        torch.is_grad_enabled: lambda: torch.set_grad_enabled(False),
        lambda: matplotlib.rcParams["lines.linewidth"]: lambda: plt.rc("lines", linewidth=9),
        os.getcwd: lambda: os.chdir(tmp_path),
        sys.getrecursionlimit: lambda: sys.setrecursionlimit(5_000),
    }
    before = [read() for read in process]

    def careless(_):
        for change in process.values():
            change()
        assert all(read() != value for read, value in zip(process, before, strict=True))
        return 1

    assert asks(lambda n: 1, cases=[(1,)]).judge(careless).passed
    assert [read() for read in process] == before


def test_answers_are_checked_in_other_threads_too():
    """At the same time, and nothing is taken from the process."""
    streams, verdicts = (sys.stdout, sys.stderr), []

    def work(number):
        exercise = EXERCISES[number]
        verdicts.append(exercise.judge(exercise.truth).passed)

    threads = [threading.Thread(target=work, args=(n,)) for n in ("1.1", "2.4", "3.1", "6.2") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 8
    assert (sys.stdout, sys.stderr) == streams


# Whatever is handed in


def raises(error):
    def function(*arguments):
        raise error

    return function


def itself(*arguments):
    return itself(*arguments)


def endless_list():
    inner = []
    inner.append(inner)
    return inner


def yields(*arguments):
    yield 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raises(SystemExit()), "it raises SystemExit: no message"),
        (raises(KeyboardInterrupt()), "it was interrupted"),
        (raises(ValueError("one\ntwo")), "it raises ValueError: one two"),
        (itself, "for 2, 2 it calls itself, or holds itself, without end"),
        (lambda k, base: endless_list(), "it calls itself, or holds itself, without end"),
        (7, "a function is expected, this is 7"),
        (lambda k, base: range(10**9), "not yet: for k = 2, base = 2 more than 2,000 elements are"),
        (lambda k, base: print(3), "the function returns None; print only shows"),
        (lambda k, base: (float("nan"), 1), "it gives (nan, 1), not (0, 1)"),
    ],
)
def test_what_happened_is_named(answer, words):
    assert words in str(judge("2.1", answer))


class Hostile:
    """An object whose every method raises, or answers with an array."""

    def __init__(self, reply):
        self.reply = reply

    def _react(self, *arguments):
        if isinstance(self.reply, BaseException):
            raise self.reply
        return self.reply

    __eq__ = __ne__ = __bool__ = __len__ = __iter__ = __next__ = __getitem__ = __repr__ = _react
    __str__ = __float__ = __int__ = __complex__ = __contains__ = __hash__ = __array__ = _react
    __deepcopy__ = __getattr__ = __call__ = _react


errors = st.sampled_from(
    [
        *(SystemExit(), KeyboardInterrupt(), GeneratorExit(), StopIteration(), MemoryError()),
        *(RecursionError("deep"), ValueError("two\nlines"), UnicodeError("\udc80"), KeyError(3)),
    ]
)
HIDDEN = [  # from hypothesis, which prints what it draws from
    *(endless_list, lambda: Hostile, lambda: np.ndarray, lambda: nt.zoo.LSTM, lambda: sp.I),
    *(lambda: sp.nan, lambda: sp.zoo, lambda: b"bytes", lambda: 10**5_000, lambda: "\udc80"),
    *(lambda: "x" * 10**6, itertools.count, lambda: np.ones((2, 0)), lambda: torch.zeros(3)),
    *(lambda: np.full(2, "a"), lambda: np.ones(2, dtype=object), lambda: Hostile(np.ones(3))),
]
words = st.sampled_from(["Add", "Tanh", "Max", "A", "LSTM", ""])
leaves = st.one_of(
    *(st.none(), st.just(...), st.integers(-3, 40), st.floats(), st.complex_numbers(), words),
    st.builds(Hostile, errors),
    st.integers(0, len(HIDDEN) - 1).map(lambda number: HIDDEN[number]()),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=12),
        st.lists(inner, max_size=4).map(iter),
        st.dictionaries(words, inner, max_size=3),
        st.sets(words, max_size=4),
    ),
    max_leaves=8,
)
functions = st.one_of(
    values.map(lambda value: lambda *arguments: value),
    errors.map(raises),
    st.sampled_from([yields, itself, lambda: 1, lambda *a: a, lambda x, *a: x.clear()]),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.sampled_from(list(EXERCISES)), answer=st.one_of(values, functions))
def test_whatever_is_handed_in_there_is_one_line(number, answer, capsys):
    nt.check(number, answer)
    printed = capsys.readouterr()
    assert printed.out.startswith(f"Exercise {number}: ")
    assert printed.out.count("\n") == 1
    assert len(printed.out) < 700
    assert printed.err == ""
