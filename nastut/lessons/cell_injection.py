"""Exercises of notebook 03."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from matplotlib.figure import Figure

from nastut.cells.cell import Cell, Node, ancestors
from nastut.cells.evaluate import evaluate, trace
from nastut.cells.sequence import Token
from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise
from nastut.lessons.graphs import about_formula, same_formula
from nastut.lessons.plots import BLUE, ORANGE
from nastut.pictures.style import QUIET
from nastut.symbolic.symbols import c_prev, node_symbol

PATH: dict[str, Any] = {"color": BLUE, "linestyle": "-"}
NO_PATH: dict[str, Any] = {"color": ORANGE, "linestyle": "--"}
"""How the lines of the cell with a memory path look, and of the cell without one."""

LONE_NODE = Cell.parse("Add Tanh  Multiply Sigmoid  0 0")
"""Exercise 3.1: one node that is leaf, root, create node and inject node at once."""


def _values(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for size in (2, 1, 4, 7):
        yield tuple(np.round(2 * rng.normal(size=(3, size)), 1))


def _lone(left: Any, right: Any, c: Any, inject: Node = LONE_NODE.inject) -> tuple[Any, Any]:
    return evaluate(replace(LONE_NODE, inject=inject), [left], [right], c)


_EVENTS = ("create", "activate", "inject")


def _in_order(events: tuple[str, ...], left: Any, right: Any, c: Any) -> tuple[Any, Any]:
    """Do at the lone node what there is to do after the combination, in some order."""
    value = left + right
    for event in events:
        if event == "create":
            c_new = value
        elif event == "activate":
            value = np.tanh(value)
        else:
            value = _sigmoid(value * c)
    return value, c_new


def _steps_of_cells(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Yield tokens and values: several bases, equal indices, the memory at the root."""
    for base in (2, 1, 4, 8):
        root = 2 * base - 2
        for ends in ((root, 0), (0, 0), (0, root), rng.integers(2 * base - 1, size=2).tolist()):
            tokens = [*Space(base).sample(rng).sequence[:-2], *ends]
            x_parts, h_parts = np.round(rng.normal(size=(2, base, 2)), 1)
            yield tokens, x_parts, h_parts, np.round(rng.normal(size=2), 1)


def _run(tokens: list[Token], x: Any, h: Any, c: Any, **changes: Any) -> tuple[Any, Any]:
    """Return h_t and c_t of the tokens, or of a cell that is changed."""
    return evaluate(replace(Cell.from_sequence(tokens), **changes), x, h, c)


def _swapped(tokens: list[Token], *values: Any) -> tuple[Any, Any]:
    return _run([*tokens[:-2], tokens[-1], tokens[-2]], *values)


def _later(stages: tuple[str, ...], tokens: list[Token], *values: Any) -> tuple[Any, Any]:
    """Take c_t after the last of some stages of its node."""
    steps = trace(Cell.from_sequence(tokens), *values)
    seen = [step.value for step in steps if step.node == tokens[-2] and step.stage in stages]
    return steps[-1].value, seen[-1]


def _bent_by(bend: str, tokens: list[Token], *values: Any) -> tuple[Any, Any]:
    """Give the injection another activation, "" for the one of its node."""
    cell = Cell.from_sequence(tokens)
    bend = bend or cell.nodes[cell.inject_index].activation
    return _run(tokens, *values, inject=Node(cell.inject.combination, bend))


_NO_INJECTION = Node("Add", "Identity")
"""With c_{t-1} = 0 it changes nothing."""


def _no_memory(tokens: list[Token], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    return _run(tokens, x, h, 0 * c, inject=_NO_INJECTION)


def _too_late(tokens: list[Token], *values: Any) -> tuple[Any, Any]:
    """Inject when all nodes have been read; the root alone has none above it."""
    at_root = tokens[-1] == Cell.from_sequence(tokens).root
    return (_run if at_root else _no_memory)(tokens, *values)


def _joining(
    first: Callable[[int, int], int],
    tokens: list[Token],
    x: Any,
    h: Any,
    c: Any,
    *,
    early: bool = False,
) -> tuple[Any, Any]:
    """Let the inner node k join the node `first(k, base)` and the next.

    With `early` the memory enters before the activation of its node, not after it.
    """
    cell, done, zero = Cell.from_sequence(tokens), list[tuple[Any, Any]](), 0 * c
    for k, node in enumerate(cell.nodes):
        below = first(k, cell.base)
        left, right = (x[k], h[k]) if k < cell.base else (done[below + i][0] for i in (0, 1))
        inject, memory = (cell.inject, c) if k == cell.inject_index else (_NO_INJECTION, zero)
        first_stage = Node(node.combination, "Identity") if early else node
        value, joined = evaluate(Cell((first_stage,), inject, 0, 0), [left], [right], memory)
        if early:
            bend = Cell((Node("Add", node.activation),), _NO_INJECTION, 0, 0)
            value, _ = evaluate(bend, [value], [zero], zero)
        done.append((value, joined))
    return done[-1][0], done[cell.create_index][1]


def _delays(rng: np.random.Generator) -> Iterator[tuple[int, float]]:
    yield from ((12, 0.2), (6, 0.5), (1, 0.1), (40, 0.9))


def _opening(gate: float) -> Any:
    return np.log(gate / (1 - gate))


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _index_pairs(rng: np.random.Generator) -> Iterator[tuple[int, int, int]]:
    for base in (1, 2, 4, 8):
        for create_index in range(2 * base - 1):
            for inject_index in range(2 * base - 1):
                yield create_index, inject_index, base


_A0, _A1 = node_symbol(0), node_symbol(1)
_TANH = sp.tanh(_A1 + c_prev)
"""c_t of exercise 3.3 is a_0 times this."""
_SLOPE = _A0 * (1 - _TANH**2)

EXERCISES = {
    "3.1": Exercise(
        cases=_values,
        truth=_lone,
        mistakes=lambda left, right, c: {
            **{
                f"your order is combine, {', '.join(order)}; it is combine, {', '.join(_EVENTS)}": (
                    _in_order(order, left, right, c)
                )
                for order in permutations(_EVENTS)
                if order != _EVENTS
            },
            "c_t is taken first; yours holds c_{t-1}, which enters later": (
                (_lone(left, right, c)[0], (left + right) * c)
            ),
            "c_{t-1} enters before c_t is taken, and before the node's own tanh": (
                (_sigmoid(np.tanh((left + right) * c)), (left + right) * c)
            ),
            "c is overwritten by c_t; the injection needs the old one": (
                _lone(left, right, left + right)
            ),
            "the sigmoid acts on the whole injection; yours acts before c_{t-1} joins": (
                (_sigmoid(np.tanh(left + right)) * c, left + right)
            ),
            "the node adds left and right, yours multiplies": (
                (_sigmoid(np.tanh(left * right) * c), left * right)
            ),
            "the injection multiplies, yours adds": (
                _lone(left, right, c, inject=Node("Add", "Sigmoid"))
            ),
            "c_t is taken within the injection; it is made before c_{t-1} arrives": (
                (_lone(left, right, c)[0], np.tanh(left + right) * c)
            ),
            "the injection uses the node's activation again; it has its own": (
                _lone(left, right, c, inject=Node("Multiply", "Tanh"))
            ),
            "c_{t-1} enters before the node's own tanh, and the injection's sigmoid after it": (
                (_sigmoid(np.tanh((left + right) * c)), left + right)
            ),
            "c_{t-1} never enters": (np.tanh(left + right), left + right),
            "c_{t-1} never enters, though the sigmoid of the injection is there": (
                _lone(left, right, np.ones_like(c))
            ),
            "the activation of the injection is missing": (
                _lone(left, right, c, inject=Node("Multiply", "Identity"))
            ),
            "that is (c_t, h_t); h_t comes first": _lone(left, right, c)[::-1],
        },
    ),
    "3.2": Exercise(
        cases=_steps_of_cells,
        truth=_run,
        mistakes=lambda *case: {
            "the two indices are swapped: create comes first, inject last": _swapped(*case),
            "c_t is what the create node has joined; yours is taken after its activation": (
                _later(("activate",), *case)
            ),
            "c_t is what the create node has joined; yours is the node's value at the end": (
                _later(("activate", "activate injected"), *case)
            ),
            "the injection uses the node's activation again; it has its own": (_bent_by("", *case)),
            "the activation of the injection is missing": _bent_by("Identity", *case),
            "c_{t-1} enters after the activation of its node, yours enters before it": (
                _joining(lambda k, base: 2 * (k - base), *case, early=True)
            ),
            "the memory enters when the node above has read its value; inject within the loop": (
                _too_late(*case)
            ),
            "c_{t-1} never enters": _no_memory(*case),
            "that is (c_t, h_t); h_t comes first": _run(*case)[::-1],
            "in your tree every inner node joins nodes 0 and 1, as in base 2": (
                _joining(lambda k, base: 0, *case)
            ),
            "in your tree a node joins the two before it; it joins 2 (k - base) and the next": (
                _joining(lambda k, base: k - 2, *case)
            ),
            "a factor 2 is missing: a node joins 2 (k - base) and the next": (
                _joining(lambda k, base: k - base, *case)
            ),
        },
    ),
    "3.3": Exercise(
        truth=lambda: _SLOPE,
        same=same_formula,
        remark=lambda answer: about_formula(
            answer, _SLOPE, {"a_0": _A0, "a_1": _A1, "nt.c_prev": c_prev}
        ),
        mistakes=lambda: {
            "the slope of tanh is missing": _A0,
            "the factor a_0 is missing": 1 - _TANH**2,
            "the slope of tanh is 1 - tanh squared": _A0 * (1 - _TANH),
            "that is c_t itself": _A0 * _TANH,
            "square the tanh, not the difference: 1 - tanh(u)**2": _A0 * (1 - _TANH) ** 2,
            "a_1 is not the tanh, only a part of what stands inside it": _A0 * (1 - _A1**2),
            "the slope of tanh is multiplied by a_0, yours is added": _A0 + 1 - _TANH**2,
            "inside tanh c_{t-1} is added to a_1, not multiplied by it": (
                _A0 * (1 - sp.tanh(_A1 * c_prev) ** 2)
            ),
            "c_{t-1} got lost: the slope of tanh is taken at a_1 + c_{t-1}, not at a_1": (
                _A0 * (1 - sp.tanh(_A1) ** 2)
            ),
            "a sign: the slope of tanh is 1 - tanh squared, not 1 + tanh squared": (
                _A0 * (1 + _TANH**2)
            ),
            "the sign: the slope of tanh is 1 - tanh squared, which is positive": (
                _A0 * (_TANH**2 - 1)
            ),
            "a sign: inside tanh c_{t-1} is added to a_1": _A0 * (1 - sp.tanh(_A1 - c_prev) ** 2),
            "the slope of a sigmoid; this is a tanh": _A0 * _TANH * (1 - _TANH),
            "the slope of tanh is taken at a_1 + c_{t-1}, not at c_{t-1}": (
                _A0 * (1 - sp.tanh(c_prev) ** 2)
            ),
        },
    ),
    "3.4": Exercise(
        cases=_index_pairs,
        truth=lambda c, i, b: c in ancestors(i, b),
        mistakes=lambda c, i, b: {
            "equal indices do not count: c_t is taken before c_{t-1} arrives": (
                c == i or c in ancestors(i, b)
            ),
            "the other way round: create must stand above inject": i in ancestors(c, b),
            "a larger index need not stand above; 1 is not above 0": c > i,
            "create may stand higher than the parent of inject": c in ancestors(i, b)[:1],
            "an inner node need not stand above: node `base` joins 0 and 1 alone": c >= b,
            "a larger index need not stand above, be it that of an inner node": c > i and c >= b,
            "the root stands above all others, but each inner node stands above some": (
                c == 2 * b - 2
            ),
            "root above leaf is all of base 2; in larger trees there are other pairs": (
                c == 2 * b - 2 and i < b
            ),
            "other nodes than the root stand above some nodes too": c == 2 * b - 2 != i,
            "nothing is above anything? the root is above all others": False,
            "not every pair has a path: climb from the inject node": True,
            "that is an inner node and a leaf, but not one above the other": i < b <= c,
        },
    ),
    "3.5": Exercise(
        cases=_delays,
        truth=lambda delay, share: _opening(share ** (1 / (delay + 1))),
        mistakes=lambda delay, share: {
            "the question mark is read, too: delay + 1 gates": _opening(share ** (1 / delay)),
            "c_1 has passed the key's own gate already; delay + 1 gates come after it": (
                _opening(share ** (1 / (delay + 2)))
            ),
            "that is the gate; which number has it as its sigmoid?": share ** (1 / (delay + 1)),
            "the sign: that gate is less than half open where it should be more": (
                -_opening(share ** (1 / (delay + 1)))
            ),
            "gates are multiplied, not added: gate ** (delay + 1) is the share": (
                _opening(share / (delay + 1))
            ),
            "that is the logarithm of the gate; invert the sigmoid": np.log(share) / (delay + 1),
            "that is minus the logarithm of the gate; invert the sigmoid": -np.log(share)
            / (delay + 1),
            "that is the logarithm of the share; find the gate first, then invert the sigmoid": (
                np.log(share)
            ),
            "that is one gate of that share; they are multiplied": _opening(share),
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
