"""Exercises of notebook 08, networks that design networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate
from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise

Map = dict[str, str]


def _maps(rng: np.random.Generator) -> Iterator[tuple[Map, str]]:
    """Yield small maps from a set of letters to itself, and a letter to start from."""
    for size in (1, 2, 3, 5, 8, 8, 12, 12, 12, 12):
        letters = list("ABCDEFGHIJKL"[:size])
        yield {letter: str(rng.choice(letters)) for letter in letters}, "A"


def _cycle(leads_to: Map, start: str) -> tuple[int, int]:
    """Go as many steps as there are letters, so that it must be the cycle; then measure."""
    inside = start
    for _ in leads_to:
        inside = leads_to[inside]
    cycle = [inside]
    while leads_to[cycle[-1]] != inside:
        cycle.append(leads_to[cycle[-1]])
    before, place = 0, start
    while place not in cycle:
        before, place = before + 1, leads_to[place]
    return before, len(cycle)


def _one_off(before: int, length: int) -> tuple[int, int]:
    return before, length + 1


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
)
"""Cells that look dead and are not, or the other way round."""


def _cells(rng: np.random.Generator) -> Iterator[tuple[Cell]]:
    yield from ((Cell.parse(text),) for text in _ONE_BY_ONE)
    yield from ((Space().sample(rng),) for _ in range(30))


def _is_dead(cell: Cell) -> bool:
    """Run a layer of the cell, with weights drawn at random, as training would."""
    rng = np.random.default_rng(1)
    w, u = rng.normal(size=(2, 2, 6, 6))
    h = c = np.zeros((6, 50))
    for _ in range(8):
        h, c = evaluate(cell, [*(w @ rng.normal(size=(6, 50)))], [*(u @ h)], c)
        if np.any(h):
            return False
    return True


def _first_step(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(1).normal(size=(2, 50))
    h, c = evaluate(cell, [*x], [*np.zeros((2, 50))], np.zeros(50))
    return np.asarray(h), np.asarray(c)


def _multiplying_leaves(cell: Cell) -> int:
    return sum(node.combination == "Multiply" for node in cell.nodes[: cell.base])


EXERCISES = {
    "8.1": Exercise(
        cases=_maps,
        truth=_cycle,
        mistakes={
            "that is (length, steps before it); the steps come first": lambda m, s: _cycle(m, s)[
                ::-1
            ],
            "the cycle is one shorter: its first element must not be counted twice": lambda m, s: (
                _one_off(*_cycle(m, s))
            ),
            "the second number counts all that were visited; only those in the cycle": (
                lambda m, s: (_cycle(m, s)[0], sum(_cycle(m, s)))
            ),
            "one step too many before the cycle: a start inside it has 0": lambda m, s: (
                _cycle(m, s)[0] + 1,
                _cycle(m, s)[1],
            ),
            "what leads to itself is a cycle of length 1, not 0: count the arrows": lambda m, s: (
                _cycle(m, s)[0],
                _cycle(m, s)[1] - 1,
            ),
        },
    ),
    "8.2": Exercise(
        cases=_cells,
        truth=_is_dead,
        mistakes={
            "one step is not enough: the memory may be awake after it": lambda cell: (
                not _first_step(cell)[0].any()
            ),
            "h_t can be 0 for ever while c_t is not": lambda cell: (
                _is_dead(cell) and not _first_step(cell)[1].any()
            ),
            "one leaf that multiplies is not enough: the other one may speak": lambda cell: (
                _multiplying_leaves(cell) > 0
            ),
            "two leaves that multiply are neither enough nor needed: think of sigmoid(0)": (
                lambda cell: _multiplying_leaves(cell) == 2
            ),
            "a memory path has nothing to do with it": lambda cell: not cell.has_memory,
            "nothing looks dead if the hidden parts are not 0; h_0 is 0, so they are": (
                lambda cell: False
            ),
        },
    ),
}
