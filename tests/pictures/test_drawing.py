"""What is in the pictures, and that it can be read."""

import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

import nastut as nt
from drawn import boxes, overlaps, texts
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.pictures.drawing import block_names, draw_graph, look
from nastut.pictures.graph import graph
from nastut.pictures.picture import WIDEST, size
from nastut.pictures.style import GHOST, INK, MEMORY, QUIET

BASES = [1, 2, 4, 8]
STATES = ("x_t", "h_{t-1}", "c_{t-1}"), ("h_t", "c_t")


def random_cells(base, number):
    rng = np.random.default_rng(base)
    space = nt.Space(base, tuple(COMBINATIONS), tuple(ACTIVATIONS))
    return [space.sample(rng) for _ in range(number)]


def words(labels):
    """Count the operations among what a picture says."""
    return Counter(label for label in labels if label in {*COMBINATIONS, *ACTIVATIONS})


# The computation graph


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("base", BASES)
def test_every_operation_of_the_graph_is_drawn(base, fold):
    for cell in random_cells(base, 2):
        left = [v.label for v in graph(cell, fold).vertices.values()]
        assert words(texts(nt.draw(cell, fold).svg())) == words(left)


@pytest.mark.parametrize("fold", [False, True])
def test_every_vertex_is_drawn_under_its_key(fold):
    assert set(boxes(nt.draw(nt.zoo.LSTM, fold).svg())) == set(graph(nt.zoo.LSTM, fold).vertices)


def edges(dot):
    """Return the visible edges of some Graphviz source, each with its attributes."""
    found = re.findall(r"\t(\S+|\".*?\") -> (\S+|\".*?\")(?: \[(.*)\])?\n", dot.source)
    return {
        (source.strip('"'), target.strip('"')): dict(re.findall(r'(\w+)="?([^" ]+)', attributes))
        for source, target, attributes in found
        if "invis" not in attributes
    }


def test_what_the_inputs_feed_is_quiet_and_the_memory_path_stands_out():
    whole = graph(nt.zoo.NASCELL)
    drawn = edges(nt.draw(nt.zoo.NASCELL).dot)
    assert list(drawn) == whole.edges
    for (source, target), attributes in drawn.items():
        if (source, target) in whole.memory_edges():
            assert (attributes["color"], attributes["penwidth"]) == (MEMORY, "3")
        else:
            colour = QUIET if source in ("x_t", "h_{t-1}") else INK
            assert attributes == {"color": colour}


def test_what_is_still_to_come_is_grey_and_an_operation_has_no_name():
    whole = graph(nt.zoo.EXAMPLE)
    hidden = {"combine 0", "activate 1", "c_{t-1}"}
    dot = draw_graph(whole, "caption", hidden=hidden).dot
    for ends, attributes in edges(dot).items():
        assert (attributes["color"] == GHOST) is bool(hidden & set(ends)), ends
    for key, vertex in whole.vertices.items():
        shown, ghost = look(vertex, False), look(vertex, True)
        assert {ghost["color"], ghost["fontcolor"]} == {GHOST}
        assert not {"color", "fontcolor"} & set(shown)
        assert ghost["label"] == (vertex.label if vertex.kind == "state" else ""), key


@pytest.mark.parametrize("cell", [nt.zoo.EXAMPLE, nt.zoo.NASCELL], ids=["example", "nascell"])
def test_inputs_are_at_the_bottom_and_outputs_at_the_top_each_in_a_row(cell):
    drawn = boxes(nt.draw(cell).svg())
    leaves = [drawn[f"combine {i}"] for i in range(cell.base)]
    assert leaves == sorted(leaves)
    for row in (leaves, *([drawn[key] for key in keys] for keys in STATES)):
        assert len({top for _, top, _, _ in row}) == 1
    middle = {key: (top + bottom) / 2 for key, (_, top, _, bottom) in drawn.items()}
    inputs, outputs = ([middle.pop(key) for key in keys] for keys in STATES)
    assert min(inputs) > max(middle.values())
    assert max(outputs) < min(middle.values())


@pytest.mark.parametrize("cell", [nt.zoo.NASCELL, nt.zoo.LSTM, *random_cells(8, 2)], ids=str)
def test_large_picture_can_be_read(cell):
    svg = nt.draw(cell).svg()
    assert len(boxes(svg)) == 5 + 2 * 15 + 2
    assert overlaps(svg) == []
    assert size(svg)[0] <= WIDEST


def test_picture_to_the_right_shows_the_same_from_left_to_right():
    cell = nt.zoo.LSTM
    up, right = nt.draw(cell), nt.draw(cell, direction="right")
    assert Counter(texts(up.svg())) == Counter(texts(right.svg()))
    assert up.alt == right.alt
    drawn = boxes(right.svg())
    assert overlaps(right.svg()) == []
    inputs, outputs = ([drawn.pop(key) for key in keys] for keys in STATES)
    assert max(box[2] for box in inputs) < min(box[0] for box in drawn.values())
    assert min(box[0] for box in outputs) > max(box[2] for box in drawn.values())


# Side by side


@pytest.mark.parametrize("fold", [False, True])
def test_cells_side_by_side_are_those_drawn_alone(fold):
    cells = nt.zoo.LSTM, nt.zoo.EXAMPLE
    both = nt.draw_side_by_side(*cells, titles=["one", "other"], fold=fold)
    assert both.titles == ("one", "other")
    assert [picture.dot.source for picture in both] == [
        nt.draw(cell, fold).dot.source for cell in cells
    ]
    with pytest.raises(ValueError, match="2 pictures need as many titles, not 1"):
        nt.draw_side_by_side(*cells, titles=["one"])


# The tree


@pytest.mark.parametrize("base", BASES)
def test_tree_in_words_joins_every_pair_once(base):
    joined = re.findall(r"node (\d+) joins (\d+) and (\d+)", nt.draw_tree(base).alt)
    assert [tuple(map(int, row)) for row in joined] == [
        (base + i, 2 * i, 2 * i + 1) for i in range(base - 1)
    ]


@pytest.mark.parametrize("base", BASES)
def test_tree_shows_every_node_and_every_matrix(base):
    said = texts(nt.draw_tree(base).svg())
    leaves = [text for i in range(base) for text in (f"W{2 * i + 1} xt", f"W{2 * i + 2} ht-1")]
    assert Counter(said) == Counter([*map(str, range(2 * base - 1)), *leaves, "ht"])


def test_tree_stands_on_its_leaves_from_left_to_right():
    drawn = boxes(nt.draw_tree(8).svg())
    lefts = [drawn[str(k)][0] for k in range(8)]
    bottoms = [drawn[str(k)][3] for k in (0, 8, 12, 14)]
    assert lefts == sorted(lefts)
    assert bottoms == sorted(bottoms, reverse=True)


# The sequence


@pytest.mark.parametrize("base", BASES)
def test_sequence_shows_every_token_and_every_place(base):
    (cell,) = random_cells(base, 1)
    titles = [f"tree index {k}" for k in range(2 * base - 1)] + ["cell inject", "cell indices"]
    places = range(1, 4 * base + 3)
    picture = nt.draw_sequence(cell)
    said = Counter(texts(picture.svg()))
    assert said == Counter([*titles, *map(str, cell.sequence), *map(str, places)])
    assert titles == block_names(cell)
    for title, node in zip(titles, [*cell.nodes, cell.inject], strict=False):
        assert f"{title}, {node}" in picture.alt
    assert f"create {cell.create_index}, inject {cell.inject_index}" in picture.alt


def test_tokens_are_in_reading_order():
    svg = nt.draw_sequence(nt.zoo.NASCELL).svg()
    corners = [boxes(svg)[f"token {place}"][:2] for place in range(1, 35)]
    assert corners == sorted(corners, key=lambda corner: (corner[1], corner[0]))
    assert overlaps(svg) == []


# Step by step


@pytest.mark.parametrize("base", BASES)
def test_step_shows_the_words_of_its_block_and_of_those_before(base):
    (cell,) = random_cells(base, 1)
    assert len(nt.draw_steps(cell)) == 2 * base - 1 + 2
    tokens = [*cell.sequence[:-2], "", ""]
    for i, picture in enumerate(nt.draw_steps(cell)):
        assert words(texts(picture.svg())) == words(tokens[: 2 * i + 2])


def test_each_step_marks_and_says_what_it_adds():
    steps = nt.draw_steps(nt.zoo.EXAMPLE)
    # Two operations each; with the root h_t, with the injection c_{t-1}; at last c_t and its place.
    assert [picture.svg().count('stroke-width="3.5"') for picture in steps] == [2, 2, 3, 3, 3]
    captions = [
        "tree index 0: Add Tanh",
        "tree index 1: Multiply ReLU",
        "tree index 2: Multiply Sigmoid",
        "cell inject: Add ReLU",
        "cell indices: create 1, inject 0",
    ]
    assert [picture.caption for picture in steps] == captions
    assert list(steps.titles) == [f"{i} · {caption}" for i, caption in enumerate(captions, 1)]
    said = texts(steps[0].svg())
    assert {"W1, W2", "a0"} <= set(said)
    assert not {"W3, W4", "a0'", "a1", "a2"} & set(said)


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
    assert "where?" in injection
    assert not {"inject at 0", "a0'"} & set(injection)


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


def test_text_of_a_walk_says_the_last_step_and_the_cell():
    steps = nt.trace(nt.zoo.EXAMPLE, [0.5, 2.0], [0.5, 0.25], -0.25)
    alt = nt.draw_trace(nt.zoo.EXAMPLE, steps, 6).alt
    assert alt.startswith("6 of 10 steps. Node 1: 0.50 is the new c. The cell: Node 0: Add x")
    assert nt.draw_trace(nt.zoo.EXAMPLE, steps, 0).alt.startswith("0 of 10 steps. The cell:")


# Bad input


OTHER = walk_of(nt.zoo.LSTM)


@pytest.mark.parametrize(
    ("draw", "arguments", "said"),
    [
        (nt.draw, [nt.zoo.EXAMPLE, False, "left"], "direction is 'left'; it must be one of up, ri"),
        (nt.draw, [nt.zoo.EXAMPLE, False, "up", 0], "width is 0; it must be a number of pixels"),
        (nt.draw, [nt.zoo.EXAMPLE, False, "up", float("nan")], "width is nan"),
        (nt.draw_tree, [3], "base is 3; it must be 1, 2, 4, 8"),
        (nt.draw_trace, [nt.zoo.EXAMPLE, OTHER], "the steps are not those of Add Tanh"),
        *(
            (nt.draw_trace, [nt.zoo.LSTM, OTHER, n], f"from 0 to {len(OTHER)}")
            for n in (-1, 99, 2.0)
        ),
    ],
)
def test_bad_arguments_are_named(draw, arguments, said):
    with pytest.raises(ValueError, match=said):
        draw(*arguments)
