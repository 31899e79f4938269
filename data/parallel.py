"""Make ``parallel.json``: what 400 workers are worth, by searches on the table in simulated time.

Many workers are quick, but their policies are stale: what a strategy proposes for one of them it
proposes before it has heard of the others. So the loop of :mod:`nastut.search.loop` runs with
workers that take no time but say how much they would have taken. Rewards are those of the table;
each child takes as long as one of a hundred whose training was measured.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from base2 import TaskSettings
from nastut.cells.cell import Cell
from nastut.learning.children import train
from nastut.search.controller import Controller
from nastut.search.learners import PriorityQueue, Reinforce
from nastut.search.loop import Search, Strategy
from nastut.search.rewards import Reward, SideBySide
from nastut.search.strategies import Evolution, Random
from nastut.search.workers import Group, Outcomes, Workers
from nastut.studies.study import Results, Study
from nastut.studies.table import load_table
from searches import on_the_table, per_mille

TABLE = load_table()

EVALUATIONS = 2_500
WORKERS = (1, 10, 100, 400)
SEEDS = tuple(range(4_000, 4_010))
TIMED = 100
"""Children whose training is timed, alone on one thread."""

METHODS: dict[str, dict[str, Any]] = {
    "random": {"batch": 1},
    "evolution": {"batch": 1},
    "REINFORCE": {"batch": 10, "learning_rate": 0.01, "entropy": 0.2},
    "priority queue": {"batch": 5},
}
"""Name in the pictures -> settings that are no defaults; the batch is what is learned at once."""


class SimulatedWorkers(Workers):
    """Workers that answer at once, in the order in which they would be ready.

    Parameters
    ----------
    size
        How many there are.
    seconds
        What one child takes; drawn at random for each.
    rng
        The generator that draws.

    Attributes
    ----------
    clock
        Seconds that would have passed.
    ready
        When each class of cells was ready.
    """

    def __init__(self, size: int, seconds: Sequence[float], rng: np.random.Generator) -> None:
        super().__init__(None, size)
        self.seconds, self.rng = seconds, rng
        self.clock = 0.0
        self.ready: dict[Cell, float] = {}
        self.started = 0
        self._running: list[tuple[float, int, Group]] = []

    @property
    def busy(self) -> bool:
        """Whether outcomes will come."""
        return bool(self._waiting or self._running)

    @property
    def room(self) -> bool:
        """Whether a worker has nothing to do."""
        return len(self._waiting) + len(self._running) < self._capacity()

    def hand_out(self, reward: Reward | SideBySide, cells: dict[Cell, Cell]) -> None:
        """Start on a group, or let it wait for the first worker that is free."""
        super().hand_out(reward, cells)
        while self._waiting and len(self._running) < self._capacity():
            takes = self.seconds[int(self.rng.integers(len(self.seconds)))]
            ready = (self.clock + takes, self.started, self._waiting.popleft())
            heapq.heappush(self._running, ready)
            self.started += 1

    def next(self) -> Outcomes:
        """Let the time pass until the next worker is ready, and return what it found."""
        self.clock, _, group = heapq.heappop(self._running)
        if self._waiting:
            following = self._waiting.popleft()
            self.hand_out(following.reward, following.cells)
        self.ready |= dict.fromkeys(group.cells, self.clock)
        return dict(zip(group.cells, group.measure(), strict=True))


def study() -> Study:
    """Return the study: first the children are timed, then the searches are simulated."""
    settings = {
        **on_the_table(EVALUATIONS),
        "workers": WORKERS,
        "seeds": SEEDS,
        "timed": TIMED,
        "methods": METHODS,
    }
    return Study("parallel", settings, {"seconds of a child": ("", 0, 0, ())}, run, then=[searched])


def searched(results: Results) -> dict[str, tuple[str, int, int, tuple[float, ...]]]:
    """Return the runs that search: their children take what was measured."""
    seconds = tuple(results["seconds of a child"]["seconds"])
    return {
        f"{name}, {workers} workers, seed {seed}": (name, workers, seed, seconds)
        for workers in WORKERS
        for name in METHODS
        for seed in SEEDS
    }


def run(name: str, workers: int, seed: int, seconds: Sequence[float]) -> dict[str, Any]:
    """Simulate one search; or, without a name, measure what children take."""
    torch.set_num_threads(1)
    return simulate(name, workers, seed, seconds) if name else {"seconds": timed(TIMED)}


def timed(count: int) -> list[float]:
    """Return the seconds of CPU that some random children of the table take, one by one."""
    how = TaskSettings.recorded(TABLE, TABLE.tasks[0])
    task, rng = how.streams(TABLE.tasks[0]), np.random.default_rng(0)
    seconds = []
    for _ in range(count):
        cell = TABLE.space.sample(rng)
        start = time.process_time()
        train(cell, task, how.recipe, how.hidden_size, progress=False)
        seconds.append(round(time.process_time() - start, 4))
    return seconds


def simulate(
    name: str, workers: int, seed: int, seconds: Sequence[float], evaluations: int = EVALUATIONS
) -> dict[str, Any]:
    """Search once on the table with so many workers.

    Returns
    -------
    dict
        ``reached``: the evaluation, from 1, in the order in which they were learned, that first
        had a cell among the best per mille; ``reached_at``: the seconds until it was trained.
        None if none had. ``best``: the highest reward. ``took``: seconds of the whole search.
    """
    search = Search(strategy(name, seed), TABLE.space, TABLE.reward, evaluations)
    crew = SimulatedWorkers(workers, seconds, np.random.default_rng([seed, workers]))
    with tqdm(disable=True) as bar:
        search.go(crew, bar)
    result = search.result()
    good = [form for form in crew.ready if TABLE.rank(form) <= per_mille(TABLE)]
    places = [n for n, cell in enumerate(result.cells, 1) if cell.canonical() in set(good)]
    return {
        "method": name,
        "workers": workers,
        "seed": seed,
        "reached": min(places, default=None),
        "reached_at": min((round(crew.ready[form], 2) for form in good), default=None),
        "best": round(max(result.rewards), 5),
        "took": round(crew.clock, 2),
    }


def strategy(name: str, seed: int) -> Strategy:
    """Return a strategy of :data:`METHODS` on the space of the table."""
    space, rng, options = TABLE.space, np.random.default_rng(seed), METHODS[name]
    if name == "random":
        return Random(space.choices, rng, **options)
    if name == "evolution":
        return Evolution(space.choices, rng, **options)
    learner = Reinforce if name == "REINFORCE" else PriorityQueue
    return learner(Controller(space, seed=seed), rng, **options)


if __name__ == "__main__":
    study().main()
