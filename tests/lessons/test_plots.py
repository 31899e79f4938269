"""What every notebook does first, and what more than one of them draws."""

import re
from base64 import b64decode

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import nastut as nt
from nastut.lessons.plots import describe_figure, draw_arrivals, draw_intervals


@pytest.fixture(autouse=True)
def _restore_how_things_look():
    with plt.rc_context(), np.printoptions():
        yield


def test_generator_is_that_of_the_seed():
    expected = np.random.default_rng(7).normal(size=5)
    np.testing.assert_array_equal(nt.setup(seed=7).normal(size=5), expected)


def test_plots_are_770_by_352_pixels_with_a_faint_grid():
    nt.setup(seed=0)
    drawn, axis = plt.subplots()
    assert (drawn.get_size_inches() * drawn.dpi).tolist() == [770, 352]
    assert axis.get_xgridlines()[0].get_alpha() == 0.3


def test_numbers_show_four_decimals_and_no_powers_of_ten():
    nt.setup(seed=0)
    assert str(np.array([0.00004, 0.00005001, 123.45678])) == "[  0.       0.0001 123.4568]"


@pytest.mark.parametrize("seed", [None, "0", 0.5, True])
def test_seed_must_be_a_whole_number(seed):
    with pytest.raises(TypeError, match=rf"seed is {seed!r}; give a whole number"):
        nt.setup(seed)


# Alternative texts


def figure(panels=1):
    """Return a figure of lines, with labels and a legend."""
    drawn, axes = plt.subplots(1, panels, squeeze=False)
    for axis in axes[0]:
        axis.plot([0, 1], [0, 1], label="the one")
        axis.plot([0, 1], [1, 0], label="the other")
        axis.set(xlabel="training step", ylabel="$W_1$ and\nthe loss", title="a title")
        axis.legend()
    return drawn


PANEL = "a title, lines, W1 and the loss against training step, showing the one; the other."


def test_figure_in_words():
    assert describe_figure(figure()) == f"Figure: {PANEL}"
    assert describe_figure(figure(2)) == f"Figure with 2 panels. Panel 1: {PANEL} Panel 2: {PANEL}"


def test_kinds_are_told_apart_and_a_colour_bar_is_no_panel():
    drawn, axes = plt.subplots(1, 3)
    drawn.colorbar(axes[0].imshow([[0, 1]]))
    axes[1].bar([0, 1], [1, 2])
    axes[2].text(0, 0, "a word")
    assert describe_figure(drawn) == (
        "Figure with 3 panels. Panel 1: an image. Panel 2: bars. Panel 3: text."
    )


@pytest.mark.slow
def test_every_figure_of_a_notebook_has_its_words():
    """The first one too, and whether it is shown by hand or at the end of its cell."""
    cells = [
        "import matplotlib.pyplot as plt\nimport nastut as nt\n_ = nt.setup(seed=0)",
        "_ = plt.plot([0, 1], label='the first')\nplt.show()",
        "_ = plt.plot([0, 1], label='the second')",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3").execute()
    _, first, second = notebook.cells
    shown = [cell.outputs[-1].data["text/html"] for cell in (first, second)]
    told = [re.match(r'<img alt="([^"]*)".*;base64,([^"]*)">', one) for one in shown]
    assert [one[1] for one in told] == [
        "Figure: lines, showing the first.",
        "Figure: lines, showing the second.",
    ]
    assert all(b64decode(one[2]).startswith(b"\x89PNG\r\n\x1a\n") for one in told)


# What more than one notebook draws


@pytest.fixture
def axis():
    return plt.figure().subplots()


def test_each_row_has_its_dot_its_interval_and_its_note(axis):
    rows = {"a": (2.0, 1.0, 4.0), "b": (3.0, 2.5, 3.5)}
    draw_intervals(axis, rows, notes=["left", "right"], middle=2.5)
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
    curves = {line.get_label(): list(line.get_ydata()) for line in axis.lines}
    assert curves == {"some": [0, 0, 0.5, 0.5, 0.5], "all": [0, 0.5, 0.5, 1, 1]}
