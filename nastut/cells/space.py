"""All cells of one base: how many, one at random, every one, and each as a list of choices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from nastut.cells.cell import Cell, require_cell
from nastut.cells.operations import (
    ACTIVATIONS,
    COMBINATIONS,
    SEARCHED_ACTIVATIONS,
    SEARCHED_COMBINATIONS,
)
from nastut.cells.sequence import (
    BASES,
    Token,
    describe,
    is_base,
    is_whole_number,
    number_of_nodes,
    places,
)

if TYPE_CHECKING:
    import numpy as np


def require_generator(rng: object) -> None:
    """Raise a TypeError that says how to make one, unless `rng` is a generator."""
    import numpy as np

    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}; it must be a generator: np.random.default_rng(seed)")


@dataclass(frozen=True)
class Space:
    """The cells with `base` leaves made of the operations that are listed.

    The defaults are the operations that Zoph & Le (2017, section 4.2) search with.

    A cell is a list of choices: at each place of its sequence, the number of the token
    among those allowed there. That is what a controller emits.

    Attributes
    ----------
    base
        Number of leaves: 1, 2, 4, 8, ... up to 1024.
    combinations, activations
        Names of the operations, in the order in which they are numbered.

    Raises
    ------
    ValueError
        If the base is no power of two, or an operation is unknown or named twice.
    """

    base: int = 2
    combinations: tuple[str, ...] = SEARCHED_COMBINATIONS
    activations: tuple[str, ...] = SEARCHED_ACTIVATIONS

    def __post_init__(self) -> None:
        if not is_base(self.base):
            raise ValueError(f"base is {describe(self.base)}; it must be {BASES}")
        object.__setattr__(self, "base", int(self.base))
        for field, known in (("combinations", COMBINATIONS), ("activations", ACTIVATIONS)):
            value = getattr(self, field)
            # The order numbers the operations, so a set will not do; nor will one bare name.
            in_order = isinstance(value, Sequence) and not isinstance(value, str)
            names = tuple(value) if in_order else ()
            if not names or len(set(names)) < len(names) or not set(names) <= set(known):
                raise ValueError(
                    f"{field} are {value!r}; give a tuple of one or more of "
                    f"{', '.join(known)}, each once"
                )
            object.__setattr__(self, field, names)

    @property
    def tokens(self) -> list[tuple[Token, ...]]:
        """The tokens allowed at each place, in the order of their numbers."""
        words = [self.combinations, self.activations] * (number_of_nodes(self.base) + 1)
        indices = tuple(range(number_of_nodes(self.base)))
        return [*words, indices, indices]

    @property
    def choices(self) -> list[int]:
        """The number of tokens allowed at each place."""
        return [len(allowed) for allowed in self.tokens]

    @property
    def size(self) -> int:
        """The number of sequences."""
        return prod(self.choices)

    @property
    def classes(self) -> int:
        """The number of sequences that stay different when children may change places.

        Counted from the leaves up: a node with two subtrees of one kind of ``n`` forms has
        ``n (n + 1) / 2`` unordered pairs below it. The two indices are marks on the tree,
        so subtrees are counted apart by the marks they carry.
        """
        node = len(self.combinations) * len(self.activations)
        bare, one_mark, two_marks = node, node, node
        for _ in range(self.base.bit_length() - 1):
            bare, one_mark, two_marks = (
                node * bare * (bare + 1) // 2,
                node * (bare * (bare + 1) // 2 + one_mark * bare),
                node
                * (
                    bare * (bare + 1) // 2  # both marks here
                    + 2 * one_mark * bare  # one here, the other below
                    + two_marks * bare  # both below, on one side
                    + one_mark * one_mark  # both below, one on each side
                ),
            )
        return two_marks * node

    def sample(self, rng: np.random.Generator) -> Cell:
        """Return one cell; every sequence is equally likely.

        Raises
        ------
        TypeError
            If `rng` is not a generator, such as ``np.random.default_rng(seed)``.
        """
        require_generator(rng)
        return self.decode([int(rng.integers(n)) for n in self.choices])

    def encode(self, cell: Cell) -> list[int]:
        """Return the choices that describe `cell`.

        Raises
        ------
        ValueError
            If the cell is not in this space; the message names the token.
        """
        require_cell(cell)
        if cell.base != self.base:
            raise ValueError(f"the cell has base {cell.base}, this space has base {self.base}")
        choices = []
        for number, (token, allowed) in enumerate(zip(cell.sequence, self.tokens, strict=True), 1):
            if token not in allowed:
                raise ValueError(f"token {number} is {token}; this space has {allowed} there")
            choices.append(allowed.index(token))
        return choices

    def decode(self, choices: Sequence[int]) -> Cell:
        """Return the cell that a list of choices describes.

        Raises
        ------
        ValueError
            If there are too few or too many choices, or one is out of range.
        """
        if len(choices) != len(self.choices):
            raise ValueError(
                f"{len(choices)} choices were given; base {self.base} takes {len(self.choices)}"
            )
        meaning = places(self.base)
        sequence = []
        for number, (choice, allowed) in enumerate(zip(choices, self.tokens, strict=True), 1):
            if not (is_whole_number(choice) and 0 <= choice < len(allowed)):
                raise ValueError(
                    f"choice {number} ({meaning[number - 1].meaning}) is {choice!r}; "
                    f"it must be a whole number from 0 to {len(allowed) - 1}"
                )
            sequence.append(allowed[choice])
        return Cell.from_sequence(sequence)

    def __contains__(self, cell: object) -> bool:
        if not isinstance(cell, Cell) or cell.base != self.base:
            return False
        return all(t in allowed for t, allowed in zip(cell.sequence, self.tokens, strict=True))

    def __iter__(self) -> Iterator[Cell]:
        """Yield every cell once, the last place changing fastest."""
        return map(Cell.from_sequence, product(*self.tokens))

    def __len__(self) -> int:
        """Return :attr:`size`; Python refuses what does not fit in a machine word."""
        return self.size
