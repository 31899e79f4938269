"""The loop of every search: propose, evaluate, learn, and keep a checkpoint."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import asdict
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from nastut import __version__
from nastut.cells.cell import Cell
from nastut.cells.sequence import describe, require_whole_number
from nastut.cells.space import Space
from nastut.files import Form, require_form
from nastut.search.checkpoint import Checkpoint
from nastut.search.result import Failure, SearchResult
from nastut.search.rewards import Outcome, Reward, Rewards
from nastut.search.strategies import FAILED, Choices, Strategy, finite

STATE: Form = {
    "strategy": dict,
    "proposed": [[int]],
    "learned": int,
    "updates": [dict],
    "memory": [(str, (float, str | None))],
}
"""What a checkpoint of a search holds."""


def run(
    strategy: Strategy,
    space: Space,
    reward: Reward,
    evaluations: int = 2_000,
    settings: dict[str, Any] | None = None,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> SearchResult:
    """Search with any strategy: it proposes, the cells are evaluated, it learns, and so on.

    The same strategy, space and reward function give the same result, wherever and in
    whatever order the rewards are computed.

    Parameters
    ----------
    strategy
        Proposes sequences of choices of `space`.
    space
        The cells to search among.
    reward
        A function of a cell; the larger, the better. A child that raises an exception, or whose
        reward is no finite number, failed: it is never the best, counts as the lowest reward of
        all and at most as 0, and is reported in ``result.failures``.
    evaluations
        How many cells are proposed.
    settings
        What the search depends on, as plain values; written into the result and the checkpoint.
    executor
        Any :class:`concurrent.futures.Executor`; the new cells of a batch go to it together.
    checkpoint
        A file that holds the whole state. If it is there already, the search goes on from it,
        and gives what it would have given without a break; with more `evaluations` than
        before, too. That the reward function is the same is for you to know.
    progress
        Whether to show a progress bar.

    Returns
    -------
    SearchResult

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, a reward is no number, or the checkpoint is damaged or
        belongs to another search (it is left as it is).
    RuntimeError
        If the executor does not do its work. What had finished is in the checkpoint.
    """
    require_space(space)
    require_whole_number("evaluations", evaluations)
    settings = settings or {"method": type(strategy).__name__}
    # Plain numbers: files hold no NumPy scalars.
    settings = {k: v.item() if isinstance(v, np.generic) else v for k, v in settings.items()}
    search = _Search(strategy, space, Rewards(reward, executor))
    if checkpoint is not None:
        owner = {"version": __version__, "space": asdict(space), "settings": settings}
        search.keep(Checkpoint(checkpoint, owner), evaluations)
    with tqdm(total=evaluations, disable=not progress, desc=settings["method"]) as bar:
        search.go(evaluations, bar)
    return search.result(evaluations, settings)


class _Search:
    """A search under way: what was proposed, how much of it was learned, and the rewards."""

    def __init__(self, strategy: Strategy, space: Space, rewards: Rewards) -> None:
        self.strategy, self.space, self.rewards = strategy, space, rewards
        self.proposed: list[Choices] = []
        self.cells: list[Cell] = []
        self.forms: list[Cell] = []  # canonical
        self.learned = 0
        self.updates: list[dict[str, Any]] = []
        self.checkpoint: Checkpoint | None = None
        self.best, self.failed = FAILED, 0
        self.lowest = 0.0  # for means

    def go(self, evaluations: int, bar: tqdm[Any]) -> None:
        """Go on until that many cells are evaluated.

        The last batch may be larger than what is left to evaluate. It is not learned then, so
        that a search with a larger budget can go on from here as if it had never stopped.
        """
        bar.update(min(self.learned, evaluations))
        while self.learned < evaluations:
            if self.learned == len(self.proposed):
                self.take_in(self.strategy.propose())
            self.evaluate(slice(self.learned, min(len(self.proposed), evaluations)), bar)
            if len(self.proposed) > evaluations:
                break
            batch = slice(self.learned, len(self.proposed))
            rewards = [self.rewards.memory[form].reward for form in self.forms[batch]]
            drawn = self.strategy.learn(self.proposed[batch], rewards)
            self.learned = len(self.proposed)
            self.lowest = min([self.lowest, *finite(rewards)])
            mean = sum(finite(rewards, self.lowest)) / len(rewards)
            self.updates.append({"evaluations": self.learned, "mean_reward": mean, **drawn})
        self.write()

    def take_in(self, proposed: list[Choices]) -> None:
        cells = [self.space.decode(choices) for choices in proposed]
        self.proposed += [[int(choice) for choice in choices] for choices in proposed]
        self.cells += cells
        self.forms += [cell.canonical() for cell in cells]

    def evaluate(self, batch: slice, bar: tqdm[Any]) -> None:
        try:
            for outcome in self.rewards.ask(zip(self.cells[batch], self.forms[batch], strict=True)):
                self.note(outcome)
                bar.update()
                if self.checkpoint is not None and self.checkpoint.due:
                    self.write()
        except BaseException:  # An interrupt, too: nothing that finished is lost.
            self.write()
            raise
        bar.update(batch.stop - bar.n)
        bar.set_postfix(best=f"{self.best:.4f}", failed=self.failed, refresh=False)

    def note(self, outcome: Outcome) -> None:
        """Count for the progress bar."""
        self.best = max(self.best, outcome.reward)
        self.failed += outcome.error is not None

    def keep(self, checkpoint: Checkpoint, evaluations: int) -> None:
        """Go back to the checkpoint's state if it has one, and write to it from now on."""
        state = checkpoint.read()
        if state is not None:
            try:
                self.restore(state)
            except Exception as error:  # A strategy, or torch, may raise anything.
                said = f"{type(error).__name__}: {error}"
                raise checkpoint.refusal(f"holds no state of this search ({said})") from error
            if self.learned > evaluations:
                raise ValueError(
                    f"{checkpoint.path} holds {self.learned} evaluations, more than the "
                    f"{evaluations} asked for; ask for at least as many, or give another path"
                )
        self.checkpoint = checkpoint

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state, if the whole of it is one that :meth:`write` could have written."""
        require_form(state, STATE, "its state")
        self.rewards.memory = {
            Cell.parse(text): Outcome(float(reward), error)
            for text, (reward, error) in state["memory"]
        }
        for form, outcome in self.rewards.memory.items():
            if form not in self.space or form != form.canonical():
                raise ValueError(f"{form} is no canonical form of a cell of the space")
            if (outcome.error is None) is not isfinite(outcome.reward) or isnan(outcome.reward):
                raise ValueError(f"{form} has {outcome}")
            self.note(outcome)
        self.take_in(state["proposed"])
        self.learned, self.updates = state["learned"], state["updates"]
        if not 0 <= self.learned <= len(self.proposed):
            raise ValueError(f"{self.learned} of {len(self.proposed)} cells were learned")
        if any(form not in self.rewards.memory for form in self.forms[: self.learned]):
            raise ValueError("a cell that was learned has no reward")
        learned = [0, *(update["evaluations"] for update in self.updates)]
        if learned[-1] != self.learned or sorted(set(learned)) != learned:
            raise ValueError(f"the updates do not end with evaluation {self.learned}")
        known = [self.rewards.memory[form].reward for form in self.forms[: self.learned]]
        self.lowest = min([0.0, *finite(known)])
        self.strategy.load_state_dict(state["strategy"])

    def write(self) -> None:
        if self.checkpoint is None:
            return
        self.checkpoint.write(
            {
                "strategy": self.strategy.state_dict(),
                "proposed": self.proposed,
                "learned": self.learned,
                "updates": self.updates,
                "memory": [(str(form), tuple(o)) for form, o in self.rewards.memory.items()],
            }
        )

    def result(self, evaluations: int, settings: dict[str, Any]) -> SearchResult:
        cells, forms = self.cells[:evaluations], self.forms[:evaluations]
        outcomes = [self.rewards.memory[form] for form in forms]
        failures: dict[Cell, Failure] = {}
        for place, (form, outcome) in enumerate(zip(forms, outcomes, strict=True)):
            if outcome.error is not None:
                failures.setdefault(form, Failure(place, cells[place], outcome.error))
        rewards = finite(outcome.reward for outcome in outcomes)
        return SearchResult(
            settings, self.space, cells, rewards, list(failures.values()), self.updates
        )


def require_space(space: Space) -> Space:
    """Return `space`, or raise a TypeError if it is none."""
    if not isinstance(space, Space):
        raise TypeError(f"space is {describe(space)} where a Space belongs, such as nt.Space(2)")
    return space
