"""Train many different children side by side.

They run as one network (:mod:`nastut.learning.population`), and nothing that one member
computes reaches another: losses are summed, gradients are clipped member by member, Adam works
number by number. So a member that diverges takes nobody along, and one that is trained in
company ends where it would have ended alone, up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from nastut.cells.cell import Cell, require_cell
from nastut.cells.sequence import require_whole_number
from nastut.learning.population import Population
from nastut.learning.tasks import Stream, Task, windows
from nastut.learning.training import Recipe, Record, State, losses, optimizer_and_rate, plan

CHILD = Recipe(epochs=1, batch=16, steps=32, learning_rate=0.01, reports=4)
"""The recipe for small children: about 256 steps on a task of the usual size.

The rate is small enough for the order of the best to repeat itself from seed to seed. At twice
the rate, all good cells end near the best possible perplexity and chance decides between them.
"""


Stay = Callable[[int, np.ndarray], np.ndarray]
"""From the number of a report, from 0, and the validation perplexity of each network that was
still in training, to whether it goes on: an array of truth values."""


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
        Says at every report who goes on; None: all do. Those that do go on from where they
        stand, and are what they would be in the company of all. A record ends where its
        training ended.

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
                records |= zip(some, _fit(population, task, recipe, seed, stay), strict=True)
                bar.update(len(some))
    return [records[place] for place in range(len(cells))]


def _fit(
    population: Population, task: Task, recipe: Recipe, seed: int, stay: Stay | None
) -> list[Record]:
    """Train a population in place and return the record of each member."""
    total, reports = plan(task, recipe)
    optimizer, rate = optimizer_and_rate(population, recipe, total)
    going, members = population, np.arange(len(population.cells))  # what is trained; who it is
    at: list[int] = []
    validation: list[np.ndarray] = []
    ended = np.full(len(members), total)
    diverged = np.zeros(len(members), int)  # the step, from 1
    best, best_weights = np.full(len(members), math.inf), deepcopy(population.state_dict())

    def loss_of(
        symbols: np.ndarray, following: np.ndarray, state: State | None
    ) -> tuple[Tensor, State]:
        if state is not None and len(state[0]) > len(members):  # Some have just left.
            state = state[0][kept], state[1][kept]
        return going.loss(symbols, following, state)

    for step, loss in enumerate(losses(loss_of, task, recipe), 1):
        newly = ~np.isfinite(loss.detach().numpy()) & (diverged[members] == 0)
        diverged[members[newly]] = step
        optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        clip(going, recipe.clip)
        optimizer.step()
        rate.step()
        if step in reports:
            at.append(step)
            measured = perplexities(going, task.validation, recipe)
            measured[diverged[members] > 0] = math.inf
            validation.append(np.full(len(best), math.inf))
            validation[-1][members] = measured
            better = measured < best[members]
            best[members[better]] = measured[better]
            for name, weight in going.named_parameters():
                best_weights[name][members[better]] = weight.detach()[better]
            if stay is None or step == total:
                continue
            kept = np.flatnonzero(stay(len(at) - 1, measured))
            if len(kept) < len(members):
                ended[np.delete(members, kept)] = step
                members = members[kept]
                if not len(members):
                    break
                going = going.of(kept)
                move_on(optimizer, going, kept)
    population.load_state_dict(best_weights)
    test = perplexities(population, task.test, recipe)
    test[best == math.inf] = math.inf
    parameters = sum(weight[0].numel() for weight in population.parameters())
    records = []
    for m in range(len(population.cells)):
        last = diverged[m] - 1 if diverged[m] else ended[m]
        alive = [i for i, step in enumerate(at) if step <= last]
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


def move_on(optimizer: torch.optim.Optimizer, population: Population, kept: np.ndarray) -> None:
    """Let an optimizer go on with the members `kept` of the population it had before."""
    (group,) = optimizer.param_groups
    before, group["params"] = group["params"], list(population.parameters())
    for old, new in zip(before, group["params"], strict=True):
        optimizer.state[new] = {
            name: value[kept] if value.shape == old.shape else value
            for name, value in optimizer.state.pop(old).items()
        }


def clip(population: Population, largest: float) -> None:
    """Shorten each member's gradient, of all its weights together, to a norm of `largest`."""
    gradients = [weight.grad for weight in population.parameters() if weight.grad is not None]
    norm = torch.stack([grad.flatten(1).norm(dim=1) for grad in gradients]).norm(dim=0)
    scale = (largest / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient *= scale[:, None, None]


@torch.no_grad()
def perplexities(population: Population, stream: Stream, recipe: Recipe) -> np.ndarray:
    """Return the perplexity of each member.

    It is what :func:`nastut.learning.training.perplexity` defines.
    """
    state, total, count = None, np.zeros(len(population.cells)), 0
    for symbols, following in windows(stream, recipe.batch, recipe.steps):
        loss, state = population.loss(symbols, following, state)
        total += loss.double().numpy() * symbols.size
        count += symbols.size
    with np.errstate(over="ignore"):
        perplexity = np.exp(total / count)
    return np.where(np.isnan(perplexity), math.inf, perplexity)
