"""Exercises of notebook 03."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from matplotlib.figure import Figure

from nastut.cells.cell import Cell, Node, ancestors
from nastut.cells.evaluate import apply, evaluate, trace
from nastut.cells.number_systems import numpy_system
from nastut.lessons.exercise import Exercise
from nastut.lessons.formula import about_formula, same_formula
from nastut.lessons.plots import BLUE, ORANGE
from nastut.pictures.graph import graph
from nastut.pictures.style import QUIET
from nastut.symbolic.symbols import c_prev, node_symbol

PATH: dict[str, Any] = {"color": BLUE, "linestyle": "-"}
NO_PATH: dict[str, Any] = {"color": ORANGE, "linestyle": "--"}
"""How the lines of the cell with a memory path look, and of the cell without one."""

LONE_NODE = Cell.parse("Add Tanh  Multiply Sigmoid  0 0")
"""Exercise 3.1: one node that is leaf, root, create node and inject node at once."""


def _values(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for size in (1, 2, 4, 7):
        yield tuple(3 * rng.normal(size=(3, size)))


def _lone(cell: Cell, left: Any, right: Any, c: Any) -> tuple[Any, Any]:
    return evaluate(cell, [left], [right], c)


_EVENTS = ("create", "activate", "inject")


def _in_order(events: tuple[str, ...], left: Any, right: Any, c: Any) -> tuple[Any, Any]:
    """Do at the lone node what there is to do after the combination, in some order."""
    xp, node = numpy_system(), LONE_NODE.nodes[0]
    value = made = apply(xp, node.combination, left, right)
    for event in events:
        if event == "create":
            made = value
        elif event == "activate":
            value = apply(xp, node.activation, value)
        else:
            value = apply(xp, LONE_NODE.inject.combination, value, c)
            value = apply(xp, LONE_NODE.inject.activation, value)
    return value, made


def _orders() -> dict[str, Any]:
    return {
        f"your order is combine, {', '.join(order)}; it is combine, {', '.join(_EVENTS)}": partial(
            _in_order, order
        )
        for order in permutations(_EVENTS)
        if order != _EVENTS
    }


def _create_within(left: Any, right: Any, c: Any) -> tuple[Any, Any]:
    """Take c_t from the midst of the injection."""
    values = {step.stage: step.value for step in trace(LONE_NODE, [left], [right], c)}
    return values["output"], values["inject"]


def _index_pairs(rng: np.random.Generator) -> Iterator[tuple[int, int, int]]:
    for base in (1, 2, 4, 8):
        for create_index in range(2 * base - 1):
            for inject_index in range(2 * base - 1):
                yield create_index, inject_index, base


def _path_exists(create_index: int, inject_index: int, base: int) -> bool:
    """Look for a way from c_{t-1} to c_t in the computation graph."""
    words = "Add Identity " * 2 * base
    return bool(graph(Cell.parse(f"{words} {create_index} {inject_index}")).memory_edges())


_A0, _A1 = node_symbol(0), node_symbol(1)


def _slope() -> sp.Expr:
    """Differentiate c_t = a_0 tanh(a_1 + c_{t-1}), made by a cell whose leaves pass values on."""
    cell = Cell.parse("Add Identity  Add Identity  Multiply Identity  Add Tanh  2 1")
    zero = sp.Integer(0)
    return sp.diff(evaluate(cell, [_A0, _A1], [zero, zero], c_prev)[1], c_prev)


EXERCISES = {
    "3.1": Exercise(
        cases=_values,
        truth=lambda left, right, c: _lone(LONE_NODE, left, right, c),
        mistakes={
            **_orders(),
            "c_t is taken within the injection; it is made before c_{t-1} arrives": _create_within,
            "the injection uses the node's activation again; it has its own": lambda *values: _lone(
                replace(LONE_NODE, inject=Node("Multiply", "Tanh")), *values
            ),
            "c_{t-1} enters before the node's own tanh, and the injection's sigmoid after it": (
                lambda left, right, c: (
                    1 / (1 + np.exp(-np.tanh((left + right) * c))),
                    left + right,
                )
            ),
            "c_{t-1} never enters": lambda left, right, c: (np.tanh(left + right), left + right),
            "c_{t-1} never enters, though the sigmoid of the injection is there": (
                lambda left, right, c: _lone(LONE_NODE, left, right, np.ones_like(c))
            ),
            "the activation of the injection is missing": lambda *values: _lone(
                replace(LONE_NODE, inject=Node("Multiply", "Identity")), *values
            ),
            "that is (c_t, h_t); h_t comes first": lambda *values: _lone(LONE_NODE, *values)[::-1],
        },
    ),
    "3.2": Exercise(
        truth=_slope,
        same=same_formula,
        remark=lambda answer: about_formula(answer, {_A0, _A1, c_prev}, "a_0, a_1 and nt.c_prev"),
        mistakes={
            "the slope of tanh is missing": lambda: _A0,
            "the factor a_0 is missing": lambda: 1 - sp.tanh(_A1 + c_prev) ** 2,
            "the slope of tanh is 1 - tanh squared": lambda: _A0 * (1 - sp.tanh(_A1 + c_prev)),
            "that is c_t itself": lambda: _A0 * sp.tanh(_A1 + c_prev),
            "c_{t-1} got lost: the slope of tanh is taken at a_1 + c_{t-1}, not at a_1": lambda: (
                _A0 * (1 - sp.tanh(_A1) ** 2)
            ),
            "a sign: the slope of tanh is 1 - tanh squared, not 1 + tanh squared": lambda: (
                _A0 * (1 + sp.tanh(_A1 + c_prev) ** 2)
            ),
            "the sign: the slope of tanh is 1 - tanh squared, which is positive": lambda: (
                _A0 * (sp.tanh(_A1 + c_prev) ** 2 - 1)
            ),
            "a sign: inside tanh c_{t-1} is added to a_1": lambda: (
                _A0 * (1 - sp.tanh(_A1 - c_prev) ** 2)
            ),
            "the slope of a sigmoid; this is a tanh": lambda: (
                _A0 * sp.tanh(_A1 + c_prev) * (1 - sp.tanh(_A1 + c_prev))
            ),
            "the slope of tanh is taken at a_1 + c_{t-1}, not at c_{t-1}": lambda: (
                _A0 * (1 - sp.tanh(c_prev) ** 2)
            ),
        },
    ),
    "3.3": Exercise(
        cases=_index_pairs,
        truth=_path_exists,
        mistakes={
            "equal indices do not count: c_t is taken before c_{t-1} arrives": lambda c, i, b: (
                c == i or c in ancestors(i, b)
            ),
            "the other way round: create must stand above inject": lambda c, i, b: (
                i in ancestors(c, b)
            ),
            "a larger index need not stand above; 1 is not above 0": lambda c, i, b: c > i,
            "create may stand higher than the parent of inject": lambda c, i, b: (
                c in ancestors(i, b)[:1]
            ),
            "an inner node need not stand above: node `base` joins 0 and 1 alone": (
                lambda c, i, b: c >= b
            ),
            "a larger index need not stand above, be it that of an inner node": (
                lambda c, i, b: c > i and c >= b
            ),
            "the root stands above all others, but each inner node stands above some": (
                lambda c, i, b: c == 2 * b - 2
            ),
            "other nodes than the root stand above some nodes too": (
                lambda c, i, b: c == 2 * b - 2 != i
            ),
            "nothing is above anything? the root is above all others": lambda c, i, b: False,
            "not every pair has a path: climb from the inject node": lambda c, i, b: True,
            "that is an inner node and a leaf, but not one above the other": lambda c, i, b: (
                i < b <= c
            ),
        },
    ),
}


def draw_film(traces: dict[str, np.ndarray], gates: dict[str, np.ndarray]) -> Figure:
    """Draw what is left of a key, step by step: one row of bars for each film.

    Parameters
    ----------
    traces
        Title of a film -> what is left of the key after each step.
    gates
        The same titles -> how far the gate was open in each step, drawn as a line.
    """
    figure, rows = plt.subplots(
        len(traces), 1, figsize=(7, 1.05 * len(traces)), sharex=True, layout="constrained"
    )
    for axis, (title, left) in zip(rows, traces.items(), strict=True):
        steps = np.arange(1, len(left) + 1)
        color = BLUE if left.any() else ORANGE
        axis.bar(steps, left, color=color, width=0.7, label="left of the key")
        axis.step(steps, gates[title], where="mid", color=QUIET, linewidth=1, label="gate")
        axis.set(ylim=(0, 1.1), yticks=(0, 1), xticks=steps)
        axis.set_title(title, fontsize=9)
        axis.grid(visible=False)
    rows[-1].set_xlabel("time step")
    return figure
