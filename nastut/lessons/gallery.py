"""A gallery of broken controllers: each is the right one but for a single method or setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nastut.layers.arguments import State
from nastut.search.controller import Controller, of_chosen
from nastut.search.learners import Reinforce
from nastut.search.loop import Choices


class NeverFedBack(Controller):
    """What is written is not what is read next."""

    def next_input(self, count: int, written: list[Tensor]) -> Tensor:
        return self.start.expand(count, -1)


class TakesTheLikeliest(Controller):
    """The likeliest token is taken; nothing is sampled."""

    def choose(self, probabilities: Tensor, rng: np.random.Generator) -> Tensor:
        return probabilities.argmax(-1)


class SwapsItsStates(Controller):
    """The two states of the recurrent layers are mixed up: (c, h) goes in for (h, c)."""

    def step(self, decoder: nn.Module, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        scores, (h, c) = super().step(decoder, inputs, state)
        return scores, (c, h)


class CreditsAnother(Reinforce):
    """Each reward goes to another sequence of the batch."""

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        return super().objective(choices.flip(0), rewards)


class DropsItsBaseline(Reinforce):
    """The baseline is computed, and then not used."""

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        logs = self.controller(choices)
        return logs, (of_chosen(logs, choices).sum(1) * rewards).mean()


class CountsItself(Reinforce):
    """The baseline contains the rewards that it is subtracted from."""

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        self.average = 0.5 * self.baseline() + 0.5 * float(rewards.mean())
        return super().objective(choices, rewards)


class PaysForSurprise(Reinforce):
    """A bonus for unlikely sequences is added to the rewards, in the very list of the record."""

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        with torch.no_grad():
            surprise = -self.controller.log_probabilities(torch.tensor(proposed)).sum(1)
        rewards[:] = [r + 0.1 * s for r, s in zip(rewards, surprise.tolist(), strict=True)]
        return super().learn(proposed, rewards)


@dataclass(frozen=True)
class Setup:
    """A controller and what trains it, whole or broken."""

    controller: type[Controller] = Controller
    learner: type[Reinforce] = Reinforce
    learning_rate: float = 0.02

    def build(self, choices: list[int], seed: int = 0, spread: float = 1.0) -> Reinforce:
        """Return a learner; `spread` multiplies the first weights of its controller."""
        controller = self.controller(choices, hidden_size=16, num_layers=1, seed=seed)
        with torch.no_grad():
            for parameter in controller.parameters():
                parameter.mul_(spread)
        rate = self.learning_rate
        return self.learner(controller, np.random.default_rng(seed), learning_rate=rate)


RIGHT = Setup()

BROKEN = {
    "never fed back": Setup(controller=NeverFedBack),
    "likeliest token": Setup(controller=TakesTheLikeliest),
    "h and c swapped": Setup(controller=SwapsItsStates),
    "another's credit": Setup(learner=CreditsAnother),
    "baseline dropped": Setup(learner=DropsItsBaseline),
    "baseline of itself": Setup(learner=CountsItself),
    "paid for surprise": Setup(learner=PaysForSurprise),
    "collapse": Setup(learning_rate=0.5),
}
"""The gallery: what is wrong -> the setup in which it is."""


def practise(
    learner: Reinforce, reward_of: Mapping[tuple[int, ...], float], updates: int = 40
) -> tuple[list[float], list[set[tuple[int, ...]]]]:
    """Let a learner learn; return the mean reward of each batch, and its different sequences."""
    curve, record = [], []
    for _ in range(updates):
        proposed = learner.propose()
        earned = [reward_of[tuple(choices)] for choices in proposed]
        curve.append(float(np.mean(earned)))
        learner.learn(proposed, earned)
        record.append({tuple(choices) for choices in proposed})
    return curve, record
