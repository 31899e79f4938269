"""Pictures in a grid."""

from html import escape
from xml.etree import ElementTree

import pytest
from nastut.pictures.grid import Grid

import nastut as nt
from drawn import hide_programs, texts
from nastut.pictures.picture import TALLEST, WIDEST, Picture, size

SVG = "{http://www.w3.org/2000/svg}"


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


def test_behaves_as_a_list_of_pictures(steps):
    assert len(steps) == 5
    assert all(isinstance(picture, Picture) for picture in steps)
    assert steps[-1] is steps[4]
    assert list(reversed(steps)) == list(steps)[::-1]
    with pytest.raises(IndexError):
        steps[5]


def test_slice_keeps_the_titles(steps):
    part = steps[3:]
    assert isinstance(part, Grid)
    assert part.titles == ("4 · cell inject: Add ReLU", "5 · cell indices: create 1, inject 0")


def test_text_has_one_line_a_picture(steps):
    assert repr(steps).splitlines()[0] == "<Picture: tree index 0: Add Tanh>"
    assert len(repr(steps).splitlines()) == 5


def test_all_pictures_are_in_one_svg_under_their_titles(steps):
    said = texts(steps.svg())
    for title, picture in zip(steps.titles, steps, strict=True):
        assert title in said
        said = [text for text in said if text not in texts(picture.svg())]
    assert len(said) == 5


@pytest.mark.parametrize(("columns", "rows"), [(1, 5), (2, 3), (3, 2), (5, 1), (9, 1)])
def test_pictures_stand_row_by_row(steps, columns, rows):
    drawn, _ = panels(steps.svg(columns))
    lefts, tops = zip(*(panel[:2] for panel in drawn), strict=True)
    assert len(set(tops)) == rows
    assert len(set(lefts)) == min(columns, 5)
    assert list(zip(tops, lefts, strict=True)) == sorted(zip(tops, lefts, strict=True))


@pytest.mark.parametrize("cell", [nt.zoo.EXAMPLE, nt.zoo.LSTM], ids=["example", "lstm"])
def test_pictures_lie_beside_each_other_and_inside_the_whole(cell):
    drawn, (_, _, width, height) = panels(nt.draw_steps(cell).svg())
    for number, (left, top, right, bottom) in enumerate(drawn):
        assert left >= 0 <= top
        assert right <= width
        assert bottom <= height
        for x1, y1, x2, y2 in drawn[:number]:
            assert right <= x1 or x2 <= left or bottom <= y1 or y2 <= top


def titles_of(svg):
    """Return where each title begins, and on which line."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return [tuple(float(text.get(key)) for key in "xy") for text in found]


def test_each_picture_has_a_margin_of_10_points_and_30_above_it_for_its_title():
    sides = [(100, 200), (130, 80), (60, 90), (20, 20), (130, 200)]
    svg = Grid([Blank(*side) for side in sides], list("abcde")).svg(columns=2)
    drawn, whole = panels(svg)
    wide, tall = 130 + 20, 200 + 20 + 30
    assert whole == [0, 0, 2 * wide, 3 * tall]
    corners = [(column * wide, row * tall) for row in range(3) for column in range(2)][:5]
    assert drawn == [
        (x + 10, y + 30, x + 10 + width, y + 30 + height)
        for (x, y), (width, height) in zip(corners, sides, strict=True)
    ]
    assert titles_of(svg) == [(x + 10, y + 20) for x, y in corners]


@pytest.mark.parametrize(("letters", "width"), [(13, 100), (14, 105), (40, 300), (41, 308)])
def test_a_letter_of_a_title_has_7_points_and_a_half(letters, width):
    _, whole = panels(Grid([Blank(100, 50)] * 2, ["a", "n" * letters]).svg(columns=1))
    assert whole == [0, 0, width + 20, 2 * 100]


@pytest.mark.parametrize("sides", [(10, 10), (60, 400), (400, 60), (300, 200), (1500, 900)])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 12, 17])
def test_any_number_of_pictures_of_any_size_is_shown_as_large_as_can_be(sides, number):
    grid = Grid([Blank(*sides)] * number, [""] * number)

    def share(svg):
        """How far the whole is shrunk: the more, the smaller the pictures."""
        (_, _, width, height), (wide, tall) = panels(svg)[1], size(svg)
        return min(1, WIDEST / width, TALLEST / height), wide / width, tall / height

    best = max(share(grid.svg(columns))[0] for columns in range(1, number + 1))
    scale, *sizes = share(grid.svg())
    assert scale == best
    assert sizes == pytest.approx([scale, scale], abs=0.02)


def test_no_pictures_take_no_rows():
    assert panels(Grid([], []).svg()) == ([], [0, 0, 20, 0])


def test_titles_are_escaped(steps):
    odd = Grid(steps.pictures[:1], ["a < b & c"])
    assert "a < b & c" in texts(odd.svg())


@pytest.mark.parametrize("columns", [0, -1])
def test_columns_are_at_least_one(steps, columns):
    with pytest.raises(ValueError, match=rf"columns is {columns}; it must be 1 or more"):
        steps.svg(columns)


def test_five_narrow_pictures_stand_side_by_side(steps):
    assert steps.svg() == steps.svg(columns=5)


@pytest.mark.parametrize("cells", [[nt.zoo.EXAMPLE] * 2, [nt.zoo.LSTM] * 2, [nt.zoo.EXAMPLE] * 7])
def test_no_grid_is_wider_than_a_column_or_taller_than_a_page(cells):
    width, height = size(nt.draw_side_by_side(*cells).svg())
    assert width <= WIDEST
    assert height <= TALLEST


def test_title_has_room(steps):
    title = "a title that is a good deal longer than its picture is wide"
    (drawn, _), (_, _, width, _) = panels(Grid([nt.draw_tree(1)] * 2, [title] * 2).svg(columns=2))
    assert width / 2 >= 6.5 * len(title)
    assert drawn[2] <= width / 2


def test_one_title_for_each_picture(steps):
    with pytest.raises(ValueError, match="5 pictures need as many titles, not 1"):
        Grid(steps.pictures, ["one"])


def test_many_pictures_have_as_many_titles():
    assert len(Grid([Blank(10, 10)] * 300, [""] * 300)) == 300


def test_words_are_those_of_the_pictures_under_their_titles():
    one, other = nt.draw(nt.zoo.EXAMPLE), nt.draw_tree(2)
    alt = Grid([one, other], ["left", ""]).alt
    assert alt == f"2 pictures side by side. left: {one.alt} | {other.alt}"


def test_step_is_not_read_twice(steps):
    assert steps.alt.count("cell inject: Add ReLU") == 1


def test_notebook_shows_the_svg(steps):
    shown = steps._repr_mimebundle_()
    assert shown["image/svg+xml"] == steps.svg()
    assert escape(steps.alt) in shown["text/html"]
    assert shown["text/plain"] == repr(steps)


def test_empty_slice_can_be_shown(steps):
    assert texts(steps[5:]._repr_mimebundle_()["image/svg+xml"]) == []


def test_notebook_shows_text_where_nothing_can_draw(steps, monkeypatch, tmp_path):
    hide_programs(monkeypatch, tmp_path)
    shown = steps._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert shown["text/plain"].startswith(repr(steps))
    assert "pip install graphviz-pure" in shown["text/plain"]
