"""A trainer that trains nothing, so that a table of a small space is built in no time.

Run as a script it builds such a table and kills itself in the middle of it.
"""

import hashlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import numpy as np

from nastut import files as nastut_files
from nastut.cells.space import Space
from nastut.files import write_atomically
from nastut.learning.training import Recipe, Record
from nastut.studies import exhaustive
from nastut.studies.exhaustive import TaskSettings

SPACE = Space(2, ("Add", "Multiply"), ("Tanh",))
RECIPE = Recipe(epochs=1, batch=2, steps=5, reports=2)
LENGTHS = {"train": 40, "validation": 20, "test": 20}
TASKS = {
    "embedded_reber": TaskSettings(
        arguments=LENGTHS, recipe=RECIPE, hidden_size=2, at_once=7, seeds=(0, 5)
    ),
    "delayed_recall": TaskSettings(
        arguments=LENGTHS, recipe=RECIPE, hidden_size=2, at_once=9, seeds=(3,)
    ),
}
AT = (2, 4)


def fake_train(cells, task, recipe, hidden_size, seed, at_once=0, progress=True):
    """Return records that depend on all that is given; every ninth or so is diverged."""
    assert not progress
    return [_record(f"{cell} {task.digest} {recipe} {hidden_size} {seed}", seed) for cell in cells]


def _record(given, seed):
    entropy = int.from_bytes(hashlib.sha256(given.encode()).digest()[:8])
    rng = np.random.default_rng(entropy)
    first, last, test = (1.6 + rng.exponential(1.0, 3)).tolist()
    if rng.random() < 1 / 9:
        return Record(seed, 99, AT[:1], (first,), first, diverged=3)
    return Record(seed, 99, AT, (first, last), test, diverged=None)


def kill():
    """End this process as nothing can prevent."""
    os.kill(os.getpid(), signal.SIGKILL)


def build_until(path, files, end):
    """Build a table, and call `end` in the middle of writing one file more than `files`."""
    left = files

    def write(target, data):
        nonlocal left
        if left == 0:
            with patch.object(Path, "replace", lambda *names: end()):
                write_atomically(target, data)
        left -= 1
        write_atomically(target, data)

    exhaustive.train = fake_train
    exhaustive.write_atomically = nastut_files.write_atomically = write
    with ThreadPoolExecutor(1) as executor:
        exhaustive.build(path, executor, SPACE, TASKS)


if __name__ == "__main__":
    build_until(Path(sys.argv[1]), int(sys.argv[2]), kill)
