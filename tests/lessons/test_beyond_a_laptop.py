"""Notebook 09: the pictures of searches that train show what they are given."""

import numpy as np

from nastut.lessons.beyond_a_laptop import draw_lift, draw_tests, draw_workers, until_half_arrived

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


def test_models_have_a_row_each_and_an_open_circle_where_a_seed_diverged():
    groups = {
        "torch": {"LSTM": np.array([4.0, 4.2])},
        "random": {"a": np.array([6.0, 7.0]), "b": np.array([5.0, np.inf])},
    }
    axis = draw_tests(groups, {"LSTM": "LSTM", "a": "cell 1"}, 4.1).axes[0]
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [
        (4.1, 0),
        (6.5, 1),
        (5, 2),
    ]
    assert [dot.get_fillstyle() for dot in dots] == ["full", "full", "none"]
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "LSTM", "random: cell 1", "random",
    ]  # fmt: skip


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
