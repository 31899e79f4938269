"""Notebook 08: its pictures show what they are given; a dead cell is one by the rules."""

import matplotlib.pyplot as plt
import numpy as np

import nastut as nt
import oracle
from nastut.lessons.networks_that_design_networks import (
    draw_generations,
    draw_ranks,
    is_dead,
)


def test_every_rank_is_written_and_what_found_itself_is_framed():
    numbers = np.array([[1, 20, 3], [4, 5, 6]])
    itself = np.array([[False, True, False], [False, False, True]])
    figure = draw_ranks({"a": numbers, "b": numbers}, {"a": itself, "b": ~itself})
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
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert labels == ["1", "2", "LSTM", "dead"]
    points = [(line.get_label(), line.get_ydata()[0]) for line in axis.lines if line.get_marker()]
    assert ("LSTM", 90) in points
    assert [value for line, value in points if line == "found"] == [100, 200]
    assert len([1 for line, _ in points if line in ("LSTM", "dead")]) == 2
    legend = [text.get_text() for text in axis.get_legend().get_texts()]
    assert legend == ["found", "random"]


def stays_0(cell):
    """Take five steps by the rules of the sequence, read once more."""
    rng, c = np.random.default_rng(7), np.zeros(20)
    for _ in range(5):
        parts = zip(rng.normal(size=(20, 2)), np.zeros((20, 2)), c, strict=True)
        h, c = np.transpose([oracle.step(cell.sequence, *numbers) for numbers in parts])
        if h.any():
            return False
    return True


def test_cells_of_the_table_are_dead_by_the_rules_of_the_sequence_too():
    """No case of 8.2, but what the notebook counts."""
    rng = np.random.default_rng(5)
    cells = [nt.Space().sample(rng) for _ in range(60)]
    dead = [is_dead(cell) for cell in cells]
    assert dead == [stays_0(cell) for cell in cells]
    assert 0 < sum(dead) < 60


def test_a_later_h_alone_tells_whether_a_cell_is_dead():
    """No value of a cell of base 2 is only ever below 0, so no memory puts it to sleep again."""
    rng, zeros = np.random.default_rng(0), np.zeros((2, 100))
    x_parts = rng.normal(size=(3, 2, 100))
    for cell in (nt.Space().sample(rng) for _ in range(60)):
        c, awake = zeros[0], []
        for x in x_parts:
            h, c = nt.evaluate(cell, x, zeros, c)
            awake.append(np.any(h))
        assert awake[1] == awake[2] == any(awake)
