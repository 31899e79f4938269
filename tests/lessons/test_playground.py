"""The playground's controls, worked from Python; ``test_playground_in_browser.py`` presses keys."""

import re

import numpy as np
import pytest

import nastut as nt
from nastut.cells.sequence import places
from nastut.lessons.playground import LONG, Board, lowered
from nastut.symbolic.symbols import to_text


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


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="base is 3; it must be 1, 2, 4, 8"):
        nt.playground(base=3)
    with pytest.raises(TypeError, match="where a Cell belongs"):
        nt.playground("Add Tanh")


def test_a_page_without_a_kernel_shows_the_picture_and_says_how_to_play():
    stored = nt.playground()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in stored
    assert stored["text/plain"] == f"<Playground: {nt.zoo.EXAMPLE}>"
    assert stored["text/html"].startswith("<img alt=")
    assert "Run this cell" in stored["text/html"]


def test_nothing_of_a_formula_is_read_as_html():
    said = "a<sub>0</sub> &lt; h<sub>t-1</sub> &amp; W<sub>12</sub> x"
    assert lowered("a_0 < h_{t-1} & W_12 x") == said


# The board: the playground without its controls

KEEPER = nt.Cell.parse("Add Tanh  Add Sigmoid  Multiply Tanh  Add Identity  2 0")


def board(cell=nt.zoo.EXAMPLE, seed=0):
    return Board(cell, np.random.default_rng(seed))


def test_undo_goes_all_the_way_back_and_no_further():
    changed = board()
    for place, token in [(2, "ReLU"), (9, 2), (2, "Sigmoid"), (2, "Sigmoid")]:
        changed.put_token(place, token)
    changed.put_random()
    changed.put(nt.zoo.LSTM)
    assert changed.changes == 5  # what changed nothing is no change
    walked = [changed.cell]
    while changed.changes:
        changed.undo()
        walked.append(changed.cell)
    changed.undo()
    assert walked[0] == nt.zoo.LSTM
    assert str(walked[-2]) == str(nt.zoo.EXAMPLE).replace("Tanh", "ReLU")
    assert walked[-1] == changed.cell == nt.zoo.EXAMPLE


def test_random_cells_are_those_of_the_seed_and_of_the_space():
    one, two, other = board(), board(), board(seed=1)
    for changed in (one, two, other):
        for _ in range(5):
            changed.put_random()
            assert changed.cell in nt.Space()
    assert one.cell == two.cell != other.cell


def test_operations_of_the_control_experiment_stay_once_they_were_needed():
    changed = board()
    assert changed.space == nt.Space()
    changed.put(nt.zoo.MAXCELL)
    assert "Max" in changed.space.tokens[0]
    for place in (1, 3, 15):
        changed.put_token(place, "Add")
    assert "Max" in changed.space.tokens[0]


def test_a_wrong_token_is_refused_and_nothing_changes():
    changed = board()
    with pytest.raises(nt.SequenceError, match="token 2 is 'Add'"):
        changed.put_token(2, "Add")
    assert (changed.cell, changed.changes) == (nt.zoo.EXAMPLE, 0)


@pytest.mark.parametrize("base", [1, 2, 4, 8])
def test_walk_ends_where_evaluate_does(base):
    cell = nt.Space(base).sample(np.random.default_rng(base))
    steps = board(cell).steps()
    x_parts, h_parts = zip(*board(cell)._parts(), strict=True)
    h, c = nt.evaluate(cell, x_parts, h_parts, -0.25)
    assert steps[-1].value == h
    assert [step.value for step in steps if step.stage == "create"] == [c]
    assert board(cell).say_step(len(steps)).endswith(f"{h:z.2f} is the new h.")
    assert board(cell).say_step(0) == "No step yet."


def test_numbers_are_those_that_notebook_00_computes_by_hand():
    inputs = "W_1 x_t = 0.50, W_2 h_{t-1} = 0.50, W_3 x_t = 2.00, W_4 h_{t-1} = 0.25"
    assert board().facts()["numbers that go in"] == f"{inputs}, c_{{t-1}} = -0.25"


def test_memory_path():
    assert board().facts()["memory path"] == "none: c_t does not depend on c_{t-1}"
    derivative = "∂c_t/∂c_{t-1} = sigmoid(W_3 x_t + W_4 h_{t-1})"
    assert board(KEEPER).facts()["memory path"] == f"from node 0 to node 2; {derivative}"


def test_a_derivative_is_written_out_as_long_as_it_is_read():
    cells = [nt.Space(base).sample(np.random.default_rng(s)) for base in (2, 4) for s in range(20)]
    lengths = set()
    for cell in (cell for cell in cells if cell.has_memory):
        derivative = to_text(nt.formulas(cell).memory_path)
        said = board(cell).facts()["memory path"]
        assert said.endswith(derivative) == (len(derivative) <= LONG)
        assert f"has {len(derivative)} letters" in said or len(derivative) <= LONG
        lengths.add(len(derivative) <= LONG)
    assert lengths == {True, False}
