"""Notebook 09: who makes a famous mistake is told which."""

import math

import numpy as np
import pytest

from nastut.lessons.exercise import exercises_of
from wrong_answers import each, known

EXERCISES = exercises_of("beyond_a_laptop")


def places(perplexities, share, round_=math.floor, least=1):
    return max(least, round_(share * len(perplexities)))


def of_these(some, perplexities):
    return [number in some for number in range(len(perplexities))]


def best_first(perplexities):
    return sorted(range(len(perplexities)), key=lambda number: perplexities[number])


def finite(order, perplexities):
    return [number for number in order if perplexities[number] < math.inf]


def first_of(order, perplexities, kept):
    """Let the first ones of an order go on, but for those that diverged."""
    return of_these(finite(order[:kept], perplexities), perplexities)


def goes_on(perplexities, share, **how):
    return first_of(best_first(perplexities), perplexities, places(perplexities, share, **how))


def perplexities_that_go_on(perplexities, share):
    numbers = np.flatnonzero(goes_on(perplexities, share))
    return [perplexities[number] for number in numbers]


def place_0_minus_1(perplexities, share):
    worst = sorted(perplexities)[int(share * len(perplexities)) - 1]
    return [perplexity <= worst and perplexity != math.inf for perplexity in perplexities]


def curve(rewards, best, of=lambda some, best: sum(sorted(some, reverse=True)[:best]) / best):
    """Return something of all rewards so far, or None where there are not `best` of them."""
    so_far, values = [], []
    for reward in rewards:
        so_far.append(reward)
        values.append(None if len(so_far) < best else of(so_far, best))
    return values


def times(seconds, workers, choose=lambda number, free: free.index(min(free))):
    """Return when each child begins and when it is ready; `choose` says who takes it."""
    free, begun, ready = [0.0] * workers, [], []
    for number, takes in enumerate(seconds):
        worker = choose(number, free)
        begun.append(free[worker])
        free[worker] += takes
        ready.append(free[worker])
    return begun, ready


def in_rounds(seconds, workers):
    rounds = [seconds[first : first + workers] for first in range(0, len(seconds), workers)]
    return [sum(map(max, rounds[:n])) + takes for n, some in enumerate(rounds) for takes in some]


WRONG = {
    "9.1": {
        "those are the worst: a low perplexity is good": lambda p, share: first_of(
            finite(best_first(p), p)[::-1], p, places(p, share)
        ),
        "those are the worst, beginning with what diverged: a low perplexity is good": (
            lambda p, share: first_of(best_first(p)[::-1], p, places(p, share))
        ),
        "what diverged never goes on, even where there is room": (
            lambda p, share: of_these(best_first(p)[: places(p, share)], p)
        ),
        "round down: a share of 0.5 of five children is two": (
            lambda p, share: goes_on(p, share, round_=math.ceil)
        ),
        "round down, not to the nearest": (
            lambda p, share: goes_on(p, share, round_=lambda number: int(number + 0.499))
        ),
        "the best always goes on, even where the share is less than one child": (
            lambda p, share: goes_on(p, share, least=0)
        ),
        "where the share is less than one child, `kept` is 0, and place 0 - 1 is the last": (
            place_0_minus_1
        ),
        "return True or False for each child, in the order in which they came": (
            perplexities_that_go_on
        ),
        "those are the best perplexities; return True or False for each child": (
            lambda p, share: [x for x in sorted(p)[: places(p, share)] if x < math.inf]
        ),
    },
    "9.2": {
        "before there are so many, the mean is None: fewer would be another question": (
            lambda rewards, best: [
                sum(curve(rewards[:n], min(n, best))[-1:]) for n in range(1, len(rewards) + 1)
            ]
        ),
        "that is the mean of the latest; of the best so far is asked": (
            lambda rewards, best: curve(rewards, best, lambda some, n: sum(some[-n:]) / n)
        ),
        "that is only the best so far; the mean of several is asked": (
            lambda rewards, best: curve(rewards, best, lambda some, n: max(some))
        ),
        "that is the best so far, from the first one on; a mean is asked, and None before": (
            lambda rewards, best: curve(rewards, 1)
        ),
        "those are the lowest so far; the highest are asked": (
            lambda rewards, best: curve(rewards, best, lambda some, n: sum(sorted(some)[:n]) / n)
        ),
    },
    "9.3": {
        "nobody waits for the slowest of a round: who is free takes the next child": in_rounds,
        "the next child goes to whoever is free first, not to the workers in turn": (
            lambda seconds, workers: times(
                seconds, workers, lambda number, free: number % len(free)
            )[1]
        ),
        "that is with a single worker": lambda seconds, workers: times(seconds, 1)[1],
        "that is the time at the end; return when each child is ready": (
            lambda seconds, workers: max(times(seconds, workers)[1])
        ),
        "that is when each child begins; it is ready when it has taken its time": (
            lambda seconds, workers: times(seconds, workers)[0]
        ),
        "that is sorted; keep the order in which the children are handed out": (
            lambda seconds, workers: sorted(times(seconds, workers)[1])
        ),
    },
}

RIGHT = {
    "9.1": (goes_on, 9),
    "9.2": (curve, 7),
    "9.3": (lambda seconds, workers: times(seconds, workers)[1], 8),
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert EXERCISES[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("beyond_a_laptop")


@pytest.mark.parametrize("number", RIGHT)
@pytest.mark.parametrize("form", [list, tuple, iter])
def test_a_right_answer_passes_in_any_form(number, form):
    answer, cases = RIGHT[number]
    verdict = EXERCISES[number].judge(lambda *case: form(answer(*case)))
    assert verdict == f"passed on {cases} cases"


ALMOST = {
    "two at least": ("9.1", lambda p, share: goes_on(p, share, least=2)),
    "nobody where most diverged": (
        "9.1",
        lambda p, share: [goes and p.count(math.inf) < 2 for goes in goes_on(p, share)],
    ),
    "below the worst": (
        "9.1",
        lambda p, share: [x < sorted(p)[places(p, share) - 1] for x in p],
    ),
    "0 for None": (
        "9.2",
        lambda rewards, best: [mean or 0.0 for mean in curve(rewards, best)],
    ),
    "None one time too many": (
        "9.2",
        lambda rewards, best: [None if n < best else m for n, m in enumerate(curve(rewards, best))],
    ),
    "without what is None": (
        "9.2",
        lambda rewards, best: [mean for mean in curve(rewards, best) if mean is not None],
    ),
    "the next best": (
        "9.2",
        lambda rewards, best: curve(rewards, best, lambda some, n: sum(sorted(some)[-n - 1 :]) / n),
    ),
    "whoever is free last": (
        "9.3",
        lambda seconds, workers: times(
            seconds, workers, lambda number, free: free.index(max(free))
        )[1],
    ),
    "one worker too many": (
        "9.3",
        lambda seconds, workers: times(seconds, workers + 1)[1],
    ),
    "two workers": ("9.3", lambda seconds, workers: times(seconds, 2)[1]),
}


@pytest.mark.parametrize("slip", ALMOST)
def test_an_answer_that_is_almost_right_does_not_pass(slip):
    number, answer = ALMOST[slip]
    assert EXERCISES[number].judge(answer).startswith("not yet: ")
