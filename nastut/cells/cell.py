"""The cell: a complete binary tree, and its token sequence, both ways.

Nodes are indexed layer by layer, leaves first, each layer from left to right; the
root is the last. With ``b`` leaves, the children of node ``k`` are ``2 (k - b)``
and ``2 (k - b) + 1``. Source: Zoph & Le (2017), section 3.4 and figure 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nastut.cells.sequence import (
    ACTIVATION_WORDS,
    BASES,
    COMBINATION_WORDS,
    Place,
    SequenceError,
    Token,
    check_sequence,
    check_token,
    describe,
    is_base,
    number_of_nodes,
    split_text,
)


def children(index: int, base: int) -> tuple[int, ...]:
    """Return the two nodes below node `index`; none below a leaf."""
    if index < base:
        return ()
    return 2 * (index - base), 2 * (index - base) + 1


def ancestors(index: int, base: int) -> list[int]:
    """Return the nodes above node `index`, from its parent to the root."""
    above = []
    while index < 2 * base - 2:
        index = base + index // 2
        above.append(index)
    return above


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the tree: how it combines its two values and what it applies to the result.

    Raises
    ------
    SequenceError
        If a name is not one of the operations of :mod:`nastut.cells.operations`.
    """

    combination: str
    activation: str

    def __post_init__(self) -> None:
        for name, allowed in (("combination", COMBINATION_WORDS), ("activation", ACTIVATION_WORDS)):
            place = Place(f"the {name} of a node", allowed)
            word = check_token(getattr(self, name), place, f"Node.{name}")
            object.__setattr__(self, name, word)

    def __str__(self) -> str:
        return f"{self.combination} {self.activation}"


def require_cell(value: object) -> None:
    """Raise a TypeError that says how to make a cell, unless `value` is one."""
    if not isinstance(value, Cell):
        raise TypeError(
            f"{describe(value)} was given where a Cell belongs; make one with "
            "Cell.parse(text) or Cell.from_sequence(list)"
        )


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: a tree of nodes, and the way its memory enters and leaves.

    Attributes
    ----------
    nodes
        The ``2 base - 1`` nodes, leaves first, root last.
    inject
        How c_{t-1} joins the value of the inject node: a combination and an activation.
    create_index
        The node where c_t is made: what it has joined, *before its activation*.
    inject_index
        The node that c_{t-1} enters, *after that node's own activation*.

    Raises
    ------
    SequenceError
        If the parts do not make a cell; see :func:`nastut.cells.sequence.check_sequence`.
    """

    nodes: tuple[Node, ...]
    inject: Node
    create_index: int
    inject_index: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(self.nodes))
        owners = {f"nodes[{k}]": node for k, node in enumerate(self.nodes)}
        for name, node in {**owners, "inject": self.inject}.items():
            if not isinstance(node, Node):
                raise SequenceError(
                    f"{name} is {describe(node)}; it must be Node(combination, activation)"
                )
        if not is_base(self.base) or len(self.nodes) != number_of_nodes(self.base):
            raise SequenceError(
                f"{len(self.nodes)} nodes were given; the tree of a base-b cell has 2 b - 1: "
                f"1, 3, 7, 15, ... for base {BASES}"
            )
        tokens = check_sequence(self.sequence)
        object.__setattr__(self, "create_index", tokens[-2])
        object.__setattr__(self, "inject_index", tokens[-1])

    @classmethod
    def from_sequence(cls, tokens: Sequence[Token]) -> Cell:
        """Return the cell that a list of tokens describes.

        Raises
        ------
        SequenceError
            Naming the first token that does not fit and what belongs in its place.
        """
        words = check_sequence(tokens)
        *nodes, inject = (
            Node(str(combination), str(activation))
            for combination, activation in zip(words[:-2:2], words[1:-2:2], strict=True)
        )
        return cls(tuple(nodes), inject, int(words[-2]), int(words[-1]))

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Return the cell that a text describes; brackets, commas and case do not matter.

        Raises
        ------
        SequenceError
            Naming the first token that does not fit and what belongs in its place.
        """
        return cls.from_sequence(split_text(text))

    @property
    def sequence(self) -> list[Token]:
        """The ``4 base + 2`` tokens of the cell, as a new list."""
        words = [w for n in (*self.nodes, self.inject) for w in (n.combination, n.activation)]
        return [*words, self.create_index, self.inject_index]

    @property
    def base(self) -> int:
        """Number of leaves."""
        return (len(self.nodes) + 1) // 2

    @property
    def root(self) -> int:
        """Index of the root, whose value is h_t."""
        return len(self.nodes) - 1

    @property
    def has_memory(self) -> bool:
        """Whether c_t can depend on c_{t-1}: the create node stands strictly above the inject node.

        Otherwise c_t is computed before c_{t-1} arrives, or beside it.
        """
        return self.create_index in ancestors(self.inject_index, self.base)

    @property
    def class_size(self) -> int:
        """Number of sequences that differ from this one by swaps of children, itself included."""
        inner = range(self.base, len(self.nodes))
        pairs = ([self._subtree(child) for child in children(k, self.base)] for k in inner)
        return 1 << sum(left != right for left, right in pairs)

    def canonical(self) -> Cell:
        """Return the one cell that stands for all that differ from this by swaps of children.

        Every combination is symmetric, so the two subtrees of a node may change places
        (and the two indices with them) without any change to the function.
        """
        layer, layers = [self.root], [[self.root]]
        while layer[0] >= self.base:
            layer = [
                child
                for parent in layer
                for child in sorted(children(parent, self.base), key=self._subtree)
            ]
            layers.insert(0, layer)
        old = [index for layer in layers for index in layer]
        return Cell(
            tuple(self.nodes[index] for index in old),
            self.inject,
            old.index(self.create_index),
            old.index(self.inject_index),
        )

    def _subtree(self, index: int) -> tuple[Any, ...]:
        """Return all there is at and below a node, equal for subtrees that differ by swaps."""
        node = self.nodes[index]
        return (
            node.combination,
            node.activation,
            index == self.create_index,
            index == self.inject_index,
            *sorted(self._subtree(child) for child in children(index, self.base)),
        )

    def __str__(self) -> str:
        return " ".join(map(str, self.sequence))

    def __repr__(self) -> str:
        return f"Cell.parse({str(self)!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Show the cell as its picture in a notebook."""
        from nastut.pictures.drawing import draw

        shown = draw(self)._repr_mimebundle_(**kwargs)
        if "image/svg+xml" in shown:  # otherwise the text says what to do about it
            shown["text/plain"] = repr(self)
        return shown
