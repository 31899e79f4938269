"""Exercises of notebook 08, networks that design networks, and its pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate
from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise
from nastut.lessons.plots import BLUE, GREEN, ORANGE, RED, Interval, draw_upright
from nastut.pictures.drawing import digraph, draw
from nastut.pictures.picture import Picture
from nastut.pictures.style import FONT, INK, QUIET

Map = dict[str, str]

LOOK: dict[str, dict[str, Any]] = {
    "found": {"color": BLUE, "linestyle": "-"},
    "random": {"color": ORANGE, "linestyle": "--"},
    "LSTM": {"color": RED, "linestyle": ":"},
    "dead": {"color": GREEN, "linestyle": "-."},
}
MARKERS = {"found": "o", "random": "s", "LSTM": "^", "dead": "x"}
"""How the lines of controllers look, drawn as lines and as points."""


def draw_ranks(ranks: Mapping[str, Any], itself: Mapping[str, Any]) -> Figure:
    """Write the rank of every found cell into a map of runs (rows) and generations (columns).

    Parameters
    ----------
    ranks
        Title -> ranks, of shape (runs, generations).
    itself
        Title -> whether the found cell was the core, of the same shape: those are framed.
    """
    figure, axes = plt.subplots(1, len(ranks), figsize=(8, 5), layout="constrained")
    frame = {"boxstyle": "square", "fc": "none"}
    for axis, (title, numbers) in zip(axes, ranks.items(), strict=True):
        axis.imshow(np.log(numbers), cmap="Reds", vmin=-1, vmax=6, aspect="auto")
        for (row, column), rank in np.ndenumerate(numbers):
            box = frame if itself[title][row, column] else None
            axis.text(column, row, f"{rank:.0f}", ha="center", va="center", size=8, bbox=box)
        axis.set(title=title, xlabel="generation", xticks=range(numbers.shape[1]))
        axis.set_yticks(range(len(numbers)), range(1, len(numbers) + 1), size=8)
        axis.grid(visible=False)
    axes[0].set_ylabel("run")
    return figure


def draw_generations(
    axis: Axes, of_generations: Mapping[str, list[Interval]], of_all: Mapping[str, Interval]
) -> None:
    """Draw medians with intervals: one for each generation, or one for a line that stays the same.

    Parameters
    ----------
    axis
        Where to draw.
    of_generations
        Line -> for each generation from 1 on its median and interval.
    of_all
        Line whose core never changes -> its median and interval over all generations.
    """
    ticks: dict[float, str] = {}
    for shift, (line, intervals) in zip((-0.08, 0.08), of_generations.items(), strict=True):
        for generation, interval in enumerate(intervals, 1):
            _draw_point(axis, line, generation + shift, interval)
            ticks[generation] = str(generation)
    for place, (line, interval) in enumerate(of_all.items(), len(ticks) + 1):
        _draw_point(axis, line, place, interval)
        ticks[place] = line
    axis.axvline(len(ticks) - len(of_all) + 0.5, color=QUIET, linewidth=0.8)
    axis.set_xticks([*ticks], [*ticks.values()])
    axis.set(xlabel="generation, or a core that stays", ylim=0)
    axis.set_ylabel("evaluations until half arrived")
    handles, labels = axis.get_legend_handles_labels()
    first = dict(reversed([*zip(labels, handles, strict=True)]))
    axis.legend([first[line] for line in of_generations], [*of_generations], fontsize=8)


def _draw_point(axis: Axes, line: str, at: float, interval: Interval) -> None:
    draw_upright(axis, [at], [interval], MARKERS[line], LOOK[line]["color"], line)


def draw_worth(worth: Any, reached: Any, dead: Any) -> Figure:
    """Draw when each core's search arrived over the reward of the core as a cell."""
    figure, axis = plt.subplots(layout="constrained")
    looks = ((~dead, "random", "not dead"), (dead, "dead", "dead"))
    for rows, line, label in looks:
        colour = LOOK[line]["color"]
        axis.plot(worth[rows], reached[rows], MARKERS[line], color=colour, label=label)
    axis.set(xlabel="reward of the core as a cell", ylabel="evaluations until the best per mille")
    axis.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, 1))
    return figure


def _maps(rng: np.random.Generator) -> Iterator[tuple[Map, str]]:
    """Yield small maps from a set of letters to itself, and a letter to start from."""
    yield {"A": "B", "B": "C", "C": "B"}, "B"
    yield dict(zip("ABCDEFGHIJKL", "BCDEFGHIJKLG", strict=True)), "A"
    for size in (1, 2, 5, 8, 8, 12, 12, 12):
        letters = list("ABCDEFGHIJKL"[:size])
        yield {letter: str(rng.choice(letters)) for letter in letters}, str(rng.choice(letters))


def _cycle(leads_to: Map, start: str) -> tuple[int, int]:
    visited = [start]
    while (following := leads_to[visited[-1]]) not in visited:
        visited.append(following)
    before = visited.index(following)
    return before, len(visited) - before


def _off(leads_to: Map, start: str, before: int = 0, length: int = 0) -> tuple[int, int]:
    """Return an answer that is wrong by some steps."""
    right = _cycle(leads_to, start)
    return right[0] + before, right[1] + length


_ONE_BY_ONE = (
    "Add Tanh  Add Tanh  Multiply Tanh  Add Tanh  2 0",
    "Multiply Tanh  Add Tanh  Multiply Tanh  Add Tanh  2 1",
    "Multiply Tanh  Multiply Tanh  Add ReLU  Add Identity  2 0",
    "Multiply ReLU  Multiply Sigmoid  Multiply Tanh  Add Tanh  2 1",
    "Multiply Sigmoid  Add Tanh  Multiply Identity  Add Tanh  2 0",
    "Multiply Identity  Add Tanh  Multiply Tanh  Add Identity  1 0",
    "Multiply Identity  Add Tanh  Multiply Tanh  Multiply Identity  1 0",
    "Multiply Identity  Add Tanh  Multiply Tanh  Multiply Sigmoid  1 0",
    "Add Tanh  Add ReLU  Add Identity  Multiply Tanh  2 2",
    "Add Tanh  Add ReLU  Multiply Identity  Multiply ReLU  1 2",
    "Add Tanh  Add Tanh  Multiply Identity  Multiply Identity  2 1",
)
"""Cells that look dead and are not, or the other way round."""


def _cells(rng: np.random.Generator) -> Iterator[tuple[Cell]]:
    yield from ((Cell.parse(text),) for text in _ONE_BY_ONE)
    yield from ((Space().sample(rng),) for _ in range(30))


def is_dead(cell: Cell, awake: Callable[[Any], Any] = np.any) -> bool:
    """Run a layer of the cell, with weights drawn at random, as training would.

    `awake` tells from h whether the cell has said something.
    """
    rng = np.random.default_rng(1)
    w, u = rng.normal(size=(2, 2, 6, 6))
    h = c = np.zeros((6, 50))
    for _ in range(8):
        h, c = evaluate(cell, [*(w @ rng.normal(size=(6, 50)))], [*(u @ h)], c)
        if awake(h):
            return False
    return True


def _first_step(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(1).normal(size=(2, 50))
    h, c = evaluate(cell, [*x], [*np.zeros((2, 50))], np.zeros(50))
    return np.asarray(h), np.asarray(c)


def _with_hidden_parts(cell: Cell) -> bool:
    c = np.zeros(50)
    for x, hidden in np.random.default_rng(1).normal(size=(6, 2, 2, 50)):
        h, c = evaluate(cell, [*x], [*hidden], c)
        if np.any(h):
            return False
    return True


def _multiplying_leaves(cell: Cell) -> int:
    return sum(node.combination == "Multiply" for node in cell.nodes[: cell.base])


def draw_controller(core: Cell) -> Picture:
    """Draw one step of a controller, with the graph of its core inside its first layer."""
    cell = draw(core, fold=True, direction="right")
    dot = digraph("right")
    with dot.subgraph(name="cluster_core") as inside:
        inside.attr(label="layer 1, with the found cell", fontname=FONT, color=QUIET)
        inside.body.append("".join(cell.dot.body).partition("\t{\n\t\trank=min")[0])
    names = {
        "last": "token\nwritten last",
        "layer 2": "layer 2:\nthe same\ncell",
        "softmax": "softmax",
        "next": "next\ntoken",
    }
    for key, label in names.items():
        dot.node(key, label, shape="box", color=INK if "token" in label else QUIET)
    for source, target in (("last", "x_t"), ("h_t", "layer 2"), ("layer 2", "softmax")):
        dot.edge(source, target)
    dot.edge("softmax", "next")
    for state in ("h", "c"):
        dot.edge(f"{state}_t", f"{state}_{{t-1}}", style="dashed", color=QUIET, constraint="false")
    alt = (
        "The token written last is embedded and enters layer 1 as x_t. Layer 1 is the found cell: "
        f"{cell.alt} h_t goes on to layer 2, the same cell with weights of its own, then to a "
        "softmax, from which the next token is drawn. h_t and c_t come back at the next place."
    )
    return Picture(dot, f"controller with the core {core}", alt)


RANKS = {
    "rank 1": (1, BLUE),
    "2 to 5": (5, "#6fb3dc"),
    "6 to 18": (18, "#c6dff0"),
    "worse": (np.inf, RED),
}
"""Bands of ranks: label -> the last rank, and a colour."""


def draw_distributions(ranks: Mapping[str, Any]) -> Figure:
    """Stack how many of the found cells have which rank, generation by generation.

    Parameters
    ----------
    ranks
        Title -> ranks, of shape (runs, generations).
    """
    figure, axes = plt.subplots(
        1, len(ranks), figsize=(9, 3), sharex=True, sharey=True, layout="constrained"
    )
    for axis, (title, numbers) in zip(axes, ranks.items(), strict=True):
        bottom, before = np.zeros(numbers.shape[1]), 0.0
        for label, (last, colour) in RANKS.items():
            height = ((numbers > before) & (numbers <= last)).sum(0)
            axis.bar(range(numbers.shape[1]), height, 0.85, bottom, color=colour, label=label)
            bottom, before = bottom + height, last
        axis.set(title=title, xlabel="generation", xticks=range(numbers.shape[1]))
        axis.grid(visible=False)
    axes[0].set(ylabel="runs", yticks=range(0, 1 + len(numbers), 5))
    axes[-1].legend(fontsize=8, title="rank", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


EXERCISES = {
    "8.1": Exercise(
        cases=_maps,
        truth=_cycle,
        mistakes=lambda m, s: {
            "that is (length, steps before it); the steps come first": _cycle(m, s)[::-1],
            "the cycle is one shorter: its first element must not be counted twice": (
                _off(m, s, length=1)
            ),
            "the second number counts all that were visited; only those in the cycle": (
                _off(m, s, length=_cycle(m, s)[0])
            ),
            "the first number counts all that were visited; only the steps before the cycle": (
                _off(m, s, before=_cycle(m, s)[1])
            ),
            "the second number counts all elements of the map; only those in the cycle": (
                (_cycle(m, s)[0], len(m))
            ),
            "one step too many before the cycle: a start inside it has 0": _off(m, s, before=1),
            "what leads to itself is a cycle of length 1, not 0: count the arrows": (
                _off(m, s, length=-1)
            ),
            "it ignores the start: begin at `start`, not at the first key": (
                _cycle(m, next(iter(m)))
            ),
        },
    ),
    "8.2": Exercise(
        cases=_cells,
        truth=is_dead,
        mistakes=lambda cell: {
            "the memory may be awake after the first step: take more of them, and carry c along": (
                not _first_step(cell)[0].any()
            ),
            "h_t can be 0 for ever while c_t is not": (
                is_dead(cell) and not _first_step(cell)[1].any()
            ),
            "one leaf that multiplies is not enough: the other one may speak": (
                _multiplying_leaves(cell) > 0
            ),
            "two leaves that multiply are neither enough nor needed: think of sigmoid(0)": (
                _multiplying_leaves(cell) == 2
            ),
            "one element that is not 0 wakes it; yours waits until all are not 0": (
                is_dead(cell, awake=np.all)
            ),
            "a memory path has nothing to do with it": not cell.has_memory,
            "the hidden parts are not 0 there; h_0 is 0, and as long as h is 0 they are": (
                _with_hidden_parts(cell)
            ),
            "that never says dead: return True if every h stayed 0": False,
            "that always says dead: return False once an element of h is not 0": True,
        },
    ),
}
