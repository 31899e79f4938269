"""Pictures in a grid."""

from html import escape
from xml.etree import ElementTree

import pytest

import nastut as nt
from drawn import SVG, texts
from nastut.pictures.picture import TALLEST, WIDEST, Grid, Picture, size


class Blank(Picture):
    """A picture of a given size, drawn by nobody."""

    def __init__(self, width, height):
        super().__init__(None, "blank")
        self.sides = width, height

    def drawn(self):
        width, height = self.sides
        return f'<svg width="{width}pt" height="{height}pt" xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture(scope="module")
def steps():
    return nt.draw_steps(nt.zoo.EXAMPLE)


def panels(svg):
    """Return left, top, right and bottom of each picture within the whole, and of the whole."""
    whole = ElementTree.fromstring(svg)
    inner = [
        [float(p.get(k)) for k in ("x", "y", "width", "height")]
        for p in whole.iter(f"{SVG}svg")
        if p is not whole
    ]
    outer = [float(number) for number in whole.get("viewBox").split()]
    return [(x, y, x + w, y + h) for x, y, w, h in inner], outer


def test_behaves_as_a_list_of_pictures_and_a_slice_keeps_the_titles(steps):
    assert len(steps) == 5
    assert steps[-1] is steps[4]
    part = steps[3:]
    assert isinstance(part, Grid)
    assert part.titles == ("4 · cell inject: Add ReLU", "5 · cell indices: create 1, inject 0")


def test_all_pictures_are_in_one_svg_under_their_titles(steps):
    said = texts(steps.svg())
    for title, picture in zip(steps.titles, steps, strict=True):
        assert title in said
        said = [text for text in said if text not in texts(picture.svg())]
    assert len(said) == 5


def test_pictures_lie_beside_each_other_in_their_order_and_inside_the_whole(steps):
    drawn, (_, _, width, height) = panels(steps.svg())
    corners = [(top, left) for left, top, *_ in drawn]
    assert corners == sorted(corners)
    for number, (left, top, right, bottom) in enumerate(drawn):
        assert left >= 0 <= top
        assert right <= width
        assert bottom <= height
        for x1, y1, x2, y2 in drawn[:number]:
            assert right <= x1 or x2 <= left or bottom <= y1 or y2 <= top


@pytest.mark.parametrize("sides", [(60, 400), (400, 60), (300, 200), (1500, 900)])
@pytest.mark.parametrize("number", [1, 5, 12])
def test_any_number_of_pictures_of_any_size_is_shown_as_large_as_can_be(sides, number):
    svg = Grid([Blank(*sides)] * number, [""] * number).svg()
    wide, tall = size(svg)
    assert wide <= WIDEST
    assert tall <= TALLEST

    def scale(columns):
        width, height = sides[0] + 20, sides[1] + 50  # margins, and a title
        return min(1, WIDEST / columns / width, TALLEST / -(-number // columns) / height)

    best = max(map(scale, range(1, number + 1)))
    assert wide / panels(svg)[1][2] == pytest.approx(best, abs=0.02)


def test_a_title_has_room_and_is_escaped():
    title = "a < b & c: a title that is a good deal longer than its picture is wide"
    svg = Grid([nt.draw_tree(1)], [title]).svg()
    assert title in texts(svg)
    (drawn,), (_, _, width, _) = panels(svg)
    assert width >= 6.5 * len(title)
    assert drawn[2] <= width


def test_words_are_those_of_the_pictures_under_their_titles(steps):
    one, other = nt.draw(nt.zoo.EXAMPLE), nt.draw_tree(2)
    alt = Grid([one, other], ["left", ""]).alt
    assert alt == f"2 pictures side by side. left: {one.alt} | {other.alt}"
    assert steps.alt.count("cell inject: Add ReLU") == 1  # the title says it already


def test_notebook_shows_the_svg(steps):
    shown = steps._repr_mimebundle_()
    assert shown["image/svg+xml"] == steps.svg()
    assert escape(steps.alt) in shown["text/html"]
    assert shown["text/plain"] == repr(steps)
    assert repr(steps).splitlines()[0] == "<Picture: tree index 0: Add Tanh>"
    assert texts(steps[5:]._repr_mimebundle_()["image/svg+xml"]) == []
