"""What answers are tried on: the same cases on every machine, written down in ``cases.txt``."""

from pathlib import Path

import numpy as np

from looks import told
from nastut.lessons.exercise import LESSONS, exercises_of
from written import assert_written


def cases():
    """Yield every case of every exercise as a line."""
    for lesson in LESSONS.values():
        for number, exercise in exercises_of(lesson).items():
            for case in exercise.cases(np.random.default_rng(0)) if exercise.cases else ():
                yield f"{number}: {', '.join(told(value) for value in case)}"


def test_answers_are_tried_on_the_same_cases_as_before():
    assert_written(Path(__file__).with_name("cases.txt"), "\n".join(cases()) + "\n")
