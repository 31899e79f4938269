"""The paper's own search in the paper's own space, cells of base 8 on text: the study ``beyond``.

Four phases, each made of what the one before found:

1. *Settings* of each method, chosen on a cheaper task (a grammar) and on seeds of their own.
2. *Searches*: every method with an equal budget, from several seeds. Children are halved.
3. *Finalists*: the best of each method, and torch's own layers, at full size; every one is
   tuned alike, then trained from fresh seeds. Nothing is chosen by the test stream.
4. *A second text* for the three best cells and the baselines, without any tuning there.

A search takes minutes, so it keeps a checkpoint and goes on from it.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict
from itertools import product
from math import inf
from typing import Any

from nastut import search
from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.search.result import SearchResult
from nastut.search.trained import Halving, Trained
from nastut.studies.comparison import PARAMETERS, SEEDS, TUNING_SEEDS
from nastut.studies.finalists import BASELINES, RECIPE, train_finalist
from nastut.studies.study import Study
from nastut.zoo.named import NASCELL

SPACE = Space(8)
BATCH = 16
HALVING = Halving(parts=8, rungs=(2,), share=0.25)
BEST_ON_TEXT = 6.0
"""p* for the reward on text: a little below what children of this size reach."""

LEARNING_RATES = (2e-3, 4e-3, 8e-3, 16e-3, 32e-3)
"""What is tried for each finalist. The rates of the study ``text``, shifted by one: nothing was
best there at the largest, and cells that only add diverge at rates that LSTM bears."""

GRIDS: dict[str, list[dict[str, Any]]] = {
    "random": [{}],
    "evolution": [{"population": p, "sample": s} for p, s in product((50, 100), (5, 10))],
    "reinforce": [
        {"learning_rate": r, "entropy": e} for r, e in product((0.003, 0.01), (0.01, 0.1))
    ],
    "priority_queue": [
        {"learning_rate": r, "entropy": e, "best": 10}
        for r, e in product((0.01, 0.03), (0.01, 0.1))
    ],
}
"""Method -> the settings that are tried, as many for each that has any."""

TRIAL_SEEDS, TRIAL_EVALUATIONS, TRIAL_STEPS = (6_000, 6_001), 320, 128
SEARCH_SEEDS, EVALUATIONS, STEPS = (6_100, 6_101, 6_102), 1_008, 512
EVERY = 16
"""Evaluations between two entries of a recorded curve."""

FRESH_SEEDS = SEEDS
TOP, FINALISTS, SECOND_TEXT = 10, 5, 3
"""How many cells of each search are recorded; how many of each method go to the finals; how many
finalists to the second text. More finalists would only add runs: those that are there stay."""


def beyond() -> Study:
    """Return the study."""
    settings = {
        "space": {"base": SPACE.base, "size": SPACE.size},
        "batch": BATCH,
        "grids": GRIDS,
        "trials": {
            "reward": trial_reward().settings,
            "seeds": TRIAL_SEEDS,
            "evaluations": TRIAL_EVALUATIONS,
        },
        "searches": {
            "reward": text_reward().settings,
            "seeds": SEARCH_SEEDS,
            "evaluations": EVALUATIONS,
            "every": EVERY,
            "top": TOP,
        },
        "finals": {
            "finalists": FINALISTS,
            "parameters": PARAMETERS,
            "recipe": {
                key: value for key, value in asdict(RECIPE).items() if key != "learning_rate"
            },
            "learning_rates": LEARNING_RATES,
            "tuning_seed": TUNING_SEEDS[0],
            "seeds": FRESH_SEEDS,
            "baselines": [*BASELINES, "NASCell"],
            "second_text": SECOND_TEXT,
        },
        "rule": "settings by the mean reward of the best five of a trial, then by their order",
    }
    trials = {
        f"trial of {method}, {_words(given)}, seed {seed}": ("trial", method, given, seed)
        for method, grid in GRIDS.items()
        for given in grid
        for seed in TRIAL_SEEDS
        if len(grid) > 1
    }
    return Study("beyond", settings, trials, run, then=_next_phase, kept=True)


def trial_reward() -> Trained:
    """Return the cheaper task: the grammar, a short training."""
    return Trained.on("reber", steps=TRIAL_STEPS, learning_rate=0.02)


def text_reward() -> Trained:
    """Return the reward of the searches."""
    return Trained.on("text", steps=STEPS, learning_rate=0.02, halving=HALVING, best=BEST_ON_TEXT)


def run(phase: str, *given: Any, checkpoint: Any) -> dict[str, Any]:
    """Make one run of a phase; a search goes on from its checkpoint."""
    if phase == "train":
        return {"phase": phase, **train_finalist(*given)}
    method, settings, seed = given
    on_text = phase == "search"
    result = getattr(search, method)(
        SPACE,
        text_reward() if on_text else trial_reward(),
        EVALUATIONS if on_text else TRIAL_EVALUATIONS,
        seed,
        checkpoint=checkpoint,
        progress=False,
        batch=BATCH,
        **settings,
    )
    return {"phase": phase, "method": method, "given": settings, "seed": seed, **found(result)}


def found(result: SearchResult) -> dict[str, Any]:
    """Return what is recorded of a search.

    Returns
    -------
    dict
        ``top``: the best different cells and their rewards. ``curves``: for 1, 5 and 15 the mean
        reward of so many of the best cells, after each :data:`EVERY` evaluations; None before
        there are so many. ``different``, ``failed``: numbers of cells.
    """
    curves = {best: result.curve(best)[EVERY - 1 :: EVERY] for best in (1, 5, 15)}
    return {
        "top": [[str(cell), round(reward, 6)] for cell, reward in result.top(TOP)],
        "curves": {
            str(best): [round(float(mean), 6) if mean == mean else None for mean in curve]
            for best, curve in curves.items()
        },
        "different": result.calls,
        "failed": result.failed,
    }


def _next_phase(results: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return all runs that what is there asks for: a phase begins when the one before is done."""
    searches = {
        f"{method}, seed {seed}": ("search", method, chosen(results, method), seed)
        for method in GRIDS
        for seed in SEARCH_SEEDS
    }
    if not searches.keys() <= results.keys():
        return searches
    names = [*BASELINES, str(NASCELL), *finalists(results)]
    tuning = {
        f"tuning of {name}, rate {rate}": ("train", name, "manual", rate, TUNING_SEEDS[0])
        for name in names
        for rate in LEARNING_RATES
    }
    if not tuning.keys() <= results.keys():
        return searches | tuning
    finals = {
        f"final of {name}, seed {seed}": ("train", name, "manual", best_rate(results, name), seed)
        for seed in FRESH_SEEDS
        for name in names
    }
    if not finals.keys() <= results.keys():
        return searches | tuning | finals
    second = {
        f"second text, {name}, seed {seed}": (
            "train", name, "source", best_rate(results, name), seed
        )
        for name in [*BASELINES, str(NASCELL), *best_finalists(results)]
        for seed in FRESH_SEEDS
    }  # fmt: skip
    return searches | tuning | finals | second


def chosen(results: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return the settings of a method with the best five cells on the cheaper task."""

    def worth(given: dict[str, Any]) -> float:
        tops = [
            statistics.mean(reward for _, reward in result["top"][:5])
            for result in results.values()
            if (result["phase"], result.get("method"), result.get("given"))
            == ("trial", method, given)
        ]
        return statistics.mean(tops) if tops else 0.0

    return max(GRIDS[method], key=worth)


def rewards(results: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the finalists of each method, best first, with the reward that chose them."""
    chosen: dict[str, dict[str, float]] = {}
    for method in GRIDS:
        tops = [
            (name, reward)
            for result in results.values()
            if (result["phase"], result.get("method")) == ("search", method)
            for name, reward in result["top"]
        ]
        chosen[method] = dict(sorted(tops, key=lambda top: -top[1])[:FINALISTS])
    return chosen


def finalists(results: Mapping[str, Any]) -> list[str]:
    """Return the best cells of each method, over its seeds, each class once."""
    names: dict[Cell, str] = {}
    for of_method in rewards(results).values():
        for name in of_method:
            names.setdefault(Cell.parse(name).canonical(), name)
    return list(names.values())


def best_rate(results: Mapping[str, Any], name: str) -> float:
    """Return the learning rate with the lowest validation perplexity in tuning."""
    return max(LEARNING_RATES, key=lambda rate: -_validation(results, name, rate, TUNING_SEEDS[0]))


def best_finalists(results: Mapping[str, Any]) -> list[str]:
    """Return the cells that are best in validation, on average over the fresh seeds."""
    return sorted(
        finalists(results),
        key=lambda name: statistics.mean(
            _validation(results, name, best_rate(results, name), seed) for seed in FRESH_SEEDS
        ),
    )[:SECOND_TEXT]


def _validation(results: Mapping[str, Any], name: str, rate: float, seed: int) -> float:
    """Return the lowest validation perplexity of a training on the first text."""
    wanted = ("train", name, "manual", rate, seed)
    names = ("phase", "cell", "text", "learning_rate", "seed")
    for result in results.values():
        if tuple(result.get(key) for key in names) == wanted:
            return min(result["validation"], default=inf)
    raise KeyError(wanted)


def _words(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in given.items())
