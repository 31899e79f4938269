"""The rows of a table: read into arrays, and refused where they are not what a table has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from nastut.cells.cell import ancestors
from nastut.cells.sequence import number_of_nodes
from nastut.cells.space import Space


class Results:
    """The arrays of one task, made from its columns of the file."""

    def __init__(self, made: dict[str, Any], columns: Sequence[Sequence[str]]) -> None:
        parameters, *rest = columns
        best, at = made["best"], made["at"]
        points = len(at)
        if not 1 <= best < np.inf:
            raise ValueError(f"its best perplexity is {best}; no perplexity is below 1 or infinite")
        if not (at and made["seeds"] and at[0] > 0 and at == sorted(set(at))):
            raise ValueError("it has no seeds, or its steps do not count upwards from 1 or more")
        self.parameters = fixed(np.array(list(map(int, parameters))))
        lost_at = rest[points + 1 :: points + 2]
        if any(text and not 1 <= int(text) <= at[-1] for text in chain(*lost_at)):
            raise ValueError("it has a divergence at a step that training did not have")
        numbers = np.array([[float(text or 0) for text in column] for column in rest])
        numbers = numbers.reshape(len(made["seeds"]), points + 2, -1).transpose(2, 0, 1)
        self.validation = fixed(numbers[..., :points].copy())
        self.test = fixed(numbers[..., points].copy())
        self.diverged = fixed(numbers[..., points + 1].astype(int))
        if not ((self.validation >= 1).all() and (self.test >= 1).all()):
            raise ValueError("it has a perplexity below 1, or one that is no number")
        lost = self.diverged > 0
        if not (self.parameters >= 1).all() or np.isfinite(self.validation[lost][:, -1]).any():
            raise ValueError("it has a child without parameters, or one that diverged and is well")
        rewards = np.where(lost, 0.0, (best / self.validation[..., -1]) ** 2)
        self.rewards = fixed(rewards.mean(axis=1))
        ranks = np.empty(len(self.rewards), int)
        ranks[np.argsort(-self.rewards, kind="stable")] = np.arange(1, len(ranks) + 1)
        self.ranks = fixed(ranks)


def require_classes(space: Space, sequences: Sequence[str], memory: Sequence[str]) -> None:
    """Raise a ValueError unless the rows are those of the classes of a space, in its order.

    Whether each sequence is the canonical one of its class is not asked here: it would take
    longer than all the rest of the reading. :meth:`Table.row` notices.
    """
    if len(sequences) != space.classes:
        raise ValueError(
            f"it has {len(sequences)} rows; its space has {space.classes} classes of sequences"
        )
    numbers = [{str(token): n for n, token in enumerate(allowed)} for allowed in space.tokens]
    indices = range(number_of_nodes(space.base))
    above = [{str(k) for k in ancestors(index, space.base)} for index in indices]
    before = [-1]
    for sequence, has_memory in zip(sequences, memory, strict=True):
        words = sequence.split(" ")
        found = [number.get(word, -1) for number, word in zip(numbers, words, strict=False)]
        if len(words) != len(numbers) or -1 in found:
            raise ValueError(f"the sequence {sequence[:200]!r} is not in its space")
        if found <= before:
            raise ValueError(f"the sequence {sequence!r} does not stand where its space has it")
        if has_memory != str(int(words[-2] in above[int(words[-1])])):
            raise ValueError(f"has_memory of {sequence!r} is {has_memory[:20]!r}")
        before = found


def fixed(array: np.ndarray) -> np.ndarray:
    """Return the array, which cannot be changed by accident from now on."""
    array.setflags(write=False)
    return array
