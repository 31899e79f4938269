"""What a search found, and its file: log, checkpoint and result are one readable JSON form.

The file holds the settings, the batches of cells and their rewards, and a hash of all that::

    {
    "format": "nastut search 2",
    "version": "0.1.0",
    "settings": {"method": "evolution", "seed": 0, "batch": 2, "population": 50, "sample": 10},
    "space": {"base": 2, "combinations": ["Add", "Multiply"], "activations": ["Tanh", "ReLU"]},
    "learned": 1,
    "batches": [
    {"after": 0, "cells": ["Add Tanh ... 1 0", "Add ReLU ... 0 0"], "rewards": [0.25, "diverged"]},
    {"after": 1, "cells": ["Add Tanh ... 1 1", "Add ReLU ... 0 2"], "rewards": [0.125, null]}
    ],
    "sha256": "..."
    }

The first ``learned`` batches were learned, in this order; the others are under way, in the order in
which they were proposed. ``after`` says how many batches had been learned when the batch was
proposed. A reward is a number, the reason of a failure, or null if it is not known yet. ``curves``,
beside ``rewards``, is there only if the reward function measured some.
"""

from __future__ import annotations

import hashlib
import json
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import filelock
import numpy as np
from numpy.typing import NDArray

from nastut import __version__
from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import require_file, write_atomically
from nastut.search.rewards import FAILED, Outcome, finite, text_of

FORMAT = "nastut search 2"


@dataclass
class Batch:
    """Cells that were proposed together, and what came of each.

    Attributes
    ----------
    after
        How many batches had been learned when this one was proposed.
    cells, forms
        The cells, and their canonical forms.
    outcomes
        For each cell its outcome; None while there is none.
    """

    after: int
    cells: list[Cell]
    outcomes: list[Outcome | None]
    forms: list[Cell] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.forms = [cell.canonical() for cell in self.cells]

    def plain(self) -> dict[str, Any]:
        """Return the entry of the file."""
        entry = {
            "after": self.after,
            "cells": [str(cell) for cell in self.cells],
            "rewards": [one and (one.reward if one.error is None else one.error)
                        for one in self.outcomes],
        }  # fmt: skip
        if any(one and one.curve for one in self.outcomes):
            entry["curves"] = [one and one.curve for one in self.outcomes]
        return entry

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Self:
        """Return the batch of an entry of the file."""
        rewards, outcomes = entry["rewards"], list[Outcome | None]()
        for reward, curve in zip(rewards, entry.get("curves", [()] * len(rewards)), strict=True):
            if reward is None:
                outcomes.append(None)
            elif isinstance(reward, str):
                outcomes.append(Outcome(FAILED, reward, tuple(curve)))
            else:
                outcomes.append(Outcome(float(reward), None, tuple(curve)))
        cells = [Cell.parse(text) for text in entry["cells"]]
        return cls(entry["after"], cells, outcomes)


class Failure(NamedTuple):
    """A child that failed: ``cells[place]`` of the result, and why."""

    place: int
    cell: Cell
    error: str


@dataclass(frozen=True)
class SearchResult:
    """The history of a search, ended or under way.

    Attributes
    ----------
    settings
        The method, the seed, and the method's own settings.
    space
        Where it searched.
    batches, learned
        All that was proposed; the first `learned` batches were learned, in this order.
    updates
        For each batch that was learned: ``evaluations`` until then, ``mean_reward`` of the batch,
        and what the method adds. A controller adds the ``entropy`` at each place in nats and the
        ``probabilities`` of the tokens there; REINFORCE the ``baseline`` it used. They are not
        in the file: to have them again, run the search with the file as its checkpoint.
    version
        Of nastut.
    cells, rewards
        Every cell with a known reward, in order, and the reward: one evaluation each. A child that
        failed counts as the lowest reward of all, and at most as 0.
    failures
        The children that failed, each class of equal cells once.
    """

    settings: dict[str, Any]
    space: Space
    batches: list[Batch]
    learned: int
    updates: list[dict[str, Any]] = field(default_factory=list, compare=False)
    version: str = __version__

    @cached_property
    def _known(self) -> list[tuple[Cell, Cell, Outcome]]:
        """Cell, canonical form and outcome of each evaluation."""
        of_batches = (zip(b.cells, b.forms, b.outcomes, strict=True) for b in self.batches)
        return [(cell, form, one) for each in of_batches for cell, form, one in each if one]

    @cached_property
    def cells(self) -> list[Cell]:  # noqa: D102
        return [cell for cell, _, _ in self._known]

    @cached_property
    def rewards(self) -> list[float]:  # noqa: D102
        return finite(outcome.reward for _, _, outcome in self._known)

    @cached_property
    def failures(self) -> list[Failure]:  # noqa: D102
        first: dict[Cell, Failure] = {}
        for place, (cell, form, outcome) in enumerate(self._known):
            if outcome.error is not None:
                first.setdefault(form, Failure(place, cell, outcome.error))
        return list(first.values())

    @property
    def failed(self) -> int:
        """How many evaluations failed."""
        return sum(outcome.error is not None for _, _, outcome in self._known)

    @property
    def best(self) -> Cell:
        """The cell with the highest reward that did not fail; the first of equals.

        Raises
        ------
        ValueError
            If all failed.
        """
        if best := self.top(1):
            return best[0][0]
        why = f"; {self.cells[0]} failed with: {self.failures[0].error}" if self.cells else ""
        raise ValueError(f"none of the {len(self.cells)} evaluations succeeded{why}")

    def top(self, count: int) -> list[tuple[Cell, float]]:
        """Return the `count` different cells with the highest rewards, the best first.

        What failed is not among them, so there may be fewer.
        """
        first: dict[Cell, tuple[Cell, float]] = {}
        for cell, form, outcome in self._known:
            if outcome.error is None:
                first.setdefault(form, (cell, outcome.reward))
        return sorted(first.values(), key=lambda pair: -pair[1])[:count]

    @property
    def calls(self) -> int:
        """How often the reward function was asked: the number of different cells."""
        return len({form for _, form, _ in self._known})

    def curve(self, best: int = 1) -> NDArray[np.float64]:
        """Return the mean of the `best` highest rewards so far, after each evaluation.

        Of different cells, as Zoph & Le (2017) draw it in figure 6. As long as there are fewer
        of them, it is not a number.
        """
        means, highest = np.full(len(self.cells), np.nan), list[float]()
        new = np.diff(self.distinct(), prepend=0)
        for place, reward in enumerate(self.rewards):
            if new[place]:
                insort(highest, reward)
                del highest[:-best]
            if len(highest) == best:
                means[place] = sum(reversed(highest)) / best
        return means

    def distinct(self) -> NDArray[np.int64]:
        """Return the number of different cells so far after each evaluation.

        Cells that differ by swaps of children are the same.
        """
        seen, counts = set[Cell](), []
        for _, form, _ in self._known:
            seen.add(form)
            counts.append(len(seen))
        return np.array(counts, dtype=np.int64)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        OSError
            If the folder is missing or cannot be written to.
        """
        head = {
            "format": FORMAT,
            "version": self.version,
            "settings": self.settings,
            "space": asdict(self.space),
            "learned": self.learned,
        }
        batches = [batch.plain() for batch in self.batches]
        lines = [f'"{name}": {json.dumps(value)}' for name, value in head.items()]
        lines.append('"batches": [\n' + ",\n".join(map(json.dumps, batches)) + "\n]")
        lines.append(f'"sha256": "{_hash({**head, "batches": batches})}"')
        write_atomically(Path(path), ("{\n" + ",\n".join(lines) + "\n}\n").encode())

    @classmethod
    def load(cls, path: str | Path) -> SearchResult:
        """Read the file of a search, ended or under way. Its ``updates`` are empty.

        Raises
        ------
        OSError
            If there is no file, or it cannot be read.
        ValueError
            If the file is damaged or holds something else.
        """
        path = Path(path)
        require_file(path)
        packed = path.read_bytes()
        try:
            content = json.loads(packed)
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError(f"it does not say that its format is {FORMAT!r}")
            if content.pop("sha256", None) != _hash(content):
                raise ValueError("its content is not what its hash says")
            space = Space(**content["space"])
            batches = [Batch.of(entry) for entry in content["batches"]]
            return cls(content["settings"], space, batches, content["learned"],
                       version=content["version"])  # fmt: skip
        except Exception as error:  # Whatever somebody wrote into it.
            raise ValueError(
                f"{path} is damaged or is not the file of a search ({text_of(error)}). It was left "
                "as it is: restore it, or move it away and search again"
            ) from error

    def __repr__(self) -> str:
        best = "none succeeded"
        for cell, reward in self.top(1):
            best = f"best {reward:.4f}: {cell}"
        return (
            f"<SearchResult of {self.settings['method']}: {len(self.cells)} evaluations, "
            f"{self.failed} of them failed, {self.calls} different cells; {best}>"
        )


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other searches from the same file during a ``with`` block.

    The system takes the lock away when the process ends, however it ends.

    Raises
    ------
    OSError
        If another search has the file, or there is no folder for it.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {path.parent}")
    path = path.resolve()
    lock = filelock.FileLock(f"{path}.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise OSError(
            f"{path} is the checkpoint of a search that is running now; wait until it has ended, "
            "or give another path"
        ) from None
    try:
        yield
    finally:
        # A search that opened the file just before then finds it gone and is refused, too.
        with suppress(OSError):  # Windows deletes no open file.
            Path(lock.lock_file).unlink()
        lock.release()
