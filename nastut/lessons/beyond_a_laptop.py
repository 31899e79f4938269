"""Exercises of notebook 09, beyond a laptop."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import accumulate
from math import ceil, floor, inf, isfinite

import numpy as np

from nastut.lessons.exercise import Exercise

Perplexities = list[float]


def _measured(rng: np.random.Generator) -> Iterator[tuple[Perplexities, float]]:
    """Yield perplexities and shares, with more and more that diverged."""
    yield [5.0, 4.0, 9.0, 7.0], 0.5
    yield [5.0, 4.0, 9.0, 7.0, 6.0], 0.5
    yield [3.0, 8.0], 0.25
    yield [inf, inf, 7.0, inf], 1.0
    yield [inf], 0.5
    for size, share in ((8, 0.25), (16, 0.25), (11, 0.6), (16, 0.125)):
        numbers = [round(float(p), 2) for p in rng.uniform(4, 30, size)]
        numbers[int(rng.integers(size))] = inf
        yield numbers, share


def _kept(perplexities: Perplexities, share: float) -> int:
    return max(1, floor(share * len(perplexities)))


def _stay(perplexities: Perplexities, share: float) -> list[bool]:
    """Take the best one out again and again, as many as may go on."""
    left = dict(enumerate(perplexities))
    going = set[int]()
    for _ in range(_kept(perplexities, share)):
        best = min(left, key=lambda number: left[number])
        if isfinite(left.pop(best)):
            going.add(best)
    return [number in going for number in range(len(perplexities))]


def _who_stay(perplexities: Perplexities, share: float) -> list[float]:
    """Return their perplexities instead of True and False."""
    pairs = zip(perplexities, _stay(perplexities, share), strict=True)
    return [perplexity for perplexity, goes in pairs if goes]


def _by_threshold(perplexities: Perplexities, kept: int) -> list[bool]:
    """Compare with the worst that goes on; kept = 0 gives the last of all, as Python does."""
    worst = sorted(perplexities)[kept - 1]
    return [p <= worst and isfinite(p) for p in perplexities]


def _even_diverged(perplexities: Perplexities, share: float) -> list[bool]:
    worst = sorted(perplexities)[_kept(perplexities, share) - 1]
    return [p <= worst for p in perplexities]


def _perhaps_nobody(perplexities: Perplexities, share: float) -> list[bool]:
    kept = floor(share * len(perplexities))
    return _by_threshold(perplexities, kept) if kept else [False] * len(perplexities)


def _upside_down(perplexities: Perplexities, share: float) -> list[bool]:
    flipped = [-p if isfinite(p) else inf for p in perplexities]
    return _by_threshold(flipped, _kept(perplexities, share))


def _from_the_far_end(perplexities: Perplexities, share: float) -> list[bool]:
    """Turn the order round, so that what diverged comes first and takes up places."""
    best = sorted(perplexities, reverse=True)[_kept(perplexities, share) - 1]
    return [p >= best and isfinite(p) for p in perplexities]


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
        some = seconds[first : first + workers]
        ready += [start + takes for takes in some]
        start += max(some)
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


def _mean_of_best(rewards: list[float], best: int) -> list[float | None]:
    """Sort the beginning of the search anew at every evaluation."""
    means: list[float | None] = []
    for end in range(1, len(rewards) + 1):
        highest = sorted(rewards[:end])[-best:]
        means.append(sum(highest) / best if len(highest) == best else None)
    return means


def _of_what_is_there(rewards: list[float], best: int) -> list[float]:
    return [float(np.mean(sorted(rewards[:end])[-best:])) for end in range(1, len(rewards) + 1)]


def _of_the_lowest(rewards: list[float], best: int) -> list[float | None]:
    means = _mean_of_best([-reward for reward in rewards], best)
    return [None if mean is None else -mean for mean in means]


def _latest(rewards: list[float], best: int) -> list[float | None]:
    return [
        float(np.mean(rewards[end - best : end])) if end >= best else None
        for end in range(1, len(rewards) + 1)
    ]


EXERCISES = {
    "9.1": Exercise(
        cases=_measured,
        truth=_stay,
        mistakes={
            "those are the worst: a low perplexity is good": _upside_down,
            "those are the worst, beginning with what diverged: a low perplexity is good": (
                _from_the_far_end
            ),
            "what diverged never goes on, even where there is room": _even_diverged,
            "round down: a share of 0.5 of five children is two": lambda p, share: _by_threshold(
                p, ceil(share * len(p))
            ),
            "round down, not to the nearest": lambda p, share: _by_threshold(
                p, max(1, round(share * len(p)))
            ),
            "the best always goes on, even where the share is less than one child": _perhaps_nobody,
            "where the share is less than one child, `kept` is 0, and place 0 - 1 is the last": (
                lambda p, share: _by_threshold(p, floor(share * len(p)))
            ),
            "return True or False for each child, in the order in which they came": (_who_stay),
            "those are the best perplexities; return True or False for each child": (
                lambda p, share: sorted(_who_stay(p, share))
            ),
        },
    ),
    "9.2": Exercise(
        cases=_curves,
        truth=_mean_of_best,
        mistakes={
            "before there are so many, the mean is None: fewer would be another question": (
                _of_what_is_there
            ),
            "that is the mean of the latest; of the best so far is asked": _latest,
            "that is only the best so far; the mean of several is asked": lambda rewards, best: [
                max(rewards[:end]) if end >= best else None for end in range(1, len(rewards) + 1)
            ],
            "that is the best so far, from the first one on; a mean is asked, and None before": (
                lambda rewards, best: list(accumulate(rewards, max))
            ),
            "those are the lowest so far; the highest are asked": _of_the_lowest,
        },
    ),
    "9.3": Exercise(
        cases=_jobs,
        truth=_ready,
        mistakes={
            "nobody waits for the slowest of a round: who is free takes the next child": _in_rounds,
            "the next child goes to whoever is free first, not to the workers in turn": _dealt_out,
            "that is with a single worker": lambda seconds, workers: [
                float(total) for total in np.cumsum(seconds)
            ],
            "that is the time at the end; return when each child is ready": (
                lambda seconds, workers: max(_ready(seconds, workers))
            ),
            "that is when each child begins; it is ready when it has taken its time": (
                lambda seconds, workers: [
                    end - takes
                    for end, takes in zip(_ready(seconds, workers), seconds, strict=True)
                ]
            ),
            "that is sorted; keep the order in which the children are handed out": (
                lambda seconds, workers: sorted(_ready(seconds, workers))
            ),
        },
    ),
}
