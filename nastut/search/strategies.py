"""Ways to search without a network: random search and regularized evolution.

:mod:`nastut.search.learners` has the two that train a controller. A new method is a class with
``on``, ``propose`` and ``learn``, and a line with :func:`nastut.search.loop.search_by`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from nastut.cells.sequence import require_whole_number
from nastut.cells.space import Space
from nastut.search.loop import Choices, search_by


class Random:
    """Every sequence is equally likely, and nothing is learned: what all others have to beat.

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

    @classmethod
    def on(cls, space: Space, seed: int, **settings: Any) -> Self:
        """Return the strategy for a space."""
        return cls(space.choices, np.random.default_rng(seed), **settings)

    def propose(self) -> list[Choices]:
        """Draw a batch."""
        return [self.draw() for _ in range(self.batch)]

    def draw(self) -> Choices:
        """Return one sequence; every one is equally likely."""
        return [int(self.rng.integers(n)) for n in self.choices]

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Learn nothing."""
        return {}


class Evolution(Random):
    """Regularized evolution: the best of a few parents has a child, and the oldest dies.

    The first of the population are drawn at random. A child differs from its parent in one
    place. Source: Real, Aggarwal, Huang & Le (2019), "Regularized Evolution for Image
    Classifier Architecture Search", arXiv 1802.01548, algorithm 1.

    Parameters
    ----------
    choices, rng, batch
        As in :class:`Random`; children of one batch do not know of each other. The default batch
        of 1 is the method as published; an executor is of use only with a larger one, or with
        several workers.
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
        """Return children of the population, or random sequences as long as it is not full."""
        missing = self.population - len(self.alive)
        if missing > 0:
            return [self.draw() for _ in range(min(self.batch, missing))]
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


random = search_by("random", Random)
evolution = search_by("evolution", Evolution)
