"""What a search found, and what happened on the way."""

from __future__ import annotations

from bisect import insort
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import Form, read_json, write_json

FORMAT = "nastut search 1"
FORM: Form = {
    "format": str,
    "settings": {"method": str, ...: object},
    "space": {"base": int, "combinations": [str], "activations": [str]},
    "cells": [str],
    "rewards": [float],
    "failures": [(int, str)],
    "updates": [dict],
}
"""What a file holds."""

REMEDY = "restore it, or search again"


class Failure(NamedTuple):
    """A child that failed: ``cells[place]`` of the result, and why."""

    place: int
    cell: Cell
    error: str


@dataclass(frozen=True)
class SearchResult:
    """The history of a search.

    Attributes
    ----------
    settings
        The method, the seed, and the method's own settings.
    space
        Where it searched.
    cells, rewards
        Every cell that was proposed, in order, and its reward: one evaluation each. A child
        that failed counts as the lowest reward of all, and at most as 0.
    failures
        The children that failed, each class of equal cells once.
    updates
        For each time that the method learned: ``evaluations`` until then, ``mean_reward`` of
        the batch, and what the method adds. A controller adds the ``entropy`` at each place in
        nats and the ``probabilities`` of the tokens there; REINFORCE the ``baseline`` it used.
    """

    settings: dict[str, Any]
    space: Space
    cells: list[Cell]
    rewards: list[float]
    failures: list[Failure]
    updates: list[dict[str, Any]]

    @property
    def best(self) -> Cell:
        """The cell with the highest reward that did not fail; the first of equals.

        Raises
        ------
        ValueError
            If all failed.
        """
        return self.cells[self._best()]

    def top(self, count: int) -> list[tuple[Cell, float]]:
        """Return the `count` different cells with the highest rewards, the best first.

        What failed is not among them, so there may be fewer.
        """
        failed = {failure.cell.canonical() for failure in self.failures}
        pairs = sorted(zip(self.cells, self.rewards, strict=True), key=lambda pair: -pair[1])
        different = {cell.canonical(): (cell, reward) for cell, reward in reversed(pairs)}
        best = sorted(different.items(), key=lambda entry: -entry[1][1])
        return [pair for form, pair in best if form not in failed][:count]

    @property
    def failed(self) -> int:
        """How many evaluations failed."""
        forms = {failure.cell.canonical() for failure in self.failures}
        return sum(cell.canonical() in forms for cell in self.cells) if forms else 0

    def _best(self) -> int:
        forms = {failure.cell.canonical() for failure in self.failures}
        for place in np.argsort(-np.array(self.rewards), kind="stable"):
            if not forms or self.cells[place].canonical() not in forms:
                return int(place)
        first = self.failures[0]
        raise ValueError(
            f"none of the {len(self.cells)} evaluations succeeded, so none is the best; "
            f"evaluation {first.place + 1}, {first.cell}, failed with: {first.error}"
        )

    @property
    def calls(self) -> int:
        """How often the reward function was asked: the number of different cells."""
        return int(self.distinct()[-1])

    def curve(self, best: int = 1) -> NDArray[np.float64]:
        """Return the mean of the `best` highest rewards so far, after each evaluation.

        Of different cells, as Zoph & Le (2017) draw it in figure 6. Where there were not so
        many yet, it is no number.
        """
        if best == 1:
            return np.maximum.accumulate(np.array(self.rewards, dtype=np.float64))
        means, highest = np.full(len(self.cells), np.nan), list[float]()
        new = np.diff(self.distinct(), prepend=0)
        for place, reward in enumerate(self.rewards):
            if new[place]:
                insort(highest, -reward)
                del highest[best:]
            if len(highest) == best:
                means[place] = -sum(highest) / best
        return means

    def distinct(self) -> NDArray[np.int64]:
        """Return the number of different cells so far after each evaluation.

        Cells that differ by swaps of children are the same.
        """
        forms = [cell.canonical() for cell in self.cells]
        first = {form: index for index, form in reversed(list(enumerate(forms)))}
        new = [first[form] == index for index, form in enumerate(forms)]
        return np.cumsum(new, dtype=np.int64)

    def save(self, path: str | Path) -> None:
        """Write the result as JSON, whole or not at all.

        Raises
        ------
        OSError
            If the folder is missing or cannot be written to.
        """
        content = {
            "format": FORMAT,
            "settings": self.settings,
            "space": asdict(self.space),
            "cells": [str(cell) for cell in self.cells],
            "rewards": self.rewards,
            "failures": [[failure.place, failure.error] for failure in self.failures],
            "updates": self.updates,
        }
        write_json(Path(path), content)

    @classmethod
    def load(cls, path: str | Path) -> SearchResult:
        """Read a result that was saved.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If the file is damaged or holds something else.
        """
        content = read_json(Path(path), REMEDY)
        try:
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']!r}, not {FORMAT!r}")
            space, rewards = Space(**content["space"]), content["rewards"]
            cells = [Cell.parse(text) for text in content["cells"]]
            for cell in cells:
                space.encode(cell)
            if not cells or len(cells) != len(rewards):
                raise ValueError(f"{len(cells)} cells have {len(rewards)} rewards")
            if not np.isfinite(rewards).all():
                raise ValueError("a reward is no finite number")
            places = [place for place, _ in content["failures"]]
            if not all(0 <= place < len(cells) for place in places):
                raise ValueError(f"it has {len(cells)} cells, and others are said to have failed")
        except ValueError as error:
            raise ValueError(f"{path} holds no result of a search: {error}; {REMEDY}") from None
        failures = [Failure(place, cells[place], error) for place, error in content["failures"]]
        rewards = [float(reward) for reward in rewards]
        return cls(content["settings"], space, cells, rewards, failures, content["updates"])

    def __repr__(self) -> str:
        try:
            best = f"best {self.rewards[self._best()]:.4f}: {self.best}"
        except ValueError as error:
            best = str(error)
        return (
            f"<SearchResult of {self.settings['method']}: {len(self.cells)} evaluations, "
            f"{self.failed} of them failed, {self.calls} different cells; {best}>"
        )
