"""Train many different children side by side, in one network.

The children of a search are small, and a small network trained alone spends its time on calls,
not on numbers. So the networks of many cells run as one: each weight has one more axis, that of
the members, and one call does the work of all (:mod:`nastut.layers.recurrence`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)
from tqdm.auto import tqdm

from nastut.cells.cell import Cell, require_cell
from nastut.cells.sequence import require_whole_number
from nastut.layers.arguments import State
from nastut.layers.recurrence import Weights, recur
from nastut.learning.tasks import Task
from nastut.learning.training import Network, Recipe, Record, fit_members
from nastut.learning.training import Stay as Stay

CHILD = Recipe(epochs=1, batch=16, steps=32, learning_rate=0.01, reports=4)
"""The recipe for small children: about 256 steps on a task of the usual size.

The rate is small enough for the order of the best to repeat itself from seed to seed. At twice
the rate, all good cells end near the best possible perplexity and chance decides between them.
"""


class Population(Network):
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
        self.cells, self.members = tuple(cells), len(cells)
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

    def subset(self, members: np.ndarray) -> Population:
        """Return a population of the chosen members, by number, with their weights as they are."""
        symbols, size = self.decoder.shape[1:]
        chosen = Population([self.cells[m] for m in members], symbols, size, seed=0)
        with torch.no_grad():
            for mine, theirs in zip(chosen.parameters(), self.parameters(), strict=True):
                mine.copy_(theirs[members])
        return chosen

    def by_member(self, value: Tensor) -> Tensor:
        """Return a weight as it is: the members' axis is in front."""
        return value

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
        h, c = recur(self.cells, one_hot, *state, Weights(self.input, self.hidden, None, None))
        scores = torch.baddbmm(self.decoder_bias, self.decoder, h.flatten(1, 2).mT)
        return scores, (h[:, -1], c)

    def loss(
        self, symbols: np.ndarray, following: np.ndarray, state: State | None
    ) -> tuple[Tensor, State]:
        """Return the mean loss of each member, of shape (M,), and the state after the last step."""
        scores, state = self(torch.as_tensor(symbols), state)
        targets = torch.as_tensor(following).flatten().expand(len(scores), -1)
        return F.cross_entropy(scores, targets, reduction="none").mean(1), state


def train(
    cells: Cell | Iterable[Cell],
    task: Task,
    recipe: Recipe = CHILD,
    hidden_size: int = 16,
    seed: int = 0,
    at_once: int = 128,
    progress: bool = True,
    stay: Stay | None = None,
) -> list[Record]:
    """Train a network of each cell on one task and return the records, in the order of the cells.

    Parameters
    ----------
    cells
        One cell, or any number of them, of any bases.
    task, recipe
        What is learned, and how; a record's ``test`` belongs to the weights that were best in
        validation, as in :func:`nastut.learning.training.fit`.
    hidden_size
        H, of every network.
    seed
        Where the starting weights are drawn from; all cells of one base start from the same.
    at_once
        Largest number of networks that run as one. It decides the speed, not the results.
    progress
        Whether to show a progress bar.
    stay
        Says at every report which networks go on; None: all do. Those that do are trained as if
        all had stayed. A record ends where its training ended.

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
                batch = places[start : start + at_once]
                members = [cells[place] for place in batch]
                population = Population(members, len(task.symbols), hidden_size, seed)
                fitted = fit_members(population, task, recipe, seed, tqdm(disable=True), stay)
                records |= zip(batch, fitted, strict=True)
                bar.update(len(batch))
    return [records[place] for place in range(len(cells))]
