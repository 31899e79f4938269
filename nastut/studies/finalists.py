"""Cells at full size beside torch's own layers: how the finalists of a search are judged.

All have the same number of parameters, counted without redundant matrices, and are trained by one
recipe; only the learning rate is tuned, on a seed that is used for nothing else.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nastut.cells.cell import Cell, children
from nastut.layers.layer import CellRNN
from nastut.learning.tasks import Task, python_reference
from nastut.learning.training import LanguageModel, State, fit, seeded
from nastut.studies.comparison import EMBEDDING, PARAMETERS
from nastut.studies.comparison import RECIPE as LONGER

RECIPE = replace(LONGER, epochs=5, reports=10)
"""Five passes, not the eight of the study ``text``: there are six times as many models."""

SOURCE_CHARACTERS = 500_000
"""How much of the standard library's source is the second text."""


class OpenLSTM(nn.LSTM):
    """An LSTM whose forget gate starts open: with a bias of 1 (Jozefowicz et al. 2015)."""

    def reset_parameters(self) -> None:
        """Draw the weights, and open the gate."""
        super().reset_parameters()
        for name, bias in self.named_parameters():
            if "bias" in name:
                with torch.no_grad():
                    bias[self.hidden_size : 2 * self.hidden_size] = 1.0 if "ih" in name else 0.0


class PlainGRU(nn.GRU):
    """A GRU with the states of an LSTM: its second one is empty."""

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:  # type: ignore[override]
        """Return what :class:`torch.nn.GRU` does, and (h, nothing)."""
        output, h = super().forward(input, None if hx is None else hx[0])
        return output, (h, h.new_zeros(0))


BASELINES: dict[str, Callable[[int, int], nn.Module]] = {
    "LSTM": lambda i, h: nn.LSTM(i, h, bias=False),
    "LSTM, biases": nn.LSTM,
    "LSTM, forget gate open": OpenLSTM,
    "GRU": PlainGRU,
}
"""By name, as functions of the input's size and the hidden size. Other names are sequences."""


def redundant_leaves(cell: Cell) -> list[int]:
    """Return the leaves whose matrices add nothing: another leaf's could be what both sum to.

    Two leaves that are added and reach the sum as they are, without activation, injection
    or a look at them on the way, are one: W_1 x + W_3 x is (W_1 + W_3) x. So are sums of such.
    """
    sums: dict[int, bool] = {}
    redundant = []
    for index, node in enumerate(cell.nodes):
        below = children(index, cell.base)
        added = node.combination == "Add" and all(sums[child] for child in below)
        if below and added:
            redundant.append(_first_leaf(cell, below[1]))
        untouched = index not in (cell.inject_index, cell.create_index)
        sums[index] = added and node.activation == "Identity" and untouched
    return sorted(redundant)


def _first_leaf(cell: Cell, index: int) -> int:
    while below := children(index, cell.base):
        index = below[0]
    return index


class _Core(CellRNN):
    """A layer whose redundant matrices are zero, and stay so."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__(cell, input_size, hidden_size)
        mask = torch.ones(cell.base * hidden_size, 1)
        for leaf in redundant_leaves(cell):
            mask[leaf * hidden_size : (leaf + 1) * hidden_size] = 0.0
        for name, weight in self.named_parameters():
            if name in ("weight_ih_l0", "weight_hh_l0"):
                weight.data *= mask
                weight.register_hook(lambda gradient: gradient * mask)  # type: ignore[no-untyped-call]


def build(name: str, symbols: int, hidden_size: int) -> LanguageModel:
    """Return an untrained model around a baseline, or around the cell of a sequence."""
    if name in BASELINES:
        return LanguageModel(BASELINES[name](EMBEDDING, hidden_size), symbols)
    return LanguageModel(_Core(Cell.parse(name), EMBEDDING, hidden_size), symbols)


def parameters(name: str, symbols: int, hidden_size: int) -> int:
    """Return how many numbers a model learns, without the redundant ones."""
    model = build(name, symbols, hidden_size)
    spare = 0
    if name not in BASELINES:
        one = hidden_size * (EMBEDDING + hidden_size)
        spare = len(redundant_leaves(Cell.parse(name))) * one
    return sum(parameter.numel() for parameter in model.parameters()) - spare


@cache
def hidden_size_of(name: str, symbols: int) -> int:
    """Return the hidden size with which a model is nearest to the parameters of all."""
    size = bisect_left(range(512), PARAMETERS, lo=2, key=lambda h: parameters(name, symbols, h))
    return min(size - 1, size, key=lambda h: abs(parameters(name, symbols, h) - PARAMETERS))


def python_source() -> Task:
    """Return the characters of the standard library's modules, one after the other.

    The beginning of each, so that many authors have their say; what is no ASCII is left out. The
    first 80 % are for training, 10 % for validation, 10 % for the test.
    """
    folder = Path(os.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))]
    share = SOURCE_CHARACTERS // len(texts)
    text = "".join(text[:share] for text in texts).encode("ascii", "ignore").decode()
    symbols = tuple(sorted(set(text)))
    numbers = np.array([symbols.index(character) for character in text])
    cuts = [len(numbers) * 8 // 10, len(numbers) * 9 // 10]
    train, validation, test = np.split(numbers, cuts)
    return Task("python source, characters", symbols, train, validation, test)


TEXTS: dict[str, Callable[[], Task]] = {"manual": python_reference, "source": python_source}


def train_finalist(name: str, text: str, learning_rate: float, seed: int) -> dict[str, Any]:
    """Train one model on one thread and return its record, with what it was trained by.

    The test perplexity of a model that diverged is None.
    """
    torch.set_num_threads(1)
    task = TEXTS[text]()
    hidden_size = hidden_size_of(name, len(task.symbols))
    with seeded(seed):
        model = build(name, len(task.symbols), hidden_size)
    recipe = replace(RECIPE, learning_rate=learning_rate)
    record = fit(model, task, recipe, seed, progress=False)
    made_by = {"cell": name, "text": text, "learning_rate": learning_rate}
    measured = asdict(record) | {
        "hidden_size": hidden_size,
        "parameters": parameters(name, len(task.symbols), hidden_size),
        "at": list(record.at),
        "validation": list(record.validation),
        "test": record.test if math.isfinite(record.test) else None,
    }
    return made_by | measured
