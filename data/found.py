"""Make ``found.json``: whether a network writes a cell that beats LSTM.

Every model has the same number of parameters and reads a text once. Models: torch's own layers,
NASCell, cells that the searches of ``beyond.py`` found, cells from the top of the table of all
small cells, and such cells with one token changed so that nothing in them can grow without bound.

The rule, written down before the first run
-------------------------------------------
*Rates.* Each model on each text walks along a grid of learning rates, each twice the one before,
from three in its middle to the better side, until the best has a worse one on either side. One
replicate, used for nothing else, decides by validation.

*The primary cell.* Of the cells that are no baseline, those count as stable that diverged in no
training of tuning up to their own rate, nor on three messy texts (rows of one character, tables
of digits, base64) at any rate of the grid up to their own, from two seeds. The primary cell is the
stable one with the lowest mean of log(validation perplexity) over the three texts, in tuning.

*The verdict.* Ten fresh replicates; in each, all models see one split of the documents and start
from one seed. A model that diverges is trained once more at half its rate, and then counts as it
is; infinity loses. The primary cell beats a baseline on a text if an exact paired permutation test
of log(test perplexity) has p < .05 in its favour. It beats LSTM on a text if it beats LSTM, LSTM
with biases and GRU there (the largest of the three p counts). The verdict "a found cell beats
LSTM" stands if that holds on at least two of the three texts: twice the second smallest of the
three p is below .05 (partial conjunction, Bonferroni).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch

import texts
from nastut.learning.models import EMBEDDING, build, hidden_size_for, parameters
from nastut.learning.tasks import Task, of_characters
from nastut.learning.training import Recipe, fit, seeded
from nastut.studies.study import Study
from nastut.zoo.named import NASCELL

SUM = "Add Identity " * 6
MODELS = {
    "LSTM": "LSTM",
    "LSTM, biases": "LSTM, biases",
    "LSTM, forget gate open": "LSTM, forget gate open",
    "GRU": "GRU",
    "NASCell": str(NASCELL),
    # LSTM's formulas with a product in each of its two sums of spare leaves.
    "MI-LSTM": "Add Tanh Add Sigmoid Add Identity Multiply Identity Add Identity Multiply Identity "
    "Add Identity Add Identity Multiply Identity Add Sigmoid Add Identity Add Identity Add Tanh "
    "Add Sigmoid Multiply Identity Multiply Identity 12 9",
    # From beyond.json: the best in validation there, of priority_queue, reinforce and random.
    "cell 1": "Multiply Identity Multiply Sigmoid Multiply Sigmoid Multiply Tanh Add Identity "
    "Multiply Identity Multiply Identity Multiply Identity Multiply Tanh Add Identity Add Identity "
    "Add Identity Add Tanh Add Identity Add Identity Multiply Identity 1 2",
    "cell 2": "Multiply Identity Multiply Identity Add Tanh Multiply Identity Multiply Identity "
    f"Multiply Sigmoid Multiply Identity Multiply Identity {SUM}Add Identity Add Tanh 5 6",
    "random's best": "Multiply Sigmoid Multiply Identity Multiply Identity Add ReLU Multiply ReLU "
    "Multiply ReLU Multiply Identity Add Identity Add ReLU Multiply Sigmoid Add Sigmoid "
    "Add Identity Multiply ReLU Add Identity Add Identity Add Tanh 6 0",
    # Each product of cell 2 under a tanh.
    "cell 2, bounded": "Multiply Tanh Multiply Tanh Add Tanh Multiply Tanh Multiply Tanh "
    f"Multiply Sigmoid Multiply Tanh Multiply Tanh {SUM}Add Identity Add Tanh 5 6",
    # Ranks 1, 145, 55 and 47 of the table; those after the first are bounded, the first of such.
    "table, rank 1": "Add Tanh Multiply Tanh Add Identity Multiply Identity 0 1",
    "table, rank 145": "Add Tanh Multiply Identity Add Identity Multiply Tanh 0 1",
    "table, rank 55": "Add Tanh Multiply Identity Add Identity Multiply Tanh 1 1",
    "table, rank 47": "Add Identity Add Identity Multiply Tanh Add Identity 1 1",
    # The first with a tanh around its second summand, or around both.
    "rank 1, summands bounded": "Add Tanh Multiply Tanh Add Identity Multiply Tanh 0 1",
    "rank 1, tanh at the root": "Add Tanh Multiply Tanh Add Tanh Multiply Identity 0 1",
}
"""What a model is called here -> its name for :func:`nastut.learning.models.build`."""

BASELINES = ("LSTM", "LSTM, biases", "GRU")
NOT_FOUND = (*BASELINES, "LSTM, forget gate open", "NASCell", "MI-LSTM")
RECIPE = Recipe(epochs=1, batch=32, steps=50, reports=4)
FIRST_RATES = (4e-3, 8e-3, 16e-3)
LOWEST_RATE, HIGHEST_RATE = 5e-4, 0.128
TUNING_REPLICATE = 100
MESSY = ("rows", "digits", "base64")
MESSY_SEEDS = (0, 1)


class Setting(NamedTuple):
    """A text, how much of it is read, and the size of the models."""

    text: str
    characters: int = 3_000_000
    parameters: int = 100_000


MAIN = [Setting(text) for text in ("speeches", "bible", "program")]
REPLICATES = range(10)


def study() -> Study:
    """Return the study."""
    settings = {
        "texts": {name: texts.digest(name) for name in texts.TEXTS},
        "models": MODELS,
        "embedding": EMBEDDING,
        "recipe": {key: value for key, value in asdict(RECIPE).items() if key != "learning_rate"},
        "first_rates": FIRST_RATES,
        "tuning_replicate": TUNING_REPLICATE,
        "replicates": list(REPLICATES),
        "threads": 1,
    }
    return Study("found", settings, {}, run, then=[what_follows])


def what_follows(results: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return the runs that the results ask for: tuning, messy texts, finals."""
    runs: dict[str, tuple[Any, ...]] = {}
    for setting in MAIN:
        runs |= tuning(results, setting)
        if not runs.keys() <= results.keys():
            return runs
    for model in MODELS:
        if model not in NOT_FOUND:
            runs |= messy_runs(results, model)
    if not runs.keys() <= results.keys():
        return runs
    for setting in MAIN:
        rates = {model: best_rate(results, setting, model) for model in MODELS}
        runs |= dict(
            _run(setting, model, rates[model], replicate, retry=True)
            for replicate in REPLICATES
            for model in MODELS
        )
    return runs


def _run(
    setting: Setting, model: str, rate: float, replicate: int, retry: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """Return the name of a run, and its arguments."""
    size = f"{setting.characters:,} characters, {setting.parameters:,} parameters"
    name = f"{setting.text}, {size}: {model}, rate {rate:g}, replicate {replicate}"
    return name, (setting, model, rate, replicate, retry)


def tuning(results: Mapping[str, Any], setting: Setting) -> dict[str, tuple[Any, ...]]:
    """Return the runs by which each model finds its rate: as many as are known to be needed."""
    runs: dict[str, tuple[Any, ...]] = {}
    for model in MODELS:
        rates = list(FIRST_RATES)
        while True:
            tried = dict(_run(setting, model, rate, TUNING_REPLICATE) for rate in rates)
            runs |= tried
            if not tried.keys() <= results.keys():
                break
            best = min(rates, key=lambda rate: (_tuned(results, setting, model, rate), rate))
            if best == rates[0] and best > LOWEST_RATE:
                rates.insert(0, best / 2)
            elif best == rates[-1] and best < HIGHEST_RATE:
                rates.append(best * 2)
            else:
                break
    return runs


def _tuned(results: Mapping[str, Any], setting: Setting, model: str, rate: float) -> float:
    """Return the perplexity of validation of a run of tuning; infinity if it diverged."""
    name, _ = _run(setting, model, rate, TUNING_REPLICATE)
    result = results.get(name)
    return math.inf if result is None or result["diverged"] else min(result["validation"])


def best_rate(results: Mapping[str, Any], setting: Setting, model: str) -> float:
    """Return the rate that tuning chose."""
    rates: list[float] = [run[2] for run in tuning(results, setting).values() if run[1] == model]
    return min(rates, key=lambda rate: (_tuned(results, setting, model, rate), rate))


def messy_runs(results: Mapping[str, Any], model: str) -> dict[str, tuple[Any, ...]]:
    """Return the runs on messy texts, at the model's largest rate and at smaller ones."""
    largest = max(best_rate(results, setting, model) for setting in MAIN)
    return dict(
        _run(Setting(text, 300_000), model, largest / 2**halvings, seed)
        for text in MESSY
        for halvings in range(3)
        for seed in MESSY_SEEDS
    )


def messy(name: str, characters: int, seed: int) -> Task:
    """Return a text that is hard to bear for a cell in which something grows."""
    rng = np.random.default_rng(seed)

    def text(length: int) -> str:
        if name == "base64":
            raw = base64.encodebytes(rng.bytes(length)).decode()
        elif name == "digits":
            table = rng.integers(0, 10 ** rng.integers(1, 9, size=(length // 16, 4)))
            raw = "\n".join(",".join(f"{number:>8}" for number in row) for row in table)
        else:
            characters_of_rows = rng.choice(list("-=*#. "), length)
            lengths = rng.integers(1, 400, length)
            raw = ""
            for character, count in zip(characters_of_rows, lengths, strict=True):
                raw += str(character) * int(count) + "\n"
                if len(raw) >= length:
                    break
        return raw[:length]

    return of_characters(f"{name}, {seed}", [text(characters), text(30_000), text(30_000)])


def run(
    setting: Setting, model: str, learning_rate: float, replicate: int, retry: bool
) -> dict[str, Any]:
    """Train one model on one thread and return its record, with what it was trained by.

    The test perplexity of a model that diverged is None.
    """
    torch.set_num_threads(1)
    setting = Setting(*setting)
    make = messy if setting.text in MESSY else texts.split
    task = make(setting.text, setting.characters, replicate)
    symbols = len(task.symbols)
    hidden_size = hidden_size_for(setting.parameters, MODELS[model], symbols)
    for used in (learning_rate, learning_rate / 2)[: 1 + retry]:
        with seeded(replicate):
            network = build(MODELS[model], symbols, hidden_size)
        recipe = Recipe(**{**asdict(RECIPE), "learning_rate": used})
        record = fit(network, task, recipe, replicate, progress=False)
        # To end worse than guessing is to diverge, too.
        diverged = record.diverged is not None or record.validation[-1] >= symbols
        if not diverged:
            break
    return {
        "model": model,
        **setting._asdict(),
        "learning_rate": learning_rate,
        "used_rate": used,
        "replicate": replicate,
        "digest": task.digest,
        "hidden_size": hidden_size,
        "learned": parameters(MODELS[model], symbols, hidden_size),
        "at": list(record.at),
        "validation": [value if math.isfinite(value) else None for value in record.validation],
        "test": None if diverged else record.test,
        "diverged": diverged,
    }


if __name__ == "__main__":
    study().main()
