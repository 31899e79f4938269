"""Notebook 06: the pictures of a policy show what they are given."""

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.lessons.controller import (
    PLACES,
    draw_learning,
    draw_policy,
    sampled_errors,
)


def test_the_picture_of_a_policy_shows_its_probabilities():
    space = nt.Space()
    controller = nt.Controller(space, seed=3)
    choices = controller.sample(1, np.random.default_rng(0))[0].tolist()
    figure = draw_policy(controller, space, choices)
    axis = figure.axes[0]
    heights = [bar.get_height() for bar in axis.patches]
    shares = [p for t in range(10) for p in controller.distribution(choices[:t]).tolist()]
    assert heights == pytest.approx(shares)
    assert [label.get_text() for label in axis.get_xticklabels()] == list(PLACES)
    bold = [text.get_text() for text in axis.texts if text.get_weight() == "bold"]
    assert bold == [str(token) for token in space.decode(choices).sequence]
    # An arrow leads from each token that was taken to the next one.
    arrows = [text for text in axis.texts if getattr(text, "arrow_patch", None)]
    assert [round(arrow.xy[0]) for arrow in arrows] == list(range(1, 10))
    ends, starts = [arrow.xy[1] for arrow in arrows], [arrow.xyann[1] for arrow in arrows]
    assert ends[:-1] == starts[1:]


def test_errors_of_estimates_are_measured():
    """Two sequences; the step of one is 1, that of the other -1, and all rewards are 1."""
    sequences, steps = torch.tensor([[0], [1]]), torch.tensor([[1.0], [-1.0]]).double()
    probabilities, rewards = torch.tensor([0.75, 0.25]).double(), torch.ones(2).double()
    drawn = torch.tensor([[0], [0], [0], [1]])  # the exact gradient is 0.5
    errors = sampled_errors(sequences, probabilities, rewards, steps, drawn, [1, 2, 4])
    by_hand = [np.mean([0.5**2] * 3 + [1.5**2]), np.mean([0.5**2, 0.5**2]), 0]
    assert errors == pytest.approx(np.sqrt(by_hand) / 0.5)
    rewards = torch.tensor([1.0, 2.0]).double()  # now it is 0.25
    errors = sampled_errors(sequences, probabilities, rewards, steps, drawn, [1, 4])
    by_hand = [np.mean([0.75**2] * 3 + [2.25**2]), 0]
    assert errors == pytest.approx(np.sqrt(by_hand) / 0.25)


def test_every_run_of_a_bonus_is_drawn_and_named_once():
    curves = {bonus: np.random.default_rng(0).random((3, 2, 5)) for bonus in (0.0, 0.05)}
    figure = draw_learning(curves, best=0.9, even=5.0)
    left, right = figure.axes
    for which, axis in enumerate((left, right)):
        drawn = [line.get_ydata() for line in axis.lines[:6]]
        np.testing.assert_array_equal(drawn, np.concatenate([*curves.values()])[:, which])
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["bonus 0", "bonus 0.05"]
    assert left.lines[-1].get_ydata()[0] == 0.9
    assert right.lines[-1].get_ydata()[0] == 5.0
