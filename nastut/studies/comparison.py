"""LSTM, NASCell, the cell with Max and the example on real text, at equal parameter count.

The recorded result is ``data/text.json``, made by ``python -m nastut compare``. Every cell is
tuned alike: the learning rate that is best in validation, on a seed that is used for nothing
else. Then it is trained on the seeds that count.
"""

from __future__ import annotations

import json
import math
import platform
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from nastut.files import write_atomically
from nastut.layers.layer import CellRNN
from nastut.learning.tasks import Task, python_reference
from nastut.learning.training import LanguageModel, Recipe, fit, hidden_size_for, seeded
from nastut.studies.parts import require_same
from nastut.studies.processes import finished
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


def settings(task: Task | None) -> dict[str, Any]:
    """Return what a recorded result depends on; without a task, only the names matter."""
    return {
        "command": "python -m nastut compare",
        "task": task and {"name": task.name, "digest": task.digest, "symbols": len(task.symbols)},
        "parameters": PARAMETERS,
        "embedding": EMBEDDING,
        "recipe": {key: value for key, value in asdict(RECIPE).items() if key != "learning_rate"},
        "learning_rates": list(LEARNING_RATES),
        "tuning_seed": TUNING_SEED,
        "seeds": list(SEEDS),
        "threads": 1,
        "python": platform.python_version(),
        "torch": version("torch").partition("+")[0],
    }


def compare(path: Path, executor: Executor) -> dict[str, Any]:
    """Make the comparison, or go on with it, and return what `path` then holds.

    Each training is written down when it ends, so that a comparison that was broken off
    loses only what was under way.

    Raises
    ------
    ValueError
        If `path` holds a comparison that was made by other settings.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = settings(python_reference())
    content = load_comparison(path) if path.exists() else {**wanted, "tuning": [], "runs": []}
    require_same(path, {key: content[key] for key in wanted}, wanted)
    tuning = [(name, rate, TUNING_SEED) for name in CELLS for rate in LEARNING_RATES]
    _train_missing(path, content, "tuning", tuning, executor)
    chosen = {name: best_rate(content, name) for name in CELLS}
    runs = [(name, chosen[name], seed) for name in CELLS for seed in SEEDS]
    _train_missing(path, content, "runs", runs, executor)
    return content


def best_rate(content: dict[str, Any], name: str) -> float:
    """Return the learning rate with the lowest validation perplexity at the end of tuning."""
    tried = [record for record in content["tuning"] if record["cell"] == name]
    best = min(tried, key=lambda record: min(record["validation"], default=float("inf")))
    return float(best["learning_rate"])


def load_comparison(path: Path) -> dict[str, Any]:
    """Return a recorded comparison.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If the file is damaged or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        complete = set(settings(task=None)) | {"tuning", "runs"} <= set(content)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist; 'python -m nastut compare' makes it"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}; restore it, or make it anew") from None
    if not complete:
        raise ValueError(f"{path} holds no comparison; 'python -m nastut compare' makes one")
    return dict(content)


def _train_missing(
    path: Path,
    content: dict[str, Any],
    part: str,
    wanted: list[tuple[str, float, int]],
    executor: Executor,
) -> None:
    """Train what is wanted and not there yet; keep the records in the order of `wanted`."""
    there = {(r["cell"], r["learning_rate"], r["seed"]): r for r in content[part]}
    missing = [key for key in wanted if key not in there]
    futures = {executor.submit(run, *key): key for key in missing}
    for key, record in tqdm(finished(futures), total=len(futures), desc=part):
        there[key] = record
        content[part] = [there[key] for key in wanted if key in there]
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
