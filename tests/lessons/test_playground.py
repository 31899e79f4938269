"""The playground's controls, worked from Python; ``test_playground_in_browser.py`` presses keys."""

import re

import pytest

import nastut as nt
from nastut.cells.sequence import places
from nastut.lessons.playground import lowered


def shown(page):
    """Return what the page says in words, without tags."""
    return re.sub(r"<[^>]+>", "", page.words.value)


def in_step(page):
    """Tell whether every control shows the board's cell."""
    cell = page.board.cell
    return (
        [control.value for control in page.tokens] == cell.sequence
        and page.text.value == str(cell)
        and page.slider.max == len(page.board.steps())
        and page.undo.disabled is (page.board.changes == 0)
        and lowered(page.board.formulas()[-1]) in page.words.value
    )


def test_a_drop_down_changes_formulas_picture_and_text():
    page = nt.playground()
    before = page.picture.value
    assert len(page.tokens) == 10
    page.tokens[1].value = "ReLU"
    assert page.board.cell == nt.Cell.parse(str(nt.zoo.EXAMPLE).replace("Tanh", "ReLU"))
    assert in_step(page)
    assert "a0 = ReLU(W1 xt + W2 ht-1)" in shown(page)
    assert page.picture.value != before
    page.undo.click()
    assert page.board.cell == nt.zoo.EXAMPLE
    assert in_step(page)
    assert page.picture.value == before


@pytest.mark.parametrize(
    ("asked", "base"), [({}, 2), ({"base": 1}, 1), ({"base": 4}, 4), ({"cell": nt.zoo.LSTM}, 8)]
)
def test_any_base_has_its_drop_downs_and_its_names(asked, base):
    page = nt.playground(**asked)
    assert page.board.cell.base == base
    assert in_step(page)
    assert [control.description for control in page.tokens] == [
        str(number) for number in range(1, 4 * base + 3)
    ]
    assert [control.tooltip for control in page.tokens] == [p.meaning for p in places(base)]
    assert sum(len(block.children) - 1 for block in page.blocks.children) == 4 * base + 2


def test_slider_fills_the_picture():
    page = nt.playground()
    assert page.slider.value == page.slider.max == 10
    pictures = []
    for done in range(11):
        page.slider.value = done
        pictures.append(page.picture.value)
        assert f'alt="{done} of 10 steps.' in page.picture.value
        assert page.board.say_step(done) in page.step.value
    assert len(set(pictures)) == 11


def test_slider_stays_where_it_is_when_a_token_changes():
    page = nt.playground()
    page.slider.value = 4
    page.tokens[0].value = "Multiply"
    assert page.slider.value == 4


def test_text_is_read_for_any_base_and_taken_back():
    page = nt.playground()
    page.text.value = str(nt.zoo.MAXCELL)
    assert page.board.cell == nt.zoo.MAXCELL
    assert len(page.tokens) == 34
    assert in_step(page)
    page.undo.click()
    assert page.board.cell == nt.zoo.EXAMPLE
    assert len(page.tokens) == 10
    assert in_step(page)


def test_a_text_that_is_no_cell_is_answered_and_nothing_is_lost():
    page = nt.playground()
    page.text.value = "Add Tan <b>"
    assert page.board.cell == nt.zoo.EXAMPLE
    assert "token 2 is &#x27;Tan&#x27;" in page.complaint.value
    page.text.value = "Add ReLU Multiply ReLU Multiply Sigmoid Add ReLU 1 0"
    assert page.complaint.value == ""
    assert in_step(page)


def test_random_cell_is_the_seed_s():
    one, two = nt.playground(seed=3), nt.playground(seed=3)
    one.random.click()
    two.random.click()
    assert one.board.cell == two.board.cell != nt.zoo.EXAMPLE
    assert in_step(one)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"base": 3}, ValueError, "base is 3; it must be 1, 2, 4, 8"),
        ({"cell": "Add Tanh"}, TypeError, "where a Cell belongs"),
    ],
)
def test_wrong_arguments_are_refused(asked, error, said):
    with pytest.raises(error, match=said):
        nt.playground(**asked)


def test_a_page_without_a_kernel_shows_the_picture_and_says_how_to_play():
    stored = nt.playground()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in stored
    assert stored["text/plain"] == f"<Playground: {nt.zoo.EXAMPLE}>"
    assert stored["text/html"].startswith("<img alt=")
    assert "Run this cell" in stored["text/html"]


def test_nothing_of_a_formula_is_read_as_html():
    said = "a<sub>0</sub> &lt; h<sub>t-1</sub> &amp; W<sub>12</sub> x"
    assert lowered("a_0 < h_{t-1} & W_12 x") == said
