"""Cells, numbers and bad tokens for hypothesis."""

import numpy as np
from hypothesis import strategies as st

from nastut.cells.cell import Cell

COMBINATIONS = ["Add", "Multiply", "Max"]
ACTIVATIONS = ["Identity", "Tanh", "Sigmoid", "ReLU", "Sin"]
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


class Unprintable:
    """An object that does not want to be seen."""

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


class UnprintableWord(str):
    """A text that does not want to be seen."""

    __slots__ = ()

    __repr__ = Unprintable.__repr__
    __str__ = Unprintable.__repr__


# None of these may stand anywhere in a sequence.
BAD_TOKENS = {
    "None": None,
    "float": 1.0,
    "nan": float("nan"),
    "inf": float("inf"),
    "True": True,
    "False": False,
    "NumPy bool": np.True_,
    "complex": 1j,
    "bytes": b"Add",
    "list": ["Add", "Tanh"],
    "list of a list": [[0]],
    "tuple": ("Add",),
    "set": {"Add"},
    "dict": {"Add": 1},
    "array": np.array(["Add", "Tanh"]),
    "function": len,
    "class": str,
    "empty word": "",
    "blank": " ",
    "digits as a word": "1",
    "5000 digits as a word": "9" * 5000,
    "5000 digits": 10**5000,
    "minus 5000 digits": -(10**5000),
    "5000 digits in a list": [10**5000],
    "negative": -1,
    "large": 10**6,
    "lower case": "add",
    "unknown word": "Concat",
    "long word": "Add" * 10_000,
    "control characters": "A\x00\ud800\n",
    "unprintable": Unprintable(),
    "unprintable in a list": [Unprintable()],
    "unprintable word": UnprintableWord("Concat"),
}

# The kinds of things that hypothesis puts into a sequence, valid or not.
anything = st.one_of(
    st.sampled_from(COMBINATIONS + ACTIVATIONS),
    st.integers(),
    st.text(max_size=8),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=3),
    st.fractions(),
    st.complex_numbers(),
    st.sampled_from(list(BAD_TOKENS.values())),
)
