"""The checks behind the exercises, one module a notebook, and the pictures that it alone draws.

An exercise holds the truth and its famous slips. The set-up of a notebook and the playground live
here, too. Open ``exercise.py`` first, then the module of a notebook.
"""

from nastut.lessons.exercise import check as check
from nastut.lessons.plots import setup as setup

__all__ = ["check", "setup"]
