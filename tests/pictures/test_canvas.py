"""How a graph looks: the colour of every edge and vertex, and the rows they stand in."""

import re

import pytest
from nastut.pictures.canvas import digraph, draw_graph, in_a_row, look, look_with

import nastut as nt
from drawn import boxes, texts
from nastut.pictures.graph import Vertex, graph
from nastut.pictures.style import COLOURS, GHOST, INK, MEMORY, PAPER, QUIET

CELLS = pytest.mark.parametrize(
    "cell", [nt.zoo.EXAMPLE, nt.zoo.LSTM, nt.zoo.NASCELL], ids=["example", "lstm", "nascell"]
)
STATE, ADD = Vertex("h_t", "state", "h_t"), Vertex("combine 8", "combination", "Add", node=8)
TANH = Vertex("activate 8", "activation", "Tanh", "a_8", node=8)


def edges(dot):
    """Return the visible edges of some Graphviz source, each with its attributes."""
    found = re.findall(r"\t(\S+|\".*?\") -> (\S+|\".*?\")(?: \[(.*)\])?\n", dot.source)
    return {
        (source.strip('"'), target.strip('"')): dict(re.findall(r'(\w+)="?([^" ]+)', attributes))
        for source, target, attributes in found
        if "invis" not in attributes
    }


# Edges


@CELLS
def test_what_the_inputs_feed_is_quiet_and_the_way_of_the_memory_stands_out(cell):
    whole = graph(cell)
    drawn = edges(draw_graph(whole, "caption").dot)
    assert list(drawn) == whole.edges
    for (source, target), attributes in drawn.items():
        if (source, target) in whole.memory_edges():
            assert (attributes["color"], attributes["penwidth"]) == (MEMORY, "3")
        else:
            wanted = QUIET if source in ("x_t", "h_{t-1}") else INK
            assert attributes == {"color": wanted}


@CELLS
def test_an_edge_is_grey_where_one_of_its_ends_is_still_to_come(cell):
    whole = graph(cell)
    hidden = {"combine 0", "activate 1", "c_{t-1}"}
    for ends, attributes in edges(draw_graph(whole, "caption", hidden=hidden).dot).items():
        assert (attributes["color"] == GHOST) is bool(hidden & set(ends)), ends


# Vertices


@pytest.mark.parametrize("vertex", [STATE, ADD, TANH], ids=["state", "sum", "tanh"])
def test_what_is_still_to_come_is_grey_and_an_operation_has_no_name(vertex):
    shown, hidden = look(vertex, False), look(vertex, True)
    assert {hidden["color"], hidden["fontcolor"]} == {GHOST}
    assert not {"color", "fontcolor"} & set(shown)
    assert shown["shape"] == hidden["shape"] == ("circle" if vertex is STATE else "box")
    assert hidden["label"] == ("h_t" if vertex is STATE else "")
    assert shown["label"].startswith(vertex.label)
    if vertex is not STATE:
        assert (shown["fillcolor"], hidden["fillcolor"]) == (COLOURS[vertex.label], PAPER)


@pytest.mark.parametrize(
    ("vertex", "label"),
    [
        (STATE, "h_t"),
        (ADD, r"Add\nnode 8"),
        (TANH, r"Tanh\na_8"),
        (Vertex("combine 0", "combination", "Add", "W_1, W_2", 0), r"Add\nW_1, W_2"),
        (Vertex("inject 8", "combination", "Max", "", 8, injected=True), r"Max\ninject at 8"),
        (Vertex("activate injected 8", "activation", "Tanh", "", 8, injected=True), "Tanh"),
    ],
)
def test_a_combination_without_letters_says_where_it_is(vertex, label):
    assert look(vertex, False)["label"] == label
    assert look_with(vertex, "0.50")["label"] == rf"{label}\n0.50"


def test_a_number_has_room_in_its_vertex():
    for vertex, side in ((STATE, "width"), (ADD, "height")):
        assert float(look_with(vertex, "0.50")[side]) > float(look(vertex, False)[side])


def test_a_picture_may_say_how_a_vertex_looks():
    whole = graph(nt.zoo.EXAMPLE)
    svg = draw_graph(whole, "caption", looks={"combine 0": {"label": "other"}}).svg()
    assert texts(svg).count("other") == 1
    assert texts(svg).count("Add") == 1  # the injection's


# Rows


@CELLS
def test_leaves_stand_side_by_side_in_their_order(cell):
    drawn = boxes(draw_graph(graph(cell), "caption").svg())
    leaves = [drawn[f"combine {i}"] for i in range(cell.base)]
    assert len({top for _, top, _, _ in leaves}) == 1
    assert leaves == sorted(leaves)


@CELLS
def test_inputs_stand_in_one_row_and_outputs_in_another(cell):
    drawn = boxes(draw_graph(graph(cell), "caption").svg())
    assert len({drawn[key][1] for key in ("x_t", "h_{t-1}", "c_{t-1}")}) == 1
    assert len({drawn[key][1] for key in ("h_t", "c_t")}) == 1
    assert drawn["x_t"][2] < drawn["h_{t-1}"][0]


def test_a_row_keeps_its_order_whatever_the_edges_would_like():
    dot = digraph()
    in_a_row(dot, list("dcba"))
    for number, key in enumerate("abcd"):
        dot.edge(key, f"{number} above")
    in_a_row(dot, [f"{number} above" for number in range(4)], beside="e")
    drawn = boxes(nt.Picture(dot, "caption").svg())
    row = [drawn[key] for key in "dcba"]
    assert row == sorted(row)
    assert len({box[1] for box in row}) == 1
    assert drawn["e"][1] == drawn["0 above"][1] != row[0][1]
