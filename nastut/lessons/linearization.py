"""Exercises of notebook 02."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
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


def _sequences(rng: np.random.Generator) -> Iterator[tuple[list[Token]]]:
    """Yield the tokens of random cells, of more lengths than anybody writes down one by one."""
    for base in (2, 4, 8, 16, 32):
        for _ in range(3):
            yield (Space(base).sample(rng).sequence,)


def _all_indices(rng: np.random.Generator) -> Iterator[tuple[list[Token]]]:
    """Yield the tokens of random cells with every pair of indices, equal ones too."""
    for indices in product(range(3), repeat=2):
        yield ([*Space().sample(rng).sequence[:8], *indices],)


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


def _equal_ones_stay(tokens: list[Token]) -> list[Token]:
    to = _SAME if tokens[8] == tokens[9] else (1, 0, 2)
    return _mirror(tokens, create=to, inject=to)


def _layers(base: int, join: Callable[[int, int, int], tuple[int, int, int]]) -> int:
    """Count classes from the leaves up; `join` says how many forms a layer has from the last.

    They are the forms of a subtree with no index on it, with a certain one, and with both.
    """
    n = m = t = 8
    for _ in range(base.bit_length() - 1):
        n, m, t = join(n, m, t)
    return 8 * t


def _joined(
    n: int, m: int, t: int, pairs: int | None = None, either: int = 2, apart: int | None = None
) -> tuple[int, int, int]:
    """Return the forms of two subtrees with a node on top; what is given is a slip."""
    pairs = n * (n + 1) // 2 if pairs is None else pairs
    apart = m * m if apart is None else apart
    return 8 * pairs, 8 * (pairs + m * n), 8 * (pairs + either * m * n + t * n + apart)


def _one_after_the_other(n: int, m: int, t: int) -> tuple[int, int, int]:
    pairs = n * (n + 1) // 2
    n = 8 * pairs
    m = 8 * (pairs + m * n)
    return n, m, 8 * (pairs + 2 * m * n + t * n + m * m)


def _count(ways: int, base: int) -> int:
    return int(ways ** (2 * base) * (2 * base - 1) ** 2)


EXERCISES = {
    "2.1": Exercise(
        cases=_inner_nodes,
        truth=lambda k, b: _two(2 * (k - b)),
        mistakes=lambda k, b: {
            "that numbers from the root, as heaps do; here leaves come first": _two(2 * k + 1),
            "one too far: leaf 0 is the left child of the first inner node": (
                _two(2 * (k - b) + 1)
            ),
            "a factor 2 is missing: each inner node uses up two nodes below": _two(k - b),
            "left before right": _two(2 * (k - b))[::-1],
            "base is forgotten: the first inner node is node `base`, and it joins 0 and 1": (
                _two(2 * k)
            ),
            "that is the parent, the way up; the children are below": b + k // 2,
            "the inner nodes before k are k - base, and each of them used up two": (k - b, k),
        },
    ),
    "2.2": Exercise(
        cases=_sequences,
        truth=_parts,
        mistakes=lambda tokens: {
            "the two indices are swapped: create comes first, inject last": (
                _swapped_indices(tokens)
            ),
            "the injection stands after all nodes, not before them": _injection_first(tokens),
            "the combination comes before the activation": _activation_first(tokens),
            "the leaves come first and the root last": (
                _other_nodes(lambda nodes, inject: nodes[::-1], tokens)
            ),
            "only three nodes came back; larger trees have more": (
                _other_nodes(lambda nodes, inject: nodes[:3], tokens)
            ),
            "that holds for ten tokens, of base 2; the sequence may have any base": (
                (*_parts([*tokens[:8], 0, 0])[:2], *tokens[8:10])
            ),
            "the injection came back as a last node too": (
                _other_nodes(lambda nodes, inject: (*nodes, inject), tokens)
            ),
        },
    ),
    "2.3": Exercise(
        cases=lambda rng: [(base,) for base in (1, 2, 4, 8)],
        truth=lambda base: Space(base).size,
        mistakes=lambda b: {
            "the injection has a combination and an activation of its own": (
                8 ** (2 * b - 1) * (2 * b - 1) ** 2
            ),
            "both indices run over all nodes, inner ones too": 8 ** (2 * b) * b**2,
            "the two indices may be equal": 8 ** (2 * b) * (2 * b - 1) * (2 * b - 2),
            "the inner nodes have operations too": 8 ** (b + 1) * (2 * b - 1) ** 2,
            "there are two indices": 8 ** (2 * b) * (2 * b - 1),
            "the two indices at the end are to be chosen too": 8 ** (2 * b),
            "that leaves out the injection and the two indices": 8 ** (2 * b - 1),
            "a node has 2 x 4 = 8 ways; Sin, a fifth activation, is left out here": (
                _count(2 * 5, b)
            ),
            "a node has 2 x 4 = 8 ways; Max, a third combination, is left out here": (
                _count(3 * 4, b)
            ),
            "a node has 2 x 4 = 8 ways; Max and Sin are left out here": _count(3 * 5, b),
            "2 combinations and 4 activations make 2 x 4 = 8 ways, not 2 + 4": _count(2 + 4, b),
            "that is the length of the sequence; count how many there are": 4 * b + 2,
            "that is right for base 2; `base` may be another one": Space(2).size,
        },
    ),
    "2.4": Exercise(
        cases=_all_indices,
        truth=_mirror,
        mistakes=lambda tokens: {
            "the leaves changed places but the indices still point to the old ones": (
                _mirror(tokens, create=_SAME, inject=_SAME)
            ),
            "the indices changed but the leaves did not": _mirror(tokens, nodes=_SAME),
            "the create index follows its node, the inject index should too": (
                _mirror(tokens, inject=_SAME)
            ),
            "the inject index follows its node, the create index should too": (
                _mirror(tokens, create=_SAME)
            ),
            "create and inject changed roles; only what they point to should": (
                _exchanged_indices(_mirror(tokens))
            ),
            "the indices changed places with each other; each should follow its node": (
                _exchanged_indices(_mirror(tokens, create=_SAME, inject=_SAME))
            ),
            "two equal indices follow their node, too; yours stay": _equal_ones_stay(tokens),
            "0 becomes 1 and 1 becomes 0; that is 2 minus the index": (
                _mirror(tokens, create=(2, 1, 0), inject=(2, 1, 0))
            ),
            "the words are reversed; each leaf keeps its combination before its activation": (
                [*tokens[3::-1], *_mirror(tokens)[4:]]
            ),
            **{
                f"an index 2 points to the root, which stays in place; yours became {number}": (
                    _mirror(tokens, create=(1, 0, number), inject=(1, 0, number))
                )
                for number in (-1, 0, 1, 3)
            },
            "nothing changed": _mirror(tokens, nodes=_SAME, create=_SAME, inject=_SAME),
        },
    ),
    "2.5": Exercise(
        cases=lambda rng: [(base,) for base in (2, 1, 4, 8, 16, 32)],
        truth=lambda base: Space(base).classes,
        mistakes=lambda b: {
            "the injection has 8 forms, too": _layers(b, _joined) // 8,
            "one sticker in each subtree makes m * m pairs; they tell the two apart": (
                _layers(b, lambda n, m, t: _joined(n, m, t, apart=m * (m + 1) // 2))
            ),
            "either sticker may be the one on the node: 2 * m * n": (
                _layers(b, lambda n, m, t: _joined(n, m, t, either=1))
            ),
            "without stickers the order does not matter: n * (n + 1) / 2 pairs, not n * n": (
                _layers(b, lambda n, m, t: _joined(n, m, t, pairs=n * n))
            ),
            "without stickers there are n * (n + 1) / 2 pairs: two subtrees may be equal": (
                _layers(b, lambda n, m, t: _joined(n, m, t, pairs=n * (n - 1) // 2))
            ),
            "n, m and t are those of the layer below; yours change one after the other": (
                _layers(b, _one_after_the_other)
            ),
            "that is right for base 2; `base` may be another one": Space(2).classes,
            "that counts all sequences; those of a class count once": Space(b).size,
            "that is half of all sequences": Space(b).size // 2,
        },
    ),
}
