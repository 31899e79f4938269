"""The pictures of notebook 08 show what they are given."""

import matplotlib.pyplot as plt
import numpy as np

from looks import assert_looks
from nastut.lessons.networks_that_design_networks import (
    draw_generations,
    draw_ranks,
    draw_worth,
)


def test_every_rank_is_written_and_what_found_itself_is_framed():
    numbers = np.array([[1, 20, 3], [4, 5, 6]])
    itself = np.array([[False, True, False], [False, False, True]])
    figure = draw_ranks({"a": numbers, "b": numbers}, {"a": itself, "b": ~itself})
    assert_looks(figure, "ranks")
    axis = figure.axes[0]
    written = {text.get_position(): text for text in axis.texts}
    for (row, column), rank in np.ndenumerate(numbers):
        text = written[column, row]
        assert text.get_text() == str(rank)
        assert (text.get_bbox_patch() is not None) == itself[row, column]


def test_a_core_that_stays_is_one_point_beside_the_generations():
    axis = plt.figure().subplots()
    of_generations = {line: [(100, 50, 150), (200, 120, 300)] for line in ("found", "random")}
    draw_generations(axis, of_generations, {"LSTM": (90, 80, 100), "dead": (260, 220, 290)})
    assert_looks(axis.figure, "generations")
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert labels == ["1", "2", "LSTM", "dead"]
    points = [(line.get_label(), line.get_ydata()[0]) for line in axis.lines if line.get_marker()]
    assert ("LSTM", 90) in points
    assert [value for line, value in points if line == "found"] == [100, 200]
    assert len([1 for line, _ in points if line in ("LSTM", "dead")]) == 2
    legend = [text.get_text() for text in axis.get_legend().get_texts()]
    assert legend == ["found", "random"]


def test_dead_cores_have_another_mark():
    figure = draw_worth(np.array([0.1, 0.5]), np.array([300, 400]), np.array([True, False]))
    assert_looks(figure, "worth")
    axis = figure.axes[0]
    assert {line.get_label(): line.get_xdata().tolist() for line in axis.lines} == {
        "not dead": [0.5],
        "dead": [0.1],
    }
    assert len({line.get_marker() for line in axis.lines}) == 2
