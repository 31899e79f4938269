"""The checks behind the exercises: one module a notebook, all judged the same way."""

from nastut.lessons.exercise import check as check
from nastut.lessons.setup import setup as setup

__all__ = ["check", "setup"]
