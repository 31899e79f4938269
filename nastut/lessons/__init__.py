"""The checks behind the exercises: one module a notebook, all judged the same way.

The truth of an exercise and its famous slips enter here, drawing code that a reader of a
notebook skips, and the playground. Open ``exercise.py`` first, then the module of a notebook.
"""

from nastut.lessons.exercise import check as check
from nastut.lessons.setup import setup as setup

__all__ = ["check", "setup"]
