"""An exercise: what is true, and what people usually get wrong.

An answer is compared with an independent route on several random cases. If it fails, it is
compared with the famous wrong answers, so that the learner reads which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from time import monotonic
from typing import Any

import numpy as np

from nastut.lessons.limit import SECONDS, DoesNotEndError, limited
from nastut.lessons.plain import NUMBERS, UnreadableError, close, plain, shape, shorten, show

LESSONS = {
    "0": "start_here",
    "1": "graphs",
    "2": "linearization",
    "3": "cell_injection",
    "4": "lstm_as_sequence",
    "5": "nascell",
    "6": "controller",
    "7": "contest",
    "8": "networks_that_design_networks",
    "9": "beyond_a_laptop",
}

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Exercise:
    """One exercise and all that is needed to judge an answer.

    Answers and truths are compared as plain data: see :mod:`nastut.lessons.plain`.

    Attributes
    ----------
    truth
        The right answer to a case, found by another route than the solution.
    mistakes
        What went wrong, in words for the learner -> the answer that this mistake gives.
    cases
        ``cases(rng)`` gives the arguments to try; None if the answer is no function.
    same
        Whether an answer (the first argument) and the truth are equal.
    remark
        ``remark(value)`` is what to say of a value that is neither right nor a known mistake;
        without it, the first case that differs is shown.
    """

    truth: Callable[..., Any]
    mistakes: Mapping[str, Callable[..., Any]]
    cases: Callable[[np.random.Generator], Iterable[Case]] | None = None
    same: Callable[[Any, Any], bool] = close
    remark: Callable[[Any], str] | None = None

    def judge(self, answer: Any) -> str:
        """Return the verdict on an answer, in one line, whatever the answer is or does."""
        try:
            return shorten(self._judge(answer), 600)
        except _VerdictError as verdict:
            return shorten(str(verdict), 600)

    def _judge(self, answer: Any) -> str:
        if answer is ...:
            return "not attempted"
        cases = [()] if self.cases is None else list(self.cases(np.random.default_rng(0)))
        wanted = self._by(self.truth, cases)
        given = self._values(answer, cases)
        differs = self._first_that_differs(given, wanted)
        if differs is None:
            return "passed" if self.cases is None else f"passed on {len(cases)} cases"
        if all(value is None for value in given):
            what = "this is None" if self.cases is None else "the function returns None"
            return f"not yet: {what}; print only shows a value, return hands it over"
        for name, mistake in self.mistakes.items():
            if self._first_that_differs(given, self._by(mistake, cases)) is None:
                return f"not yet: {name}"
        explained = self._explain(given[differs], wanted[differs], answer, cases[differs])
        return f"not yet: {explained}"

    def _by(self, route: Callable[..., Any], cases: list[Case]) -> list[Any]:
        return [plain(route(*deepcopy(case))) for case in cases]

    def _values(self, answer: Any, cases: list[Case]) -> list[Any]:
        """Return what the answer gives for each case."""
        if self.cases is not None and (not callable(answer) or isinstance(answer, type)):
            raise _VerdictError(f"not yet: a function is expected, this is {_look_at(answer)}")
        ends_at = monotonic() + SECONDS
        values = []
        for case in cases:
            try:
                seconds = ends_at - monotonic()
                values.append(limited(self._value, answer, case, seconds=seconds))
            except _VerdictError:
                raise
            except NotImplementedError:
                raise _VerdictError("not attempted") from None
            except DoesNotEndError as error:
                what = f"{_for(answer, case)}{error}; does every loop come to an end?"
                raise _VerdictError(f"not yet: {what}") from None
            except UnreadableError as error:
                raise _VerdictError(f"not yet: {_for(answer, case)}{error}") from None
            except BaseException as error:  # the answer may raise anything, SystemExit too
                what = f"{_for(answer, case)}it raises {_describe(error)}"
                raise _VerdictError(f"not yet: {what}") from None
        return values

    def _value(self, answer: Any, case: Case) -> Any:
        """Read a value at once, before the code that made it can change it."""
        value = answer if self.cases is None else answer(*deepcopy(case))
        if value is ...:
            raise NotImplementedError
        value = plain(value)
        if isinstance(value, (list, tuple)) and any(part is ... for part in value):
            raise _VerdictError("not yet: there are still three dots in the answer")
        return value

    def _first_that_differs(self, given: list[Any], wanted: list[Any]) -> int | None:
        for place, (value, right) in enumerate(zip(given, wanted, strict=True)):
            try:
                if not limited(self.same, value, right):
                    return place
            except BaseException:  # the answer is of another kind, or an object that objects
                return place
        return None

    def _explain(self, value: Any, wanted: Any, answer: Any, case: Case) -> str:
        try:
            if self.remark is not None:
                return limited(self.remark, value)
            return limited(self._difference, value, wanted, answer, case)
        except BaseException:  # an object that objects to be looked at
            return _UNKNOWN

    def _difference(self, value: Any, wanted: Any, answer: Any, case: Case) -> str:
        kind = _other_kind(value, wanted)
        if kind:
            return f"{kind} ({_for(answer, case).strip()})" if case else kind
        if self.cases is None:
            return f"{show(value)} is {_UNKNOWN}"
        for digits in (4, 17):
            given, right = show(value, digits), show(wanted, digits)
            if given != right:
                break
        return f"{_for(answer, case)}it gives {given}, not {right}{_right_parts(value, wanted)}"


_UNKNOWN = "not right, and no slip that is known here; see the hint"


class _VerdictError(Exception):
    """The verdict is clear before the answer is compared."""


def check(number: str, answer: Any) -> None:
    """Judge the answer to an exercise and print the verdict in one line.

    The answer may be anything. If it is a function, it runs under a limit of steps, on copies of
    its arguments, and what it prints is dropped.

    Parameters
    ----------
    number
        The number on the exercise's card, such as ``"3.2"``.
    answer
        What the card asks for: a function, a number, a list of tokens, a formula.

    Raises
    ------
    ValueError
        If there is no exercise of that number.
    """
    number = str(number)
    lesson = LESSONS.get(number.partition(".")[0])
    exercises = exercises_of(lesson) if lesson else {}
    if number not in exercises:
        known = [n for name in LESSONS.values() for n in exercises_of(name)]
        raise ValueError(f"there is no exercise {number!r}; there are {', '.join(known)}")
    print(f"Exercise {number}: {exercises[number].judge(answer)}")


def exercises_of(lesson: str) -> dict[str, Exercise]:
    """Return the exercises of a lesson, by their numbers."""
    exercises: dict[str, Exercise] = import_module(f"nastut.lessons.{lesson}").EXERCISES
    return exercises


def _look_at(answer: Any) -> str:
    try:
        return limited(lambda: show(plain(answer)))
    except BaseException:
        return "something else"


def _other_kind(value: Any, wanted: Any) -> str:
    """Say what kind of thing was expected, if this is of another kind."""
    number = isinstance(wanted, (int, float)) and not isinstance(wanted, bool)
    if number and not isinstance(value, NUMBERS):
        return f"a number is expected, this is {_kind(value)}"
    if number and isinstance(value, complex):
        return f"a real number is expected, this is {show(value)}"
    if isinstance(wanted, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            return f"{len(wanted)} values are expected, this is {_kind(value)}"
        if len(value) != len(wanted):
            return f"{len(wanted)} values are expected, these are {len(value)}: {show(value)}"
        shapes = shape(value), shape(wanted)
        if None not in shapes and shapes[0] != shapes[1]:
            return f"the shape should be {shapes[1]}, it is {shapes[0]}"
    return ""


def _kind(value: Any) -> str:
    for kind, word in ((str, "text"), (tuple, "tuple"), (list, "list"), (frozenset, "set")):
        if isinstance(value, kind):
            return f"the {word} {show(value)}"
    return show(value)


def _right_parts(value: Any, wanted: Any) -> str:
    """Say which of several values are right."""
    if not isinstance(wanted, tuple) or not isinstance(value, (list, tuple)):
        return ""
    right = [str(n) for n, (a, b) in enumerate(zip(value, wanted, strict=True), 1) if close(a, b)]
    return f" (right: value {' and '.join(right)} of {len(wanted)})" if right else ""


def _for(answer: Any, case: Case) -> str:
    """Name the arguments of a case as the learner named them."""
    if not case:
        return ""
    try:
        names = limited(lambda: list(signature(answer).bind(*case).arguments))
    except BaseException:  # an answer may lie about its signature
        names = []
    values = [show(plain(value)) for value in case]
    if len(names) == len(case):
        values = [f"{name} = {value}" for name, value in zip(names, values, strict=True)]
    return f"for {', '.join(values)} "


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {limited(str, error) or 'no message'}"
    except BaseException:
        return f"{type(error).__name__}"
