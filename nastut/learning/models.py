"""Models to compare: torch's own layers and any cell, with the same number of parameters.

A model has a name: that of a baseline (:data:`BASELINES`), or the sequence of its cell.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from nastut.cells.cell import Cell
from nastut.cells.redundancy import redundant_leaves
from nastut.layers.arguments import State
from nastut.layers.layer import CellRNN
from nastut.learning.training import LanguageModel, count_parameters

EMBEDDING = 48
"""Width of the vectors that stand for symbols."""

LARGEST_SIZE = 2_048


class OpenLSTM(nn.LSTM):
    """An LSTM whose forget gate starts open: with a bias of 1.

    Source: Jozefowicz, Zaremba & Sutskever (2015), *An Empirical Exploration of Recurrent Network
    Architectures*.
    """

    def reset_parameters(self) -> None:
        """Draw the weights, and open the gate."""
        super().reset_parameters()
        for name, bias in self.named_parameters():
            if "bias" in name:
                with torch.no_grad():  # torch's gates are i, f, g, o
                    bias[self.hidden_size : 2 * self.hidden_size] = 1.0 if "ih" in name else 0.0


class PlainGRU(nn.GRU):
    """A GRU with the states of an LSTM: its second one is empty."""

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:  # type: ignore[override]
        """Return what :class:`torch.nn.GRU` does, and (h, nothing)."""
        output, h = super().forward(input, None if hx is None else hx[0])
        return output, (h, h.new_zeros(0))


BASELINES: dict[str, Callable[[int, int], nn.Module]] = {
    "LSTM": lambda input_size, hidden_size: nn.LSTM(input_size, hidden_size, bias=False),
    "LSTM, biases": nn.LSTM,
    "LSTM, forget gate open": OpenLSTM,
    "GRU": PlainGRU,
}
"""Name -> function of the input's size and the hidden size."""


class LeanRNN(CellRNN):
    """A layer of one cell whose redundant matrices are zero, and stay so."""

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
    """Return an untrained model: draw its weights inside ``with seeded(seed):``.

    Parameters
    ----------
    name
        Of a baseline, or the sequence of a cell.
    symbols
        Number of different symbols.
    """
    if name in BASELINES:
        return LanguageModel(BASELINES[name](EMBEDDING, hidden_size), symbols)
    return LanguageModel(LeanRNN(Cell.parse(name), EMBEDDING, hidden_size), symbols)


def parameters(name: str, symbols: int, hidden_size: int) -> int:
    """Return how many numbers a model learns, without the matrices of redundant leaves."""
    with torch.device("meta"):
        learned = count_parameters(build(name, symbols, hidden_size))
    if name in BASELINES:
        return learned
    spare = len(redundant_leaves(Cell.parse(name)))
    return learned - spare * hidden_size * (EMBEDDING + hidden_size)


@cache
def hidden_size_for(budget: int, name: str, symbols: int) -> int:
    """Return the hidden size with which a model has nearest to `budget` parameters."""

    def size_to_parameters(size: int) -> int:
        return parameters(name, symbols, size)

    above = bisect_left(range(LARGEST_SIZE), budget, lo=2, key=size_to_parameters)
    return min(above - 1, above, key=lambda size: abs(size_to_parameters(size) - budget))
