"""An exercise: what is true, and what people usually get wrong.

An answer is compared with the truth on several random cases. If it fails, it is compared with the
famous wrong answers, so that the learner reads which one it is.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from threading import Timer, current_thread, main_thread
from typing import Any

import matplotlib
import numpy as np

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
    "10": "what_was_found",
}
"""Chapter -> the module that holds its exercises."""

SECONDS = 10.0
"""How long an answer may take, over all cases."""

UNKNOWN = "not right, and no slip that is known here; see the hint"

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Verdict:
    """What came of an answer. Only `passed` counts: the words may quote the learner."""

    passed: bool
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Exercise:
    """One exercise and all that is needed to judge an answer.

    Answers and truths are compared as plain data: see :mod:`nastut.lessons.plain`.

    Attributes
    ----------
    truth
        The right answer to a case.
    mistakes
        For a case: what went wrong, in words for the learner -> the answer that this gives.
    cases
        ``cases(rng)`` gives the arguments to try; None if the answer is no function.
    same
        Whether an answer (the first argument) and the truth are equal.
    remark
        ``remark(value)`` is what to say of a value that is neither right nor a known mistake;
        without it, the first case that differs is shown.
    """

    truth: Callable[..., Any]
    mistakes: Callable[..., Mapping[str, Any]]
    cases: Callable[[np.random.Generator], Iterable[Case]] | None = None
    same: Callable[[Any, Any], bool] = close
    remark: Callable[[Any], str] | None = None

    def judge(self, answer: Any) -> Verdict:
        """Return the verdict on an answer, whatever the answer is or does."""
        try:
            with _process_kept(), _time_limit(SECONDS):
                return Verdict(True, self._judge(answer))
        except _NotAttemptedError:
            return Verdict(False, "not attempted")
        except _NotYetError as error:
            words = str(error)
        except KeyboardInterrupt:
            words = "it was interrupted; does it come to an end?"
        return Verdict(False, shorten(f"not yet: {words}", 600))

    def _judge(self, answer: Any) -> str:
        """Return what to say of a right answer.

        Raises
        ------
        _NotAttemptedError, _NotYetError
            If it is none.
        """
        if answer is ...:
            raise _NotAttemptedError
        if self.cases is not None and (not callable(answer) or isinstance(answer, type)):
            raise _NotYetError(f"a function is expected, this is {_careful(show, answer)}")
        cases = [()] if self.cases is None else list(self.cases(np.random.default_rng(0)))
        values = [self._value(answer, case) for case in cases]
        with np.errstate(all="ignore"):
            right = [plain(self.truth(*case)) for case in cases]
        differs = self._first_difference(values, right)
        if differs is None:
            return "passed" if self.cases is None else f"passed on {len(cases)} cases"
        if all(value is None for value in values):
            what = "this is None" if self.cases is None else "the function returns None"
            raise _NotYetError(f"{what}; print only shows a value, return hands it over")
        with np.errstate(all="ignore"):
            wrong = [self.mistakes(*case) for case in cases]
        for words in wrong[0]:
            if self._first_difference(values, [plain(answers[words]) for answers in wrong]) is None:
                raise _NotYetError(words)
        if self.remark is not None:
            raise _NotYetError(_careful(self.remark, values[differs]))
        raise _NotYetError(_careful(self._describe, values, right, differs, answer, cases))

    def _value(self, answer: Any, case: Case) -> Any:
        """Return what an answer gives for a case, read before its code can change it."""
        try:
            value = answer if self.cases is None else answer(*deepcopy(case))
            if value is ...:
                raise NotImplementedError
            value = plain(value)
        except NotImplementedError:
            raise _NotAttemptedError from None
        except UnreadableError as error:
            raise _NotYetError(f"{_arguments(answer, case)}{error}") from None
        except BaseException as error:  # the answer may raise anything, SystemExit too
            raise _NotYetError(f"{_arguments(answer, case)}{_what_happened(error)}") from None
        if isinstance(value, (list, tuple)) and any(part is ... for part in value):
            raise _NotYetError("there are still three dots in the answer")
        return value

    def _first_difference(self, values: list[Any], right: list[Any]) -> int | None:
        for place, pair in enumerate(zip(values, right, strict=True)):
            if not _careful(self.same, *pair, otherwise=False):
                return place
        return None

    def _describe(
        self, values: list[Any], rights: list[Any], place: int, answer: Any, cases: list[Case]
    ) -> str:
        """Say how the value at a place differs from the right one."""
        value, right, case = values[place], rights[place], cases[place]
        kind = _other_kind(value, right)
        if kind:
            return f"{kind} ({_arguments(answer, case).strip()})" if case else kind
        if self.cases is None:
            return f"{show(value)} is {UNKNOWN}"
        digits = 4 if show(value) != show(right) else 17
        difference = f"it gives {show(value, digits)}, not {show(right, digits)}"
        return f"{_arguments(answer, case)}{difference}{_right_parts(values, rights)}"


class _NotAttemptedError(Exception):
    """The stub is as it was."""


class _NotYetError(Exception):
    """The answer is not right; the message says why."""


def judge(number: str, answer: Any) -> Verdict:
    """Return the verdict on the answer to an exercise.

    The answer may be anything. A function is called with copies of its arguments. In the main
    thread an answer is interrupted, as by Ctrl-C, when it has taken :data:`SECONDS`; one long call
    of compiled code, and a loop that catches every error, go on all the same. And in the main
    thread it is undone what an answer sets for the whole process.

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
    return exercises[number].judge(answer)


def check(number: str, answer: Any) -> None:
    """Judge the answer to an exercise, as :func:`judge` does, and print the verdict in one line."""
    print(f"Exercise {number}: {judge(number, answer)}")


def exercises_of(lesson: str) -> dict[str, Exercise]:
    """Return the exercises of a lesson, by their numbers."""
    exercises: dict[str, Exercise] = import_module(f"nastut.lessons.{lesson}").EXERCISES
    return exercises


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt a block that has not ended after some seconds, if it runs in the main thread."""
    if current_thread() is not main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    if ignored := isinstance(handler, signal.Handlers):  # by nohup, for example
        signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = Timer(seconds, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # an interrupt that is on its way arrives here, and not after the block
        if ignored:
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _process_kept() -> Iterator[None]:
    """Undo what a block sets for the whole process, if it runs in the main thread.

    Threads that did so at the same time would undo each other's.
    """
    with ExitStack() as stack:
        if current_thread() is main_thread():
            stack.enter_context(np.errstate())
            stack.enter_context(matplotlib.rc_context())
            stack.callback(_careful, os.chdir, _careful(os.getcwd, otherwise="."))
            stack.callback(sys.setrecursionlimit, sys.getrecursionlimit())
            if torch := sys.modules.get("torch"):
                stack.callback(torch.set_default_dtype, torch.get_default_dtype())
                stack.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        yield


def _careful(function: Callable[..., Any], *arguments: Any, otherwise: Any = UNKNOWN) -> Any:
    """Call what looks at an answer; if the answer objects, by any error, return `otherwise`."""
    try:
        return function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return otherwise


def _what_happened(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted; does every loop come to an end?"
    if isinstance(error, RecursionError):
        return "it calls itself, or holds itself, without end"
    return f"it raises {type(error).__name__}: {_careful(str, error) or 'no message'}"


def _other_kind(value: Any, right: Any) -> str:
    """Say what kind of thing was expected, if this is of another kind."""
    number = isinstance(right, (int, float)) and not isinstance(right, bool)
    if number and not isinstance(value, NUMBERS):
        return f"a number is expected, this is {_kind(value)}"
    if number and isinstance(value, complex):
        return f"a real number is expected, this is {show(value)}"
    if isinstance(right, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            return f"{len(right)} values are expected, this is {_kind(value)}"
        found, expected = shape(value), shape(right)
        if found and expected and max(len(found), len(expected)) > 1 and found != expected:
            return f"the shape should be {expected}, it is {found}"
        if len(value) != len(right):
            return f"{len(right)} values are expected, these are {len(value)}: {show(value)}"
    return ""


def _kind(value: Any) -> str:
    for kind, word in ((str, "text"), (tuple, "tuple"), (list, "list"), (frozenset, "set")):
        if isinstance(value, kind):
            return f"the {word} {show(value)}"
    return show(value)


def _right_parts(values: list[Any], rights: list[Any]) -> str:
    """Say which of several values are right, in every case."""
    count = len(rights[0]) if isinstance(rights[0], tuple) else 0
    if not all(isinstance(value, (list, tuple)) and len(value) == count for value in values):
        return ""
    columns = zip(zip(*values, strict=True), zip(*rights, strict=True), strict=True)
    parts = [str(n) for n, column in enumerate(columns, 1) if close(*column)]
    return f" (right: value {' and '.join(parts)} of {count})" if parts else ""


def _arguments(answer: Any, case: Case) -> str:
    """Name the arguments of a case as the learner named them."""
    if not case:
        return ""
    names = _careful(lambda: list(signature(answer).bind(*case).arguments), otherwise=[])
    values = [show(plain(value)) for value in case]
    if len(names) == len(case):
        values = [f"{name} = {value}" for name, value in zip(names, values, strict=True)]
    return f"for {', '.join(values)} "
