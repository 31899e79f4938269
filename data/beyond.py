"""Make ``beyond.json``: the paper's own search in its own space, cells of base 8 on text.

Four phases, each made of what the one before found:

1. *Settings* of each method, chosen on a cheaper task (a grammar) and on seeds of their own.
2. *Searches*: every method with an equal budget, from several seeds. Children are halved.
3. *Finalists*: the best of each method, and torch's own layers, at full size; every one is
   tuned alike, then trained from fresh seeds. Nothing is chosen by the test stream.
4. *A second text* for the three best cells and the baselines, without any tuning there.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from itertools import product
from math import inf
from pathlib import Path
from typing import Any

from nastut import search
from nastut.cells.space import Space
from nastut.learning.models import BASELINES, build, hidden_size_for, parameters
from nastut.learning.tasks import Task, of_characters, python_reference, split
from nastut.search.checkpoint import SearchResult
from nastut.search.trained import Halving, Trained
from nastut.studies.study import Results, Study
from nastut.studies.verdict import FINALISTS, FRESH_SEEDS, classes
from nastut.zoo.named import NASCELL
from text import PARAMETERS, TUNING_SEEDS, trained
from text import RECIPE as LONGER

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

TOP, SECOND_TEXT = 10, 3
"""How many cells of each search are recorded; how many finalists go to the second text."""

RECIPE = replace(LONGER, epochs=5, reports=10)
"""Five passes, not the eight of the study ``text``: there are six times as many models."""

SOURCE_CHARACTERS = 500_000
"""How much of the standard library's source is the second text."""

TRAINED = [*BASELINES, str(NASCELL)]
"""What is trained beside the finalists."""


def study() -> Study:
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
        f"trial of {method}, {_words(tried)}, seed {seed}": ("trial", method, tried, seed)
        for method, grid in GRIDS.items()
        for tried in grid
        for seed in TRIAL_SEEDS
        if len(grid) > 1
    }
    return Study("beyond", settings, trials, run, then=[searches, tuning, finals, second_text])


def trial_reward() -> Trained:
    """Return the cheaper task: the grammar, a short training."""
    return Trained.on("reber", steps=TRIAL_STEPS, learning_rate=0.02)


def text_reward() -> Trained:
    """Return the reward of the searches."""
    return Trained.on("text", steps=STEPS, learning_rate=0.02, halving=HALVING, best=BEST_ON_TEXT)


def run(phase: str, *arguments: Any) -> dict[str, Any]:
    """Make one run of a phase."""
    if phase == "train":
        return {"phase": phase, **train(*arguments)}
    method, settings, seed = arguments
    reward, evaluations = (
        (text_reward(), EVALUATIONS) if phase == "search" else (trial_reward(), TRIAL_EVALUATIONS)
    )
    result = getattr(search, method)(
        SPACE, reward, evaluations, seed, progress=False, batch=BATCH, **settings
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


def train(name: str, text: str, learning_rate: float, seed: int) -> dict[str, Any]:
    """Train one model at full size and return its record, with what it was trained by."""
    task = python_reference() if text == "manual" else python_source()
    symbols = len(task.symbols)
    size = hidden_size_for(PARAMETERS, name, symbols)
    recipe = replace(RECIPE, learning_rate=learning_rate)
    record = trained(lambda: build(name, symbols, size), task, recipe, seed)
    settings = {"cell": name, "text": text, "learning_rate": learning_rate}
    return settings | record | {
        "hidden_size": size, "parameters": parameters(name, symbols, size)
    }  # fmt: skip


@cache
def python_source() -> Task:
    """Return the characters of the standard library's modules, one after the other.

    The beginning of each, so that many authors have their say; what is no ASCII is left out.
    """
    folder = Path(os.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))]
    share = SOURCE_CHARACTERS // len(texts)
    text = "".join(text[:share] for text in texts).encode("ascii", "ignore")
    return of_characters("python source", split(text.decode()))


def searches(results: Results) -> dict[str, tuple[Any, ...]]:
    """Return the searches, with the settings that the trials chose."""
    return {
        f"{method}, seed {seed}": ("search", method, chosen(results, method), seed)
        for method in GRIDS
        for seed in SEARCH_SEEDS
    }


def tuning(results: Results) -> dict[str, tuple[Any, ...]]:
    """Return a training of each finalist and baseline for each learning rate."""
    return {
        f"tuning of {name}, rate {rate}": ("train", name, "manual", rate, TUNING_SEEDS[0])
        for name in [*TRAINED, *classes(results)]
        for rate in LEARNING_RATES
    }


def finals(results: Results) -> dict[str, tuple[Any, ...]]:
    """Return trainings at the best rates from fresh seeds."""
    return {
        f"final of {name}, seed {seed}": ("train", name, "manual", best_rate(results, name), seed)
        for seed in FRESH_SEEDS
        for name in [*TRAINED, *classes(results)]
    }


def second_text(results: Results) -> dict[str, tuple[Any, ...]]:
    """Return trainings on the second text, of the best finalists and the baselines."""
    return {
        f"second text, {name}, seed {seed}": (
            "train", name, "source", best_rate(results, name), seed
        )
        for name in [*TRAINED, *best_finalists(results)]
        for seed in FRESH_SEEDS
    }  # fmt: skip


def chosen(results: Results, method: str) -> dict[str, Any]:
    """Return the settings of a method with the best five cells on the cheaper task."""

    def worth(tried: dict[str, Any]) -> float:
        tops = [
            statistics.mean(reward for _, reward in result["top"][:5])
            for result in results.values()
            if (result["phase"], result.get("method"), result.get("given"))
            == ("trial", method, tried)
        ]
        return statistics.mean(tops) if tops else 0.0

    return max(GRIDS[method], key=worth)


def best_rate(results: Results, name: str) -> float:
    """Return the learning rate with the lowest validation perplexity in tuning."""
    return max(LEARNING_RATES, key=lambda rate: -_validation(results, name, rate, TUNING_SEEDS[0]))


def best_finalists(results: Results) -> list[str]:
    """Return the cells that are best in validation, on average over the fresh seeds."""
    return sorted(
        classes(results),
        key=lambda name: statistics.mean(
            _validation(results, name, best_rate(results, name), seed) for seed in FRESH_SEEDS
        ),
    )[:SECOND_TEXT]


def _validation(results: Results, name: str, rate: float, seed: int) -> float:
    """Return the lowest validation perplexity of a training on the first text."""
    asked = ("train", name, "manual", rate, seed)
    names = ("phase", "cell", "text", "learning_rate", "seed")
    for result in results.values():
        if tuple(result.get(key) for key in names) == asked:
            return min(result["validation"], default=inf)
    raise KeyError(asked)


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


if __name__ == "__main__":
    study().main()
