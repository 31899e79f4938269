"""Exercises of notebook 02."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from nastut.cells.cell import Cell
from nastut.cells.sequence import Token
from nastut.cells.space import Space
from nastut.lessons.exercise import Exercise


def _inner_nodes(rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    for base in (2, 4, 8):
        for k in range(base, 2 * base - 1):
            yield k, base


def _pair_below(k: int, base: int) -> tuple[int, int]:
    """Find the children of a node by numbering the whole tree, layer by layer."""
    layer = list(range(base))
    while True:
        pairs = list(zip(layer[::2], layer[1::2], strict=True))
        layer = [layer[-1] + 1 + i for i in range(len(pairs))]
        if k in layer:
            return pairs[layer.index(k)]


def _sequences(rng: np.random.Generator) -> Iterator[tuple[list[Token]]]:
    for base in (1, 2, 4, 8, 16, 32):  # more lengths than anybody writes down one by one
        for _ in range(3):
            yield (_with_different_indices(Space(base), rng).sequence,)


def _base_2_sequences(rng: np.random.Generator) -> Iterator[tuple[list[Token]]]:
    for _ in range(12):
        yield (_with_different_indices(Space(2), rng).sequence,)


def _with_different_indices(space: Space, rng: np.random.Generator) -> Cell:
    """Draw a cell whose two indices differ, so that swapping them shows."""
    while True:
        cell = space.sample(rng)
        if space.base == 1 or cell.create_index != cell.inject_index:
            return cell


def _parts(tokens: list[Token]) -> tuple[Any, ...]:
    cell = Cell.from_sequence(tokens)
    nodes = tuple((node.combination, node.activation) for node in cell.nodes)
    inject = (cell.inject.combination, cell.inject.activation)
    return nodes, inject, cell.create_index, cell.inject_index


def _swapped_indices(tokens: list[Token]) -> tuple[Any, ...]:
    nodes, inject, create_index, inject_index = _parts(tokens)
    return nodes, inject, inject_index, create_index


def _injection_first(tokens: list[Token]) -> tuple[Any, ...]:
    (inject, *nodes), last, create_index, inject_index = _parts(tokens)
    return (*nodes, last), inject, create_index, inject_index


def _activation_first(tokens: list[Token]) -> tuple[Any, ...]:
    nodes, inject, create_index, inject_index = _parts(tokens)
    return tuple(n[::-1] for n in nodes), inject[::-1], create_index, inject_index


def _root_first(tokens: list[Token]) -> tuple[Any, ...]:
    nodes, inject, create_index, inject_index = _parts(tokens)
    return nodes[::-1], inject, create_index, inject_index


def _mirror(
    tokens: list[Token], swap_nodes: bool = True, swap_indices: bool = True, root_at: int = 2
) -> list[Token]:
    nodes, inject, *indices = _parts(tokens)
    order = (1, 0, 2) if swap_nodes else (0, 1, 2)
    number = (1, 0, root_at) if swap_indices else (0, 1, 2)
    words = [word for k in order for word in nodes[k]]
    return [*words, *inject, *(number[index] for index in indices)]


def _one_index_follows(tokens: list[Token], which: int) -> list[Token]:
    *words, create_index, inject_index = _mirror(tokens)
    indices = [create_index, tokens[9]] if which == 0 else [tokens[8], inject_index]
    return [*words, *indices]


def _mirror_and_swap(tokens: list[Token]) -> list[Token]:
    *words, create_index, inject_index = _mirror(tokens)
    return [*words, inject_index, create_index]


EXERCISES = {
    "2.1": Exercise(
        cases=_inner_nodes,
        truth=_pair_below,
        mistakes={
            "that numbers from the root, as heaps do; here leaves come first": lambda k, b: (
                2 * k + 1,
                2 * k + 2,
            ),
            "one too far: leaf 0 is the left child of the first inner node": lambda k, b: (
                2 * (k - b) + 1,
                2 * (k - b) + 2,
            ),
            "a factor 2 is missing: each inner node uses up two nodes below": lambda k, b: (
                k - b,
                k - b + 1,
            ),
            "left before right": lambda k, b: (2 * (k - b) + 1, 2 * (k - b)),
            "base is forgotten: the first inner node is node `base`, and it joins 0 and 1": (
                lambda k, b: (2 * k, 2 * k + 1)
            ),
            "that is the parent, the way up; the children are below": lambda k, b: b + k // 2,
            "the inner nodes before k are k - base, and each of them used up two": lambda k, b: (
                k - b,
                k,
            ),
        },
    ),
    "2.2": Exercise(
        cases=_sequences,
        truth=_parts,
        mistakes={
            "the two indices are swapped: create comes first, inject last": _swapped_indices,
            "the injection stands after all nodes, not before them": _injection_first,
            "the combination comes before the activation": _activation_first,
            "the leaves come first and the root last": _root_first,
            "only three nodes came back; larger trees have more": lambda tokens: (
                _parts(tokens)[0][:3],
                *_parts(tokens)[1:],
            ),
            "the injection came back as a last node too": lambda tokens: (
                (*_parts(tokens)[0], _parts(tokens)[1]),
                *_parts(tokens)[1:],
            ),
        },
    ),
    "2.3": Exercise(
        cases=lambda rng: [(base,) for base in (1, 2, 4, 8)],
        truth=lambda base: Space(base).size,
        mistakes={
            "the injection has a combination and an activation of its own": lambda b: (
                8 ** (2 * b - 1) * (2 * b - 1) ** 2
            ),
            "both indices run over all nodes, inner ones too": lambda b: 8 ** (2 * b) * b**2,
            "the two indices may be equal": lambda b: 8 ** (2 * b) * (2 * b - 1) * (2 * b - 2),
            "the inner nodes have operations too": lambda b: 8 ** (b + 1) * (2 * b - 1) ** 2,
            "there are two indices": lambda b: 8 ** (2 * b) * (2 * b - 1),
            "the two indices at the end are to be chosen too": lambda b: 8 ** (2 * b),
            "that leaves out the injection and the two indices": lambda b: 8 ** (2 * b - 1),
            "a node has 2 x 4 = 8 ways; Sin, a fifth activation, is left out here": lambda b: (
                10 ** (2 * b) * (2 * b - 1) ** 2
            ),
            "a node has 2 x 4 = 8 ways; Max, a third combination, is left out here": lambda b: (
                12 ** (2 * b) * (2 * b - 1) ** 2
            ),
            "a node has 2 x 4 = 8 ways; Max and Sin are left out here": lambda b: (
                15 ** (2 * b) * (2 * b - 1) ** 2
            ),
            "2 combinations and 4 activations make 2 x 4 = 8 ways, not 2 + 4": lambda b: (
                6 ** (2 * b) * (2 * b - 1) ** 2
            ),
            "that is the length of the sequence; count how many there are": lambda b: 4 * b + 2,
        },
    ),
    "2.4": Exercise(
        cases=_base_2_sequences,
        truth=_mirror,
        mistakes={
            "the leaves changed places but the indices still point to the old ones": (
                lambda tokens: _mirror(tokens, swap_indices=False)
            ),
            "the indices changed but the leaves did not": (
                lambda tokens: _mirror(tokens, swap_nodes=False)
            ),
            "the create index follows its node, the inject index should too": (
                lambda tokens: _one_index_follows(tokens, 0)
            ),
            "the inject index follows its node, the create index should too": (
                lambda tokens: _one_index_follows(tokens, 1)
            ),
            "create and inject changed roles; only what they point to should": _mirror_and_swap,
            "the indices changed places with each other; each should follow its node": (
                lambda tokens: _mirror_and_swap(_mirror(tokens, swap_nodes=False))
            ),
            **{
                f"an index 2 points to the root, which stays in place; yours became {number}": (
                    partial(_mirror, root_at=number)
                )
                for number in (-1, 0, 1, 3)
            },
            "nothing changed": lambda tokens: list(tokens),
        },
    ),
}
