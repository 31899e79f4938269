"""Many different children in one network.

The children of a search are small, and a small network trained alone spends its time on calls,
not on numbers. So the networks of many cells run as one: each weight has one more axis, that of
the members, and one call does the work of all (:mod:`nastut.layers.recurrence`).

Nothing that one member computes reaches another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell
from nastut.layers.recurrence import Weights, recur_members
from nastut.learning.training import State


class Population(nn.Module):
    """The networks of several cells of one base: symbols in, scores of the next symbol out.

    A member is a recurrent layer, as of :class:`nastut.CellRNN`, that sees each symbol as a
    vector with a single 1, and a decoder. All members start from the same weights.

    Parameters
    ----------
    cells
        One for each of the M members, all of one base.
    symbols
        S: number of different symbols.
    hidden_size
        H: number of features of h_t and of c_t.
    seed
        Where the weights are drawn from: U(-1 / sqrt(H), 1 / sqrt(H)).

    Attributes
    ----------
    input : (M, base * H, S)
        Column s is what symbol s gives to the leaves, leaf after leaf.
    hidden : (M, base * H, H)
        From h_{t-1} to the leaves.
    decoder, decoder_bias : (M, S, H), (M, S, 1)
        From h_t to the scores.

    Raises
    ------
    ValueError
        If the cells have different bases.
    """

    def __init__(self, cells: Sequence[Cell], symbols: int, hidden_size: int, seed: int) -> None:
        super().__init__()
        bases = {cell.base for cell in cells}
        if len(bases) != 1:
            raise ValueError(f"the cells have bases {sorted(bases)}; give cells of one base")
        self.cells = tuple(cells)
        generator, bound = torch.Generator().manual_seed(seed), 1 / math.sqrt(hidden_size)
        width = bases.pop() * hidden_size

        def drawn(*shape: int) -> Tensor:
            one = torch.empty(shape).uniform_(-bound, bound, generator=generator)
            return one.repeat(len(cells), 1, 1)

        # Transposed, because so they were drawn for what is recorded in data/.
        self.input = nn.Parameter(drawn(symbols, width).mT.contiguous())
        self.hidden = nn.Parameter(drawn(hidden_size, width).mT.contiguous())
        self.decoder = nn.Parameter(drawn(symbols, hidden_size))
        self.decoder_bias = nn.Parameter(drawn(symbols, 1))

    def of(self, members: np.ndarray) -> Population:
        """Return a population of some members, by number, with their weights as they are."""
        symbols, size = self.decoder.shape[1:]
        some = Population([self.cells[m] for m in members], symbols, size, seed=0)
        with torch.no_grad():
            for mine, theirs in zip(some.parameters(), self.parameters(), strict=True):
                mine.copy_(theirs[members])
        return some

    def forward(self, symbols: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the scores, of shape (M, S, T * B), and the state after the last step.

        Parameters
        ----------
        symbols
            Integers of shape (T, B), the same for all members.
        state
            (h, c), each of shape (M, B, H); zeros if left out.
        """
        members, n_symbols, size = self.decoder.shape
        if state is None:
            state = (self.hidden.new_zeros(members, symbols.shape[1], size),) * 2
        one_hot = F.one_hot(symbols, n_symbols).to(self.input.dtype)
        weights = Weights(self.input, self.hidden, None, None)
        h, c = recur_members(self.cells, one_hot, *state, weights)
        scores = torch.baddbmm(self.decoder_bias, self.decoder, h.flatten(1, 2).mT)
        return scores, (h[:, -1], c)

    def loss(
        self, symbols: np.ndarray, following: np.ndarray, state: State | None
    ) -> tuple[Tensor, State]:
        """Return the mean loss of each member, of shape (M,), and the state after the last step.

        Parameters
        ----------
        symbols, following
            Integers of shape (T, B): a window of a stream.
        """
        scores, state = self(torch.as_tensor(symbols), state)
        targets = torch.as_tensor(following).flatten().expand(len(scores), -1)
        return F.cross_entropy(scores, targets, reduction="none").mean(1), state
