"""Cells, numbers and bad tokens for hypothesis."""

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from nastut.cells import operations
from nastut.cells.cell import Cell
from nastut.symbolic.symbols import c_prev, leaf_symbols

COMBINATIONS = list(operations.COMBINATIONS)
ACTIVATIONS = list(operations.ACTIVATIONS)
BASES = [1, 2, 4, 8]


@st.composite
def sequences(draw, bases=BASES):
    """Token sequences of cells, as lists."""
    base = draw(st.sampled_from(bases))
    operation = st.tuples(st.sampled_from(COMBINATIONS), st.sampled_from(ACTIVATIONS))
    operations = draw(st.lists(operation, min_size=2 * base, max_size=2 * base))
    index = st.integers(0, 2 * base - 2)
    return [word for pair in operations for word in pair] + [draw(index), draw(index)]


def cells(bases=BASES):
    """Cells of any of the bases."""
    return sequences(bases).map(Cell.from_sequence)


@st.composite
def cells_with_inputs(draw, bases=BASES, points=4):
    """(cell, x_parts, h_parts, c): the parts have shape (base, points), c has (points,).

    The numbers lie between -1.5 and 1.5 and never on a kink of Max or ReLU, except
    where a ReLU makes a zero.
    """
    cell = draw(cells(bases))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return cell, *inputs(cell.base, rng, points)


def inputs(base, rng, points):
    """Return random x_parts, h_parts of shape (base, points) and c of shape (points,)."""
    x, h = rng.uniform(-1.5, 1.5, (2, base, points))
    return x, h, rng.uniform(-1.5, 1.5, points)


def number(expression, x, h, c):
    """Return the value of a formula, worked out with 30 digits; the parts are of one point."""
    symbols = [*zip(*map(leaf_symbols, range(len(x))), strict=True), [c_prev]]
    values = {
        symbol: sp.Float(float(part), 30)
        for row, parts in zip(symbols, (x, h, c), strict=True)
        for symbol, part in zip(row, parts.ravel(), strict=True)
    }
    return float(expression.xreplace(values))


BAD_TOKENS = [
    None, 1.0, float("nan"), float("inf"), True, np.True_, 1j, b"Add", ["Add", "Tanh"], ("Add",),
    {"Add"}, {"Add": 1}, np.array(["Add"]), len, str, "", " ", "1", "add", "Concat", "A\x00\n",
    "Add" * 1_000, -1, 10**6,
]  # fmt: skip
"""None of these may stand anywhere in a sequence."""

anything = st.one_of(
    st.sampled_from(COMBINATIONS + ACTIVATIONS),
    st.integers(),
    st.text(max_size=8),
    st.floats(),
    st.none(),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=3),
    st.sampled_from(BAD_TOKENS),
)
"""What hypothesis puts into a sequence, valid or not."""
