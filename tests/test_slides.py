"""Slides show what an audience can take in, give nothing away and load nothing from the network."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from build import LONG, NOTEBOOKS, slide_type, sources, without_asserts
from chromium import PATIENCE, NoBrowserError, chromium
from slides import (
    ABOVE,
    PACKAGES,
    PRINTED,
    VENDORED,
    WORDS,
    export,
    has_picture,
    lecture,
    main,
    pieces,
    printed_lines,
    type_of,
    unfolded,
)

STEMS = [source.stem for source in sources()]


@pytest.fixture(params=STEMS)
def stored(request):
    return nbformat.read(NOTEBOOKS / f"{request.param}.ipynb", as_version=4)


# Where a cell stands


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (new_markdown_cell("# 01 · Graphs"), "slide"),
        (new_markdown_cell("## 1 · A graph"), "slide"),
        (new_markdown_cell("Prose."), "subslide"),
        (new_markdown_cell("<details><summary>Hint</summary>\n\nThis.\n\n</details>"), "skip"),
        (new_markdown_cell("It is 3.", metadata={"tags": ["solution"]}), "skip"),
        (new_code_cell("# Solution 1.1\n3", metadata={"tags": ["solution"]}), "skip"),
        (new_code_cell("import nastut as nt\n\nrng = nt.setup(seed=0)"), "skip"),
        (new_code_cell('answer = ...\n\nnt.check("1.1", answer)'), "skip"),
        (new_code_cell("assert 1 == 1\nassert 2 == 2"), "skip"),
        (new_code_cell("import math\n\n\ndef helper():\n    return math.pi"), "skip"),
        (new_code_cell("x = 1\n" * (LONG + 1) + "plt.show()"), "subslide"),
        (new_code_cell("x = 1\n" * LONG + "assert x == 1"), "-"),
        (new_code_cell("nt.draw(cell)"), "-"),
    ],
)
def test_slide_type(cell, kind):
    assert slide_type(cell) == kind


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("x = 1\nassert x == 1\ny = 2", "x = 1\ny = 2"),
        ("for x in y:\n    assert x", "for x in y:\n    assert x"),
        ("assert (\n    1 == 1\n)\nx = 1", "x = 1"),
    ],
)
def test_asserts_are_left_out_where_code_is_left(code, shown):
    assert without_asserts(code) == shown
    ast.parse(shown)


# What is shown


def test_audience_sees_no_solution_no_hint_and_no_assert(stored):
    shown = lecture(stored).cells
    assert shown[0].source.startswith("# ")
    for cell in shown:
        assert "solution" not in cell.metadata.get("tags", ())
        assert "# Solution" not in cell.source
        assert "details>" not in cell.source
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            assert not any(isinstance(statement, ast.Assert) for statement in tree.body)
            hidden = cell.metadata.get("transient", {}).get("remove_source", False)
            most = ABOVE if has_picture(cell) else LONG
            assert hidden == (len(cell.source.splitlines()) > most)
            assert printed_lines(cell) <= PRINTED


def test_prose_is_cut_into_slides_and_nothing_of_it_is_lost(stored):
    for cell in stored.cells:
        if cell.cell_type == "markdown" and type_of(cell) != "skip":
            parts = list(pieces(cell))
            assert "".join("".join(p.source for p in parts).split()) == "".join(
                unfolded(cell.source).split()
            )
            assert type_of(parts[0]) == type_of(cell)
            for piece in parts:
                paragraphs = re.split(r"\n\n(?![ ])", piece.source)
                assert len(piece.source.split()) <= WORDS or len(paragraphs) == 1
                assert type_of(piece) == "slide" or not piece.source.startswith("## ")


def test_question_stays_and_its_answer_goes():
    fold = "<details><summary>{}</summary>\n\nIt is 3.\n\n</details>"
    text = "\n\n".join(["Prose.", fold.format("Hint"), fold.format("1. Why?"), "More."])
    assert unfolded(text) == "Prose.\n\n1. Why?\n\nMore."


def test_every_picture_for_an_audience_is_shown(stored):
    """Long code is left out, but not what it plots."""
    for cell in stored.cells:
        if cell.cell_type == "code" and "plt.show()" in cell.source:
            assert type_of(cell) == "subslide"


@pytest.mark.slow
def test_page_loads_nothing_from_the_network_and_each_picture_has_its_words(stored):
    html = export(stored, "name")
    texts = re.findall(r'<img alt="([^"]*)"', html)
    assert len(texts) == sum(
        has_picture(cell) for cell in lecture(stored).cells if "outputs" in cell
    )
    assert all(len(text) > 20 and not text.startswith("No description") for text in texts)
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="([^"]+)"', html)
    assert all(address.startswith(("vendor/", "data:")) for address in loaded)
    for address in loaded:
        if address.startswith("vendor/"):
            assert address.removeprefix("vendor/") in VENDORED.values()
    assert {address for address in loaded if "mathjax" in address}
    assert not re.search(r"cdn|unpkg|jsdelivr", re.sub(r'"data:[^"]*"', "", html))


WALK = """() => {
  const slides = [];
  for (let last = false; !last; Reveal.next()) {
    last = Reveal.isLastSlide();
    const slide = Reveal.getCurrentSlide();
    const ends = [...slide.querySelectorAll("img")].map((image) => image.getBoundingClientRect());
    slides.push({
      pictures: ends.length,
      right: Math.max(0, ...ends.map((end) => end.right)),
      bottom: Math.max(0, ...ends.map((end) => end.bottom)),
      zoom: Number(slide.style.zoom || 1),
    });
  }
  return slides;
}"""


@pytest.mark.slow
@pytest.mark.skipif(not PACKAGES.is_dir(), reason="run 'npm ci --prefix docs'")
def test_every_picture_fits_on_a_beamer(tmp_path):
    main([str(tmp_path)])
    try:
        with chromium() as browser:
            tab = browser.new_page(viewport={"width": 1280, "height": 720})
            for stem in STEMS:
                tab.goto((tmp_path / f"{stem}.html").as_uri(), timeout=PATIENCE)
                tab.wait_for_function("document.body.dataset.ready === 'yes'", timeout=PATIENCE)
                slides = [slide for slide in tab.evaluate(WALK) if slide["pictures"]]
                assert slides
                for slide in slides:
                    assert slide["right"] <= 1280, (stem, slide)
                    assert slide["bottom"] <= 720, (stem, slide)
                    assert slide["zoom"] >= 0.7, (stem, slide)
    except NoBrowserError as error:
        pytest.skip(str(error))
