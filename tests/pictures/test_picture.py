"""How a picture is drawn, shown and written, whatever programs are there."""

import re
import shutil
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import hide_programs, texts, write_program

import nastut as nt
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.pictures.picture import REMEDY, DrawingError

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


def test_svg_is_well_formed(any_picture):
    assert ElementTree.fromstring(any_picture.svg()).tag == "{http://www.w3.org/2000/svg}svg"


def test_indices_are_lowered_in_svg(any_picture):
    assert not [text for text in texts(any_picture.svg()) if re.search(r"[_{}\\]", text)]


def test_lowered_index_is_smaller_and_the_line_returns(picture):
    (h,) = (line for line in picture.svg().splitlines() if ">h<" in line and "t</tspan>" in line)
    down, up = map(float, re.findall(r'dy="([-\d.]+)"', h))
    outer, inner = map(float, re.findall(r'font-size="([\d.]+)"', h))
    assert down == -up > 0
    assert inner < outer


def test_indices_are_lowered_in_png(any_picture, monkeypatch, tmp_path):
    """Seen in what the program is given to draw."""
    given = tmp_path / "given.dot"
    write_program(tmp_path, f"exec {shutil.which('cat')} > '{given}'")
    monkeypatch.setenv("PATH", str(tmp_path))
    any_picture.png()
    labels = re.findall(r'label=("[^"]*"|<.*>|\w+)', given.read_text())
    assert labels
    assert not [label for label in labels if "_" in label]


def test_png_is_a_png_of_the_wanted_resolution(picture):
    coarse, fine = picture.png(dpi=96), picture.png(dpi=192)
    assert coarse.startswith(PNG_MAGIC)
    widths = [int.from_bytes(data[16:20]) for data in (coarse, fine)]  # of the header chunk
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


@pytest.mark.filterwarnings("error")
def test_drawing_says_nothing(any_picture, capfd):
    any_picture.svg()
    any_picture.png()
    assert capfd.readouterr() == ("", "")


# Who draws


def test_pip_package_draws_without_graphviz(picture, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert texts(picture.svg()).count("Multiply") == 2
    assert picture.png().startswith(PNG_MAGIC)


def test_dot_is_preferred_where_it_is(picture, monkeypatch, tmp_path):
    write_program(tmp_path, "echo '<svg>by dot</svg>'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert picture.svg() == "<svg>by dot</svg>\n"


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"], ids=["fails", "crashes"])
def test_pip_package_draws_where_dot_does_not(picture, script, monkeypatch, tmp_path):
    write_program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert texts(picture.svg()).count("Multiply") == 2


def test_pip_package_draws_where_dot_cannot_be_started(picture, monkeypatch, tmp_path):
    write_program(tmp_path, "").write_bytes(b"\x00 not a program")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert texts(picture.svg()).count("Multiply") == 2


def test_pip_package_is_found_on_the_path_too(picture, monkeypatch, tmp_path):
    write_program(tmp_path, "echo '<svg>by graphviz-pure</svg>'", name="graphviz-pure")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))
    assert picture.svg() == "<svg>by graphviz-pure</svg>\n"


@pytest.mark.usefixtures("no_program")
@pytest.mark.parametrize("draw", ["svg", "png"])
def test_without_a_program_the_error_names_the_remedy(picture, draw):
    with pytest.raises(DrawingError, match=r"run 'pip install graphviz-pure' or install Graphviz"):
        getattr(picture, draw)()


def test_error_says_what_each_program_said(picture, no_program, monkeypatch, tmp_path):
    dot = write_program(tmp_path, "echo 'no layout engine' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match=re.escape(f"{dot}: no layout engine")):
        picture.svg()


# In a notebook


def test_notebook_shows_the_picture_and_its_caption(picture):
    shown = picture._repr_mimebundle_()
    assert shown["image/svg+xml"] == picture.svg()
    assert shown["text/plain"] == f"<Picture: computation graph of {nt.zoo.EXAMPLE}>"


@pytest.mark.usefixtures("no_program")
def test_notebook_shows_text_where_nothing_can_draw(picture):
    shown = picture._repr_mimebundle_(include=None, exclude=None)
    assert list(shown) == ["text/plain"]
    assert REMEDY in shown["text/plain"]
    assert picture.dot.source in shown["text/plain"]


def test_cell_is_shown_as_its_picture(picture):
    shown = nt.zoo.EXAMPLE._repr_mimebundle_()
    assert shown["image/svg+xml"] == picture.svg()


# Files


@pytest.mark.parametrize("name", ["a.svg", "a.SVG", "a.png"])
def test_saved_file_holds_the_picture(picture, name, tmp_path):
    path = picture.save(str(tmp_path / name))
    assert path == tmp_path / name
    drawn = picture.png() if name == "a.png" else picture.svg().encode()
    assert path.read_bytes() == drawn
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.pdf", "a", "svg"])
def test_other_suffixes_are_refused(picture, name, tmp_path):
    with pytest.raises(ValueError, match=rf"{name} ends in '.*'; pictures are \.svg or \.png"):
        picture.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_named(picture, tmp_path):
    folder = tmp_path / "none"
    with pytest.raises(OSError, match=re.escape(f"there is no folder {folder}")):
        picture.save(folder / "a.svg")


def test_failed_drawing_leaves_the_old_file(picture, no_program, tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("old")
    with pytest.raises(DrawingError):
        picture.save(path)
    assert path.read_text() == "old"
