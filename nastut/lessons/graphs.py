"""Exercises of notebook 01."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from nastut.cells.cell import Cell, Node
from nastut.cells.evaluate import evaluate
from nastut.lessons.exercise import Exercise, close
from nastut.lessons.formula import about_formula, same_formula
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import c_prev, leaf_symbols
from nastut.zoo.named import EXAMPLE

PICTURE = Cell.parse("Multiply Sigmoid  Add Tanh  Add Tanh  Multiply ReLU  2 1")
"""The cell of exercises 1.1 and 1.2, which the learner sees as a picture only."""

_ADDING_LEAVES = replace(PICTURE, nodes=(Node("Add", "Sigmoid"), *PICTURE.nodes[1:]))
_PLAIN_INJECTION = replace(PICTURE, inject=Node("Multiply", "Identity"))
_NO_INJECTION = replace(PICTURE, inject=Node("Add", "Identity"))
_ADDED_MEMORY = replace(PICTURE, inject=Node("Add", "ReLU"))
_OTHER_LEAF = replace(PICTURE, inject_index=0)
_MULTIPLYING_ROOT = replace(PICTURE, nodes=(*PICTURE.nodes[:2], Node("Multiply", "Tanh")))
_X, _H = zip(leaf_symbols(0), leaf_symbols(1), strict=True)


def _vectors(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for size in (1, 3, 5, 8):
        yield rng.normal(size=(2, size)), rng.normal(size=(2, size)), rng.normal(size=size)


def _sizes(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for base in (1, 2, 4, 8):
        inputs, hidden = rng.choice(np.arange(2, 50), size=2, replace=False)
        yield base, int(inputs), int(hidden)


def _parameters(base: int, inputs: int, hidden: int) -> int:
    """Count the elements of the matrices whose letters are in a cell's formulas."""
    words = "Add Tanh " * 2 * base
    letters = formulas(Cell.parse(f"{words} {2 * base - 2} 0")).h.free_symbols - {c_prev}
    return sum(hidden * (inputs if "x" in str(letter) else hidden) for letter in letters)


EXERCISES = {
    "1.1": Exercise(
        cases=_vectors,
        truth=lambda x, h, c: evaluate(PICTURE, x, h, c),
        same=close,
        mistakes={
            "c_t leaves the root before its Tanh, yours leaves after it": lambda x, h, c: (
                evaluate(PICTURE, x, h, c)[0],
                evaluate(PICTURE, x, h, c)[0],
            ),
            "leaf 0 multiplies its two products, yours adds them": lambda x, h, c: evaluate(
                _ADDING_LEAVES, x, h, c
            ),
            "the ReLU after the injection is missing": lambda x, h, c: evaluate(
                _PLAIN_INJECTION, x, h, c
            ),
            "c_{t-1} never enters": lambda x, h, c: evaluate(_NO_INJECTION, x, h, 0 * c),
            "the memory is multiplied here, yours adds it": lambda x, h, c: evaluate(
                _ADDED_MEMORY, x, h, c
            ),
            "the memory enters at node 1, yours at node 0": lambda x, h, c: evaluate(
                _OTHER_LEAF, x, h, c
            ),
            "the root adds, yours multiplies": lambda x, h, c: evaluate(_MULTIPLYING_ROOT, x, h, c),
            "leaf 0 and leaf 1 are exchanged": lambda x, h, c: evaluate(
                PICTURE, x[::-1], h[::-1], c
            ),
            "that is the article's cell, not the one in the picture": lambda x, h, c: evaluate(
                EXAMPLE, x, h, c
            ),
            "that is (c_t, h_t); h_t comes first": lambda x, h, c: evaluate(PICTURE, x, h, c)[::-1],
        },
    ),
    "1.2": Exercise(
        truth=lambda: formulas(PICTURE).c,
        same=same_formula,
        remark=lambda answer: about_formula(
            answer, {c_prev, *_X, *_H}, "nt.leaf_symbols and nt.c_prev"
        ),
        mistakes={
            "that is h_t; c_t leaves before the Tanh of the root": lambda: formulas(PICTURE).h,
            "c_{t-1} is missing; it enters at node 1": lambda: evaluate(_NO_INJECTION, _X, _H, 0)[
                1
            ],
            "the ReLU after the injection is missing": lambda: formulas(_PLAIN_INJECTION).c,
            "the memory is multiplied here, yours adds it": lambda: formulas(_ADDED_MEMORY).c,
            "the root adds, yours multiplies": lambda: formulas(_MULTIPLYING_ROOT).c,
            "leaf 0 multiplies its two products, yours adds them": lambda: (
                formulas(_ADDING_LEAVES).c
            ),
        },
    ),
    "1.3": Exercise(
        cases=_sizes,
        truth=_parameters,
        mistakes={
            "inner nodes have no matrices, only leaves do": lambda b, i, h: (
                (2 * b - 1) * h * (i + h)
            ),
            "each leaf has two matrices, one for x_t and one for h_{t-1}": lambda b, i, h: (
                b * h * i
            ),
            "the matrix of h_{t-1} has hidden x hidden elements": lambda b, i, h: 2 * b * h * i,
            "the paper's cells have no biases": lambda b, i, h: b * h * (i + h + 1),
            "that counts matrices, not their elements": lambda b, i, h: 2 * b,
            "that is twice too much": lambda b, i, h: 2 * b * h * (i + h),
        },
    ),
}
