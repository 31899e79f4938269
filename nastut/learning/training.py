"""Train networks to predict what comes next, and measure how well they do it.

One loop trains them all: a single model, or many networks side by side, the members of a
population. Nothing that one member computes reaches another: losses are summed, gradients are
clipped member by member, Adam works number by number. So a member that diverges disturbs no other,
and one that is trained in company ends where it would have ended alone, up to rounding.
"""

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

from nastut.layers.arguments import State
from nastut.learning.tasks import Stream, Task, windows

Stay = Callable[[int, np.ndarray], np.ndarray]
"""From the number of a report, from 0, and the validation perplexity of each network that was
still in training, to whether it goes on: an array of truth values."""


class Network(nn.Module):
    """One or several networks that are trained side by side: M members."""

    members = 1

    def loss(
        self, symbols: np.ndarray, following: np.ndarray, state: State | None
    ) -> tuple[Tensor, State]:
        """Return the mean loss of each member, of shape (M,) and in nats, and the last state.

        Parameters
        ----------
        symbols, following
            Integers of shape (T, B): a window of a stream.
        state
            That after the window before; None at the start of a stream.
        """
        raise NotImplementedError

    def by_member(self, value: Tensor) -> Tensor:
        """Return a weight, or its gradient, as a view with the axis of the members in front."""
        return value.unsqueeze(0)

    def subset(self, members: np.ndarray) -> Network:
        """Return a network of the chosen members, by number, with their weights as they are."""
        raise NotImplementedError


class LanguageModel(Network):
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
        """Return the mean loss of a window, of shape (1,), and the state after its last step."""
        scores, state = self(torch.as_tensor(symbols), state)
        targets = torch.as_tensor(following).flatten()
        return nn.functional.cross_entropy(scores.flatten(0, 1), targets).unsqueeze(0), state


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


@torch.no_grad()
def perplexities(network: Network, stream: Stream, recipe: Recipe) -> np.ndarray:
    """Return each member's exp of the mean negative log-probability of the next symbol, in nats.

    1 is perfect; as many as there are symbols is what guessing gives.
    """
    state, total, count = None, np.zeros(network.members), 0
    for symbols, following in windows(stream, recipe.batch, recipe.steps):
        loss, state = network.loss(symbols, following, state)
        total += loss.double().numpy() * symbols.size
        count += symbols.size
    with np.errstate(over="ignore"):
        found = np.exp(total / count)
    return np.where(np.isnan(found), math.inf, found)


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
    total, _ = plan(task, recipe)
    with tqdm(total=total, disable=not progress, desc=f"seed {seed}", leave=False) as bar:
        (record,) = fit_members(model, task, recipe, seed, bar)
    if record.diverged:
        tqdm.write(
            f"seed {seed}: the loss was not finite at step {record.diverged}; training ended"
        )
    return record


def fit_members(
    network: Network,
    task: Task,
    recipe: Recipe,
    seed: int,
    bar: tqdm[None],
    stay: Stay | None = None,
) -> list[Record]:
    """Train a network in place and return the record of each member.

    Parameters
    ----------
    bar
        Shows the steps, and the lowest perplexity of the last report.
    stay
        Says at every report which members go on; None: all do. A network ends with the best
        weights of each member.
    """
    total, reports = plan(task, recipe)
    optimizer, rate = optimizer_and_rate(network, recipe, total)
    going, members = network, np.arange(network.members)  # what is trained, and its numbers
    at: list[int] = []
    validation: list[np.ndarray] = []
    ended = np.full(len(members), total)
    diverged = np.zeros(len(members), int)  # the step, from 1
    best, best_weights = np.full(len(members), math.inf), deepcopy(network.state_dict())
    state: State | None = None
    for step, (is_first, symbols, following) in enumerate(_all_windows(task, recipe), 1):
        loss, (h, c) = going.loss(symbols, following, None if is_first else state)
        state = h.detach(), c.detach()
        newly = ~np.isfinite(loss.detach().numpy()) & (diverged[members] == 0)
        diverged[members[newly]] = step
        if (diverged[members] > 0).all():
            break
        optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        clip(going, recipe.clip)
        optimizer.step()
        rate.step()
        bar.update()
        if step not in reports:
            continue
        measured = perplexities(going, task.validation, recipe)
        measured[diverged[members] > 0] = math.inf
        bar.set_postfix(perplexity=f"{measured.min():.3f}")
        at.append(step)
        validation.append(np.full(len(best), math.inf))
        validation[-1][members] = measured
        better = measured < best[members]
        best[members[better]] = measured[better]
        for name, weight in going.state_dict().items():
            kept_weight = network.by_member(best_weights[name])
            kept_weight[members[better]] = going.by_member(weight)[better]
        if stay is None or step == total:
            continue
        kept = np.flatnonzero(stay(len(at) - 1, measured))
        if len(kept) < len(members):
            ended[np.delete(members, kept)] = step
            members = members[kept]
            if not len(members):
                break
            going, state = going.subset(kept), (state[0][kept], state[1][kept])
            _move(optimizer, going, kept)
    network.load_state_dict(best_weights)
    test = perplexities(network, task.test, recipe)
    test[best == math.inf] = math.inf
    parameters = count_parameters(network) // network.members
    last = np.where(diverged > 0, diverged - 1, ended)
    return [
        Record(
            seed,
            parameters,
            tuple(step for step in at if step <= last[m]),
            tuple(
                float(values[m])
                for step, values in zip(at, validation, strict=True)
                if step <= last[m]
            ),
            float(test[m]),
            int(diverged[m]) or None,
        )
        for m in range(network.members)
    ]


def plan(task: Task, recipe: Recipe) -> tuple[int, frozenset[int]]:
    """Return the number of training steps, and those after which validation is measured."""
    total = recipe.epochs * sum(1 for _ in windows(task.train, recipe.batch, recipe.steps))
    return total, frozenset(total * (i + 1) // recipe.reports for i in range(recipe.reports))


def optimizer_and_rate(
    network: nn.Module, recipe: Recipe, total: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Return Adam for a network, and what lets its rate fall to zero in `total` steps."""
    optimizer = torch.optim.Adam(network.parameters(), recipe.learning_rate)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)


def clip(network: Network, largest: float) -> None:
    """Shorten each member's gradient, of all its weights together, to a norm of `largest`."""
    gradients = [
        network.by_member(weight.grad) for weight in network.parameters() if weight.grad is not None
    ]
    norm = torch.stack([grad.flatten(1).norm(dim=1) for grad in gradients]).norm(dim=0)
    scale = (largest / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient *= scale.view(-1, *[1] * (gradient.dim() - 1))


def _all_windows(task: Task, recipe: Recipe) -> Iterator[tuple[bool, np.ndarray, np.ndarray]]:
    """Yield the windows of all epochs, each with whether it is the first of its epoch."""
    for _ in range(recipe.epochs):
        for i, window in enumerate(windows(task.train, recipe.batch, recipe.steps)):
            yield i == 0, *window


def _move(optimizer: torch.optim.Optimizer, network: Network, kept: np.ndarray) -> None:
    """Let an optimizer go on with the members `kept` of the network it had before."""
    (group,) = optimizer.param_groups
    before, group["params"] = group["params"], list(network.parameters())
    for old, new in zip(before, group["params"], strict=True):
        optimizer.state[new] = {
            name: value[kept] if value.shape == old.shape else value
            for name, value in optimizer.state.pop(old).items()
        }
