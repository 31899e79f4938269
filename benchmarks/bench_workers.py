"""How many children a core trains in a minute, with one worker and two, and what the engine costs.

Children of base 8 on text, 16 side by side in a worker; processes and, if it is installed, Dask.
Starting the workers is not counted: they do a short search before the timed one. Usage:
``python benchmarks/bench_workers.py``. Numbers vary with the machine and its load; the ratios less.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
from tqdm import tqdm

import nastut as nt
from nastut.search.loop import Search
from nastut.search.rewards import Curve, Outcome
from nastut.search.strategies import Random
from nastut.search.workers import Workers

BATCH, WARM, TIMED, ROUNDS = 16, 32, 96, 3


class Free:
    """A reward for nothing, for many at once."""

    settings: dict[str, Any] = {}  # noqa: RUF012

    def __call__(self, cell: nt.Cell) -> float:
        """Return 1."""
        return 1.0

    def many(self, cells: Sequence[nt.Cell]) -> list[Outcome]:
        """Return 1 for each."""
        return [Outcome(1.0, None) for _ in cells]

    def after(self, curves: Iterable[Curve]) -> Self:
        """Return the same."""
        return self


@contextmanager
def dask(count: int) -> Iterator[Executor]:
    """Give the executor of a Dask cluster on this machine."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(count, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


def seconds(reward: Any, source: Callable[[int], Any] | None, workers: int) -> float:
    """Return the seconds of one evaluation, with workers that have done some before."""
    space, took = nt.Space(8), 0.0
    with (
        Workers(source and partial(source, workers), workers) as crew,
        tqdm(disable=True) as bar,
    ):
        for evaluations in (WARM, TIMED):
            strategy = Random(space.choices, np.random.default_rng(evaluations), BATCH)
            search = Search(strategy, space, reward, evaluations)
            start = time.perf_counter()
            search.go(crew, bar)
            took = time.perf_counter() - start
    return took / TIMED


def main() -> None:
    """Print the table: the best of a few rounds, as load only ever slows down."""
    sources: dict[str, Any] = {"processes": nt.search.processes}
    if find_spec("distributed"):
        sources["Dask"] = dask
    reward = nt.search.Trained.on("text", steps=64)
    one: dict[tuple[str, int], float] = {}
    for _ in range(ROUNDS):
        for name, source in sources.items():
            for workers in (1, 2):
                found = seconds(reward, source, workers)
                one[name, workers] = min(found, one.get((name, workers), found))
    for (name, workers), took in one.items():
        print(
            f"{name:10s} {workers} at work: {60 / took / workers:6.0f} evaluations a core-minute, "
            f"{one['processes', 1] / took:4.2f} times one process"
        )
    for name, source in {"here": None, **sources}.items():
        cost = min(seconds(Free(), source, 1) for _ in range(ROUNDS))
        share = cost / one["processes", 1]
        print(f"{name:10s} engine: {1e3 * cost:6.2f} ms an evaluation, {share:.1%} of a child")


if __name__ == "__main__":
    main()
