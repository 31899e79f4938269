"""Ways to search: a strategy proposes sequences, and learns from what they were worth.

Here are the two that need no network; :mod:`nastut.search.learners` has the two that train one. A
strategy knows nothing but choices and rewards. Who makes cells of the choices, and rewards
of the cells, is :mod:`nastut.search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any, Protocol

import numpy as np

from nastut.cells.sequence import require_whole_number
from nastut.search.states import require_rewarded

Choices = list[int]
"""The number of the token at each place of one sequence."""

FAILED = -inf
"""The reward of a child that failed: below every other."""


def finite(rewards: Iterable[float], lowest: float = 0.0) -> list[float]:
    """Return rewards of which a mean can be taken.

    A child that failed counts as the lowest of them, and as `lowest` if none is lower.
    """
    rewards = list(rewards)
    lowest = min([lowest, *(reward for reward in rewards if reward != FAILED)])
    return [lowest if reward == FAILED else reward for reward in rewards]


class Strategy(Protocol):
    """What a search asks of a method."""

    def propose(self) -> list[Choices]:
        """Return the next sequences whose rewards the method wants to know."""

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Take in the rewards of what was proposed last; return what is worth drawing.

        A child that failed has the reward :data:`FAILED`; all others are finite.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next proposals depend on: numbers, text, lists, tensors."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state; raise an exception if it is none of this strategy."""


class Random:
    """Every sequence is equally likely, and nothing is learned.

    Parameters
    ----------
    choices
        Number of tokens at each place.
    rng
        The generator that decides.
    batch
        Sequences a proposal.
    """

    def __init__(self, choices: Sequence[int], rng: np.random.Generator, batch: int = 10) -> None:
        require_whole_number("batch", batch)
        self.choices, self.rng, self.batch = choices, rng, batch

    def propose(self) -> list[Choices]:
        """Draw a batch."""
        return [draw(self.choices, self.rng) for _ in range(self.batch)]

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Learn nothing."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the generator."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state; raise an exception if it is none of this strategy."""
        self.rng.bit_generator.state = state["rng"]


class Evolution(Random):
    """Regularized evolution: the best of a few parents has a child, and the oldest dies.

    The first of the population are drawn at random. A child differs from its parent in one
    place. Source: Real, Aggarwal, Huang & Le (2019), "Regularized Evolution for Image
    Classifier Architecture Search", arXiv 1802.01548, algorithm 1.

    Parameters
    ----------
    choices, rng, batch
        As in :class:`Random`; children of one batch do not know of each other.
    population
        How many are alive.
    sample
        How many are drawn, with replacement, of which the best becomes the parent.
    """

    def __init__(
        self,
        choices: Sequence[int],
        rng: np.random.Generator,
        batch: int = 1,
        population: int = 50,
        sample: int = 10,
    ) -> None:
        super().__init__(choices, rng, batch)
        require_whole_number("population", population)
        require_whole_number("sample", sample)
        self.population, self.sample = population, sample
        self.alive: list[tuple[float, Choices]] = []

    def propose(self) -> list[Choices]:
        """Return children of the population, or the first ones, while it is not complete."""
        missing = self.population - len(self.alive)
        if missing > 0:
            return [draw(self.choices, self.rng) for _ in range(min(self.batch, missing))]
        return [self.mutate(self.parent()) for _ in range(self.batch)]

    def parent(self) -> Choices:
        """Return the best of a few drawn at random."""
        drawn = self.rng.integers(len(self.alive), size=self.sample)
        best: int = max(drawn, key=lambda member: self.alive[member][0])
        return self.alive[best][1]

    def mutate(self, parent: Choices) -> Choices:
        """Return a copy with another token at one place where there is another."""
        places = [place for place, n in enumerate(self.choices) if n > 1]
        child = list(parent)
        if places:
            place = places[self.rng.integers(len(places))]
            step = 1 + int(self.rng.integers(self.choices[place] - 1))
            child[place] = (child[place] + step) % self.choices[place]
        return child

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Let the new ones in, and the oldest die."""
        self.alive += zip(rewards, proposed, strict=True)
        self.alive = self.alive[-self.population :]
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the generator, and the population."""
        return {**super().state_dict(), "alive": list(self.alive)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state; raise an exception if it is none of this strategy."""
        super().load_state_dict(state)
        self.alive = require_rewarded(state["alive"], self.choices, self.population, "alive")


def draw(choices: Sequence[int], rng: np.random.Generator) -> Choices:
    """Return one sequence; every one is equally likely."""
    return [int(rng.integers(n)) for n in choices]
