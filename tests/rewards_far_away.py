"""Reward functions that processes of their own can find, and that note what they measured."""

import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from nastut.search.rewards import Outcome


@dataclass(frozen=True)
class Noted:
    """A reward that belongs to the class of the cell; each measurement is a line of a file.

    `seconds` is what a child takes. The cells in `deadly` kill their worker, `hanging` ones never
    end, `raising` ones raise.
    """

    log: str
    seconds: float = 0.0
    deadly: tuple = ()
    hanging: tuple = ()
    raising: tuple = ()

    def __call__(self, cell):
        form = cell.canonical()
        self.note("begun", form)
        if form in self.deadly:
            os._exit(1)
        if form in self.hanging:
            time.sleep(600)
        if form in self.raising:
            raise FloatingPointError("diverged")
        time.sleep(self.seconds)
        self.note("measured", form)
        return value(form)

    def note(self, what, form):
        with Path(self.log).open("a") as file:
            file.write(f"{what} {os.getpid()} {form}\n")


@dataclass(frozen=True)
class Together(Noted):
    """The same for a whole batch."""

    def many(self, cells):
        return [Outcome(self(cell), None, (1.0, 2.0)) for cell in cells]

    def after(self, curves):
        assert all(curve in ((1.0, 2.0), ()) for curve in curves)
        return self

    @property
    def settings(self):
        return {"seconds": self.seconds}


def value(cell):
    return zlib.crc32(str(cell.canonical()).encode()) / 2**32


def notes(log, what="measured"):
    """Return (process, form as text) for each line of that kind."""
    lines = [line.split(" ", 2) for line in Path(log).read_text().splitlines()]
    return [(int(process), form) for kind, process, form in lines if kind == what]
