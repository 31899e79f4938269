"""LSTM, NASCell, MaxCell and Example on real text, at equal parameter count: the study ``text``.

Every cell is tuned alike: the learning rate that is best in validation, on a seed that is used for
nothing else. Then it is trained on the seeds that count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from nastut.layers.layer import CellRNN
from nastut.learning.tasks import python_reference
from nastut.learning.training import LanguageModel, Recipe, fit, hidden_size_for, seeded
from nastut.studies.study import Study
from nastut.zoo.named import EXAMPLE, MAXCELL, NASCELL

PARAMETERS = 100_000
EMBEDDING = 48
RECIPE = Recipe(epochs=8, reports=16)
LEARNING_RATES = (4e-3, 8e-3, 16e-3, 32e-3, 64e-3)
TUNING_SEED = 100
SEEDS = (0, 1, 2, 3, 4)
CELLS = {"LSTM": None, "NASCell": NASCELL, "MaxCell": MAXCELL, "Example": EXAMPLE}
"""None stands for :class:`torch.nn.LSTM`, which has no redundant matrices."""


def build(name: str, symbols: int, hidden_size: int) -> LanguageModel:
    """Return an untrained model around the cell of that name."""
    cell = CELLS[name]
    core: nn.Module
    if cell is None:
        core = nn.LSTM(EMBEDDING, hidden_size, bias=False)
    else:
        core = CellRNN(cell, EMBEDDING, hidden_size)
    return LanguageModel(core, symbols)


def run(name: str, learning_rate: float, seed: int) -> dict[str, Any]:
    """Train one model on one thread and return its record, with what it was trained by.

    The test perplexity of a model that diverged is None.
    """
    torch.set_num_threads(1)
    task = python_reference()
    hidden_size = hidden_size_for(PARAMETERS, partial(build, name, len(task.symbols)))
    with seeded(seed):
        model = build(name, len(task.symbols), hidden_size)
    recipe = replace(RECIPE, learning_rate=learning_rate)
    record = fit(model, task, recipe, seed, progress=False)
    made_by = {"cell": name, "hidden_size": hidden_size, "learning_rate": learning_rate}
    measured = asdict(record) | {"at": list(record.at), "validation": list(record.validation)}
    if not math.isfinite(record.test):  # JSON has no infinity
        measured["test"] = None
    return {**made_by, **measured}


def comparison() -> Study:
    """Return the study: its first runs tune the rate, those that follow use the best."""
    task = python_reference()
    settings = {
        "task": {"name": task.name, "digest": task.digest, "symbols": len(task.symbols)},
        "parameters": PARAMETERS,
        "embedding": EMBEDDING,
        "recipe": {key: value for key, value in asdict(RECIPE).items() if key != "learning_rate"},
        "learning_rates": LEARNING_RATES,
        "tuning_seed": TUNING_SEED,
        "seeds": SEEDS,
        "threads": 1,
    }
    tuning = {
        f"tuning of {name}, rate {rate}": (name, rate, TUNING_SEED)
        for name in CELLS
        for rate in LEARNING_RATES
    }
    return Study("text", settings, tuning, run, then=_at_the_best_rates)


def _at_the_best_rates(results: Mapping[str, Any]) -> dict[str, tuple[str, float, int]]:
    rates = {name: best_rate(results, name) for name in CELLS}
    return {f"{name}, seed {seed}": (name, rates[name], seed) for name in CELLS for seed in SEEDS}


def best_rate(results: Mapping[str, Any], name: str) -> float:
    """Return the learning rate with the lowest validation perplexity at the end of tuning."""
    tried = [r for r in results.values() if r["cell"] == name and r["seed"] == TUNING_SEED]
    best = min(tried, key=lambda record: min(record["validation"], default=math.inf))
    return float(best["learning_rate"])
