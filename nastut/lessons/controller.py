"""Exercises of notebook 06, the controller, and its pictures.

They show how a policy writes a sequence, how noisy its gradient is, and how it learns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise
from nastut.lessons.plots import BLUE, ORANGE
from nastut.pictures.style import COLOURS, INK, PAPER, QUIET
from nastut.search.controller import Controller

PLACES = (
    *(f"node {k}\n{word}" for k in range(3) for word in ("combine", "activate")),
    *("inject\ncombine", "inject\nactivate", "create\nindex", "inject\nindex"),
)
"""What stands at the ten places of a sequence of base 2, as labels of a picture."""


def draw_policy(controller: Controller, space: Space, choices: list[int]) -> Figure:
    """Draw how a sequence is written: a column of probabilities for each place.

    The token that is chosen is framed and set in bold, and an arrow takes it to the next column.
    """
    figure, axis = plt.subplots(figsize=(9, 3.4))
    others: dict[str, Any] = {"edgecolor": QUIET, "linewidth": 0.5, "zorder": 2}
    framed: dict[str, Any] = {"edgecolor": INK, "linewidth": 2.5, "zorder": 3}
    words: dict[str, Any] = {"ha": "center", "va": "center", "size": 7.5, "zorder": 4}
    arrow = {"arrowstyle": "->", "color": INK, "lw": 1.2}
    before = 0.0
    for place, (tokens, chosen) in enumerate(zip(space.tokens, choices, strict=True)):
        shares = controller.distribution(choices[:place]).tolist()
        bottoms = np.cumsum([0.0, *shares])
        for number, (token, share, bottom) in enumerate(
            zip(map(str, tokens), shares, bottoms, strict=False)
        ):
            look = framed if number == chosen else others
            colour = COLOURS.get(token, PAPER)
            axis.bar(place, share, 0.82, bottom=bottom, color=colour, **look)
            if share > 0.04:
                weight = "bold" if number == chosen else "normal"
                axis.text(place, bottom + share / 2, token, weight=weight, **words)
        height = bottoms[chosen] + shares[chosen] / 2
        if place:
            ends = (place - 0.41, height), (place - 0.59, before)
            axis.annotate("", *ends, arrowprops=arrow, zorder=5)
        before = height
    axis.set_xticks(range(len(choices)), PLACES, size=8)
    axis.set(ylabel="probability", ylim=(0, 1), xlim=(-0.5, len(choices) - 0.5))
    axis.grid(visible=False)
    return figure


def sampled_errors(
    sequences: Tensor,
    probabilities: Tensor,
    rewards: Tensor,
    steps: Tensor,
    drawn: Tensor,
    counts: Any,
) -> list[float]:
    """Return how long the error of an estimate is, in lengths of the exact gradient.

    Parameters
    ----------
    sequences, probabilities, rewards, steps
        All sequences, their probabilities, their rewards less a baseline, and for each the
        gradient of log P: of shapes (n, places), (n,), (n,) and (n, weights).
    drawn
        Sequences that were sampled, of shape (samples, places).
    counts
        Numbers of samples in a batch; each divides the number of all samples.

    Returns
    -------
    list of float
        For each count the root of the mean square over the batches.
    """
    number = {tuple(choices): row for row, choices in enumerate(sequences.tolist())}
    rows = np.array([number[tuple(choices)] for choices in drawn.tolist()])
    exact = (probabilities * rewards) @ steps
    products = steps @ steps.T  # lengths need nothing more
    errors = []
    for m in counts:
        batches = rows.reshape(-1, m)
        often = np.array([np.bincount(batch, minlength=len(probabilities)) for batch in batches])
        miss = (torch.tensor(often) / m - probabilities) * rewards  # @ steps: estimate minus exact
        square = ((miss @ products) * miss).sum(1).mean()
        errors.append(float(square.sqrt() / exact.norm()))
    return errors


def draw_errors(
    counts: Any, lines: Mapping[str, Sequence[float]], dots: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw the error of an estimate over the number of samples: lines in theory, dots in fact."""
    figure, axis = plt.subplots()
    looks = zip(lines, (ORANGE, BLUE), ("--", "-"), ("s", "o"), strict=True)
    for name, colour, line, marker in looks:
        axis.loglog(counts, lines[name], line, color=colour, label=name)
        axis.loglog(counts, dots[name], marker, color=colour)
    axis.axhline(1, color=QUIET, linestyle=":")
    axis.set(xlabel="m, number of samples", ylabel="error / length of the gradient")
    axis.legend()
    return figure


def draw_learning(curves: Mapping[float, Any], best: float, even: float) -> Figure:
    """Draw mean reward and entropy, update by update, for several bonuses and seeds.

    Parameters
    ----------
    curves
        For each bonus an array of shape (seeds, 2, updates).
    best, even
        The reward of the best sequence, and the entropy if all are equally likely.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    looks = zip(curves.items(), (ORANGE, BLUE), ("--", "-"), strict=True)
    for (bonus, runs), colour, line in looks:
        for run in runs:
            for axis, curve in zip(axes, run, strict=True):
                axis.plot(curve, line, color=colour, label=f"bonus {bonus:g}")
    for axis, height, title in zip(
        axes, (best, even), ("mean reward, exact", "entropy of the policy (nats)"), strict=True
    ):
        axis.axhline(height, color=INK, linewidth=1)
        axis.set(xlabel="update", title=title, ylim=0)
    handles, labels = axes[0].get_legend_handles_labels()
    one_each = dict(zip(labels, handles, strict=True))
    axes[0].legend(one_each.values(), one_each.keys(), loc="lower right")
    return figure


def draw_prediction(curves: Mapping[tuple[str, int], Any], best: float) -> Figure:
    """Draw the mean reward, update by update, with and without a baseline, and with 1 added.

    Parameters
    ----------
    curves
        (baseline, what is added to each reward) -> an array of shape (seeds, updates). A line is
        the mean over the seeds, a band reaches from the lowest to the highest.
    best
        The reward of the best sequence.
    """
    figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
    colours = dict(zip(dict.fromkeys(name for name, _ in curves), (BLUE, ORANGE), strict=True))
    for (name, added), runs in curves.items():
        look: dict[str, Any] = {"color": colours[name], "linestyle": "--" if added else "-"}
        label = f"{name}, rewards + {added}" if added else name
        axis.plot(1 + np.arange(runs.shape[1]), runs.mean(0), label=label, **look)
        axis.fill_between(
            1 + np.arange(runs.shape[1]), runs.min(0), runs.max(0), color=colours[name], alpha=0.12
        )
    axis.axhline(best, color=INK, linewidth=1)
    axis.set(xlabel="update", ylabel="mean reward, exact", ylim=(0.35, 0.92))
    axis.legend(fontsize=8, loc="lower right")
    return figure


def _distributions(rng: np.random.Generator) -> Iterator[tuple[list[Any], list[int]]]:
    for places in (1, 2, 5, 10):
        numbers = rng.integers(2, 5, places)
        yield [rng.dirichlet(np.ones(n)) for n in numbers], [int(rng.integers(n)) for n in numbers]


def _picked(distributions: list[Any], chosen: list[int]) -> Any:
    return np.array([p[a] for p, a in zip(distributions, chosen, strict=True)])


def _batches(rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any, float]]:
    for count, tokens in ((1, 2), (2, 3), (5, 3), (20, 4)):
        chosen, scores = rng.integers(tokens, size=count), rng.normal(size=tokens)
        yield scores, chosen, rng.uniform(0.2, 1, count), float(rng.uniform(0.1, 0.9))


def _softmax(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum()


def _gradient(scores: Any, chosen: Any, advantages: Any, policy: Any = _softmax) -> Any:
    """Return the mean over the samples; `policy` turns scores into probabilities."""
    return advantages @ (np.eye(len(scores))[chosen] - policy(scores)) / len(chosen)


def _series(rng: np.random.Generator) -> Iterator[tuple[Any, float]]:
    settings = ((3, 0.5, 0.4), (4, 0.9, 0.0), (7, 0.8, 0.7), (2, 0.7, 0.5), (1, 0.6, 0.3))
    for length, decay, first in settings:
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


EXERCISES = {
    "6.1": Exercise(
        cases=_distributions,
        truth=lambda d, a: np.log(_picked(d, a)).sum(),
        mistakes=lambda d, a: {
            "that is the probability; its logarithm is asked for": np.prod(_picked(d, a)),
            "take the logarithm of each probability first, then the sum": (
                np.log(_picked(d, a).sum())
            ),
            "that is the mean over the places; add them up": np.log(_picked(d, a)).mean(),
            "that takes the likeliest token of each place, not the chosen one": (
                sum(np.log(p.max()) for p in d)
            ),
            "the sign: the logarithm of a probability is not positive": (
                -np.log(_picked(d, a)).sum()
            ),
            "that is to base 2; the natural logarithm is asked for": np.log2(_picked(d, a)).sum(),
            "that is to base 10; the natural logarithm is asked for": (
                np.log10(_picked(d, a)).sum()
            ),
            "that is the entropy, a mean over all tokens; log P is of the chosen tokens alone": (
                -sum((p * np.log(p)).sum() for p in d)
            ),
            "only the chosen tokens count, and each once; do not weigh by their probability": (
                (_picked(d, a) * np.log(_picked(d, a))).sum()
            ),
        },
    ),
    "6.2": Exercise(
        cases=_batches,
        truth=lambda s, a, r, b: _gradient(s, a, r - b),
        mistakes=lambda s, a, r, b: {
            "the sum over the samples; take the mean": len(a) * _gradient(s, a, r - b),
            "the sign: this way leads downhill": _gradient(s, a, b - r),
            "the baseline is missing": _gradient(s, a, r),
            "the probabilities are missing: it is [j = a] - p_j": (
                _gradient(s, a, r - b, policy=np.zeros_like)
            ),
            "the probabilities are to be a softmax of the scores": (
                _gradient(s, a, r - b, policy=np.copy)
            ),
            "that is the gradient of P, not of log P": _gradient(s, a, (r - b) * _softmax(s)[a]),
            "do not weigh by P once more; sampling has done so already": (
                _gradient(s, a, r - b) * _softmax(s)
            ),
            "b is subtracted from each reward, not from the gradient": _gradient(s, a, r) - b,
            "that has one row a sample; take the mean over them": (
                (r - b)[:, None] * (np.eye(len(s))[a] - _softmax(s))
            ),
            "the baseline is b, as given; that is the batch's own mean, which has R_i in it": (
                _gradient(s, a, r - r.mean())
            ),
            "b is added; it is to be subtracted": _gradient(s, a, r + b),
        },
    ),
    "6.3": Exercise(
        cases=_series,
        truth=_moving,
        mistakes=lambda means, decay: {
            "the baseline contains the batch's own reward; move it after it is used": (
                _moving(means, decay, own=True)
            ),
            "first note the average, then move it; from the second batch on yours has moved too "
            "soon": [0, *_moving(means, decay, own=True)[1:]],
            "after the first batch the average is that batch's mean, not a part of it": (
                _moving(means, decay, first=0.0)
            ),
            "0 is a mean like any other: ask whether there was a batch before, not whether the "
            "average is 0": _begun_anew_at_0(means, decay),
            "the two weights are swapped: decay is what remains of the old average": (
                _moving(means, 1 - decay)
            ),
            "that is the plain mean of all before; the recent ones are to count more": (
                [0, *np.cumsum(means[:-1]) / np.arange(1, len(means))]
            ),
            "the first batch is compared with 0: its own mean is not known before": (
                [means[0], *_moving(means, decay)[1:]]
            ),
            "one number too many: after the last batch no other is compared": (
                _moving([*means, 0], decay)
            ),
            "one number is missing: the first batch is compared, too, with 0": (
                _moving(means, decay)[1:]
            ),
            "that is the last batch alone; the older ones are forgotten": [0, *means[:-1]],
        },
    ),
}
