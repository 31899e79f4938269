"""Curves of searches: the panels, what is written on them, and the file."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from nastut.pictures.curves import draw_curves

PANELS = {
    "the best 1": {name: np.linspace(0, 1, 20) ** k for k, name in enumerate("abcde", 1)},
    "the best 5": {"a": [0.25, 0.5, 2.0]},
}


def test_each_panel_has_its_curves_and_the_first_explains_the_others(monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **options: figures.append(figure))
    draw_curves(PANELS, tmp_path / "a.svg")
    (figure,) = figures
    assert [axes.get_title() for axes in figure.axes] == list(PANELS)
    for axes, curves in zip(figure.axes, PANELS.values(), strict=True):
        assert axes.get_xlabel() == "evaluations"
        assert [line.get_label() for line in axes.lines] == list(curves)
        for line, curve in zip(axes.lines, curves.values(), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), curve)
        dashes = {line.get_linestyle() for line in axes.lines[:4]}
        assert len(dashes) == min(4, len(curves))  # told apart without their colours
    first, second = figure.axes
    assert first.get_ylabel() == "mean reward"
    assert [text.get_text() for text in first.get_legend().get_texts()] == list("abcde")
    assert (second.get_ylabel(), second.get_legend()) == ("", None)
    assert first.get_ylim() == second.get_ylim()


@pytest.mark.parametrize(("suffix", "magic"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_the_suffix_chooses_the_format(suffix, magic, tmp_path):
    path = draw_curves(PANELS, tmp_path / f"curves{suffix}")
    assert path == tmp_path / f"curves{suffix}"
    assert path.read_bytes().startswith(magic)


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"curves\.pdf ends in '\.pdf'; pictures are \.svg or \.png"
    ):
        draw_curves(PANELS, tmp_path / "curves.pdf")
    assert not list(tmp_path.iterdir())
