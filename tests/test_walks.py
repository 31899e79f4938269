"""The prepared walks of the site, stepped through by keyboard in a browser without Python."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import browsers
import nastut as nt
import walks
from nastut.lessons.playground import Board

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parent.parent / "docs"
CELLS = {"example": nt.zoo.EXAMPLE, "<LSTM & more>": nt.zoo.LSTM}
PHONE = {"width": 360, "height": 640}
FRAME = '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" '
FRAME += 'content="width=device-width"></head><body>{}</body></html>'


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return where a page lies that holds nothing but walks."""
    folder = tmp_path_factory.mktemp("walks")
    (folder / "_static").mkdir()
    for name in ("walks.js", "walks.css"):
        shutil.copyfile(DOCS / name, folder / "_static" / name)
    page = folder / "page.html"
    page.write_text(FRAME.format(walks.fragment(CELLS)), encoding="utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def browser():
    with browsers.browser() as started:
        yield started


@pytest.fixture
def tab(browser, address):
    asked = []
    tab = browser.new_page(viewport=browsers.SIZE)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(address)
    yield tab
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    tab.close()


def numbers(tab):
    """Return the numbers in the picture that are not hidden, and how many vertices are marked.

    A vertex is marked if it has its mark and can be seen, as no box has scrolled it away.
    """
    return tab.evaluate(
        """() => {
            const walk = document.querySelector(".walk:not([hidden])");
            const texts = [...walk.querySelectorAll("[class*=step-] text:last-of-type")];
            const seen = texts.filter(text => getComputedStyle(text).visibility === "visible");
            const box = walk.querySelector(".graph").getBoundingClientRect();
            const now = [...walk.querySelectorAll(".now")].filter(vertex => {
                const at = vertex.getBoundingClientRect();
                return at.left >= box.left && at.right <= box.right &&
                    at.top >= box.top && at.bottom <= box.bottom && box.bottom <= innerHeight;
            });
            return [seen.map(text => text.textContent), now.length];
        }"""
    )


@pytest.mark.parametrize("which", range(len(CELLS)))
def test_keys_step_through_the_walk(tab, which):
    cell = list(CELLS.values())[which]
    board = Board(cell, np.random.default_rng(0))
    tab.locator("select").focus()
    for _ in range(which):
        tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Tab")
    steps = board.steps()
    for done in range(len(steps) + 1):
        assert tab.inner_text(".said") == board.say_step(done)
        shown, marked = numbers(tab)
        assert sorted(shown) == sorted(
            f"{value:z.2f}" for value in [-0.25, *(step.value for step in steps[:done])]
        )
        assert marked == (done > 0)
        tab.keyboard.press("ArrowRight")
    assert tab.inner_text(".said") == board.say_step(len(steps))


def test_buttons_go_on_and_back_and_end_at_the_ends(tab):
    back, on = tab.get_by_role("button", name="Back"), tab.get_by_role("button", name="Next step")
    assert back.is_disabled()
    on.press("Enter")
    on.press("Enter")
    assert tab.inner_text(".said").startswith("2 of 10.")
    back.press("Enter")
    assert tab.inner_text(".said").startswith("1 of 10.")
    tab.locator("input").press("End")
    assert on.is_disabled()
    assert tab.inner_text(".said").startswith("10 of 10.")


def test_another_cell_begins_at_its_start_and_what_is_to_come_has_no_colour(tab):
    tab.locator("input").press("End")
    tab.locator("select").select_option(index=1)
    assert tab.inner_text(".said") == "No step yet."
    assert tab.inner_text(".walk:not([hidden]) code") == str(nt.zoo.LSTM)
    colours = """() => [...document.querySelectorAll(".walk:not([hidden]) .step-1 polygon")]
        .map(shape => getComputedStyle(shape).fill)"""
    assert tab.evaluate(colours) == ["rgb(255, 255, 255)"]
    tab.locator("input").press("ArrowRight")
    assert tab.evaluate(colours) == ["rgb(169, 211, 240)"]


def test_a_phone_is_wide_enough(tab):
    tab.set_viewport_size(PHONE)
    for which in range(len(CELLS)):
        tab.locator("select").select_option(index=which)
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
