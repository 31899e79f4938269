"""The sheet: one page, in a browser without a network; what it says is computed."""

import re

import nbformat
import pytest

import browsers
from build import NOTEBOOKS
from sheet import page, pdf

NOTEBOOK = nbformat.read(NOTEBOOKS / "sheet.ipynb", as_version=4)


def pages(content):
    """Return the number of pages of a PDF that Chromium has printed."""
    return len(re.findall(rb"/Type\s*/Page\b", content))


@pytest.fixture(scope="module")
def html():
    return page(NOTEBOOK)


@pytest.fixture(scope="module")
def browser():
    with browsers.browser() as started:
        yield started


@pytest.mark.slow
def test_the_sheet_is_one_page_and_tagged(html, browser):
    content = pdf(html, browser)
    assert pages(content) == 1
    assert {b"/StructTreeRoot", b"/Lang", b"/Outlines"} <= set(re.findall(rb"/\w+", content))
    longer = html.replace("</body>", f"{'<p>more</p>' * 200}</body>")
    assert pages(pdf(longer, browser)) > 1


@pytest.mark.slow
def test_nothing_is_loaded(html, browser):
    assert set(re.findall(r'(?:src|href)="([^:#"]+)', html)) <= {"data"}
    assert "<script" not in html
    asked = []
    tab = browser.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.set_content(html)
    assert [address for address in asked if not address.startswith("data:")] == []


@pytest.mark.slow
def test_nothing_sticks_out_of_the_page(html, browser):
    width = round((210 - 2 * 12) / 25.4 * 96)  # A4 without its margins, in pixels of CSS
    tab = browser.new_page(viewport={"width": width, "height": 1000})
    tab.set_content(html)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_sheet_has_what_it_promises(html):
    headings = re.findall(r"<h2[^>]*>([^<]+)", html)
    assert headings == [
        "The tokens", "In a node", "Memory", "Counts", "A network that writes cells", "Searches",
        "The loop, and beyond a laptop", "Parent and children", "The API in ten lines",
    ]  # fmt: skip
    (api,) = [cell for cell in NOTEBOOK.cells if cell.metadata.get("tags") == ["wide"]
              and cell.cell_type == "code"]  # fmt: skip
    assert len(api.source.splitlines()) == 10
    for number in ("36,864", "63,331,869,759,897,600", "18,688", "2 of   9", "34 of 225"):
        assert number in html
        assert not any(number in cell.source for cell in NOTEBOOK.cells)


def test_code_is_shown_where_it_is_the_subject(html):
    text = re.sub(r"<[^>]+>", "", html)
    assert "nt.Controller(space)" in text
    assert "ancestors(" not in text
