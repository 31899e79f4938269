"""Train many different children side by side.

The children of a search are small, and a small network trained alone spends its time on calls,
not on numbers. So the networks of many cells run as one: each weight has one more axis, that of
the members, and a product of all members is one call. Only inside the cell members differ:
there each has its own program (:mod:`nastut.elementwise`).

Nothing that one member computes reaches another: losses are summed, gradients are clipped
member by member, Adam works number by number. So a member that diverges takes nobody along, and
one that is trained in company ends where it would have ended alone, up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)
from tqdm.auto import tqdm

from nastut.cell import Cell, require_cell
from nastut.elementwise import bind_members, step_programs
from nastut.sequence import require_whole_number
from nastut.tasks import Stream, Task, windows
from nastut.training import Recipe, Record, State, losses, optimizer_and_rate, plan

CHILD = Recipe(epochs=1, batch=16, steps=32, learning_rate=0.01, reports=4)
"""The recipe for small children: about 256 steps on a task of the usual size.

The rate is small enough for the order of the best to repeat itself from seed to seed. At twice
the rate, all good cells end near the best possible perplexity and chance decides between them.
"""


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

    As :mod:`nastut.recurrence` does it for a single cell.
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


def train(
    cells: Cell | Iterable[Cell],
    task: Task,
    recipe: Recipe = CHILD,
    hidden_size: int = 16,
    seed: int = 0,
    at_once: int = 128,
    progress: bool = True,
) -> list[Record]:
    """Train a network of each cell on one task and return the records, in the order of the cells.

    Parameters
    ----------
    cells
        One cell, or any number of them, of any bases.
    task, recipe
        What is learned, and how; a record's ``test`` belongs to the weights that were best in
        validation, as in :func:`nastut.training.fit`.
    hidden_size
        H, of every network.
    seed
        Where the starting weights are drawn from; all cells of one base start from the same.
    at_once
        Largest number of networks that run as one. It decides the speed, not the results.
    progress
        Whether to show a progress bar.

    Raises
    ------
    TypeError
        If something among `cells` is no cell, or a size is no whole number.
    ValueError
        If a size is not positive, or the task too short for the recipe.
    """
    cells = [cells] if isinstance(cells, Cell) else list(cells)
    for cell in cells:
        require_cell(cell)
    require_whole_number("hidden_size", hidden_size)
    require_whole_number("at_once", at_once)
    records: dict[int, Record] = {}
    with tqdm(total=len(cells), desc=f"seed {seed}", unit="cell", disable=not progress) as bar:
        for base in sorted({cell.base for cell in cells}):
            places = [place for place, cell in enumerate(cells) if cell.base == base]
            for start in range(0, len(places), at_once):
                some = places[start : start + at_once]
                members = [cells[place] for place in some]
                population = Population(members, len(task.symbols), hidden_size, seed)
                records |= zip(some, _fit(population, task, recipe, seed), strict=True)
                bar.update(len(some))
    return [records[place] for place in range(len(cells))]


def _fit(population: Population, task: Task, recipe: Recipe, seed: int) -> list[Record]:
    """Train a population in place and return the record of each member."""
    members = len(population.cells)
    total, reports = plan(task, recipe)
    optimizer, rate = optimizer_and_rate(population, recipe, total)
    at, validation = [], []
    diverged = np.zeros(members, int)  # the step, from 1
    best, best_weights = np.full(members, math.inf), deepcopy(population.state_dict())
    for step, loss in enumerate(losses(population.loss, task, recipe), 1):
        newly = ~np.isfinite(loss.detach().numpy()) & (diverged == 0)
        diverged[newly] = step
        optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        clip(population, recipe.clip)
        optimizer.step()
        rate.step()
        if step in reports:
            at.append(step)
            validation.append(perplexities(population, task.validation, recipe))
            better = (validation[-1] < best) & (diverged == 0)
            best[better] = validation[-1][better]
            for name, weight in population.named_parameters():
                best_weights[name][better] = weight.detach()[better]
    population.load_state_dict(best_weights)
    test = perplexities(population, task.test, recipe)
    test[best == math.inf] = math.inf
    parameters = sum(weight[0].numel() for weight in population.parameters())
    records = []
    for m in range(members):
        alive = [i for i, step in enumerate(at) if not 0 < diverged[m] <= step]
        records.append(
            Record(
                seed,
                parameters,
                tuple(at[i] for i in alive),
                tuple(float(validation[i][m]) for i in alive),
                float(test[m]),
                int(diverged[m]) or None,
            )
        )
    return records


def clip(population: Population, largest: float) -> None:
    """Shorten each member's gradient, of all its weights together, to a norm of `largest`."""
    gradients = [weight.grad for weight in population.parameters() if weight.grad is not None]
    norm = torch.stack([grad.flatten(1).norm(dim=1) for grad in gradients]).norm(dim=0)
    scale = (largest / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient *= scale[:, None, None]


@torch.no_grad()
def perplexities(population: Population, stream: Stream, recipe: Recipe) -> np.ndarray:
    """Return the perplexity of each member, as :func:`nastut.training.perplexity` defines it."""
    state, total, count = None, np.zeros(len(population.cells)), 0
    for symbols, following in windows(stream, recipe.batch, recipe.steps):
        loss, state = population.loss(symbols, following, state)
        total += loss.double().numpy() * symbols.size
        count += symbols.size
    with np.errstate(over="ignore"):
        perplexity = np.exp(total / count)
    return np.where(np.isnan(perplexity), math.inf, perplexity)
