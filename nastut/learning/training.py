"""Train a network to say what comes next, and measure how well it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from nastut.learning.tasks import Stream, Task, windows

State = tuple[Tensor, Tensor]
LossOf = Callable[[np.ndarray, np.ndarray, State | None], tuple[Tensor, State]]


class LanguageModel(nn.Module):
    """Symbols in, scores of the next symbol out: an embedding, a recurrent layer, a decoder.

    Parameters
    ----------
    core
        The recurrent layer, with the interface of :class:`torch.nn.LSTM`: a CellRNN, or an
        ``nn.LSTM`` itself. Its ``input_size`` is the width of the embedding.
    symbols
        Number of different symbols.
    """

    def __init__(self, core: nn.Module, symbols: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, int(core.input_size))  # type: ignore[arg-type]
        self.core = core
        width = int(core.proj_size or core.hidden_size)  # type: ignore[arg-type]
        self.decoder = nn.Linear(width, symbols)

    def forward(self, symbols: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return scores of shape ``(steps, batch, symbols)``, and the state after the last step.

        Parameters
        ----------
        symbols
            Integers of shape ``(steps, batch)``.
        state
            (h, c) as the core gives it; zeros if left out.
        """
        output, state = self.core(self.embedding(symbols), state)
        return self.decoder(output), state

    def loss(
        self, symbols: np.ndarray, following: np.ndarray, state: State | None
    ) -> tuple[Tensor, State]:
        """Return the mean loss of a window, in nats, and the state after the last step.

        Parameters
        ----------
        symbols, following
            Integers of shape ``(steps, batch)``: a window of a stream.
        """
        scores, state = self(torch.as_tensor(symbols), state)
        targets = torch.as_tensor(following).flatten()
        return nn.functional.cross_entropy(scores.flatten(0, 1), targets), state


@dataclass(frozen=True)
class Recipe:
    """How to train: Adam, a rate that falls linearly to zero, gradients clipped by norm.

    Attributes
    ----------
    epochs
        Passes over the training stream.
    batch, steps
        Pieces that are read side by side, and how far gradients reach back.
    learning_rate, clip
        Rate at the start; largest norm of the gradient of all parameters together.
    reports
        How often the validation stream is measured, evenly spread over training.
    """

    epochs: int = 8
    batch: int = 32
    steps: int = 50
    learning_rate: float = 4e-3
    clip: float = 1.0
    reports: int = 8


@dataclass(frozen=True)
class Record:
    """What came of a training.

    Attributes
    ----------
    seed, parameters
        Seed of the weights; how many numbers were learned.
    at, validation
        Training steps at which the validation stream was measured, and its perplexity there.
    test
        Perplexity of the test stream, with the weights that were best in validation.
    diverged
        The training step at which the loss was no finite number; None if that never was.
        What follows it counts as infinite perplexity.
    """

    seed: int
    parameters: int
    at: tuple[int, ...]
    validation: tuple[float, ...]
    test: float
    diverged: int | None


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let torch's layers draw their weights from `seed`, and leave the global state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def count_parameters(model: nn.Module) -> int:
    """Return how many numbers a model learns."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def hidden_size_for(parameters: int, build: Callable[[int], nn.Module]) -> int:
    """Return the hidden size at which ``build(hidden_size)`` has nearest to `parameters`.

    Raises
    ------
    ValueError
        If even a hidden size of 1 has more than `parameters`.
    """
    low, high = 1, 2
    if count_parameters(build(low)) > parameters:
        raise ValueError(
            f"a hidden size of 1 has {count_parameters(build(low))} parameters, more than "
            f"{parameters}; ask for more"
        )
    while count_parameters(build(high)) < parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if count_parameters(build(middle)) < parameters:
            low = middle
        else:
            high = middle
    return min(low, high, key=lambda size: abs(count_parameters(build(size)) - parameters))


@torch.no_grad()
def perplexity(model: LanguageModel, stream: Stream, recipe: Recipe) -> float:
    """Return exp of the mean negative log-probability of each next symbol, in nats.

    1 is perfect; as many as there are symbols is what guessing gives.
    """
    state, total, count = None, 0.0, 0
    for symbols, following in windows(stream, recipe.batch, recipe.steps):
        scores, state = model(torch.as_tensor(symbols), state)
        targets = torch.as_tensor(following).flatten()
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), targets, reduction="sum")
        total += loss.item()
        count += targets.numel()
    mean = total / count
    return math.exp(mean) if mean < math.log(np.finfo(float).max) else math.inf


def fit(
    model: LanguageModel, task: Task, recipe: Recipe, seed: int = 0, progress: bool = True
) -> Record:
    """Train a model in place and return the record; it ends with its best weights.

    The test stream is read once, at the end, and decides nothing. The same model, task and
    recipe give the same record on the same machine.

    Parameters
    ----------
    seed
        Written into the record; build the model inside ``with seeded(seed):``.
    progress
        Whether to show a progress bar.
    """
    total, reports = plan(task, recipe)
    optimizer, rate = optimizer_and_rate(model, recipe, total)
    at, validation = [], []
    best, best_weights = math.inf, deepcopy(model.state_dict())
    diverged = None
    bar = tqdm(total=total, disable=not progress, desc=f"seed {seed}", leave=False)
    for step, loss in enumerate(losses(model.loss, task, recipe), 1):
        if not math.isfinite(loss.item()):
            diverged = step
            bar.write(f"seed {seed}: the loss is {loss.item()} at step {step}; training ends here")
            break
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        rate.step()
        bar.update()
        if step in reports:
            at.append(step)
            validation.append(perplexity(model, task.validation, recipe))
            bar.set_postfix(perplexity=f"{validation[-1]:.3f}")
            if validation[-1] < best:
                best, best_weights = validation[-1], deepcopy(model.state_dict())
    bar.close()
    model.load_state_dict(best_weights)
    test = perplexity(model, task.test, recipe) if best < math.inf else math.inf
    return Record(seed, count_parameters(model), tuple(at), tuple(validation), test, diverged)


def plan(task: Task, recipe: Recipe) -> tuple[int, frozenset[int]]:
    """Return the number of training steps, and those after which validation is measured."""
    total = recipe.epochs * sum(1 for _ in windows(task.train, recipe.batch, recipe.steps))
    return total, frozenset(total * (i + 1) // recipe.reports for i in range(recipe.reports))


def optimizer_and_rate(
    model: nn.Module, recipe: Recipe, total: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Return Adam for a model, and what lets its rate fall to zero in `total` steps."""
    optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)


def losses(loss_of: LossOf, task: Task, recipe: Recipe) -> Iterator[Tensor]:
    """Yield the loss of each window of each epoch; the state is carried along, detached.

    Parameters
    ----------
    loss_of
        Such as :meth:`LanguageModel.loss`.
    """
    for _ in range(recipe.epochs):
        state: State | None = None
        for symbols, following in windows(task.train, recipe.batch, recipe.steps):
            loss, (h, c) = loss_of(symbols, following, state)
            yield loss
            state = h.detach(), c.detach()
