"""Searches with every strategy, small; run as a script they are killed again and again."""

import os
import random
import signal
import sys
import time
import zlib
from pathlib import Path

import numpy as np

import nastut as nt
from nastut.search.learners import PriorityQueue, Reinforce
from nastut.search.loop import run
from nastut.search.strategies import Evolution, Random

SPACE = nt.Space(2)
EVALUATIONS = 157  # not a whole number of batches
FEW = 63  # nor is this


def controller():
    return nt.Controller(SPACE, hidden_size=4, num_layers=1, seed=5)


STRATEGIES = {
    "random": lambda rng: Random(SPACE.choices, rng, batch=10),
    "evolution": lambda rng: Evolution(SPACE.choices, rng, batch=3, population=20, sample=5),
    "reinforce": lambda rng: Reinforce(controller(), rng, learning_rate=0.02),
    "priority_queue": lambda rng: PriorityQueue(controller(), rng),
}


def strategy(name):
    """Return a strategy in its initial state."""
    return STRATEGIES[name](np.random.default_rng(5))


def reward(cell):
    """Return a number that belongs to the class of the cell; some children fail."""
    number = zlib.crc32(str(cell.canonical()).encode())
    if number % 7 == 0:
        raise FloatingPointError(f"child {number} diverged")
    return float("nan") if number % 11 == 0 else number / 2**32


def slow_reward(cell):
    time.sleep(0.002)
    return reward(cell)


def search(name, path=None, reward=reward, evaluations=EVALUATIONS, **how):
    """Search with a strategy; go on from a file if it is there."""
    return run(strategy(name), SPACE, reward, evaluations, {"method": name, "seed": 5},
               checkpoint=path, progress=False, **how)  # fmt: skip


def be_killed(folder, times):
    """Search with every strategy in processes that are killed; the last one runs to its end."""
    rng, killed = random.Random(), 0
    while True:
        child = os.fork()
        if not child:
            for name in STRATEGIES:
                search(name, folder / name, slow_reward, FEW)
            os._exit(0)
        if killed < times:
            time.sleep(rng.uniform(0, 0.3))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0
            return killed
        killed += 1


if __name__ == "__main__":
    print(be_killed(Path(sys.argv[1]), times=4))
