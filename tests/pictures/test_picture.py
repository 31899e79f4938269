"""How a picture is drawn, shown and written, whatever programs are there."""

import re
import shutil
import sys
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import graphviz
import numpy as np
import pytest

import nastut as nt
from drawn import boxes, hide_programs, texts, write_program
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.pictures.picture import (
    PIXELS_IN_A_POINT,
    REMEDY,
    TALLEST,
    WIDEST,
    DrawingError,
    Grid,
    fit,
    mimebundle,
    renderers,
    size,
)

BY_HAND = '<svg width="9pt" height="9pt">by hand</svg>'
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def pictures():
    """Pictures of every kind and base."""
    rng = np.random.default_rng(0)
    for base in (1, 2, 4, 8):
        cell = nt.Space(base, tuple(COMBINATIONS), tuple(ACTIVATIONS)).sample(rng)
        yield f"cell of base {base}", nt.draw(cell)
        yield f"folded cell of base {base}", nt.draw(cell, fold=True)
        yield f"tree of base {base}", nt.draw_tree(base)
        yield f"sequence of base {base}", nt.draw_sequence(cell)
        yield f"first step of base {base}", nt.draw_steps(cell)[0]
    yield "folded lstm", nt.draw(nt.zoo.LSTM, fold=True)


KINDS = dict(pictures())


@pytest.fixture(params=KINDS)
def any_picture(request):
    return KINDS[request.param]


@pytest.fixture
def picture():
    return nt.draw(nt.zoo.EXAMPLE)


@pytest.fixture
def no_program(monkeypatch, tmp_path):
    hide_programs(monkeypatch, tmp_path)


# What is drawn


def test_indices_are_lowered_in_svg_and_what_is_the_same_everywhere_is_said_once(any_picture):
    assert not [text for text in texts(any_picture.svg()) if re.search(r"[_{}\\]", text)]
    svg = any_picture.drawn()
    assert svg.count("font-family=") == 1
    assert svg.count('text-anchor="middle"') == 1


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ('say "x_1" & <go>', ['say "x1" & <go>']),
        (r"it's a_{t-1}\nand b_2", ["it's at-1", "and b2"]),
        (r"a \\n b_2", [r"a \n b2"]),
        ("a &amp; b_2", ["a & b2"]),
    ],
)
def test_a_graph_of_one_s_own_may_say_and_have_anything(label, lines):
    dot = graphviz.Digraph()
    dot.node("a", label, tooltip='it\'s "x_1"', URL="https://example.org/?a=1&b=2")
    dot.node("b", style="filled", fillcolor="red:blue")
    dot.edge("a", "b", tooltip="<tip>")
    picture = nt.Picture(dot, "two vertices")
    assert picture.png().startswith(PNG_MAGIC)
    for shown in (picture, Grid([picture, picture], ["one", "two"])):
        html = shown._repr_mimebundle_()["text/html"]
        within = unquote(re.search(r'src="data:image/svg\+xml,([^"]*)"', html)[1])
        for svg in (shown.svg(), within):
            assert texts(svg)[-1 - len(lines) :] == [*lines, "b"]
            (used,) = set(re.findall(r"url\(#(\w+)\)", svg))
            assert ElementTree.fromstring(svg).findall(f".//*[@id='{used}']")


def test_png_has_192_pixels_in_an_inch_of_72_points(picture):
    data = picture.png()
    assert data.startswith(PNG_MAGIC)
    width = int.from_bytes(data[16:20])  # of the header chunk
    assert width == pytest.approx(size(picture.drawn())[0] * 192 / 72, rel=0.02)


@pytest.mark.filterwarnings("error")
def test_drawing_says_nothing(any_picture, capfd):
    any_picture.svg()
    any_picture.png()
    assert capfd.readouterr() == ("", "")


def test_png_shows_the_letters_of_the_svg(any_picture, monkeypatch, tmp_path):
    said = Counter(texts(any_picture.svg()))
    source = tmp_path / "source.dot"
    write_program(tmp_path, f"exec {shutil.which('cat')} > '{source}'")
    monkeypatch.setenv("PATH", str(tmp_path))
    any_picture.png()
    labels = re.findall(r"label=(.*?)(?: \w+=|\]\n)", re.sub("<FONT[^>]*>", "", source.read_text()))
    lines = Counter(
        re.sub('</FONT>|^[<"]|[>"]$', "", line)
        for label in labels
        for line in re.split(r"<BR/>|\\n", label)
    )
    assert not [line for line in lines if "_" in line]
    assert lines - Counter({"": lines[""]}) <= said
    # A vertex without a label shows its name, and none of these has an index.
    assert all(name in any_picture.dot.source for name in said - lines)


# Who draws


def test_pip_package_draws_without_graphviz(picture, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert texts(picture.svg()).count("Multiply") == 2
    assert picture.png().startswith(PNG_MAGIC)


def test_dot_is_preferred_where_it_is(picture, monkeypatch, tmp_path):
    write_program(tmp_path, f"echo '{BY_HAND}'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert picture.svg() == BY_HAND + "\n"


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"], ids=["fails", "crashes"])
def test_pip_package_draws_where_dot_does_not(picture, script, monkeypatch, tmp_path):
    dot = write_program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        assert texts(picture.svg()).count("Multiply") == 2
        dot.write_bytes(b"\x00 not a program")


def test_programs_are_told_in_the_order_in_which_they_are_asked(monkeypatch, tmp_path):
    folders = [tmp_path / name for name in ("scripts", "path")]
    for folder in folders:
        folder.mkdir()
    beside = write_program(folders[0], "", name="graphviz-pure")
    elsewhere = write_program(folders[1], "", name="graphviz-pure")
    monkeypatch.setenv("PATH", str(folders[1]))
    monkeypatch.setattr(sys, "executable", str(folders[0] / "python"))
    assert renderers() == [str(beside)]
    dot = write_program(folders[1], "")
    assert renderers() == [str(dot), str(beside)]
    beside.unlink()
    assert renderers() == [str(dot), str(elsewhere)]


@pytest.mark.usefixtures("no_program")
def test_without_a_program_the_error_names_the_remedy(picture):
    with pytest.raises(DrawingError, match=r"run 'pip install graphviz-pure' or install Graphviz"):
        picture.png()


def test_error_says_what_each_program_said(picture, no_program, monkeypatch, tmp_path):
    dot = write_program(tmp_path, "echo 'no layout engine' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match=re.escape(f"{dot}: no layout engine")):
        picture.svg()


# How large it is


def blank(width, height):
    return f'<svg width="{width}pt" height="{height}pt"/>'


@pytest.mark.parametrize(
    ("drawn", "shown"),
    [
        ((630, 390), (630, 390)),
        ((1260, 100), (630, 50)),
        ((100, 780), (50, 390)),
        ((2, 3), (2, 3)),
    ],
)
def test_a_column_is_840_pixels_wide_and_a_page_520_high(drawn, shown):
    assert fit(blank(*drawn)) == blank(*shown)
    width, height = shown
    html = mimebundle("picture", blank(*shown), "alt")["text/html"]
    assert f'width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}"' in html


def test_no_picture_is_wider_than_a_column_or_taller_than_a_page(any_picture):
    width, height = size(any_picture.svg())
    assert width <= WIDEST
    assert height <= TALLEST


@pytest.mark.parametrize(("pixels", "direction"), [(40, "up"), (4000, "right")])
def test_width_is_the_one_asked_for(pixels, direction):
    picture = nt.draw(nt.zoo.LSTM, direction=direction, width=pixels)
    (width, height), (wide, tall) = size(picture.svg()), size(picture.drawn())
    assert width * PIXELS_IN_A_POINT == pytest.approx(pixels, abs=1)
    assert height / width == pytest.approx(tall / wide, rel=0.03)
    assert images(picture)[0]["width"] == str(pixels)


def test_an_output_that_is_no_picture_is_an_error(picture, monkeypatch, tmp_path):
    write_program(tmp_path, "echo Hello")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match=r"no width and height in what was drawn: 'Hello\\n'"):
        picture.svg()


# In a notebook


def images(shown):
    """Return the attributes of each image that a page shows."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert tag == "img"
            found.append(dict(attrs))

    Reader().feed(shown._repr_mimebundle_()["text/html"])
    return found


def test_page_shows_the_picture_and_reads_its_words(any_picture):
    """As an image, not as SVG: this is shown in a notebook that is not trusted, too."""
    (image,) = images(any_picture)
    kind, _, data = image["src"].partition(",")
    svg = unquote(data)
    assert kind == "data:image/svg+xml"
    assert texts(svg) == texts(any_picture.svg())
    assert boxes(svg) == boxes(any_picture.svg())
    assert image["alt"] == any_picture.alt


def test_words_are_escaped():
    picture = nt.Picture(graphviz.Digraph(), "caption", "a < \"b\" & 'c'")
    assert images(picture)[0]["alt"] == "a < \"b\" & 'c'"


def test_notebook_shows_the_picture_or_text_where_nothing_can_draw(picture, monkeypatch, tmp_path):
    shown = picture._repr_mimebundle_()
    assert shown["image/svg+xml"] == picture.svg()
    assert shown["text/plain"] == f"<Picture: computation graph of {nt.zoo.EXAMPLE}>"
    hide_programs(monkeypatch, tmp_path)
    for thing in (nt.draw_side_by_side(nt.zoo.EXAMPLE), picture):
        shown = thing._repr_mimebundle_(include=None, exclude=None)
        assert list(shown) == ["text/plain"]
        assert REMEDY in shown["text/plain"]
    assert picture.dot.source in shown["text/plain"]


# Files


@pytest.mark.parametrize("name", ["a.SVG", "a.png"])
def test_saved_file_holds_the_picture(picture, name, tmp_path):
    path = picture.save(str(tmp_path / name))
    drawn = picture.png() if name == "a.png" else picture.svg().encode()
    assert path.read_bytes() == drawn
    assert list(tmp_path.iterdir()) == [path]


def test_other_suffixes_are_refused(picture, tmp_path):
    with pytest.raises(ValueError, match=r"a\.pdf ends in '\.pdf'; pictures are \.svg or \.png"):
        picture.save(tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_failed_drawing_leaves_the_old_file(picture, no_program, tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("old")
    with pytest.raises(DrawingError):
        picture.save(path)
    assert path.read_text() == "old"
