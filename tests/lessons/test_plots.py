"""What two notebooks plot alike shows what it is given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from looks import assert_looks
from nastut.lessons.plots import draw_arrivals, draw_intervals


@pytest.fixture
def axis():
    yield plt.figure().subplots()
    plt.close("all")


def test_each_row_has_its_dot_its_interval_and_its_note(axis):
    rows = {"a": (2.0, 1.0, 4.0), "b": (3.0, 2.5, 3.5)}
    draw_intervals(axis, rows, notes=["left", "right"], middle=2.5)
    assert_looks(axis.figure, "intervals")
    *drawn, vertical = axis.lines
    for row, (value, low, high) in enumerate(rows.values()):
        assert list(drawn[2 * row].get_xdata()) == [low, high]
        assert list(drawn[2 * row + 1].get_xdata()) == [value]
        assert {*drawn[2 * row].get_ydata(), *drawn[2 * row + 1].get_ydata()} == {row}
    assert set(vertical.get_xdata()) == {2.5}
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in axis.texts] == ["left", "right"]
    low_end, high_end = axis.get_ylim()
    assert low_end > high_end  # the first row is on top


def test_what_never_arrives_never_counts(axis):
    reached = {"some": [2.0, np.inf], "all": np.array([1.0, 3.0])}
    looks = {"some": {"color": "black"}, "all": {"color": "grey"}}
    draw_arrivals(axis, reached, looks, budget=4)
    assert_looks(axis.figure, "arrivals")
    curves = {line.get_label(): list(line.get_ydata()) for line in axis.lines}
    assert curves == {"some": [0, 0, 0.5, 0.5, 0.5], "all": [0, 0.5, 0.5, 1, 1]}
