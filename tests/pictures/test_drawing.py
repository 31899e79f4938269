"""What is in the pictures, and that it can be read."""

import re
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

import nastut as nt
from drawn import SVG, boxes, overlaps, texts, width
from nastut.cells.cell import children
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.pictures.drawing import block_names
from nastut.pictures.graph import graph
from nastut.pictures.style import MEMORY

BASES = [1, 2, 4, 8]


def random_cells(base, number):
    rng = np.random.default_rng(base)
    space = nt.Space(base, tuple(COMBINATIONS), tuple(ACTIVATIONS))
    return [space.sample(rng) for _ in range(number)]


def words(labels):
    """Count the operations among what a picture says."""
    return Counter(label for label in labels if label in {*COMBINATIONS, *ACTIVATIONS})


# The computation graph


@pytest.mark.parametrize("base", BASES)
def test_every_operation_of_the_cell_is_drawn(base):
    for cell in random_cells(base, 3):
        assert words(texts(nt.draw(cell).svg())) == Counter(cell.sequence[:-2])


@pytest.mark.parametrize("base", BASES)
def test_folded_picture_shows_the_folded_graph(base):
    for cell in random_cells(base, 3):
        left = [v.label for v in graph(cell, fold=True).vertices.values()]
        assert words(texts(nt.draw(cell, fold=True).svg())) == words(left)


@pytest.mark.parametrize("fold", [False, True])
def test_every_vertex_is_drawn_under_its_key(fold):
    assert set(boxes(nt.draw(nt.zoo.LSTM, fold).svg())) == set(graph(nt.zoo.LSTM, fold).vertices)


def test_states_and_letters_are_those_of_the_article():
    said = texts(nt.draw(nt.zoo.EXAMPLE).svg())
    assert {"xt", "ht-1", "ct-1", "ht", "ct"} <= set(said)  # the indices are lowered
    assert {"W1, W2", "W3, W4", "a0", "a0'", "a1", "a2"} <= set(said)


def test_inputs_are_at_the_bottom_and_outputs_at_the_top():
    drawn = boxes(nt.draw(nt.zoo.NASCELL).svg())
    middle = {key: (top + bottom) / 2 for key, (_, top, _, bottom) in drawn.items()}
    states = {key: middle.pop(key) for key in ("x_t", "h_{t-1}", "c_{t-1}", "h_t", "c_t")}
    assert min(states[key] for key in ("x_t", "h_{t-1}", "c_{t-1}")) > max(middle.values())
    assert max(states[key] for key in ("h_t", "c_t")) < min(middle.values())


@pytest.mark.parametrize("cell", [nt.zoo.LSTM, nt.zoo.EXAMPLE], ids=["lstm", "example"])
def test_way_of_the_memory_is_thick(cell):
    svg = nt.draw(cell).svg()
    assert svg.count(f'<path fill="none" stroke="{MEMORY}" stroke-width="3"') == len(
        graph(cell).memory_edges()
    )


@pytest.mark.parametrize(
    "cell",
    [nt.zoo.NASCELL, nt.zoo.LSTM, nt.zoo.MAXCELL, *random_cells(8, 10)],
    ids=["nascell", "lstm", "maxcell", *range(10)],
)
def test_large_picture_can_be_read(cell):
    svg = nt.draw(cell).svg()
    assert len(boxes(svg)) == 5 + 2 * 15 + 2
    assert overlaps(svg) == []
    assert width(svg) <= 1200


@pytest.mark.parametrize("cell", [nt.zoo.LSTM, nt.zoo.EXAMPLE], ids=["lstm", "example"])
def test_picture_to_the_right_shows_the_same_from_left_to_right(cell):
    up, right = nt.draw(cell), nt.draw(cell, direction="right")
    assert Counter(texts(up.svg())) == Counter(texts(right.svg()))
    assert up.alt == right.alt
    drawn = boxes(right.svg())
    assert overlaps(right.svg()) == []
    states = {key: drawn.pop(key) for key in ("x_t", "h_{t-1}", "c_{t-1}", "h_t", "c_t")}
    assert max(states[key][2] for key in ("x_t", "h_{t-1}", "c_{t-1}")) < min(
        left for left, *_ in drawn.values()
    )
    assert min(states[key][0] for key in ("h_t", "c_t")) > max(box[2] for box in drawn.values())


def test_direction_is_up_or_right():
    with pytest.raises(ValueError, match="direction is 'left'; it must be one of up, right"):
        nt.draw(nt.zoo.EXAMPLE, direction="left")


# Side by side


@pytest.mark.parametrize("fold", [False, True])
def test_cells_side_by_side_are_those_drawn_alone(fold):
    cells = nt.zoo.LSTM, nt.zoo.EXAMPLE
    both = nt.draw_side_by_side(*cells, titles=["one", "other"], fold=fold)
    assert both.titles == ("one", "other")
    assert [picture.dot.source for picture in both] == [
        nt.draw(cell, fold).dot.source for cell in cells
    ]


def test_titles_may_be_left_out():
    assert nt.draw_side_by_side(nt.zoo.LSTM, nt.zoo.EXAMPLE).titles == ("", "")


def test_each_cell_has_its_title():
    with pytest.raises(ValueError, match="2 pictures need as many titles, not 1"):
        nt.draw_side_by_side(nt.zoo.LSTM, nt.zoo.EXAMPLE, titles=["one"])


# In words


@pytest.mark.parametrize("base", BASES)
def test_tree_in_words_joins_every_pair_once(base):
    alt = nt.draw_tree(base).alt
    joined = re.findall(r"node (\d+) joins (\d+) and (\d+)", alt)
    assert [tuple(map(int, row)) for row in joined] == [
        (base + i, 2 * i, 2 * i + 1) for i in range(base - 1)
    ]


@pytest.mark.parametrize("base", BASES)
def test_sequence_in_words_names_every_block(base):
    (cell,) = random_cells(base, 1)
    alt = nt.draw_sequence(cell).alt
    for k, node in enumerate(cell.nodes):
        assert f"tree index {k}, {node}" in alt
    assert f"cell inject, {cell.inject}" in alt
    assert f"create {cell.create_index}, inject {cell.inject_index}" in alt


# The tree


@pytest.mark.parametrize("base", BASES)
def test_tree_shows_every_node_and_every_matrix(base):
    said = texts(nt.draw_tree(base).svg())
    leaves = [text for i in range(base) for text in (f"W{2 * i + 1} xt", f"W{2 * i + 2} ht-1")]
    assert Counter(said) == Counter([*map(str, range(2 * base - 1)), *leaves, "ht"])


@pytest.mark.parametrize("base", BASES)
def test_tree_has_an_edge_for_every_child_every_leaf_and_h(base):
    source = nt.draw_tree(base).dot.source
    edges = re.findall(r'\t"?(leaf \d+|\d+)"? -> (\w+)', source)
    inner = [(str(c), str(k)) for k in range(2 * base - 1) for c in children(k, base)]
    leaves = [(f"leaf {i}", str(i)) for i in range(base)]
    assert Counter(edges) == Counter([*inner, *leaves, (str(2 * base - 2), "h_t")])


def test_tree_says_how_large_it_is():
    picture = nt.draw_tree(4)
    assert picture.caption == "tree of base 4, nodes 0 to 6"
    assert picture.alt.startswith("Tree of base 4. Each leaf, 0 to 3, has a matrix for x and one")
    assert picture.alt.endswith("node 6 joins 4 and 5. The root gives the new h.")


def test_tree_stands_on_its_leaves_from_left_to_right():
    drawn = boxes(nt.draw_tree(8).svg())
    lefts = [drawn[str(k)][0] for k in range(8)]
    bottoms = [drawn[str(k)][3] for k in (0, 8, 12, 14)]
    assert lefts == sorted(lefts)
    assert bottoms == sorted(bottoms, reverse=True)


@pytest.mark.parametrize("base", [3, 0, True, "2", None])
def test_tree_needs_a_power_of_two(base):
    with pytest.raises(ValueError, match=rf"base is {base!r}; it must be 1, 2, 4, 8"):
        nt.draw_tree(base)


# The sequence


@pytest.mark.parametrize("base", BASES)
def test_sequence_shows_every_token_and_every_place(base):
    (cell,) = random_cells(base, 1)
    titles = [f"tree index {k}" for k in range(2 * base - 1)] + ["cell inject", "cell indices"]
    places = range(1, 4 * base + 3)
    said = Counter(texts(nt.draw_sequence(cell).svg()))
    assert said == Counter([*titles, *map(str, cell.sequence), *map(str, places)])


def test_tokens_are_in_reading_order():
    svg = nt.draw_sequence(nt.zoo.NASCELL).svg()
    corners = [boxes(svg)[f"token {place}"][:2] for place in range(1, 35)]
    assert corners == sorted(corners, key=lambda corner: (corner[1], corner[0]))
    assert overlaps(svg) == []


def centres(svg):
    """Return where the text of every vertex stands, by the vertex's name."""
    return {
        group.findtext(f"{SVG}title"): tuple(float(text.get(key)) for key in "xy")
        for group in ElementTree.fromstring(svg).iter(f"{SVG}g")
        if (text := group.find(f"{SVG}text")) is not None
    }


def test_blocks_of_two_tokens_stand_five_in_a_row_under_their_titles():
    svg = nt.draw_sequence(nt.zoo.NASCELL).drawn()
    drawn, said = boxes(svg), centres(svg)
    tokens = [drawn[f"token {place}"] for place in range(1, 35)]
    wide, tall = tokens[0][2] - tokens[0][0], tokens[0][3] - tokens[0][1]
    blocks = list(zip(tokens[::2], tokens[1::2], block_names(nt.zoo.NASCELL), strict=True))
    for number, (left, right, title) in enumerate(blocks):
        assert left[2] == pytest.approx(right[0], abs=0.2)  # the two touch
        assert left[1] == right[1]
        x, y = said[title]
        assert x == pytest.approx(left[2], abs=0.2)
        assert left[1] - 2 * tall < y < left[1] - tall / 2
        for token, place in ((left, 2 * number + 1), (right, 2 * number + 2)):
            x_place, y_place = said[f"place {place}"]
            assert x_place == pytest.approx((token[0] + token[2]) / 2, abs=0.2)
            assert y + 10 <= y_place <= token[1]  # below the title, above the token
        if number % 5:
            before = blocks[number - 1][1]
            assert before[1] == left[1]
            assert 0 < left[0] - before[2] < wide / 2
        elif number:
            above = blocks[number - 5][0]
            assert above[0] == left[0]
            assert tall < left[1] - above[3] < 2 * tall


# Step by step


@pytest.mark.parametrize("base", BASES)
def test_step_shows_the_words_of_its_block_and_of_those_before(base):
    (cell,) = random_cells(base, 1)
    tokens = [*cell.sequence[:-2], "", ""]
    for i, picture in enumerate(nt.draw_steps(cell)):
        assert words(texts(picture.svg())) == words(tokens[: 2 * i + 2])


def test_letters_are_hidden_with_the_words():
    said = texts(nt.draw_steps(nt.zoo.EXAMPLE)[0].svg())
    assert {"W1, W2", "a0"} <= set(said)
    assert not {"W3, W4", "a0'", "a1", "a2"} & set(said)


def test_memory_comes_last():
    *earlier, last = (picture.svg() for picture in nt.draw_steps(nt.zoo.LSTM))
    assert MEMORY in last
    assert not [svg for svg in earlier if MEMORY in svg]


def test_new_vertices_have_a_thick_border():
    injection = nt.draw_steps(nt.zoo.EXAMPLE)[3].svg()
    assert injection.count('stroke-width="3.5"') == 3  # c_{t-1}, and the two operations


def test_each_step_marks_what_it_adds():
    thick = [picture.svg().count('stroke-width="3.5"') for picture in nt.draw_steps(nt.zoo.EXAMPLE)]
    # Two operations each; with the root comes h_t, with the injection c_{t-1}; at last c_t.
    assert thick == [2, 2, 3, 3, 1]


def test_captions_say_what_each_step_adds():
    steps = nt.draw_steps(nt.zoo.EXAMPLE)
    captions = [
        "tree index 0: Add Tanh",
        "tree index 1: Multiply ReLU",
        "tree index 2: Multiply Sigmoid",
        "cell inject: Add ReLU",
        "cell indices: create 1, inject 0",
    ]
    assert [picture.caption for picture in steps] == captions
    assert list(steps.titles) == [f"{i} · {caption}" for i, caption in enumerate(captions, 1)]


def test_where_memory_enters_and_leaves_comes_with_the_last_block():
    cells = [
        nt.Cell.parse(f"Add Tanh  Add Tanh  Add Tanh  Multiply ReLU  {k} {i}")
        for k in range(3)
        for i in range(3)
    ]
    steps = [[boxes(picture.svg()) for picture in nt.draw_steps(cell)] for cell in cells]
    for one, other in combinations(steps, 2):
        for i in range(4):
            assert sorted(one[i].values()) == sorted(other[i].values())
        assert one[4] != other[4]
    injection = texts(nt.draw_steps(nt.zoo.EXAMPLE)[3].svg())
    assert "somewhere" in injection
    assert not {"inject at 0", "a0'"} & set(injection)


def test_every_combination_above_the_leaves_has_the_number_of_its_node():
    said = texts(nt.draw(nt.zoo.NASCELL).svg())
    assert {f"node {k}" for k in range(8, 15)} | {"inject at 8"} <= set(said)


@pytest.mark.parametrize("base", BASES)
def test_one_step_for_each_block(base):
    (cell,) = random_cells(base, 1)
    assert len(nt.draw_steps(cell)) == 2 * base - 1 + 2


# The numbers of a walk


def walk_of(cell, seed=0):
    x_parts, h_parts = np.random.default_rng(seed).normal(size=(2, cell.base)) * 2
    return nt.trace(cell, x_parts, h_parts, -0.25)


@pytest.mark.parametrize("base", BASES)
def test_numbers_come_one_by_one_and_nothing_moves(base):
    (cell,) = random_cells(base, 1)
    steps = walk_of(cell)
    places = boxes(nt.draw_trace(cell, steps).svg())
    names = Counter(texts(nt.draw(cell).svg()))
    for done in range(len(steps) + 1):
        svg = nt.draw_trace(cell, steps, done).svg()
        numbers = Counter(f"{value:z.2f}" for value in [-0.25, *(s.value for s in steps[:done])])
        assert Counter(said for said in texts(svg) if said.strip()) == names + numbers
        assert boxes(svg) == places
        assert svg.count('stroke-width="3.5"') == (done > 0)


def test_all_steps_are_shown_unless_asked_otherwise():
    steps = walk_of(nt.zoo.LSTM)
    assert nt.draw_trace(nt.zoo.LSTM, steps).svg() == nt.draw_trace(nt.zoo.LSTM, steps, 34).svg()


def test_text_of_a_walk_says_the_last_step_and_the_cell():
    steps = nt.trace(nt.zoo.EXAMPLE, [0.5, 2.0], [0.5, 0.25], -0.25)
    alt = nt.draw_trace(nt.zoo.EXAMPLE, steps, 6).alt
    assert alt.startswith("6 of 10 steps. Node 1: 0.50 is the new c. The cell: Node 0: Add x")
    assert nt.draw_trace(nt.zoo.EXAMPLE, steps, 0).alt.startswith("0 of 10 steps. The cell:")


@pytest.mark.parametrize("done", [-1, 11, 2.0, True, "3"])
def test_steps_that_there_are_not(done):
    with pytest.raises(ValueError, match="it must be a whole number from 0 to 10"):
        nt.draw_trace(nt.zoo.EXAMPLE, walk_of(nt.zoo.EXAMPLE), done)


def test_steps_of_another_cell():
    with pytest.raises(ValueError, match="the steps are not those of Add Tanh"):
        nt.draw_trace(nt.zoo.EXAMPLE, walk_of(nt.zoo.LSTM))


def test_numbers_must_be_single():
    steps = nt.trace(nt.zoo.EXAMPLE, np.ones((2, 3)), np.ones((2, 3)), np.ones(3))
    with pytest.raises(TypeError, match="is no single number"):
        nt.draw_trace(nt.zoo.EXAMPLE, steps)
