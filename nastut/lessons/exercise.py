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
from numbers import Number
from typing import Any

import numpy as np

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
}


@dataclass(frozen=True)
class Exercise:
    """One exercise and all that is needed to judge an answer.

    Attributes
    ----------
    truth
        The right answer to a case, found by another route than the solution.
    mistakes
        What went wrong, in words for the learner -> the answer that this mistake gives.
    cases
        ``cases(rng)`` gives the arguments to try; None if the answer is no function.
    same
        Whether two answers are equal.
    remark
        What to say of an answer that is neither right nor a known mistake; without it, the
        first case that differs is shown.
    """

    truth: Callable[..., Any]
    mistakes: Mapping[str, Callable[..., Any]]
    cases: Callable[[np.random.Generator], Iterable[tuple[Any, ...]]] | None = None
    same: Callable[[Any, Any], bool] = lambda a, b: bool(a == b)
    remark: Callable[[Any], str] | None = None

    def judge(self, answer: Any) -> str:
        """Return the verdict on an answer, in one line."""
        if answer is ... or answer is None:
            return "not attempted"
        if self.cases is None:
            cases: list[tuple[Any, ...]] = [()]
            given = [answer]
        else:
            if not callable(answer):
                return f"not yet: a function is expected, this is {type(answer).__name__}"
            cases = list(self.cases(np.random.default_rng(0)))
            given = []
            for case in cases:
                try:
                    given.append(answer(*deepcopy(case)))
                except NotImplementedError:
                    return "not attempted"
                except Exception as error:
                    return (
                        f"not yet: {type(error).__name__} for {_arguments(answer, case)}: {error}"
                    )
        if all(value is ... or value is None for value in given):
            return "not attempted"
        if self._agrees(given, self.truth, cases):
            return "passed" if self.cases is None else f"passed on {len(cases)} cases"
        for name, wrong in self.mistakes.items():
            if self._agrees(given, wrong, cases):
                return f"not yet: {name}"
        if self.remark is not None:
            return f"not yet: {self.remark(answer)}"
        return f"not yet: {self._first_difference(answer, given, cases)}"

    def _agrees(
        self, given: list[Any], route: Callable[..., Any], cases: list[tuple[Any, ...]]
    ) -> bool:
        return all(
            self._same(value, route(*deepcopy(case)))
            for value, case in zip(given, cases, strict=True)
        )

    def _same(self, value: Any, wanted: Any) -> bool:
        try:
            return self.same(value, wanted)
        except (TypeError, ValueError, AttributeError):  # the answer is of another kind
            return False

    def _first_difference(self, answer: Any, given: list[Any], cases: list[tuple[Any, ...]]) -> str:
        for value, case in zip(given, cases, strict=True):
            wanted = self.truth(*deepcopy(case))
            if not self._same(value, wanted):
                break
        if isinstance(wanted, Number) and not isinstance(value, Number):
            return f"a number is expected, this is {type(value).__name__} {_show(value)}"
        if self.cases is None:
            return f"{_show(value)} is not right, and no slip that is known here; see the hint"
        if isinstance(wanted, tuple) and np.shape(value)[:1] != (len(wanted),):
            return f"{len(wanted)} values are expected, it returns {_show(value)}"
        return f"for {_arguments(answer, case)} it gives {_show(value)}, not {_show(wanted)}"


def check(number: str, answer: Any) -> None:
    """Judge the answer to an exercise and print the verdict in one line.

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
    lesson = LESSONS.get(str(number).partition(".")[0])
    exercises = _exercises(lesson) if lesson else {}
    if number not in exercises:
        known = [n for name in LESSONS.values() for n in _exercises(name)]
        raise ValueError(f"there is no exercise {number!r}; there are {', '.join(known)}")
    print(f"Exercise {number}: {exercises[number].judge(answer)}")


def close(value: Any, wanted: Any) -> bool:
    """Tell whether two numbers, arrays or (nested) tuples of them are equal but for rounding."""
    if isinstance(wanted, tuple):
        return len(value) == len(wanted) and all(map(close, value, wanted))
    return np.shape(value) == np.shape(wanted) and bool(np.allclose(value, wanted, atol=1e-9))


def _exercises(lesson: str) -> dict[str, Exercise]:
    exercises: dict[str, Exercise] = import_module(f"nastut.lessons.{lesson}").EXERCISES
    return exercises


def _arguments(answer: Callable[..., Any], case: tuple[Any, ...]) -> str:
    """Return the arguments of a case by the names that the learner gave them."""
    try:
        names = list(signature(answer).bind(*case).arguments)
    except (TypeError, ValueError):
        names = []
    if len(names) != len(case):
        return ", ".join(map(_show, case))
    return ", ".join(f"{name} = {_show(value)}" for name, value in zip(names, case, strict=True))


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_show, value))})"
    with np.printoptions(precision=3, suppress=True, threshold=6):
        text = str(value) if isinstance(value, np.ndarray) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 160 else f"{text[:157]}..."
