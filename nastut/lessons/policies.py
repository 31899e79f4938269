"""Pictures of a policy: how it writes a sequence, how noisy its gradient is, how it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from nastut.cells.space import Space
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

    What is chosen is framed and set in bold, and an arrow takes it to the next column.
    """
    figure, axis = plt.subplots(figsize=(9, 3.4))
    middle = 0.0
    for place, (tokens, chosen) in enumerate(zip(space.tokens, choices, strict=True)):
        bottom = 0.0
        for number, share in enumerate(controller.distribution(choices[:place]).tolist()):
            token, taken = str(tokens[number]), number == chosen
            axis.bar(
                place,
                share,
                0.82,
                bottom,
                color=COLOURS.get(token, PAPER),
                edgecolor=INK if taken else QUIET,
                linewidth=2.5 if taken else 0.5,
                zorder=3 if taken else 2,
            )
            height = bottom + share / 2
            weight = "bold" if taken else "normal"
            if share > 0.04:
                axis.text(
                    place,
                    height,
                    token,
                    ha="center",
                    va="center",
                    size=7.5,
                    weight=weight,
                    zorder=4,
                )
            if taken and place:
                arrow = {"arrowstyle": "->", "color": INK, "lw": 1.2}
                ends = (place - 0.41, height), (place - 0.59, middle)
                axis.annotate("", *ends, arrowprops=arrow, zorder=5)
            if taken:
                taken_at = height
            bottom += share
        middle = taken_at
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
    """Draw the error of an estimate over the number of samples, as it should be and as it is."""
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
        look = {"color": colours[name], "linestyle": "--" if added else "-"}
        label = f"{name}, rewards + {added}" if added else name
        axis.plot(1 + np.arange(runs.shape[1]), runs.mean(0), label=label, **look)
        axis.fill_between(
            1 + np.arange(runs.shape[1]), runs.min(0), runs.max(0), color=colours[name], alpha=0.12
        )
    axis.axhline(best, color=INK, linewidth=1)
    axis.set(xlabel="update", ylabel="mean reward, exact", ylim=(0.35, 0.92))
    axis.legend(fontsize=8, loc="lower right")
    return figure
