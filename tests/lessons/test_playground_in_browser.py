"""The playground in JupyterLab, driven by keyboard as a reader would."""

import pytest

import nastut as nt
from browsers import SIZE, browser, lab

pytestmark = pytest.mark.slow

PLAY = "import nastut as nt\nnt.playground()"
FORMULAS, STEP = ".nastut-formulas", ".nastut-step"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return a page of JupyterLab on which a playground has just been shown."""
    folder = tmp_path_factory.mktemp("lab")
    with browser() as chromium, lab(folder, PLAY) as address:
        page = chromium.new_page(viewport=SIZE)
        page.set_default_timeout(90_000)
        page.goto(address)
        page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        page.click(".jp-Cell .cm-content")
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(FORMULAS)
        yield page


def says(page, place, text):
    """Wait until a place on the page says a text, in letters without regard to indices."""
    page.wait_for_function(
        "([place, text]) => document.querySelector(place).innerText.includes(text)",
        arg=[place, text],
    )


def test_keys_change_a_token_and_take_it_back(page):
    says(page, FORMULAS, "a0 = tanh(W1 xt + W2 ht-1)")
    page.get_by_label("2", exact=True).focus()
    page.keyboard.press("ArrowDown")
    says(page, FORMULAS, "a0 = sigmoid(W1 xt + W2 ht-1)")
    for _ in range(9):  # from place 2 to place 10, and on to the button
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    says(page, FORMULAS, "a0 = tanh(W1 xt + W2 ht-1)")


def test_keys_walk_through_the_steps(page):
    says(page, STEP, "10 of 10. Node 2: 0.56 is the new h.")
    page.get_by_role("slider", name="steps").focus()
    page.keyboard.press("Home")
    says(page, STEP, "No step yet.")
    page.keyboard.press("ArrowRight")
    says(page, STEP, "1 of 10. Node 0: Add 0.50 and 0.50, which is 1.00.")
    assert page.locator('img[alt^="1 of 10 steps."]').count() == 1


def test_sequence_is_typed_as_text(page):
    page.get_by_label("as text").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(str(nt.zoo.EXAMPLE).replace("Tanh", "Sin"))
    page.keyboard.press("Enter")
    says(page, FORMULAS, "a0 = sin(W1 xt + W2 ht-1)")


def test_all_of_base_2_is_on_one_page(page):
    for place in ('img[alt*=" of 10 steps."]', "text=numbers that go in"):
        box = page.locator(place).bounding_box()
        assert box["y"] + box["height"] <= SIZE["height"]
        assert box["x"] + box["width"] <= SIZE["width"]
