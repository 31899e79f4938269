"""Strategies that train a controller: REINFORCE, and priority-queue training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.cells.sequence import require_whole_number
from nastut.cells.space import Space
from nastut.search.controller import Controller, entropies, of_chosen
from nastut.search.loop import Choices, search_by
from nastut.search.rewards import FAILED, finite


class Learner:
    """A controller proposes what it samples, and climbs an objective: the base of the two below.

    Parameters
    ----------
    controller
        The policy.
    rng
        The generator that samples.
    batch
        Sequences a proposal; after each there is one step of Adam.
    learning_rate
        Of Adam.
    entropy
        What the objective gains for a nat of entropy of the policy: a reason to stay curious.
    redraw
        Whether a sequence that was proposed before is drawn again, so that a controller that has
        become sure does not spend the budget on what it knows.
    """

    def __init__(
        self,
        controller: Controller,
        rng: np.random.Generator,
        batch: int,
        learning_rate: float,
        entropy: float,
        redraw: bool,
    ) -> None:
        require_whole_number("batch", batch)
        _require_number("learning_rate", learning_rate, lambda rate: 0 < rate < inf, "above 0")
        _require_number("entropy", entropy, lambda weight: 0 <= weight < inf, "from 0 on")
        self.controller, self.rng, self.batch, self.entropy = controller, rng, batch, entropy
        self.redraw = redraw
        self.known: set[tuple[int, ...]] = set()
        self.optimizer = torch.optim.Adam(controller.parameters(), learning_rate, fused=True)

    @classmethod
    def on(cls, space: Space, seed: int, cell: Cell | None = None, **settings: Any) -> Self:
        """Return the strategy for a space, with a new controller that runs on a cell or LSTM."""
        return cls(Controller(space, cell, seed=seed), np.random.default_rng(seed), **settings)

    def propose(self) -> list[Choices]:
        """Sample a batch.

        To redraw is to sample ten times as many, and to take the first that are new; if they
        are too few, any.
        """
        if not self.redraw:
            return self.sample(self.batch)
        drawn = self.sample(10 * self.batch)
        new = [list(fresh) for fresh in dict.fromkeys(map(tuple, drawn)) if fresh not in self.known]
        proposed = (new + drawn)[: self.batch]
        self.known.update(map(tuple, proposed))
        return proposed

    def sample(self, count: int) -> list[Choices]:
        """Let the controller write that many sequences."""
        with _one_thread():
            written: list[Choices] = self.controller.sample(count, self.rng).tolist()
        return written

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Climb one step; return the entropy and the mean probabilities at each place before it."""
        with _one_thread():
            self.optimizer.zero_grad()
            logs, objective = self.objective(torch.tensor(proposed), torch.tensor(rewards).double())
            entropy = entropies(logs)
            (-objective - self.entropy * entropy.sum()).backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
        return {
            "entropy": _rounded(entropy),
            "probabilities": [_rounded(place.exp().mean(0)) for place in logs],
        }

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the log-probabilities of all tokens, and what is to grow.

        Parameters
        ----------
        choices
            The sequences proposed last, of shape (batch, places).
        rewards
            Theirs, of shape (batch,).
        """
        raise NotImplementedError


class Reinforce(Learner):
    """REINFORCE with a moving average as baseline: the method of Zoph & Le (2017), section 3.2.

    The step goes along (1/m) sum_k sum_t grad log P(a_t | a_1 ... a_{t-1}) (R_k - b). The
    baseline b is a moving average of *previous* rewards: it must not contain R_k, or the
    gradient would lean to one side. Before the first batch there is no previous reward, and b
    is 0. Then it is the mean of the first batch, and each later batch moves it on. A child that
    failed counts as the lowest reward so far, and at most as 0.

    Parameters
    ----------
    controller, rng, batch, learning_rate, entropy
        As in :class:`Learner`. Batch and rate are the paper's; it does not speak of entropy.
    decay
        What remains of the baseline when a batch comes in. The paper does not state it.
    redraw
        As in :class:`Learner`. The paper does not redraw: what is redrawn comes from another
        distribution than the policy, so that the step is no longer right on average.
    """

    def __init__(
        self,
        controller: Controller,
        rng: np.random.Generator,
        batch: int = 10,
        learning_rate: float = 0.0005,
        decay: float = 0.9,
        entropy: float = 0.0,
        redraw: bool = False,
    ) -> None:
        super().__init__(controller, rng, batch, learning_rate, entropy, redraw)
        _require_number("decay", decay, lambda kept: 0 <= kept < 1, "from 0 to below 1")
        self.decay = decay
        self.average: float | None = None
        self.lowest = 0.0

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Climb one step, and only then let the rewards into the baseline."""
        used = self.baseline()
        rewards = finite(rewards, self.lowest)
        self.lowest = min([self.lowest, *rewards])
        drawn = super().learn(proposed, rewards)
        self.move_baseline(rewards)
        return {**drawn, "baseline": used}

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the log-probabilities, and the sum whose gradient is REINFORCE's."""
        logs = self.controller(choices)
        written = of_chosen(logs, choices).sum(1)
        return logs, (written * (rewards - self.baseline())).mean()

    def baseline(self) -> float:
        """Return b for the batch that comes."""
        return 0.0 if self.average is None else self.average

    def move_baseline(self, rewards: list[float]) -> None:
        """Let a batch into the moving average."""
        mean = sum(rewards) / len(rewards)
        if self.average is None:
            self.average = mean
        else:
            self.average = self.decay * self.average + (1 - self.decay) * mean


class PriorityQueue(Learner):
    """The controller learns the best sequences so far by likelihood.

    REINFORCE makes the *mean* reward grow; a search wants the *best*. Source: Abolafia,
    Norouzi, Shen, Zhao & Le (2018), "Neural Program Synthesis with Priority Queue Training",
    arXiv 1801.03526.

    One thing is added: the redraw. The defaults were chosen on the table of base 2, with the
    seeds from 100 to 299; ``data/searches.json`` has other seeds. A space of longer sequences
    may want less entropy, so that the policy settles in time.

    Parameters
    ----------
    controller, rng, batch, learning_rate, entropy, redraw
        As in :class:`Learner`.
    best
        How many different sequences are remembered and learned.
    """

    def __init__(
        self,
        controller: Controller,
        rng: np.random.Generator,
        batch: int = 5,
        learning_rate: float = 0.03,
        entropy: float = 0.5,
        best: int = 3,
        redraw: bool = True,
    ) -> None:
        super().__init__(controller, rng, batch, learning_rate, entropy, redraw)
        require_whole_number("best", best)
        self.best = best
        self.queue: list[tuple[float, Choices]] = []

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Let the best into the queue, and climb one step."""
        self.enqueue(proposed, rewards)
        return super().learn(proposed, rewards)

    def enqueue(self, proposed: list[Choices], rewards: list[float]) -> None:
        """Keep the best different sequences that did not fail; of equal ones the older."""
        for reward, choices in zip(rewards, proposed, strict=True):
            if reward != FAILED and all(choices != known for _, known in self.queue):
                self.queue.append((reward, choices))
        self.queue.sort(key=lambda entry: -entry[0])
        del self.queue[self.best :]

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the log-probabilities, and the mean log-likelihood, of the queue."""
        if not self.queue:  # All failed so far: there is nothing to learn but to stay curious.
            logs = self.controller(choices)
            return logs, rewards.new_zeros(())
        queue = torch.tensor([known for _, known in self.queue])
        logs = self.controller(queue)
        return logs, of_chosen(logs, queue).sum(1).mean()


reinforce = search_by("reinforce", Reinforce)
priority_queue = search_by("priority_queue", PriorityQueue)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute on one thread, and then on as many as before.

    More are slower with matrices this small, and would make the last digits depend on them.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _require_number(name: str, value: object, fits: Callable[[float], bool], range_: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
        raise ValueError(f"{name} is {value!r}; it must be a number {range_}")


def _rounded(values: Tensor) -> list[float]:
    """Return numbers to draw: six decimals, which every machine agrees on."""
    return [round(value, 6) for value in values.tolist()]
