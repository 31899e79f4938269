"""The operations a cell is made of: combinations join two values, activations bend one.

One row an operation. A row is written in the functions of a number system, so the
same row runs on NumPy arrays, torch tensors and sympy expressions. A new operation
is a new row here and a colour in :mod:`nastut.pictures.style`; nothing else has to know of it.

Source: Zoph & Le (2017), section 3.4; Max and Sin from their control experiment, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nastut.cells.number_systems import Value


@dataclass(frozen=True)
class Operation:
    """A function of one value or two, elementwise.

    Attributes
    ----------
    apply
        ``apply(xp, *values)`` is its value in the number system `xp`.
    searched
        Whether it belongs to the search space of the paper, and so to the default of
        :class:`nastut.cells.space.Space`.
    """

    apply: Callable[..., Value]
    searched: bool = False


# By the token that stands for it in a sequence. True: the paper searches with it.
COMBINATIONS = {
    "Add": Operation(lambda xp, a, b: a + b, True),
    "Multiply": Operation(lambda xp, a, b: a * b, True),
    "Max": Operation(lambda xp, a, b: xp.maximum(a, b)),
}

ACTIVATIONS = {
    "Identity": Operation(lambda xp, a: a, True),
    "Tanh": Operation(lambda xp, a: xp.tanh(a), True),
    "Sigmoid": Operation(lambda xp, a: xp.sigmoid(a), True),
    "ReLU": Operation(lambda xp, a: xp.relu(a), True),
    "Sin": Operation(lambda xp, a: xp.sin(a)),
}

SEARCHED_COMBINATIONS = tuple(name for name, row in COMBINATIONS.items() if row.searched)
SEARCHED_ACTIVATIONS = tuple(name for name, row in ACTIVATIONS.items() if row.searched)
