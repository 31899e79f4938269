"""Exercises of notebook 06, the controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from nastut.lessons.exercise import Exercise
from nastut.search.controller import Controller
from nastut.search.learners import Reinforce


def _distributions(rng: np.random.Generator) -> Iterator[tuple[list[Any], list[int]]]:
    for places in (1, 2, 5, 10):
        numbers = rng.integers(2, 5, places)
        yield [rng.dirichlet(np.ones(n)) for n in numbers], [int(rng.integers(n)) for n in numbers]


def _picked(distributions: list[Any], chosen: list[int]) -> Any:
    return np.array([p[a] for p, a in zip(distributions, chosen, strict=True)])


def _batches(rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any, float]]:
    for count, tokens in ((1, 2), (2, 3), (5, 3), (20, 4)):
        chosen = rng.integers(tokens, size=count)
        yield (
            rng.normal(size=tokens),
            chosen,
            rng.uniform(0.2, 1, count),
            float(rng.uniform(0.1, 0.9)),
        )


def _by_autograd(scores: Any, chosen: Any, rewards: Any, b: float) -> Any:
    leaf = torch.tensor(scores, requires_grad=True)
    logs = leaf.log_softmax(-1)[torch.tensor(chosen)]
    (logs * (torch.tensor(rewards) - b)).mean().backward()  # type: ignore[no-untyped-call]
    return leaf.grad.numpy()  # type: ignore[union-attr]


def _one_hot(scores: Any, chosen: Any) -> Any:
    return np.eye(len(scores))[chosen]


def _softmax(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum()


def _series(rng: np.random.Generator) -> Iterator[tuple[Any, float]]:
    for length, decay, first in (
        (3, 0.5, 0.4),
        (4, 0.9, 0.0),
        (7, 0.8, 0.7),
        (2, 0.7, 0.5),
        (1, 0.6, 0.3),
    ):
        yield np.array([first, *rng.uniform(0.2, 1, length - 1)]), decay


def _moving(means: Any, decay: float, first: float | None = None, own: bool = False) -> Any:
    """Return the baseline used for each batch; `own`: after it has moved on with that batch."""
    used, average = [], first
    for mean in means:
        before = 0.0 if average is None else average
        average = float(mean) if average is None else decay * average + (1 - decay) * float(mean)
        used.append(average if own else before)
    return np.array(used)


def _begun_anew_at_0(means: Any, decay: float) -> Any:
    """Take an average of 0 for none, as `if average` does."""
    zeros = len(means) - len(np.trim_zeros(means, "f"))
    return np.append(means[:zeros], _moving(means[zeros:], decay))


def _by_reinforce(means: Any, decay: float) -> Any:
    """Let the learner itself say which baseline it used."""
    learner = Reinforce(Controller([2], hidden_size=2), np.random.default_rng(0), 1, decay=decay)
    return np.array([learner.learn([[0]], [float(mean)])["baseline"] for mean in means])


EXERCISES = {
    "6.1": Exercise(
        cases=_distributions,
        truth=lambda distributions, chosen: np.log(np.prod(_picked(distributions, chosen))),
        mistakes={
            "that is the probability; its logarithm is asked for": lambda d, a: np.prod(
                _picked(d, a)
            ),
            "take the logarithm of each probability first, then the sum": (
                lambda d, a: np.log(_picked(d, a).sum())
            ),
            "that is the mean over the places; add them up": lambda d, a: np.log(
                _picked(d, a)
            ).mean(),
            "that takes the likeliest token of each place, not the chosen one": lambda d, a: sum(
                np.log(p.max()) for p in d
            ),
            "the sign: the logarithm of a probability is not positive": lambda d, a: (
                -np.log(_picked(d, a)).sum()
            ),
            "that is to base 2; the natural logarithm is asked for": lambda d, a: np.log2(
                _picked(d, a)
            ).sum(),
            "that is to base 10; the natural logarithm is asked for": lambda d, a: np.log10(
                _picked(d, a)
            ).sum(),
            "that is the entropy, a mean over all tokens; log P is of the chosen tokens alone": (
                lambda d, a: -sum((p * np.log(p)).sum() for p in d)
            ),
            "only the chosen tokens count, and each once; do not weigh by their probability": (
                lambda d, a: (_picked(d, a) * np.log(_picked(d, a))).sum()
            ),
        },
    ),
    "6.2": Exercise(
        cases=_batches,
        truth=_by_autograd,
        mistakes={
            "the sum over the samples; take the mean": lambda s, a, r, b: (
                len(a) * _by_autograd(s, a, r, b)
            ),
            "the sign: this way leads downhill": lambda s, a, r, b: -_by_autograd(s, a, r, b),
            "the baseline is missing": lambda s, a, r, b: _by_autograd(s, a, r, 0.0),
            "the probabilities are missing: it is [j = a] - p_j": lambda s, a, r, b: (
                (r - b) @ _one_hot(s, a) / len(a)
            ),
            "the probabilities are to be a softmax of the scores": lambda s, a, r, b: (
                (r - b) @ (_one_hot(s, a) - s) / len(a)
            ),
            "that is the gradient of P, not of log P": lambda s, a, r, b: (
                ((r - b) * _softmax(s)[a]) @ (_one_hot(s, a) - _softmax(s)) / len(a)
            ),
            "the baseline is b, as given; that is the batch's own mean, which has R_k in it": (
                lambda s, a, r, b: _by_autograd(s, a, r, r.mean())
            ),
            "b is added; it is to be subtracted": lambda s, a, r, b: _by_autograd(s, a, r, -b),
        },
    ),
    "6.3": Exercise(
        cases=_series,
        truth=_by_reinforce,
        mistakes={
            "the baseline contains the batch's own reward; move it after it is used": (
                lambda means, decay: _moving(means, decay, own=True)
            ),
            "after the first batch the average is that batch's mean, not a part of it": (
                lambda means, decay: _moving(means, decay, first=0.0)
            ),
            "0 is a mean like any other: ask whether there was a batch before, not whether the "
            "average is 0": _begun_anew_at_0,
            "the two weights are swapped: decay is what remains of the old average": (
                lambda means, decay: _moving(means, 1 - decay)
            ),
            "that is the plain mean of all before; the recent ones are to count more": (
                lambda means, decay: np.array(
                    [0.0, *np.cumsum(means[:-1]) / np.arange(1, len(means))]
                )
            ),
            "the first batch is compared with 0: its own mean is not known before": (
                lambda means, decay: np.array([means[0], *_moving(means, decay)[1:]])
            ),
            "one number too many: after the last batch no other is compared": (
                lambda means, decay: np.append(
                    _moving(means, decay), _moving(means, decay, own=True)[-1]
                )
            ),
            "one number is missing: the first batch is compared, too, with 0": (
                lambda means, decay: _moving(means, decay)[1:]
            ),
            "that is the last batch alone; the older ones are forgotten": (
                lambda means, decay: np.array([0.0, *means[:-1]])
            ),
        },
    ),
}
