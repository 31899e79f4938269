"""Exercises of notebook 09, beyond a laptop, and its pictures and tables.

They show searches that train: their lift, their finals, and many workers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from math import ceil, floor, inf, isfinite, nan
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from nastut.lessons.exercise import Exercise
from nastut.lessons.plain import close
from nastut.lessons.plots import BLUE, GREEN, ORANGE, TITLES, Interval
from nastut.pictures.style import INK, QUIET
from nastut.studies.inference import arrivals, bootstrap, median

LOOK: dict[str, dict[str, Any]] = {
    "random": {"linestyle": ":", "color": QUIET},
    "evolution": {"linestyle": "-.", "color": GREEN},
    "REINFORCE": {"linestyle": "--", "color": ORANGE},
    "priority queue": {"linestyle": "-", "color": BLUE},
}
"""How the line of each method looks."""


def draw_lift(lifts: Mapping[int, Mapping[str, np.ndarray]], spacing: int) -> Figure:
    """Draw by how much the best of each method lie above random search's.

    Parameters
    ----------
    lifts
        Number of best cells -> method -> differences of shape (seeds, points).
    spacing
        Evaluations between two points.
    """
    figure, axes = plt.subplots(1, len(lifts), figsize=(9, 3.2), sharey=True, layout="constrained")
    for axis, (best, of_methods) in zip(axes, lifts.items(), strict=True):
        for method, seeds in of_methods.items():
            at = spacing * np.arange(1, seeds.shape[1] + 1)
            look = LOOK[TITLES[method]]
            axis.plot(at, seeds.mean(0), label=TITLES[method], **look)
            axis.fill_between(at, seeds.min(0), seeds.max(0), color=look["color"], alpha=0.15)
        axis.axhline(0, color=INK, linewidth=1)
        axis.set(title="the best" if best == 1 else f"the best {best}", xlabel="evaluations")
    axes[0].set_ylabel("mean reward above random search's")
    axes[0].legend(fontsize=8, loc="lower right", ncols=2)
    return figure


def draw_halving(curves: np.ndarray, lstm: np.ndarray, rung: int, share: float) -> Figure:
    """Draw perplexities during training: what goes on at a rung, what is given up, and LSTM's.

    Parameters
    ----------
    curves, lstm
        Perplexities after each part of training, of shape (cells, parts), and LSTM's.
    rung, share
        After how many parts children are given up, and which share of them goes on.
    """
    figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
    parts = np.arange(1, curves.shape[1] + 1)
    on = curves[:, rung - 1] <= np.quantile(curves[:, rung - 1], share)
    for curve, goes in zip(curves, on, strict=True):
        if goes:
            axis.plot(parts, curve, color=BLUE, linewidth=0.8, zorder=2)
        else:
            axis.plot(parts, curve, color=QUIET, linewidth=0.5, alpha=0.35)
    axis.plot(parts, lstm, color=ORANGE, linewidth=2.5, label="LSTM", zorder=3)
    axis.axvline(rung, color=INK, linestyle=":")
    axis.set(xlabel="eighths of the training", ylabel="perplexity (log scale)", yscale="log")
    axis.set(ylim=(5, 30), yticks=(5, 7, 10, 15, 20, 30))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.minorticks_off()
    axis.plot([], [], color=BLUE, label="the best quarter at the dotted line")
    axis.plot([], [], color=QUIET, label="given up there")
    axis.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def draw_tests(
    groups: Mapping[str, Mapping[str, np.ndarray]], names: Mapping[str, str], line: float
) -> Figure:
    """Draw perplexities of models in groups, a row each: the mean, and its range over the seeds.

    An open circle is the mean of those seeds that did not diverge.

    Parameters
    ----------
    groups
        Name of a group -> name of a model -> its perplexities.
    names
        What some models are called in the picture, by their names.
    line
        Where a vertical line says what has to be beaten.
    """
    rows = [(g, *model) for g, models in groups.items() for model in models.items()]
    figure, axis = plt.subplots(figsize=(8, 0.15 * len(rows) + 0.8), layout="constrained")
    labels = []
    for place, (group, name, values) in enumerate(rows):
        known = values[np.isfinite(values)]
        axis.plot((known.min(), known.max()), (place, place), color=QUIET)
        fill = "full" if len(known) == len(values) else "none"
        colour = BLUE if group in LOOK else INK
        axis.plot(known.mean(), place, "o", markersize=4.5, color=colour, fillstyle=fill)
        label = names.get(name, "")
        labels.append(f"{group}: {label}" if label and group in LOOK else label or group)
    axis.axvline(line, color=INK, linestyle=":", linewidth=1)
    axis.set(xlabel="test perplexity (lower is better)", ylim=(len(rows) - 0.4, -0.6))
    axis.set_yticks(range(len(rows)), labels, size=8)
    return figure


def draw_two_lengths(
    cells: Mapping[str, tuple[Any, Any]], others: Mapping[str, tuple[float, float]]
) -> Figure:
    """Draw test perplexity at full size over perplexity in the search (in validation).

    Parameters
    ----------
    cells
        Method -> the two perplexities of its cells.
    others
        Name -> the two perplexities of a cell that no search found.
    """
    figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
    for (method, (short, long)), marker in zip(cells.items(), "ovs^", strict=True):
        colour = LOOK[method]["color"]
        axis.plot(short, long, marker, color=colour, label=method, linestyle="none", markersize=5)
    for name, (short, long) in others.items():
        axis.plot(short, long, "*", color=INK, markersize=10)
        axis.annotate(name, (short, long), (0, 8), textcoords="offset points", ha="center")
    axis.set(
        xlabel="perplexity in the search, after 512 steps", ylabel="test perplexity at full size"
    )
    axis.margins(x=0.08, y=0.15)
    axis.legend(fontsize=8, loc="center right")
    return figure


Parallel = dict[str, dict[int, Interval]]
"""Method -> number of workers -> a median over the runs, and its interval."""


def until_half_arrived(runs: Mapping[str, Any], key: str, rng: np.random.Generator) -> Parallel:
    """Return what half of the simulated searches needed until they arrived.

    Parameters
    ----------
    runs
        Of the study ``parallel``.
    key
        ``"reached"`` for evaluations, ``"reached_at"`` for seconds.
    rng
        For the intervals.
    """
    needed: dict[str, dict[int, list[float | None]]] = {}
    for run in runs.values():
        if "method" in run:
            of_method = needed.setdefault(run["method"], {})
            of_method.setdefault(run["workers"], []).append(run[key])
    return {
        method: {n: _middle(arrivals(values), rng) for n, values in of_method.items()}
        for method, of_method in needed.items()
    }


def _middle(values: np.ndarray, rng: np.random.Generator) -> Interval:
    return float(median(values)), *bootstrap(median, values, rng=rng)


def draw_workers(panels: Mapping[str, Parallel]) -> Figure:
    """Draw what many workers cost and gain, with intervals; what is infinite is left out.

    Parameters
    ----------
    panels
        Label of the vertical axis -> what is drawn.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 3.2), layout="constrained")
    for axis, (label, needed) in zip(axes, panels.items(), strict=True):
        for shift, (method, look) in zip((0.94, 0.98, 1.02, 1.06), LOOK.items(), strict=True):
            at = shift * np.array([*needed[method]])
            value, low, high = np.transpose([*needed[method].values()])
            axis.plot(at, np.where(np.isfinite(value), value, np.nan), "o", label=method, **look)
            axis.vlines(at, low, np.minimum(high, 1e9), color=look["color"])
        axis.set(xscale="log", yscale="log", xlabel="workers", ylabel=label)
        medians = (interval[0] for line in needed.values() for interval in line.values())
        axis.set_ylim(top=3 * max(filter(isfinite, medians)))
        axis.set_xticks([1, 10, 100, 400], ["1", "10", "100", "400"])
        axis.minorticks_off()
        axis.yaxis.set_major_formatter("{x:g}")
    axes[-1].legend(fontsize=8, loc="upper right")
    return figure


def percent(interval: Interval) -> str:
    """Return a share with its interval, in per cent with a sign."""
    value, low, high = (100 * number for number in interval)
    return f"{value:+.1f} % ({low:+.1f} to {high:+.1f})"


Perplexities = list[float]


def _measured(rng: np.random.Generator) -> Iterator[tuple[Perplexities, float]]:
    """Yield perplexities and shares, with more and more that diverged."""
    yield [5.0, 4.0, 9.0, 7.0], 0.5
    yield [5.0, 4.0, 9.0, 7.0, 6.0], 0.5
    yield [3.0, 8.0], 0.25
    yield [inf, inf, 7.0, inf], 1.0
    yield [inf], 0.5
    yield [5.0, 5.0, 5.0, 5.0], 0.5
    yield [6.0, 4.0, 5.0, 4.0, 5.0, 5.0], 0.5
    for size, share in ((8, 0.25), (16, 0.25), (11, 0.6), (16, 0.125)):
        numbers = [round(float(p), 2) for p in rng.uniform(4, 30, size)]
        numbers[int(rng.integers(size))] = inf
        yield numbers, share


def _stay(
    perplexities: Perplexities,
    share: float,
    rounded: Callable[[float], int] = floor,
    least: int = 1,
    key: Callable[[float], float] = float,
) -> list[bool]:
    """Let the best by some key go on, in the order of the children, but for what diverged."""
    kept = max(least, rounded(share * len(perplexities)))
    best = sorted(range(len(perplexities)), key=lambda number: key(perplexities[number]))[:kept]
    return [n in best and isfinite(p) for n, p in enumerate(perplexities)]


def _who_stay(perplexities: Perplexities, share: float) -> list[float]:
    """Return their perplexities instead of True and False."""
    pairs = zip(perplexities, _stay(perplexities, share), strict=True)
    return [perplexity for perplexity, goes in pairs if goes]


def _up_to_the_worst(
    perplexities: Perplexities, share: float, least: int = 1, diverged: bool = False
) -> list[bool]:
    """Compare with the worst that goes on, so that all that equal it go on, too."""
    worst = sorted(perplexities)[max(least, floor(share * len(perplexities))) - 1]
    return [p <= worst and (diverged or isfinite(p)) for p in perplexities]


def _jobs(rng: np.random.Generator) -> Iterator[tuple[list[float], int]]:
    """Yield what children take, and how many workers there are."""
    yield [3.0, 1.0, 1.0, 1.0], 2
    yield [2.0, 2.0, 2.0], 1
    yield [1.0], 4
    yield [5.0, 1.0, 2.0, 4.0, 3.0, 1.5], 3
    for count, workers in ((6, 2), (9, 3), (12, 4), (12, 5)):
        yield [round(float(s), 1) for s in rng.uniform(0.5, 6, count)], workers


def _ready(seconds: list[float], workers: int) -> list[float]:
    """Keep the times at which workers are free in a heap."""
    free, ready = [0.0] * workers, list[float]()
    for takes in seconds:
        ready.append(heapq.heappop(free) + takes)
        heapq.heappush(free, ready[-1])
    return ready


def _in_rounds(seconds: list[float], workers: int) -> list[float]:
    """Let everybody wait for the slowest of a round."""
    ready, start = list[float](), 0.0
    for first in range(0, len(seconds), workers):
        children = seconds[first : first + workers]
        ready += [start + takes for takes in children]
        start += max(children)
    return ready


def _dealt_out(seconds: list[float], workers: int) -> list[float]:
    """Give child n to worker n modulo the number of workers."""
    free, ready = [0.0] * workers, list[float]()
    for number, takes in enumerate(seconds):
        free[number % workers] += takes
        ready.append(free[number % workers])
    return ready


def _curves(rng: np.random.Generator) -> Iterator[tuple[list[float], int]]:
    """Yield rewards in the order of a search, and how many of the best are averaged."""
    yield [0.2, 0.5, 0.4, 0.1], 2
    yield [0.3], 1
    yield [0.3, 0.1], 5
    yield [0.5, 0.6, 0.1, 0.9, 0.2, 0.8], 3
    for count, best in ((10, 1), (15, 5), (20, 15)):
        yield [round(float(r), 2) for r in rng.uniform(0, 1, count)], best


def _so_far(
    rewards: list[float],
    best: int,
    value: Callable[[list[float]], Any],
    enough: bool = True,
) -> list[float | None]:
    """Return a value of all rewards so far; None where there are not as many as `best`."""
    beginnings = [rewards[:end] for end in range(1, len(rewards) + 1)]
    return [None if enough and len(b) < best else float(value(b)) for b in beginnings]


def _mean_of_best(rewards: list[float], best: int, enough: bool = True) -> list[float | None]:
    return _so_far(rewards, best, lambda r: np.mean(sorted(r)[-best:]), enough)


def _same_means(answer: Any, right: Any) -> bool:
    """Compare as elsewhere, but take nan, the mean of nothing, for equal to itself."""
    if not isinstance(answer, list):
        return close(answer, right)
    return close(*([-1.0 if mean != mean else mean for mean in means] for means in (answer, right)))


EXERCISES = {
    "9.1": Exercise(
        cases=_measured,
        truth=_stay,
        mistakes=lambda p, share: {
            "those are the worst: a low perplexity is good": (
                _stay(p, share, key=lambda p: -p if isfinite(p) else inf)
            ),
            "those are the worst, beginning with what diverged: a low perplexity is good": (
                _stay(p, share, key=lambda p: -p)
            ),
            "what diverged never goes on, even where there is room": (
                _up_to_the_worst(p, share, diverged=True)
            ),
            "a child that diverged never goes on, even if it is among the first `kept`": (
                _stay([min(number, 1e9) for number in p], share)
            ),
            "of equal perplexities the earlier go on, so that no more than `share` of all do": (
                _up_to_the_worst(p, share)
            ),
            "round down: a share of 0.5 of five children is two": _stay(p, share, rounded=ceil),
            "round down, not to the nearest": _stay(p, share, rounded=round),
            "the best always goes on, even where the share is less than one child": (
                _stay(p, share, least=0)
            ),
            "the share is of all children, also of those that diverged": (
                _stay(p, share * sum(map(isfinite, p)) / len(p))
            ),
            "where the share is less than one child, `kept` is 0, and place 0 - 1 is the last": (
                _up_to_the_worst(p, share, least=0)
            ),
            "return True or False for each child, in the order in which they came": (
                _who_stay(p, share)
            ),
            "those are the best perplexities; return True or False for each child": (
                sorted(_who_stay(p, share))
            ),
        },
    ),
    "9.2": Exercise(
        cases=_curves,
        truth=_mean_of_best,
        same=_same_means,
        mistakes=lambda rewards, best: {
            "before there are so many, the mean is None: fewer would be another question": (
                _mean_of_best(rewards, best, enough=False)
            ),
            "before there are so many, the mean is None, not 0": (
                [mean or 0 for mean in _mean_of_best(rewards, best)]
            ),
            "the reward at hand counts, too; yours are one behind": (
                [None, *_mean_of_best(rewards, best)[:-1]]
            ),
            "with `n` from `range(len(rewards))`, `rewards[:n]` lacks the reward at hand": (
                [nan, *_mean_of_best(rewards, best, enough=False)[:-1]]
            ),
            "that is the mean of the latest; of the best so far is asked": (
                _so_far(rewards, best, lambda r: np.mean(r[-best:]))
            ),
            "that is only the best so far; the mean of several is asked": (
                _so_far(rewards, best, max)
            ),
            "that is the best so far, from the first one on; a mean is asked, and None before": (
                [*accumulate(rewards, max)]
            ),
            "those are the lowest so far; the highest are asked": (
                _so_far(rewards, best, lambda r: np.mean(sorted(r)[:best]))
            ),
        },
    ),
    "9.3": Exercise(
        cases=_jobs,
        truth=_ready,
        mistakes=lambda seconds, workers: {
            "nobody waits for the slowest of a round: who is free takes the next child": (
                _in_rounds(seconds, workers)
            ),
            "the next child goes to whoever is free first, not to the workers in turn": (
                _dealt_out(seconds, workers)
            ),
            "that is as with a single worker; the next child goes to whoever is free first": (
                [*accumulate(seconds)]
            ),
            "that is the time at the end; return when each child is ready": (
                max(_ready(seconds, workers))
            ),
            "that is when each child begins; it is ready when it has taken its time": (
                np.subtract(_ready(seconds, workers), seconds)
            ),
            "that is sorted; keep the order in which the children are handed out": (
                sorted(_ready(seconds, workers))
            ),
        },
    ),
}
