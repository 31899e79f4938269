"""Many different children in one network.

The children of a search are small, and a small network trained alone spends its time on calls,
not on numbers. So the networks of many cells run as one: each weight has one more axis, that of
the members, and a product of all members is one call. Only inside the cell members differ:
there each has its own program (:mod:`nastut.layers.elementwise`).

Nothing that one member computes reaches another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell
from nastut.layers.elementwise import bind_members, step_programs
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
    input : (M, S, base * H)
        Row s is what symbol s gives to the leaves, leaf after leaf.
    hidden : (M, H, base * H)
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

        def drawn(*shape: int) -> nn.Parameter:
            one = torch.empty(shape).uniform_(-bound, bound, generator=generator)
            return nn.Parameter(one.repeat(len(cells), 1, 1))

        self.input = drawn(symbols, width)
        self.hidden = drawn(hidden_size, width)
        self.decoder = drawn(symbols, hidden_size)
        self.decoder_bias = drawn(symbols, 1)

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
        (members, n_symbols, _), size = self.input.shape, self.hidden.shape[1]
        steps, batch = symbols.shape
        if state is None:
            state = (self.hidden.new_zeros(members, batch, size),) * 2
        one_hot = F.one_hot(symbols.flatten(), n_symbols).to(self.input.dtype)
        x_parts = (one_hot @ self.input).view(members, steps, batch, -1)
        h, c = _Recurrence.apply(self.cells, x_parts, *state, self.hidden)  # type: ignore[no-untyped-call]
        over_time = h.transpose(0, 1).flatten(1, 2)
        scores = torch.baddbmm(self.decoder_bias, self.decoder, over_time.mT)
        return scores, (h[-1], c)

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


class _Recurrence(torch.autograd.Function):
    """All time steps of all members as one operation of autograd.

    As :mod:`nastut.layers.recurrence` does it for a single cell.
    """

    @staticmethod
    def forward(
        ctx: Any, cells: tuple[Cell, ...], x_parts: Tensor, h_0: Tensor, c_0: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        steps = x_parts.shape[1]
        h = h_0.new_empty(steps + 1, *h_0.shape)
        c = torch.empty_like(h)
        h[0], c[0] = h_0, c_0
        h_parts = x_parts.new_empty(steps, *h_0.shape[:2], x_parts.shape[-1])
        run = bind_members(
            [step_programs(cell).forward for cell in cells],
            (x_parts.transpose(0, 1), h_parts, c[:-1]),
            (h[1:], c[1:]),
        )
        for t in range(steps):
            torch.bmm(h[t], hidden, out=h_parts[t])
            run(t)
        ctx.cells = cells
        ctx.save_for_backward(x_parts, hidden, h_parts, h, c)
        return h[1:].clone(), c[-1].clone()

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        x_parts, hidden, h_parts, h, c = ctx.saved_tensors
        # grad_h[t] is the gradient from outside, until that from step t + 1 is added.
        grad_h = grad_outputs.clone(memory_format=torch.contiguous_format)
        grad_c = grad_c_last.clone(memory_format=torch.contiguous_format)
        grad_x_parts, grad_h_parts = torch.empty_like(x_parts), torch.empty_like(h_parts)
        grad_hidden = torch.zeros_like(hidden)
        grad_c_at = grad_c.expand_as(c[1:])
        run = bind_members(
            [step_programs(cell).backward for cell in ctx.cells],
            (x_parts.transpose(0, 1), h_parts, c[:-1], grad_h, grad_c_at),
            (grad_x_parts.transpose(0, 1), grad_h_parts, grad_c_at),
        )
        for t in reversed(range(len(h_parts))):
            run(t)
            grad_hidden.baddbmm_(h[t].mT, grad_h_parts[t])
            if t > 0:
                grad_h[t - 1].baddbmm_(grad_h_parts[t], hidden.mT)
        return None, grad_x_parts, grad_h_parts[0] @ hidden.mT, grad_c, grad_hidden
