"""The operations a cell is made of: combinations join two values, activations bend one.

One row an operation. A row is written in the functions of a number system, so the
same row runs on NumPy arrays, torch tensors and sympy expressions. A new operation
is a new row here and a colour in :mod:`nastut.pictures.style`; nothing else has to know of it.

Source: Zoph & Le (2017), section 3.4; Max and Sin from their control experiment, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nastut.cells.number_systems import NumberSystem, Value


@dataclass(frozen=True)
class Combination:
    """A way to join two values, elementwise.

    Attributes
    ----------
    name
        The token that stands for it in a sequence.
    apply
        ``apply(xp, a, b)`` is the joined value, in the number system `xp`.
    searched
        Whether it belongs to the search space of the paper, and so to the default of
        :class:`nastut.cells.space.Space`.
    """

    name: str
    apply: Callable[[NumberSystem, Value, Value], Value]
    searched: bool = False


@dataclass(frozen=True)
class Activation:
    """A function of one value, elementwise.

    Attributes
    ----------
    name
        The token that stands for it in a sequence.
    apply
        ``apply(xp, a)`` is the activated value, in the number system `xp`.
    searched
        As for a combination.
    """

    name: str
    apply: Callable[[NumberSystem, Value], Value]
    searched: bool = False


# True: the paper searches with it.
COMBINATIONS: dict[str, Combination] = {
    row.name: row
    for row in (
        Combination("Add", lambda xp, a, b: a + b, True),
        Combination("Multiply", lambda xp, a, b: a * b, True),
        Combination("Max", lambda xp, a, b: xp.maximum(a, b)),
    )
}

ACTIVATIONS: dict[str, Activation] = {
    row.name: row
    for row in (
        Activation("Identity", lambda xp, a: a, True),
        Activation("Tanh", lambda xp, a: xp.tanh(a), True),
        Activation("Sigmoid", lambda xp, a: xp.sigmoid(a), True),
        Activation("ReLU", lambda xp, a: xp.relu(a), True),
        Activation("Sin", lambda xp, a: xp.sin(a)),
    )
}

SEARCHED_COMBINATIONS = tuple(name for name, row in COMBINATIONS.items() if row.searched)
SEARCHED_ACTIVATIONS = tuple(name for name, row in ACTIVATIONS.items() if row.searched)
