"""Make ``found.json``: whether a network writes a cell that beats LSTM.

Every model has the same number of parameters and reads a text once. Models: torch's own layers,
NASCell, cells that the searches of ``beyond.py`` found, cells from the top of the table of all
small cells, and such cells with one token changed so that nothing in them can grow without bound.

The rule, written down before the first final
-------------------------------------------
*Rates.* Each model on each text walks along a grid of learning rates, each twice the one before,
from three in its middle to the better side, until the best has a worse one on either side. One
replicate, used for nothing else, decides by validation.

*Candidates.* All models are tuned on the speeches. On the other two texts, so are the baselines,
MI-LSTM, and the cells that are no more than 5 % behind the best of them in validation on the
speeches. (Added after the tuning on the speeches, before any final: computing is short.)

*The primary cell.* Of the candidates that are no baseline, those count as stable that diverged in
no training of tuning up to their own rate, nor on three messy texts (rows of one character, tables
of digits, base64) at any rate of the grid up to their own, from two seeds. The primary cell is the
stable one with the lowest mean of log(validation perplexity) over the three texts, in tuning.

To diverge is to have a loss that is no finite number, or to end more than a tenth worse than
guessing. (The tenth was added after the first messy runs, before any final: nothing can be learned
of base64 but its line ends, so every model, bounded or not, ends within one per cent of guessing.)

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
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
import torch

import texts
from nastut.cells.cell import Cell, Node
from nastut.learning.models import (
    EMBEDDING,
    LARGEST_SIZE,
    LeanRNN,
    build,
    hidden_size_for,
    parameters,
)
from nastut.learning.tasks import Task, of_characters
from nastut.learning.training import LanguageModel, Recipe, fit, seeded
from nastut.studies.study import Results, Runs, Study
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
PRODUCT, SUMMAND = Node("Multiply", "Identity"), Node("Add", "Identity")
NO_C = "no c: "
"""In front of a cell's sequence: the leaf that c comes from is silent, so c is zero."""

FIRST_RATES = (4e-3, 8e-3, 16e-3)
LOWEST_RATE, HIGHEST_RATE = 5e-4, 0.128
TUNING_REPLICATE = 100
WORST = 1.1
"""Perplexity at which a training counts as diverged, as a multiple of guessing's."""

MESSY = ("rows", "digits", "base64")
MESSY_SEEDS = (0, 1)


class Setting(NamedTuple):
    """A text, how much of it is read, and the size of the models."""

    text: str
    characters: int = 3_000_000
    parameters: int = 100_000


SPEECHES = Setting("speeches")
TEXTS = (SPEECHES, Setting("bible"), Setting("program"))
REPLICATES = range(10)
FEW_REPLICATES = range(3)
"""Those of models and sizes on which nothing is decided; of changed cells the first two."""

LETTERS, SHARPNESS = 400, 1.5
"""How many characters a final writes, and by what its scores are multiplied before."""

CLOSE = math.log(1.05)
"""How far a candidate may be behind the best, in log(perplexity) of validation on the speeches."""


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
    phases = [tuning_on_speeches, tuning_elsewhere, messy_runs, finals]
    return Study("found", settings, {}, run, then=[*phases, ablation, beside, sizes])


def tuning_on_speeches(results: Results) -> Runs:
    """Return the runs by which all models find their rates on the speeches."""
    return tuning(results, SPEECHES, MODELS)


def tuning_elsewhere(results: Results) -> Runs:
    """Return the runs by which the baselines, MI-LSTM and the candidates do so on other texts."""
    models = [*BASELINES, "MI-LSTM", *candidates(results)]
    runs: Runs = {}
    for setting in TEXTS[1:]:
        runs = {**runs, **tuning(results, setting, models)}
    return runs


def messy_runs(results: Results) -> Runs:
    """Return the candidates' runs on messy texts, at their largest rate and at smaller ones."""
    largest = {
        model: max(best_rate(results, setting, model) for setting in TEXTS)
        for model in candidates(results)
    }
    return dict(
        _run(Setting(text, 300_000), model, rate / 2**halvings, seed)
        for model, rate in largest.items()
        for text in MESSY
        for halvings in range(3)
        for seed in MESSY_SEEDS
    )


def finals(results: Results) -> Runs:
    """Return the runs that decide: the baselines and the primary cell, in ten fresh replicates."""
    models = [*BASELINES, primary(results)]
    rates = {(text, model): best_rate(results, text, model) for text in TEXTS for model in models}
    return dict(
        _run(setting, model, rate, replicate, final=True)
        for replicate in REPLICATES
        for (setting, model), rate in rates.items()
    )


def ablation(results: Results) -> Runs:
    """Return the runs of the primary cell with one thing changed, on a million characters."""
    models = [primary(results), "LSTM", "GRU", *changed(MODELS[primary(results)]).values()]
    return tuned_and_judged(results, Setting("speeches", 1_000_000), models, FEW_REPLICATES[:2])


def sizes(results: Results) -> Runs:
    """Return the runs with less and more text, and with smaller and larger models."""
    models = ["LSTM", "GRU", primary(results)]
    runs: Runs = {}
    for characters, size, contestants in (
        (300_000, 100_000, models),
        (3_000_000, 25_000, models),
        (3_000_000, 400_000, models[::2]),
        (9_000_000, 100_000, models[::2]),
    ):
        setting = Setting("speeches", characters, size)
        runs = {**runs, **tuned_and_judged(results, setting, contestants)}
        if not runs.keys() <= results.keys():
            break  # One after the other: the first are known early.
    return runs


def beside(results: Results) -> Runs:
    """Return the runs of models that decide nothing, in the first replicates of the speeches."""
    models = ["MI-LSTM", "LSTM, forget gate open", "NASCell", *candidates(results)]
    return dict(
        _run(SPEECHES, model, best_rate(results, SPEECHES, model), replicate, final=True)
        for model in models
        for replicate in FEW_REPLICATES
    )


def tuned_and_judged(
    results: Results,
    setting: Setting,
    models: Sequence[str],
    replicates: Iterable[int] = FEW_REPLICATES,
) -> Runs:
    """Return the runs of tuning, and once they are there, those of the first replicates."""
    runs = tuning(results, setting, models)
    if not runs.keys() <= results.keys():
        return runs
    judged = dict(
        _run(setting, model, best_rate(results, setting, model), replicate, final=True)
        for model in models
        for replicate in replicates
    )
    return {**runs, **judged}


def changed(sequence: str) -> dict[str, str]:
    """Return what a cell becomes if one thing in it is changed: what -> the model's name."""
    cell = Cell.parse(sequence)
    plain = [n for n, leaf in enumerate(cell.nodes[: cell.base]) if leaf == PRODUCT]
    silent = NO_C + str(replace(cell, create_index=plain[-1]))
    models = {f"{len(plain) - 1} of {len(plain)} products, no c": silent}

    def change(what: str, new: Mapping[int, Node], inject: Node = cell.inject) -> None:
        all_nodes = tuple(new.get(number, node) for number, node in enumerate(cell.nodes))
        models[what] = str(replace(cell, nodes=all_nodes, inject=inject))

    for left in sorted({0, 1, 2, len(plain) - 1}):
        change(f"{left} of {len(plain)} products", dict.fromkeys(plain[left:], SUMMAND))
    for n, node in enumerate(cell.nodes):
        if n < cell.base and n not in plain:
            other = "Add" if node.combination == "Multiply" else "Multiply"
            change(f"leaf {n}: {other}", {n: Node(other, node.activation)})
        if node.activation != "Identity":
            change(f"node {n}: no {node.activation}", {n: Node(node.combination, "Identity")})
    if cell.inject.activation != "Identity":
        without = Node(cell.inject.combination, "Identity")
        change(f"injection: no {cell.inject.activation}", {}, without)
    change("tanh at the root", {2 * cell.base - 2: Node(cell.nodes[-1].combination, "Tanh")})
    return models


def candidates(results: Results) -> list[str]:
    """Return the found cells that are close to the best of them on the speeches."""
    cells = {
        model: math.log(_tuned(results, SPEECHES, model, best_rate(results, SPEECHES, model)))
        for model in MODELS
        if model not in NOT_FOUND
    }
    return [model for model, loss in cells.items() if loss <= min(cells.values()) + CLOSE]


def primary(results: Results) -> str:
    """Return the stable candidate with the lowest mean log(perplexity) in validation."""
    losses = {
        model: math.fsum(
            math.log(_tuned(results, setting, model, best_rate(results, setting, model)))
            for setting in TEXTS
        )
        for model in stable(results)
    }
    return min(losses, key=lambda model: losses[model])


def stable(results: Results) -> list[str]:
    """Return the candidates that no text, no seed and no rate up to their own made diverge."""
    unstable = {run[1] for name, run in messy_runs(results).items() if results[name]["diverged"]}
    for setting in TEXTS:
        for model in candidates(results):
            rate = best_rate(results, setting, model)
            unstable |= {
                model
                for name, run in tuning(results, setting, [model]).items()
                if run[2] <= rate and results[name]["diverged"]
            }
    return [model for model in candidates(results) if model not in unstable]


def _run(
    setting: Setting, model: str, rate: float, replicate: int, final: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """Return the name of a run, and its arguments."""
    size = f"{setting.characters:,} characters, {setting.parameters:,} parameters"
    name = f"{setting.text}, {size}: {model}, rate {rate:g}, replicate {replicate}"
    return name, (setting, model, rate, replicate, final)


def tuning(results: Results, setting: Setting, models: Iterable[str]) -> Runs:
    """Return the runs by which each model finds its rate: as many as are known to be needed."""
    runs: dict[str, tuple[Any, ...]] = {}
    for model in models:
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


def _tuned(results: Results, setting: Setting, model: str, rate: float) -> float:
    """Return the perplexity of validation of a run of tuning; infinity if it diverged."""
    name, _ = _run(setting, model, rate, TUNING_REPLICATE)
    result = results.get(name)
    return math.inf if result is None or result["diverged"] else min(result["validation"])


def best_rate(results: Results, setting: Setting, model: str) -> float:
    """Return the rate that tuning chose."""
    rates: list[float] = [run[2] for run in tuning(results, setting, [model]).values()]
    return min(rates, key=lambda rate: (_tuned(results, setting, model, rate), rate))


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


class Silenced(LeanRNN):
    """A layer whose c stays zero: it comes from a leaf with matrices of zeros."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__(cell, input_size, hidden_size)
        rows = slice(cell.create_index * hidden_size, (cell.create_index + 1) * hidden_size)
        mask = torch.ones(cell.base * hidden_size, 1)
        mask[rows] = 0.0
        for weight in (self.weight_ih_l0, self.weight_hh_l0):
            weight.data *= mask
            weight.register_hook(lambda gradient: gradient * mask)  # type: ignore[no-untyped-call]


def build_model(model: str, symbols: int, budget: int) -> tuple[LanguageModel, int]:
    """Return an untrained model of about so many parameters, and their number.

    Parameters
    ----------
    model
        See :data:`MODELS`; or a sequence, with or without :data:`NO_C`.
    """
    name = MODELS.get(model, model).removeprefix(NO_C)
    if not model.startswith(NO_C):
        size = hidden_size_for(budget, name, symbols)
        return build(name, symbols, size), parameters(name, symbols, size)

    def learned(size: int) -> int:
        return parameters(name, symbols, size) - size * (EMBEDDING + size)

    size = bisect_left(range(LARGEST_SIZE), budget, lo=2, key=learned)
    core = Silenced(Cell.parse(name), EMBEDDING, size)
    return LanguageModel(core, symbols), learned(size)


@torch.no_grad()
def write(network: LanguageModel, symbols: Sequence[str], seed: int) -> str:
    """Return what a model writes: each character is drawn by its scores, and read next."""
    rng = np.random.default_rng(seed)
    text, last, state = "", symbols.index("\n"), None
    for _ in range(LETTERS):
        scores, state = network(torch.tensor([[last]]), state)
        chances = (SHARPNESS * scores[0, 0]).double().softmax(0).numpy()
        last = int(rng.choice(len(chances), p=chances))
        text += symbols[last]
    return text


def run(
    setting: Setting, model: str, learning_rate: float, replicate: int, final: bool
) -> dict[str, Any]:
    """Train one model on one thread and return its record, with what it was trained by.

    The test perplexity of a model that diverged is None. In a final it is trained once more then,
    at half its rate; and in a final it writes.
    """
    torch.set_num_threads(1)
    setting = Setting(*setting)
    make = messy if setting.text in MESSY else texts.split
    task = make(setting.text, setting.characters, replicate)
    symbols = len(task.symbols)
    for used in (learning_rate, learning_rate / 2)[: 1 + final]:
        with seeded(replicate):
            network, learned = build_model(model, symbols, setting.parameters)
        recipe = Recipe(**{**asdict(RECIPE), "learning_rate": used})
        record = fit(network, task, recipe, replicate, progress=False)
        diverged = record.diverged is not None or record.validation[-1] > WORST * symbols
        if not diverged:
            break
    return {
        "model": model,
        **setting._asdict(),
        "learning_rate": learning_rate,
        "used_rate": used,
        "replicate": replicate,
        "digest": task.digest,
        "hidden_size": int(network.core.hidden_size),  # type: ignore[arg-type]
        "learned": learned,
        "at": list(record.at),
        "validation": [value if math.isfinite(value) else None for value in record.validation],
        "test": None if diverged else record.test,
        "diverged": diverged,
        **({"written": write(network, task.symbols, replicate)} if final and not diverged else {}),
    }


if __name__ == "__main__":
    study().main()
