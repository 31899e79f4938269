"""Notebook 09: the pictures of searches that train show what they are given."""

import numpy as np

from nastut.lessons.beyond_a_laptop import (
    above_random,
    draw_finals,
    draw_lift,
    draw_workers,
    until_half_arrived,
)

LIFTS = {
    best: {"random": np.zeros((2, 3)), "reinforce": np.array([[0, 1, 2], [0, 3, best]], float)}
    for best in (1, 5)
}


def test_a_lift_is_drawn_over_the_evaluations_with_the_range_of_the_seeds():
    figure = draw_lift(LIFTS, 16)
    axes = figure.axes
    line = {line.get_label(): line for line in axes[1].lines}["REINFORCE"]
    assert line.get_xdata().tolist() == [16, 32, 48]
    assert line.get_ydata().tolist() == [0, 2, 3.5]
    corners = axes[1].collections[1].get_paths()[0].vertices
    assert {(48, 2), (48, 5)} <= {tuple(corner) for corner in corners}
    last = above_random(LIFTS).splitlines()[-1]
    assert last == "best  5  REINFORCE       +3.500 (+2.000 to +5.000)"


def test_models_are_drawn_in_groups_the_best_first_and_what_diverged_nowhere():
    groups = {
        "torch": {"LSTM": np.array([4.0, 4.2])},
        "random": {
            "a": np.array([6.0, 7.0]),
            "b": np.array([5.0, 5.5]),
            "c": np.array([np.inf, np.inf]),
            "d": np.array([4.0, np.inf]),
        },
    }
    figure = draw_finals(groups, 4.1)
    axis = figure.axes[0]
    dots = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in axis.lines
        if line.get_marker() == "o"
    ]
    assert dots[:3] == [(4.1, 0), (5.25, 2), (6.5, 3)]
    assert [dot for dot, *_ in dots[3:]] == [4.0]
    fills = [line.get_fillstyle() for line in axis.lines if line.get_marker() == "o"]
    assert fills == ["full"] * 3 + ["none"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["torch", "random"]


def test_searches_that_never_arrive_are_the_slowest_and_left_out_of_the_picture():
    runs = {
        n: {"method": method, "workers": workers, "reached": reached}
        for n, (method, workers, reached) in enumerate(
            (method, workers, reached)
            for method in ("random", "evolution", "REINFORCE", "priority queue")
            for workers, of_runs in ((1, (50, 70, None)), (10, (None, None, 40)))
            for reached in of_runs
        )
    } | {"seconds of a child": {"seconds": [1.0]}}
    needed = until_half_arrived(runs, "reached", np.random.default_rng(0))
    assert needed["random"][1][0] == 70
    assert needed["random"][10][0] == np.inf
    figure = draw_workers({"evaluations": needed, "again": needed})
    axis = figure.axes[0]
    drawn = axis.lines[0].get_ydata()
    assert drawn[0] == 70
    assert np.isnan(drawn[1])
