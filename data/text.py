"""LSTM, NASCell, MaxCell and Example on real text, at equal parameter count: the study ``text``.

Every line is tuned alike, on seeds that are used for nothing else: all learning rates from one
seed, the better ones from more, and the best of those by their mean in validation. Then it is
trained on the seeds that count. A rate that was unlucky in its first run is not tried again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from nastut.cells.cell import Cell
from nastut.layers.layer import CellRNN
from nastut.learning.tasks import python_reference
from nastut.learning.training import LanguageModel, Recipe, fit, hidden_size_for, seeded
from nastut.studies.study import Study
from nastut.zoo.named import EXAMPLE, MAXCELL, NASCELL

PARAMETERS = 100_000
EMBEDDING = 48
RECIPE = Recipe(epochs=8, reports=16)
LEARNING_RATES = (4e-3, 8e-3, 16e-3, 32e-3, 64e-3)
TUNING_SEEDS = (100, 101, 102, 103, 104)
KEPT = 2
"""How many rates of a line, the best of the first seed, are tried with all tuning seeds."""

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Line:
    """One network of the comparison.

    Attributes
    ----------
    cell
        Its sequence's cell; None stands for :class:`torch.nn.LSTM`, which has no redundant
        matrices.
    bias
        Whether it has biases.
    forget
        What is added to the bias of LSTM's forget gate at the start, so that it begins open.
        Source: Jozefowicz, Zaremba & Sutskever (2015), *An Empirical Exploration of Recurrent
        Network Architectures*.
    """

    cell: Cell | None = None
    bias: bool = False
    forget: float = 0.0


LINES = {
    "LSTM": Line(),
    "LSTM, biases": Line(bias=True),
    "LSTM, biases, open forget gate": Line(bias=True, forget=1.0),
    "NASCell": Line(NASCELL),
    "NASCell, biases": Line(NASCELL, bias=True),
    "MaxCell": Line(MAXCELL),
    "Example": Line(EXAMPLE),
}


def build(name: str, symbols: int, hidden_size: int) -> LanguageModel:
    """Return an untrained model around the core of the line of that name."""
    line = LINES[name]
    if line.cell is not None:
        return LanguageModel(CellRNN(line.cell, EMBEDDING, hidden_size, bias=line.bias), symbols)
    core = nn.LSTM(EMBEDDING, hidden_size, bias=line.bias)
    if line.forget:
        with torch.no_grad():  # torch's gates are i, f, g, o
            dict(core.named_parameters())["bias_hh_l0"][hidden_size : 2 * hidden_size] += (
                line.forget
            )
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
        "lines": {
            name: asdict(line) | {"cell": line.cell and str(line.cell)}
            for name, line in LINES.items()
        },
        "learning_rates": LEARNING_RATES,
        "tuning_seeds": TUNING_SEEDS,
        "kept": KEPT,
        "seeds": SEEDS,
        "threads": 1,
    }
    first = tuning_runs(dict.fromkeys(LINES, LEARNING_RATES), TUNING_SEEDS[:1])
    return Study("text", settings, first, run, then=_what_follows)


def tuning_runs(
    rates: Mapping[str, Sequence[float]], seeds: Sequence[int]
) -> dict[str, tuple[str, float, int]]:
    """Return the runs that try these rates of each line from these seeds, by their names."""
    return {
        f"tuning of {name}, rate {rate}, seed {seed}": (name, rate, seed)
        for name in rates
        for rate in rates[name]
        for seed in seeds
    }


def _what_follows(results: Mapping[str, Any]) -> dict[str, tuple[str, float, int]]:
    kept = {name: best_rates(results, name, TUNING_SEEDS[:1])[:KEPT] for name in LINES}
    more = tuning_runs(kept, TUNING_SEEDS[1:])
    if not set(more) <= set(results):
        return more
    rates = {name: best_rate(results, name) for name in LINES}
    runs = {f"{name}, seed {seed}": (name, rates[name], seed) for name in LINES for seed in SEEDS}
    return {**more, **runs}


def best_rates(results: Mapping[str, Any], name: str, seeds: Sequence[int]) -> list[float]:
    """Return the learning rates that were tried from all of these seeds, the best first.

    A rate is as good as the mean over the seeds of the lowest validation perplexity; of equal
    ones the lower comes first.
    """
    found: dict[float, list[float]] = {}
    for record in results.values():
        if record["cell"] == name and record["seed"] in seeds:
            lowest = min(record["validation"], default=math.inf)
            found.setdefault(record["learning_rate"], []).append(lowest)
    means = {rate: math.fsum(of) / len(of) for rate, of in found.items() if len(of) == len(seeds)}
    return sorted(sorted(means), key=lambda rate: means[rate])


def best_rate(results: Mapping[str, Any], name: str) -> float:
    """Return the learning rate that tuning chooses for a line."""
    return best_rates(results, name, TUNING_SEEDS)[0]
