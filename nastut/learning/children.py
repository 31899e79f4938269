"""Train many different children side by side.

They run as one network (:mod:`nastut.learning.population`), and nothing that one member
computes reaches another: losses are summed, gradients are clipped member by member, Adam works
number by number. So a member that diverges takes nobody along, and one that is trained in
company ends where it would have ended alone, up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import deepcopy

import numpy as np
import torch
from tqdm.auto import tqdm

from nastut.cells.cell import Cell, require_cell
from nastut.cells.sequence import require_whole_number
from nastut.learning.population import Population
from nastut.learning.tasks import Stream, Task, windows
from nastut.learning.training import Recipe, Record, losses, optimizer_and_rate, plan

CHILD = Recipe(epochs=1, batch=16, steps=32, learning_rate=0.01, reports=4)
"""The recipe for small children: about 256 steps on a task of the usual size.

The rate is small enough for the order of the best to repeat itself from seed to seed. At twice
the rate, all good cells end near the best possible perplexity and chance decides between them.
"""


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
        validation, as in :func:`nastut.learning.training.fit`.
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
