"""Laying a quantity out as a complete binary tree, the smallest that holds it.

A *block* is a node and all that feeds it. It takes a power of two of leaves, and blocks fit
side by side below a node exactly if their leaves do: the larger first, they fill its left
half, then its right half. Free room is filled with pass-throughs: leaves that hold zeros, and
nodes that add them. Zeros are only ever added, since a sum alone leaves the other value as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, zip_longest

import sympy as sp

from nastut.cells.cell import Node, children
from nastut.symbolic.reading import Applied, Joined, Quantity
from nastut.symbolic.symbols import c_next, c_prev, reading_order, source

PASS_THROUGH = Node("Add", "Identity")


@dataclass(frozen=True)
class Block:
    """A node, and all that feeds it.

    Attributes
    ----------
    combination, activation
        The node's own.
    parts
        What it combines: any number of blocks.
    symbols
        What it combines if it is a leaf; nothing means zeros.
    injection
        How c_{t-1} joins, if it does so here.
    create
        Whether c_t is what it has combined.
    """

    combination: str = "Add"
    parts: tuple[Block, ...] = ()
    symbols: tuple[sp.Symbol, ...] = ()
    activation: str = "Identity"
    injection: Node | None = None
    create: bool = False

    @cached_property
    def size(self) -> int:
        """Number of leaves it takes, a power of two."""
        if not self.parts:
            return 1
        # A node halves its leaves between two children, even if one of them is a pass-through.
        leaves = max(sum(part.size for part in self.parts), 2 * self.parts[0].size)
        return 1 << (leaves - 1).bit_length()

    @cached_property
    def order(self) -> tuple[int, list[str]]:
        """By what blocks are sorted: large ones first, then by their first symbol."""
        names = [*map(reading_order, self.symbols), *(part.order[1] for part in self.parts)]
        return -self.size, min(names, default=[])


def block_of(quantity: Quantity, c: Quantity) -> Block:
    """Return the smallest block with the value `quantity`, in which the symbol c_t means `c`."""
    match quantity:
        case Applied():
            return _activated(block_of(quantity.to, c), quantity.activation)
        case Joined(combination, parts):
            block = _combined(combination, [part for part in parts if part not in (c_prev, 0)], c)
            if c_prev in parts:
                # Any node of the combination could take c_{t-1}; the uppermost can for free.
                block = replace(block, injection=Node(combination, "Identity"))
            return _activated(block, "ReLU") if 0 in parts else block
    if quantity == c_prev:
        return Block(injection=PASS_THROUGH)
    if quantity == c_next:
        return replace(_bare(block_of(c, c)), create=True)
    return Block(symbols=(quantity,))


def seats(root: Block) -> Iterator[tuple[int, Block]]:
    """Yield the index of every node that is not a pass-through, and the block that sits there."""

    def from_node(index: int, size: int, block: Block) -> Iterator[tuple[int, Block]]:
        left, right = _halves(block.parts, size)
        if size > 1 and not right:
            # It fits in the left half: there the combination, here the rest.
            yield index, replace(block, combination="Add", parts=(), symbols=())
            inner = _group(block.combination, left, block.symbols)
            halves = [inner] if left or block.symbols else []
        else:
            yield index, block
            halves = [_group(block.combination, half) for half in (left, right) if half]
        for child, half in zip(children(index, root.size), halves, strict=False):
            yield from from_node(child, size // 2, half)

    yield from from_node(2 * root.size - 2, root.size, root)


def _combined(combination: str, parts: Iterable[Quantity], c: Quantity) -> Block:
    """Return the block that combines `parts`, an x-part and an h-part in each leaf."""
    by_source: dict[str | None, list[Quantity]] = {"x": [], "h": [], None: []}
    for part in parts:
        by_source[source(part) if isinstance(part, sp.Symbol) else None].append(part)
    x, h = (sorted(by_source[side], key=reading_order) for side in ("x", "h"))
    pairs = [tuple(symbol for symbol in pair if symbol) for pair in zip_longest(x, h)]
    leaves = [Block(combination if len(pair) == 2 else "Add", symbols=pair) for pair in pairs]
    inner = [block_of(part, c) for part in by_source[None]]
    return _group(combination, [*leaves, *inner])


def _group(combination: str, parts: Sequence[Block], symbols: tuple[sp.Symbol, ...] = ()) -> Block:
    """Return the block that combines `parts` or `symbols`; one part is a block already."""
    if len(parts) == 1:
        return parts[0]
    if not parts and not symbols:
        return Block()
    return Block(combination, tuple(sorted(parts, key=lambda part: part.order)), symbols)


def _halves(parts: Sequence[Block], size: int) -> tuple[Sequence[Block], Sequence[Block]]:
    """Return the parts that go to the left half of `size` leaves, and those to the right."""
    # The sizes are falling powers of two, so the left half is filled exactly.
    filled = accumulate(part.size for part in parts)
    left = sum(1 for leaves in filled if leaves <= size // 2)
    return parts[:left], parts[left:]


def _activated(block: Block, activation: str) -> Block:
    """Return the block with one activation more."""
    if block.injection is None:
        bare = block if block.activation == "Identity" else _bare(block)
        return replace(bare, activation=activation)
    match block.injection, block.activation:
        case Node(combination, "Identity"), _:
            return replace(block, injection=Node(combination, activation))
        case Node("Max", "ReLU"), "Identity":
            # ReLU(max(a, c)) = max(ReLU(a), c)
            return replace(block, activation="ReLU", injection=Node("Max", activation))
    return replace(_bare(block), activation=activation)


def _bare(block: Block) -> Block:
    """Return the smallest block of this value that ends with its combination.

    So it has room for another activation, or can be c_t.
    """
    if block.activation == "Identity" and block.injection is None:
        return block
    # One node more is always enough. Without it, what ends the block may move to one part:
    # a + b + c = (a + c) + b, and ReLU(max(a, b)) = max(ReLU(a), b).
    movable = {"Identity", "ReLU"} if block.combination == "Max" else {"Identity"}
    injection = block.injection or Node(block.combination, "Identity")
    choices = [Block(parts=(block,))]
    if (
        not block.create
        and block.activation in movable
        and injection.activation in movable
        and injection.combination == block.combination
    ):
        choices += (
            _group(block.combination, [*rest, _moved(block, part)])
            for part, rest in _selections(block)
            if rest
        )
    return min(choices, key=lambda choice: choice.size)


def _moved(block: Block, part: Block) -> Block:
    """Return `part` with the activation and the injection of `block`."""
    if block.activation != "Identity":
        part = _activated(part, block.activation)
    return replace(part, injection=block.injection) if block.injection else part


def _selections(block: Block) -> Iterator[tuple[Block, Sequence[Block]]]:
    """Yield each part of a block, and each half of it as one part, with the rest."""
    for k, part in enumerate(block.parts):
        yield part, (*block.parts[:k], *block.parts[k + 1 :])
    left, right = _halves(block.parts, block.size)
    yield _group(block.combination, left), right
    yield _group(block.combination, right), left
