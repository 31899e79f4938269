"""How long the searches take beside their rewards: seconds for 1,000 evaluations, on one thread.

Usage: ``python benchmarks/bench_search.py``. Numbers vary with the machine and its load.
"""

from __future__ import annotations

import time

import torch

import nastut as nt

EVALUATIONS = 1_000


def agreement(cell: nt.Cell) -> float:
    """Return how many tokens are those of the example: a reward that costs nothing."""
    wanted = nt.zoo.EXAMPLE.sequence
    return sum(a == b for a, b in zip(cell.sequence, wanted, strict=True)) / len(wanted)


def main() -> None:
    """Print one line a method, and one for a controller with a cell of its own."""
    torch.set_num_threads(1)
    search = nt.search
    searches = {
        "random": (search.random, {}),
        "evolution": (search.evolution, {}),
        "reinforce": (search.reinforce, {}),
        "priority_queue": (search.priority_queue, {}),
        "priority_queue, cell=EXAMPLE": (search.priority_queue, {"cell": nt.zoo.EXAMPLE}),
    }
    for name, (method, settings) in searches.items():
        method(nt.Space(), agreement, 20, progress=False, **settings)  # what is loaded only once
        start = time.perf_counter()
        method(nt.Space(), agreement, EVALUATIONS, progress=False, **settings)
        print(f"{name:30s} {time.perf_counter() - start:6.2f} s")


if __name__ == "__main__":
    main()
