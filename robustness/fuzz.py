"""Damage files, then kill computations, and print what came of it.

``make fuzz OPTIONS="--minutes 10"`` ends each of the two after so many minutes at the latest.
"""

from __future__ import annotations

import argparse
import random

from damage import damage
from kills import KINDS, kill


def main() -> None:
    """Do both; end with an AssertionError at the first fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="for each of the two, at most")
    parser.add_argument("--times", type=int, default=100_000, help="files that are damaged")
    parser.add_argument("--kills", type=int, default=60, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    counted = damage(options.times, options.seed, options.minutes)
    for outcome, count in sorted(counted.items()):
        print(f"{count:8,} {outcome}")
    print(f"{counted.total():8,} damaged files", flush=True)
    rng, share = random.Random(options.seed), options.minutes / len(KINDS)
    for kind in KINDS:
        killed = kill(kind, options.kills // len(KINDS), rng, share)
        print(f"{killed:8,} kills of {kind}: the same result, nothing left", flush=True)


if __name__ == "__main__":
    main()
