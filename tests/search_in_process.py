"""A search in a process of its own: ``python search_in_process.py METHOD CHECKPOINT``."""

import sys
import time
import zlib

import nastut as nt

SPACE = nt.Space(2)
EVALUATIONS = 157  # no whole number of batches


def reward(cell):
    """Return a number that belongs to the class of the cell; some children fail."""
    number = zlib.crc32(str(cell.canonical()).encode())
    if number % 7 == 0:
        raise FloatingPointError(f"child {number} diverged")
    return float("nan") if number % 11 == 0 else number / 2**32


def slow_reward(cell):
    time.sleep(0.01)
    return reward(cell)


if __name__ == "__main__":
    method = getattr(nt.search, sys.argv[1])
    method(SPACE, slow_reward, EVALUATIONS, 5, checkpoint=sys.argv[2], progress=False)
