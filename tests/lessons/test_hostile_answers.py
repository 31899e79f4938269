"""A verdict is one line, whatever is handed in."""

import itertools
import sys

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nastut as nt
from wrong_answers import EXERCISES

VALUES = [number for number, exercise in EXERCISES.items() if not exercise.cases]
FUNCTIONS = [number for number, exercise in EXERCISES.items() if exercise.cases]


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


class LiesAboutItself:
    @property
    def __class__(self):
        raise RuntimeError("nobody knows")

    @property
    def shape(self):
        raise SystemExit

    def tolist(self):
        raise KeyboardInterrupt


class CountsForEver:
    def __iter__(self):
        return self

    def __next__(self):
        return 1


async def later(*arguments):
    return 1


def yields(*arguments):
    yield 1


def never_ends(*arguments):
    while True: pass  # noqa: E701  # fmt: skip


def itself(*arguments):
    return itself(*arguments)


def endless_list():
    inner = []
    inner.append(inner)
    return inner


errors = st.sampled_from(
    [
        *(SystemExit(), KeyboardInterrupt(), GeneratorExit(), StopIteration(), MemoryError()),
        *(RecursionError("deep"), ValueError("two\nlines"), UnicodeError("\udc80"), KeyError(3)),
    ]
)
HIDDEN = [  # from hypothesis, which prints what it draws from
    *(LiesAboutItself, CountsForEver, object, endless_list, lambda: int, lambda: Hostile),
    *(lambda: np.ndarray, lambda: sp.Symbol, lambda: nt.Cell, lambda: len, lambda: np),
    *(lambda: nt.zoo.LSTM, lambda: sp.nan, lambda: sp.oo, lambda: sp.zoo, lambda: sp.I),
    *(lambda: sp.true, lambda: sp.Symbol("x"), lambda: sp.Eq(nt.c_prev, 1), lambda: b"bytes"),
    *(lambda: 10**5_000, lambda: -(10**400), lambda: "\udc80", lambda: "x" * 10**6),
    *(lambda: itertools.repeat(3), lambda: (n for n in itertools.count())),
]
objects = st.one_of(
    st.builds(Hostile, st.one_of(errors, st.sampled_from([np.ones(3), "", 1, None, ...]))),
    st.integers(0, len(HIDDEN) - 1).map(lambda number: HIDDEN[number]()),
)
numbers = st.one_of(st.integers(-3, 40), st.floats(), st.booleans(), st.complex_numbers())
words = st.sampled_from(["Add", "Tanh", "Sigmoid", "Multiply", "Identity", "Max", "A", "LSTM", ""])
arrays = st.lists(st.integers(0, 3), max_size=4).flatmap(
    lambda shape: st.sampled_from(
        [np.zeros(shape), np.ones(shape, dtype=object), np.full(shape, "a"), torch.zeros(shape)]
    )
)
leaves = st.one_of(st.none(), numbers, words, arrays, objects, numbers.map(lambda n: ...))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=12),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(iter),
        st.dictionaries(words, inner, max_size=3),
        st.sets(words, max_size=4),
    ),
    max_leaves=8,
)


def raises(error):
    def function(*arguments):
        raise error

    return function


functions = st.one_of(
    values.map(lambda value: lambda *arguments: value),
    errors.map(raises),
    st.sampled_from([later, yields, itself, lambda: 1, lambda *a: a, lambda *a: print(a)]),
    st.sampled_from([lambda x, *a: x.clear(), lambda *a: sys.exit("bye"), lambda *a: a[99]]),
)
patient = settings(
    max_examples=150, deadline=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def assert_one_line(number, answer, capsys):
    nt.check(number, answer)
    printed = capsys.readouterr()
    assert printed.out.startswith(f"Exercise {number}: ")
    assert printed.out.count("\n") == 1
    assert len(printed.out) < 700
    assert printed.err == ""


@patient
@given(number=st.sampled_from(VALUES), answer=st.one_of(values, functions))
def test_whatever_is_handed_in_there_is_one_line(number, answer, capsys):
    assert_one_line(number, answer, capsys)


@patient
@given(number=st.sampled_from(FUNCTIONS), answer=st.one_of(functions, values))
def test_whatever_a_function_does_there_is_one_line(number, answer, capsys):
    assert_one_line(number, answer, capsys)


@pytest.mark.parametrize("number", FUNCTIONS)
def test_a_loop_without_end_gets_its_verdict(number, capsys):
    nt.check(number, never_ends)
    assert "it has not ended after 2,000,000 steps; does every loop" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raises(SystemExit()), "it raises SystemExit"),
        (raises(KeyboardInterrupt()), "it raises KeyboardInterrupt"),
        (itself, "it calls itself without end"),
        (later, "this is a coroutine, which `async` makes"),
        (yields, "2 values are expected, these are 1: (1,)"),
        (raises(ValueError("one\ntwo")), "it raises ValueError: one two"),
        (int, "a function is expected, this is the class int"),
        (7, "a function is expected, this is 7"),
        (lambda k, base: (..., 3), "there are still three dots in the answer"),
        (lambda k, base: ..., "not attempted"),
        (lambda k, base: endless_list(), "not yet: for k = 2, base = 2 the value contains itself"),
        (lambda k, base: range(10**9), "not yet: for k = 2, base = 2 more than 2,000 elements are"),
        (lambda k, base: print(3), "the function returns None; print only shows"),
        (lambda k: 1, "it raises TypeError"),
        (lambda k, base: (float("nan"), 1), "it gives (nan, 1), not (0, 1) (right: value 2 of 2)"),
    ],
)
def test_what_happened_is_named(answer, words, capsys):
    nt.check("2.1", answer)
    assert words in capsys.readouterr().out
