"""Make ``searches.json``: the searches against each other on the table, from many seeds.

A search on the table costs no training. So each method is run from a hundred seeds, none of
which was used to choose a setting, and it is counted how many evaluations it needs to propose a
cell among the best per mille.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np

from nastut import search
from nastut.search.checkpoint import SearchResult
from nastut.studies.study import Study
from nastut.studies.table import Table, load_table

TABLE = load_table()
EVALUATIONS = 3_000
SEEDS = tuple(range(100))
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("random", {}),
    "evolution": ("evolution", {}),
    "REINFORCE": ("reinforce", {}),
    "REINFORCE, tuned": ("reinforce", {"learning_rate": 0.01, "entropy": 0.01}),
    "priority queue": ("priority_queue", {}),
}
"""Name in the pictures -> function of :mod:`nastut.search`, and settings that are no defaults.

What is tuned here is one setting that was taken without trying others. The study ``tuning`` gives
every method the same effort, and shows that this bonus is too small.
"""

COMMON = ("evaluations", "seed", "executor", "checkpoint", "progress", "workers", "limit", "target",
          "cell")  # fmt: skip
"""Arguments of a search that are no settings of its method."""

EVERY = 100
"""Evaluations between two entries of what is recorded over time."""


def per_mille(table: Table) -> int:
    """Return the rank of the last cell among the best per mille."""
    return len(table) // 1000


def on_the_table(evaluations: int) -> dict[str, Any]:
    """Return the settings that searches on the table have in common."""
    return {
        "table": TABLE.digest,
        "task": TABLE.tasks[0],
        "evaluations": evaluations,
        "per_mille": per_mille(TABLE),
    }


def study() -> Study:
    """Return the study."""
    settings = {
        **on_the_table(EVALUATIONS),
        "every": EVERY,
        "seeds": SEEDS,
        "methods": {
            name: [function, own_settings(getattr(search, function)) | options]
            for name, (function, options) in METHODS.items()
        },
    }
    runs = {f"{name}, seed {seed}": (name, seed) for name in METHODS for seed in SEEDS}
    return Study("searches", settings, runs, run)


def own_settings(method: Callable[..., Any]) -> dict[str, Any]:
    """Return the settings of a method, by its defaults: they decide about results, too."""
    defaults = {
        name: parameter.default
        for name, parameter in signature(method).parameters.items()
        if parameter.default is not Parameter.empty
    }
    return {name: value for name, value in defaults.items() if name not in COMMON}


def run(name: str, seed: int) -> dict[str, Any]:
    """Search once and return what :func:`summary` says of it."""
    function, options = METHODS[name]
    method: Callable[..., SearchResult] = getattr(search, function)
    result = method(TABLE.space, TABLE.reward, EVALUATIONS, seed, progress=False, **options)
    return {"method": name, "seed": seed, **summary(result, TABLE)}


def summary(result: SearchResult, table: Table) -> dict[str, Any]:
    """Return what came of a search on a table.

    Returns
    -------
    dict
        ``best``: the sequence. ``reached``: the evaluation, from 1, that proposed the first cell
        among the best per mille; None if none did. ``improvements``: for each new best its
        evaluation, reward and rank. After every 100 evaluations: ``distinct``, the number of
        different cells, ``mean_reward`` of the 100, and with a controller the ``entropy`` of its
        policy in nats.
    """
    rewards, curve = np.array(result.rewards), result.curve()
    improved = np.flatnonzero(np.diff(curve, prepend=-np.inf) > 0)
    ranks = {int(i): table.rank(result.cells[i]) for i in improved}
    reached = [i + 1 for i, rank in ranks.items() if rank <= per_mille(table)]
    found: dict[str, Any] = {
        "best": str(result.best),
        "reached": min(reached, default=None),
        "improvements": [[i + 1, round(float(curve[i]), 5), rank] for i, rank in ranks.items()],
        "distinct": result.distinct()[EVERY - 1 :: EVERY].tolist(),
        "mean_reward": rewards.reshape(-1, EVERY).mean(1).round(5).tolist(),
    }
    if "entropy" in result.updates[0]:
        due = [u for u in result.updates if u["evaluations"] % EVERY == 0]
        found["entropy"] = [round(sum(update["entropy"]), 4) for update in due]
    return found


if __name__ == "__main__":
    study().main()
