"""Notebook 06: who makes a famous mistake is told which."""

import math

import numpy as np
import pytest
import torch

from nastut.lessons.exercise import exercises_of
from wrong_answers import each, known


def picked(distributions, chosen):
    return [float(p[token]) for p, token in zip(distributions, chosen, strict=True)]


def softmax(scores):
    powers = [math.exp(score) for score in scores]
    return np.array(powers) / sum(powers)


def gradient(scores, chosen, rewards, b, probabilities=softmax, share=lambda p: 1):
    """Return the mean of (R_k - b) times the gradient of log P(a_k), sample by sample."""
    total = np.zeros(len(scores))
    p = probabilities(scores)
    for token, reward in zip(chosen, rewards, strict=True):
        for j in range(len(scores)):
            total[j] += share(p[token]) * (reward - b) * ((j == token) - p[j])
    return total / len(chosen)


def baselines(means, decay):
    """Return the average before each batch; it begins with the first batch's mean."""
    used, average = [0.0], means[0]
    for mean in means[1:]:
        used.append(average)
        average = decay * average + (1 - decay) * mean
    return used


def after_it_moved(means, decay):
    return [*baselines(means, decay)[1:], baselines([*means, 0.0], decay)[-1]]


def begun_with_0(means, decay):
    return baselines([0.0, *means], decay)[1:]


def begun_when_true(means, decay):
    used, average = [], 0.0
    for mean in means:
        used.append(average)
        average = decay * average + (1 - decay) * mean if average else mean
    return used


WRONG = {
    "6.1": {
        "that is the probability; its logarithm is asked for": (
            lambda d, a: math.prod(picked(d, a))
        ),
        "take the logarithm of each probability first, then the sum": (
            lambda d, a: math.log(sum(picked(d, a)))
        ),
        "that is the mean over the places; add them up": (
            lambda d, a: sum(map(math.log, picked(d, a))) / len(a)
        ),
        "that takes the likeliest token of each place, not the chosen one": (
            lambda d, a: sum(math.log(max(p)) for p in d)
        ),
        "the sign: the logarithm of a probability is not positive": (
            lambda d, a: -sum(map(math.log, picked(d, a)))
        ),
        "that is to base 2; the natural logarithm is asked for": (
            lambda d, a: sum(map(math.log2, picked(d, a)))
        ),
        "that is to base 10; the natural logarithm is asked for": (
            lambda d, a: sum(map(math.log10, picked(d, a)))
        ),
        "that is the entropy, a mean over all tokens; log P is of the chosen tokens alone": (
            lambda d, a: sum(-q * math.log(q) for p in d for q in p)
        ),
        "only the chosen tokens count, and each once; do not weigh by their probability": (
            lambda d, a: sum(q * math.log(q) for q in picked(d, a))
        ),
    },
    "6.2": {
        "the sum over the samples; take the mean": (
            lambda s, a, r, b: len(r) * gradient(s, a, r, b)
        ),
        "the sign: this way leads downhill": lambda s, a, r, b: gradient(s, a, b - r, 0),
        "the baseline is missing": lambda s, a, r, b: gradient(s, a, r, 0),
        "the probabilities are missing: it is [j = a] - p_j": (
            lambda s, a, r, b: gradient(s, a, r, b, lambda scores: 0 * scores)
        ),
        "the probabilities are to be a softmax of the scores": (
            lambda s, a, r, b: gradient(s, a, r, b, lambda scores: scores)
        ),
        "that is the gradient of P, not of log P": (
            lambda s, a, r, b: gradient(s, a, r, b, share=lambda p: p)
        ),
        "the baseline is b, as given; that is the batch's own mean, which has R_k in it": (
            lambda s, a, r, b: gradient(s, a, r, sum(r) / len(r))
        ),
        "b is added; it is to be subtracted": lambda s, a, r, b: gradient(s, a, r + b, 0),
    },
    "6.3": {
        "the baseline contains the batch's own reward; move it after it is used": after_it_moved,
        "after the first batch the average is that batch's mean, not a part of it": begun_with_0,
        "0 is a mean like any other: ask whether there was a batch before, not whether the "
        "average is 0": begun_when_true,
        "the two weights are swapped: decay is what remains of the old average": (
            lambda means, decay: baselines(means, 1 - decay)
        ),
        "that is the plain mean of all before; the recent ones are to count more": (
            lambda means, decay: [0, *(np.mean(means[:n]) for n in range(1, len(means)))]
        ),
        "the first batch is compared with 0: its own mean is not known before": (
            lambda means, decay: [means[0], *baselines(means, decay)[1:]]
        ),
        "one number too many: after the last batch no other is compared": (
            lambda means, decay: baselines([*means, 0.0], decay)
        ),
        "one number is missing: the first batch is compared, too, with 0": (
            lambda means, decay: baselines(means, decay)[1:]
        ),
        "that is the last batch alone; the older ones are forgotten": (
            lambda means, decay: [0, *means[:-1]]
        ),
    },
}

EXERCISES = exercises_of("controller")


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert EXERCISES[number].judge(answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("controller")


def with_vectors_of_torch(scores, chosen, rewards, b):
    """Answer 6.2 for all samples at once."""
    p = torch.tensor(scores).softmax(0)
    grads = torch.nn.functional.one_hot(torch.tensor(chosen), len(scores)) - p
    return (torch.tensor(rewards - b)[:, None] * grads).mean(0)


def by_powers(means, decay):
    """Answer 6.3 without a loop over the average: what each mean weighs in it."""
    used = [0.0]
    for n in range(1, len(means)):
        weights = [decay ** (n - 1), *((1 - decay) * decay ** (n - 1 - k) for k in range(1, n))]
        used.append(math.fsum(w * mean for w, mean in zip(weights, means, strict=False)))
    return used


@pytest.mark.parametrize(
    ("number", "answer", "cases"),
    [
        ("6.1", lambda d, a: math.fsum(map(math.log, picked(d, a))), 4),
        ("6.2", with_vectors_of_torch, 4),
        ("6.3", by_powers, 5),
    ],
)
def test_a_right_answer_passes(number, answer, cases):
    assert EXERCISES[number].judge(answer) == f"passed on {cases} cases"


ALMOST = {
    "two numbers for a single batch": (
        "6.3",
        lambda means, decay: [0.0, means[0], *baselines(means, decay)[2:]],
    ),
    "none for a single batch": (
        "6.3",
        lambda means, decay: baselines(means, decay) if len(means) > 1 else [],
    ),
    "right for a single batch": ("6.3", lambda means, decay: [0.0] * len(means)),
    "right for two batches": (
        "6.3",
        lambda means, decay: [0.0, *[means[0]] * (len(means) - 1)],
    ),
    "the decay of the paper": ("6.3", lambda means, decay: baselines(means, 0.95)),
    "without the chosen one": (
        "6.2",
        lambda s, a, r, b: gradient(s, a, r, b) - np.bincount(a, r - b, len(s)) / len(a),
    ),
    "a single sample": ("6.2", lambda s, a, r, b: gradient(s, a[:1], r[:1], b)),
    "the first place": ("6.1", lambda d, a: math.log(d[0][a[0]])),
    "always the first token": ("6.1", lambda d, a: sum(math.log(p[0]) for p in d)),
}


@pytest.mark.parametrize("slip", ALMOST)
def test_an_answer_that_is_almost_right_does_not_pass(slip):
    number, answer = ALMOST[slip]
    verdict = EXERCISES[number].judge(answer)
    assert verdict.startswith("not yet: ")
    assert "for " in verdict  # a case is shown
