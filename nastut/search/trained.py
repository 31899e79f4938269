"""The reward of training: the children of a batch are trained side by side in one worker.

With halving all of them are trained for a short time, and only the better share goes on from there.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import torch

from nastut.cells.cell import Cell
from nastut.cells.sequence import require_whole_number
from nastut.learning.children import Stay, train
from nastut.learning.tasks import (
    Task,
    delayed_recall,
    embedded_reber,
    python_reference,
    word_files,
)
from nastut.learning.training import Recipe, Record
from nastut.search.rewards import Curve, Outcome, UnfitWorkerError, failure

TASKS: dict[str, Callable[..., Task]] = {
    "text": lambda *files: word_files(*files) if files else python_reference(),
    "reber": lambda: embedded_reber(np.random.default_rng(0)),
    "recall": lambda: delayed_recall(np.random.default_rng(0)),
}
"""By name: each worker makes or reads the streams itself; they are not sent with the children."""


@dataclass(frozen=True)
class Halving:
    """Asynchronous successive halving: a child goes on, or does not, without waiting for others.

    A child that comes to a rung goes on if it is among the best `share` of all that have come
    there so far. Source: Li, Jamieson, Rostamizadeh et al. (2020), "A System for Massively
    Parallel Hyperparameter Tuning", arXiv 1810.05934. There a child waits, and may be promoted
    later. Here the same rule decides at once, so that no weights have to be kept.

    Attributes
    ----------
    parts
        Into how many equal parts training is divided; each ends with a report.
    rungs
        Numbers of the parts, from 1, that end with a decision.
    share
        Of the children at a rung, the share that goes on: 1 / eta.
    """

    parts: int = 8
    rungs: tuple[int, ...] = (1, 2, 4)
    share: float = 0.5

    def __post_init__(self) -> None:
        ends = (0, *self.rungs, self.parts)
        if not self.rungs or list(ends) != sorted(set(ends)):
            raise ValueError(
                f"rungs are {self.rungs} of {self.parts} parts; they must ascend from 1 on, and "
                "come before the last"
            )
        if not 0 < self.share < 1:
            raise ValueError(f"share is {self.share}; it must be a number between 0 and 1")

    def stay(self, curves: Iterable[Curve]) -> Stay:
        """Return the rule for a batch that is trained after others: which children go on.

        Parameters
        ----------
        curves
            Perplexities at the reports of all children that were trained before.
        """
        came: dict[int, list[float]] = {rung: [] for rung in self.rungs}
        for curve in curves:
            for rung in self.rungs:
                came[rung] += curve[rung - 1 : rung]

        def stay(report: int, perplexity: np.ndarray) -> np.ndarray:
            if report + 1 not in came:
                return np.ones(len(perplexity), bool)
            there = np.concatenate([came[report + 1], perplexity])
            kept = max(1, math.floor(self.share * len(there)))
            worst = np.sort(there)[kept - 1]
            going: np.ndarray = (perplexity <= worst) & np.isfinite(perplexity)
            return going

        return stay


@dataclass(frozen=True)
class Trained:
    """A reward: (p* / perplexity)^2 on the validation stream at the end of training.

    p* is the best possible perplexity of the task, and 1 where it is not known. A child that
    diverges has failed. Each worker makes or reads the streams itself, once, and checks that
    they are those of the search. :meth:`on` returns one.

    Attributes
    ----------
    task, files
        A name among :data:`TASKS`, and what its function gets.
    digest, best
        Of the task: the hash of its content, and p*.
    train, validation
        How many symbols of these streams are used.
    recipe, hidden_size, seed
        How a child is trained, its size, and the seed of its weights.
    halving
        Which children are trained to the end; None: all are.
    before
        The curves of the children that were learned before, for `halving`.
    """

    task: str
    files: tuple[str, ...]
    digest: str
    best: float
    train: int
    validation: int
    recipe: Recipe
    hidden_size: int
    seed: int
    halving: Halving | None = None
    before: tuple[Curve, ...] = ()

    @classmethod
    def on(
        cls,
        task: str = "text",
        files: Sequence[str] = (),
        steps: int = 256,
        hidden_size: int = 24,
        learning_rate: float = 0.01,
        validation: int = 8_208,
        seed: int = 0,
        halving: Halving | None = None,
        best: float | None = None,
    ) -> Trained:
        """Return the reward function of a task, after a check that the task can be read.

        Parameters
        ----------
        steps
            The least number of training steps; there are a few more if the training stream has to
            be read several times.
        validation
            Symbols of the validation stream that are used; with too few the reward is a matter of
            chance.
        best
            p*; that of the task if left out.

        Raises
        ------
        ValueError, OSError
            If there is no such task, a file is missing or bad, or a number does not fit.
        """
        for name, value in (
            ("steps", steps),
            ("hidden_size", hidden_size),
            ("validation", validation),
        ):
            require_whole_number(name, value)
        if task not in TASKS:
            raise ValueError(f"task is {task!r}; it must be one of {', '.join(TASKS)}")
        if files and (task != "text" or len(files) != 3):
            raise ValueError(
                f"{task!r} with {len(files)} files; 'text' takes three: train, validation, test"
            )
        files = tuple(os.path.abspath(file) for file in files)
        streams = TASKS[task](*files)
        reports = 1 if halving is None else halving.parts
        batch, window = 16, 32
        in_an_epoch = (len(streams.train) // batch - 1) // window
        if in_an_epoch < 1:
            raise ValueError(
                f"{streams.name} has {len(streams.train)} symbols to train on; a step needs "
                f"{batch * (window + 1)}"
            )
        epochs = math.ceil(steps / in_an_epoch)
        return cls(
            task,
            files,
            streams.digest,
            best or streams.best or 1.0,
            batch * (math.ceil(steps / epochs) * window + 1),
            validation,
            Recipe(epochs, batch, window, learning_rate, reports=reports),
            hidden_size,
            seed,
            halving,
        )

    def many(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Train cells side by side on one thread, and return what came of each."""
        torch.set_num_threads(1)
        streams = _streams(self.task, self.files, self.digest)
        short = replace(
            streams,
            train=streams.train[: self.train],
            validation=streams.validation[: self.validation],
            test=streams.test[: 2 * self.recipe.batch],  # It is not used.
        )
        records = train(
            cells,
            short,
            self.recipe,
            self.hidden_size,
            self.seed,
            at_once=len(cells),
            progress=False,
            stay=None if self.halving is None else self.halving.stay(self.before),
        )
        return [self._outcome(record) for record in records]

    def after(self, curves: Iterable[Curve]) -> Self:
        """Return the function that knows what was learned before, if halving needs it."""
        return self if self.halving is None else replace(self, before=tuple(curves))

    @property
    def settings(self) -> dict[str, Any]:
        """Return all that the rewards depend on, as JSON has it."""
        mine = {
            name: value for name, value in asdict(self).items() if name not in ("files", "before")
        }
        return dict(json.loads(json.dumps(mine)))

    def _outcome(self, record: Record) -> Outcome:
        if record.diverged:
            return failure(f"diverged at step {record.diverged}")
        return Outcome((self.best / record.validation[-1]) ** 2, None, record.validation)


@lru_cache(maxsize=2)
def _streams(task: str, files: tuple[str, ...], digest: str) -> Task:
    """Make or read the streams of a task, once in a worker; they are those of the search, or fail.

    Raises
    ------
    UnfitWorkerError
        If they are others, or cannot be read.
    """
    try:
        streams = TASKS[task](*files)
    except (OSError, ValueError) as error:
        raise UnfitWorkerError(f"a worker cannot read the text: {error}") from error
    if streams.digest != digest:
        raise UnfitWorkerError(
            f"the text of a worker ({streams.digest}) is not that of the search ({digest}); "
            "give both the same files and the same version of Python"
        )
    return streams
