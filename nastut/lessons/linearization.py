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


def _two(left: int) -> tuple[int, int]:
    return left, left + 1


def _sequences(rng: np.random.Generator, bases: tuple[int, ...]) -> Iterator[tuple[list[Token]]]:
    """Yield the tokens of random cells whose indices differ, so that swapping them shows."""
    for base in bases:
        cell = Space(base).sample(rng)
        while base > 1 and cell.create_index == cell.inject_index:
            cell = Space(base).sample(rng)
        yield (cell.sequence,)


def _parts(tokens: list[Token]) -> tuple[Any, ...]:
    cell = Cell.from_sequence(tokens)
    nodes = tuple((node.combination, node.activation) for node in cell.nodes)
    inject = (cell.inject.combination, cell.inject.activation)
    return nodes, inject, cell.create_index, cell.inject_index


def _swapped_indices(tokens: list[Token]) -> tuple[Any, ...]:
    nodes, inject, create_index, inject_index = _parts(tokens)
    return nodes, inject, inject_index, create_index


def _injection_first(tokens: list[Token]) -> tuple[Any, ...]:
    (inject, *nodes), last, *indices = _parts(tokens)
    return (*nodes, last), inject, *indices


def _activation_first(tokens: list[Token]) -> tuple[Any, ...]:
    nodes, inject, *indices = _parts(tokens)
    return tuple(node[::-1] for node in nodes), inject[::-1], *indices


def _other_nodes(change: Any, tokens: list[Token]) -> tuple[Any, ...]:
    nodes, inject, *indices = _parts(tokens)
    return change(nodes, inject), inject, *indices


def _mirror(
    tokens: list[Token],
    nodes: tuple[int, ...] = (1, 0, 2),
    create: tuple[int, ...] = (1, 0, 2),
    inject: tuple[int, ...] = (1, 0, 2),
) -> list[Token]:
    """Put the nodes in this order, and at each index what it becomes."""
    words = [word for k in nodes for word in tokens[2 * k : 2 * k + 2]]
    return [*words, *tokens[6:8], create[int(tokens[8])], inject[int(tokens[9])]]


def _exchanged_indices(tokens: list[Token]) -> list[Token]:
    return [*tokens[:8], tokens[9], tokens[8]]


_SAME = (0, 1, 2)


def _count(ways: int, base: int) -> int:
    return int(ways ** (2 * base) * (2 * base - 1) ** 2)


EXERCISES = {
    "2.1": Exercise(
        cases=_inner_nodes,
        truth=lambda k, b: _two(2 * (k - b)),
        mistakes={
            "that numbers from the root, as heaps do; here leaves come first": (
                lambda k, b: _two(2 * k + 1)
            ),
            "one too far: leaf 0 is the left child of the first inner node": (
                lambda k, b: _two(2 * (k - b) + 1)
            ),
            "a factor 2 is missing: each inner node uses up two nodes below": (
                lambda k, b: _two(k - b)
            ),
            "left before right": lambda k, b: _two(2 * (k - b))[::-1],
            "base is forgotten: the first inner node is node `base`, and it joins 0 and 1": (
                lambda k, b: _two(2 * k)
            ),
            "that is the parent, the way up; the children are below": lambda k, b: b + k // 2,
            "the inner nodes before k are k - base, and each of them used up two": (
                lambda k, b: (k - b, k)
            ),
        },
    ),
    "2.2": Exercise(
        # More lengths than anybody writes down one by one.
        cases=lambda rng: _sequences(rng, tuple(np.repeat((1, 2, 4, 8, 16, 32), 3).tolist())),
        truth=_parts,
        mistakes={
            "the two indices are swapped: create comes first, inject last": _swapped_indices,
            "the injection stands after all nodes, not before them": _injection_first,
            "the combination comes before the activation": _activation_first,
            "the leaves come first and the root last": (
                partial(_other_nodes, lambda nodes, inject: nodes[::-1])
            ),
            "only three nodes came back; larger trees have more": (
                partial(_other_nodes, lambda nodes, inject: nodes[:3])
            ),
            "the injection came back as a last node too": (
                partial(_other_nodes, lambda nodes, inject: (*nodes, inject))
            ),
        },
    ),
    "2.3": Exercise(
        cases=lambda rng: [(base,) for base in (1, 2, 4, 8)],
        truth=lambda base: Space(base).size,
        mistakes={
            "the injection has a combination and an activation of its own": (
                lambda b: 8 ** (2 * b - 1) * (2 * b - 1) ** 2
            ),
            "both indices run over all nodes, inner ones too": lambda b: 8 ** (2 * b) * b**2,
            "the two indices may be equal": lambda b: 8 ** (2 * b) * (2 * b - 1) * (2 * b - 2),
            "the inner nodes have operations too": lambda b: 8 ** (b + 1) * (2 * b - 1) ** 2,
            "there are two indices": lambda b: 8 ** (2 * b) * (2 * b - 1),
            "the two indices at the end are to be chosen too": lambda b: 8 ** (2 * b),
            "that leaves out the injection and the two indices": lambda b: 8 ** (2 * b - 1),
            "a node has 2 x 4 = 8 ways; Sin, a fifth activation, is left out here": (
                partial(_count, 2 * 5)
            ),
            "a node has 2 x 4 = 8 ways; Max, a third combination, is left out here": (
                partial(_count, 3 * 4)
            ),
            "a node has 2 x 4 = 8 ways; Max and Sin are left out here": partial(_count, 3 * 5),
            "2 combinations and 4 activations make 2 x 4 = 8 ways, not 2 + 4": (
                partial(_count, 2 + 4)
            ),
            "that is the length of the sequence; count how many there are": lambda b: 4 * b + 2,
        },
    ),
    "2.4": Exercise(
        cases=lambda rng: _sequences(rng, (2,) * 12),
        truth=_mirror,
        mistakes={
            "the leaves changed places but the indices still point to the old ones": (
                partial(_mirror, create=_SAME, inject=_SAME)
            ),
            "the indices changed but the leaves did not": partial(_mirror, nodes=_SAME),
            "the create index follows its node, the inject index should too": (
                partial(_mirror, inject=_SAME)
            ),
            "the inject index follows its node, the create index should too": (
                partial(_mirror, create=_SAME)
            ),
            "create and inject changed roles; only what they point to should": (
                lambda tokens: _exchanged_indices(_mirror(tokens))
            ),
            "the indices changed places with each other; each should follow its node": (
                lambda tokens: _exchanged_indices(_mirror(tokens, create=_SAME, inject=_SAME))
            ),
            **{
                f"an index 2 points to the root, which stays in place; yours became {number}": (
                    partial(_mirror, create=(1, 0, number), inject=(1, 0, number))
                )
                for number in (-1, 0, 1, 3)
            },
            "nothing changed": partial(_mirror, nodes=_SAME, create=_SAME, inject=_SAME),
        },
    ),
}
