"""Famous wrong answers to exercises, as a learner would give them.

The files of ``tests/lessons`` write each of them anew, from the words that the learner is told and
by another route than the package: so the words and the mistake belong together.
"""

import pytest

from nastut.lessons.exercise import LESSONS, exercises_of

EXERCISES = {n: e for lesson in LESSONS.values() for n, e in exercises_of(lesson).items()}
"""Every exercise by its number."""


def judge(number, answer):
    """Return what a learner is told of an answer."""
    return EXERCISES[number].judge(answer)


def each(wrong):
    """Parametrize a test by number, words and answer: {"6.1": {words: answer}}."""
    given = [(n, words, answer) for n, of_one in wrong.items() for words, answer in of_one.items()]
    return pytest.mark.parametrize(("number", "words", "answer"), given)


def known(lesson):
    """Return the mistakes that a lesson knows, as :func:`each` takes them, without the answers."""
    return {number: set(exercise.mistakes) for number, exercise in exercises_of(lesson).items()}
