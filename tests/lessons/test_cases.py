"""What answers are tried on: the same cases on every machine, written down in ``cases.txt``.

A change that is meant: delete the file, run the test, read what it wrote, and commit that.
"""

from pathlib import Path

import numpy as np

from looks import told
from nastut.lessons.exercise import LESSONS, exercises_of

PATH = Path(__file__).with_name("cases.txt")


def cases():
    """Yield every case of every exercise as a line."""
    for lesson in LESSONS.values():
        for number, exercise in exercises_of(lesson).items():
            for case in exercise.cases(np.random.default_rng(0)) if exercise.cases else ():
                yield f"{number}: {', '.join(told(value) for value in case)}"


def test_answers_are_tried_on_the_same_cases_as_before():
    found = "\n".join(cases()) + "\n"
    if not PATH.exists():
        PATH.write_text(found)
        raise AssertionError(f"{PATH} is new: read it, then run again")
    assert found == PATH.read_text()
