"""Make ``text.json``: LSTM, NASCell, MaxCell and Example on real text, at equal parameter count.

Every line is tuned alike, on seeds that are used for nothing else: all learning rates from one
seed, the better ones from more, and the best of those by their mean in validation. Then it is
trained on the seeds that count. A rate that was unlucky in its first run is not tried again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from nastut.cells.cell import Cell
from nastut.layers.layer import CellRNN
from nastut.learning.models import EMBEDDING
from nastut.learning.tasks import Task, python_reference
from nastut.learning.training import LanguageModel, Recipe, fit, seeded
from nastut.studies.study import Results, Study
from nastut.zoo.named import EXAMPLE, MAXCELL, NASCELL

PARAMETERS = 100_000
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
    hidden_size
        With which it has nearest to :data:`PARAMETERS`, all of a cell's matrices counted.
    cell
        Its cell; None stands for :class:`torch.nn.LSTM`, which has no redundant matrices.
    bias
        Whether it has biases.
    forget
        What is added to the bias of LSTM's forget gate at the start, so that it begins open.
        Source: Jozefowicz, Zaremba & Sutskever (2015), *An Empirical Exploration of Recurrent
        Network Architectures*.
    """

    hidden_size: int
    cell: Cell | None = None
    bias: bool = False
    forget: float = 0.0


LINES = {
    "LSTM": Line(122),
    "LSTM, biases": Line(121, bias=True),
    "LSTM, biases, open forget gate": Line(121, bias=True, forget=1.0),
    "NASCell": Line(83, NASCELL),
    "NASCell, biases": Line(82, NASCELL, bias=True),
    "MaxCell": Line(83, MAXCELL),
    "Example": Line(174, EXAMPLE),
}


def build(name: str, symbols: int) -> LanguageModel:
    """Return an untrained model around the core of the line of that name."""
    line, size = LINES[name], LINES[name].hidden_size
    if line.cell is not None:
        return LanguageModel(CellRNN(line.cell, EMBEDDING, size, bias=line.bias), symbols)
    core = nn.LSTM(EMBEDDING, size, bias=line.bias)
    if line.forget:
        with torch.no_grad():  # torch's gates are i, f, g, o
            dict(core.named_parameters())["bias_hh_l0"][size : 2 * size] += line.forget
    return LanguageModel(core, symbols)


def run(name: str, learning_rate: float, seed: int) -> dict[str, Any]:
    """Train one model and return its record, with what it was trained by."""
    task, recipe = python_reference(), replace(RECIPE, learning_rate=learning_rate)
    settings = {
        "cell": name, "hidden_size": LINES[name].hidden_size, "learning_rate": learning_rate
    }  # fmt: skip
    return settings | trained(lambda: build(name, len(task.symbols)), task, recipe, seed)


def trained(
    build: Callable[[], LanguageModel], task: Task, recipe: Recipe, seed: int
) -> dict[str, Any]:
    """Train one model on one thread and return its record, as JSON has it.

    The test perplexity of a model that diverged is None.
    """
    torch.set_num_threads(1)
    with seeded(seed):
        model = build()
    record = fit(model, task, recipe, seed, progress=False)
    return asdict(record) | {
        "at": list(record.at),
        "validation": list(record.validation),
        "test": record.test if math.isfinite(record.test) else None,
    }


def study() -> Study:
    """Return the study: it tunes the rate in two phases, and the last uses the best."""
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
    first = tuning(dict.fromkeys(LINES, LEARNING_RATES), TUNING_SEEDS[:1])
    return Study("text", settings, first, run, then=[tuning_of_the_better, finals])


def tuning(
    rates: Mapping[str, Sequence[float]], seeds: Sequence[int]
) -> dict[str, tuple[str, float, int]]:
    """Return the runs that try these rates of each line from these seeds, by their names."""
    return {
        f"tuning of {name}, rate {rate}, seed {seed}": (name, rate, seed)
        for name in rates
        for rate in rates[name]
        for seed in seeds
    }


def tuning_of_the_better(results: Results) -> dict[str, tuple[str, float, int]]:
    """Return the runs of the rates that were best from the first seed, from the other seeds."""
    kept = {name: best_rates(results, name, TUNING_SEEDS[:1])[:KEPT] for name in LINES}
    return tuning(kept, TUNING_SEEDS[1:])


def finals(results: Results) -> dict[str, tuple[str, float, int]]:
    """Return the runs of each line's best rate, from the seeds that count."""
    rates = {name: best_rates(results, name, TUNING_SEEDS)[0] for name in LINES}
    return {f"{name}, seed {seed}": (name, rates[name], seed) for name in LINES for seed in SEEDS}


def best_rates(results: Results, name: str, seeds: Sequence[int]) -> list[float]:
    """Return the learning rates that were tried from all of these seeds, the best first.

    A rate is as good as the mean over the seeds of the lowest validation perplexity; of equal
    ones the lower comes first.
    """
    found: dict[float, list[float]] = {}
    for record in results.values():
        if record["cell"] == name and record["seed"] in seeds:
            lowest = min(record["validation"], default=math.inf)
            found.setdefault(record["learning_rate"], []).append(lowest)
    means = {
        rate: math.fsum(lowest) / len(lowest)
        for rate, lowest in found.items()
        if len(lowest) == len(seeds)
    }
    return sorted(sorted(means), key=lambda rate: means[rate])


if __name__ == "__main__":
    study().main()
