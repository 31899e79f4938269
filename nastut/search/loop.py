"""The loop of every search: propose, evaluate, learn, and keep a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from typing import Any

from tqdm.auto import tqdm

from nastut.cells.cell import Cell
from nastut.cells.space import Space
from nastut.files import Form, require_form
from nastut.search.checkpoint import Checkpoint
from nastut.search.result import Failure, SearchResult
from nastut.search.rewards import Curve, Outcome, Reward, SideBySide
from nastut.search.strategies import FAILED, Choices, Strategy, finite
from nastut.search.workers import Outcomes, Workers

STATE: Form = {
    "strategy": dict,
    "proposed": [[int]],
    "learned": int,
    "pending": [int],
    "updates": [dict],
    "memory": [(str, (float, str | None, [float]))],
}
"""What a checkpoint of a search holds: first what was learned, then batch after batch."""


@dataclass(eq=False)
class Batch:
    """Sequences that were proposed together: their choices, cells and canonical forms."""

    choices: list[Choices] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    forms: list[Cell] = field(default_factory=list)

    @classmethod
    def proposed(cls, space: Space, choices: list[Choices]) -> Batch:
        """Return the batch of some sequences of a space."""
        cells = [space.decode(sequence) for sequence in choices]
        plain = [[int(choice) for choice in sequence] for sequence in choices]
        return cls(plain, cells, [cell.canonical() for cell in cells])

    def add(self, other: Batch, count: int | None = None) -> None:
        """Append the first sequences of another one, or all."""
        self.choices += other.choices[:count]
        self.cells += other.cells[:count]
        self.forms += other.forms[:count]


class Search:
    """A search under way: what was learned, what is pending, and all that was measured."""

    def __init__(
        self, strategy: Strategy, space: Space, reward: Reward | SideBySide, evaluations: int
    ) -> None:
        self.strategy, self.space, self.reward = strategy, space, reward
        self.evaluations = evaluations
        self.learned = Batch()
        self.pending: list[Batch] = []
        self.updates: list[dict[str, Any]] = []
        self.memory: Outcomes = {}
        self.asked: set[Cell] = set()
        self.curves: dict[Cell, Curve] = {}  # of what was learned
        self.checkpoint: Checkpoint | None = None
        self.best, self.failed = FAILED, 0
        self.lowest = 0.0  # for means

    def go(self, workers: Workers, bar: tqdm[Any]) -> None:
        """Go on until as many cells are evaluated as are asked for.

        The last batch may be larger than what is left to evaluate. It is not learned then, so
        that a search with a larger budget can go on from here as if it had never stopped.
        """
        try:
            for batch, count in self.shares():
                self.ask(batch, count, workers)
            while True:
                self.show(bar)
                complete = self.complete()
                if complete is not None:
                    self.learn(complete)
                elif workers.room and self.missing > 0:
                    self.pending.append(Batch.proposed(self.space, self.strategy.propose()))
                    self.ask(*self.shares()[-1], workers)
                elif workers.busy:
                    self.take(workers.next())
                else:
                    break
        except BaseException:  # An interrupt, too: nothing that finished is lost.
            self.take(workers.finished())
            self.write()
            raise
        self.write()

    @property
    def missing(self) -> int:
        """How many evaluations are still to be proposed."""
        return self.evaluations - sum(len(batch.cells) for batch in (self.learned, *self.pending))

    def shares(self) -> list[tuple[Batch, int]]:
        """Return each pending batch, and how many of its cells the budget still pays."""
        shares, left = [], self.evaluations - len(self.learned.cells)
        for batch in self.pending:
            shares.append((batch, min(len(batch.cells), left)))
            left -= shares[-1][1]
        return shares

    def ask(self, batch: Batch, count: int, workers: Workers) -> None:
        """Hand out the cells of a batch that are new: each class of equal cells is asked once."""
        pairs = zip(batch.forms[:count], batch.cells[:count], strict=True)
        new: dict[Cell, Cell] = {}
        for form, cell in pairs:
            if form not in self.memory and form not in self.asked:
                new.setdefault(form, cell)
        self.asked.update(new)
        if isinstance(self.reward, SideBySide):
            if new:
                workers.hand_out(self.reward.after(self.curves.values()), new)
        else:
            for form, cell in new.items():
                workers.hand_out(self.reward, {form: cell})

    def take(self, outcomes: Outcomes) -> None:
        """Remember what was measured."""
        for form, outcome in outcomes.items():
            self.memory[form] = outcome
            self.best = max(self.best, outcome.reward)
            self.failed += outcome.error is not None
        if self.checkpoint is not None and self.checkpoint.due:
            self.write()

    def complete(self) -> Batch | None:
        """Return the first pending batch that is paid for and measured as a whole."""
        for batch, count in self.shares():
            if count == len(batch.cells) and all(form in self.memory for form in batch.forms):
                return batch
        return None

    def learn(self, batch: Batch) -> None:
        """Let the strategy learn a batch."""
        rewards = [self.memory[form].reward for form in batch.forms]
        drawn = self.strategy.learn(batch.choices, rewards)
        self.pending.remove(batch)
        self.learned.add(batch)
        self.curves |= {form: self.memory[form].curve for form in batch.forms}
        self.lowest = min([self.lowest, *finite(rewards)])
        mean = sum(finite(rewards, self.lowest)) / len(rewards)
        self.updates.append({"evaluations": len(self.learned.cells), "mean_reward": mean, **drawn})

    def done(self) -> int:
        """Return how many evaluations have their reward."""
        return len(self.learned.cells) + sum(
            form in self.memory for batch, count in self.shares() for form in batch.forms[:count]
        )

    def show(self, bar: tqdm[Any]) -> None:
        """Bring the progress bar up to date."""
        if bar.disable:
            return
        rate = bar.format_dict["rate"] or (bar.n - bar.initial) / (bar.format_dict["elapsed"] or 1)
        bar.set_postfix(
            best=f"{self.best:.4f}",
            failed=self.failed,
            per_minute=f"{60 * rate:.0f}",
            refresh=False,
        )
        bar.update(self.done() - bar.n)

    def keep(self, checkpoint: Checkpoint) -> None:
        """Go back to the checkpoint's state if it has one, and write to it from now on."""
        state = checkpoint.read()
        if state is not None:
            try:
                self.restore(state)
            except Exception as error:  # A strategy, or torch, may raise anything.
                said = f"{type(error).__name__}: {error}"
                raise checkpoint.refusal(f"holds no state of this search ({said})") from error
            if len(self.learned.cells) > self.evaluations:
                raise ValueError(
                    f"{checkpoint.path} holds {len(self.learned.cells)} evaluations, more than the "
                    f"{self.evaluations} asked for; ask for at least as many, or give another path"
                )
        self.checkpoint = checkpoint

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state, if the whole of it is one that :meth:`write` could have written."""
        require_form(state, STATE, "its state")
        memory = {
            Cell.parse(text): Outcome(float(reward), error, tuple(map(float, curve)))
            for text, (reward, error, curve) in state["memory"]
        }
        for form, outcome in memory.items():
            if form not in self.space or form != form.canonical():
                raise ValueError(f"{form} is no canonical form of a cell of the space")
            failed = outcome.error is not None
            if not (outcome.reward == FAILED if failed else isfinite(outcome.reward)):
                raise ValueError(f"{form} has {outcome}")
        self.take(memory)
        sizes = [state["learned"], *state["pending"]]
        proposed = iter(state["proposed"])
        if sum(sizes) != len(state["proposed"]):
            raise ValueError(f"{sizes} of {len(state['proposed'])} cells were learned or pending")
        self.learned, *self.pending = (
            Batch.proposed(self.space, list(islice(proposed, size))) for size in sizes
        )
        self.updates = state["updates"]
        if any(form not in memory for form in self.learned.forms):
            raise ValueError("a cell that was learned has no reward")
        learned = [0, *(update["evaluations"] for update in self.updates)]
        if learned[-1] != len(self.learned.cells) or sorted(set(learned)) != learned:
            raise ValueError(f"the updates do not end with evaluation {len(self.learned.cells)}")
        self.curves = {form: memory[form].curve for form in self.learned.forms}
        self.lowest = min([0.0, *finite(memory[form].reward for form in self.learned.forms)])
        self.strategy.load_state_dict(state["strategy"])

    def write(self) -> None:
        """Write the checkpoint, if there is one."""
        if self.checkpoint is None:
            return
        self.checkpoint.write(
            {
                "strategy": self.strategy.state_dict(),
                "proposed": [*self.learned.choices, *(c for b in self.pending for c in b.choices)],
                "learned": len(self.learned.cells),
                "pending": [len(batch.cells) for batch in self.pending],
                "updates": self.updates,
                "memory": [
                    (str(form), (outcome.reward, outcome.error, list(outcome.curve)))
                    for form, outcome in self.memory.items()
                ],
            }
        )

    def result(self, settings: dict[str, Any]) -> SearchResult:
        """Return what was found, when the search is at its end."""
        every = Batch()
        every.add(self.learned)
        for batch, count in self.shares():
            every.add(batch, count)
        outcomes = [self.memory[form] for form in every.forms]
        failures: dict[Cell, Failure] = {}
        for place, (form, outcome) in enumerate(zip(every.forms, outcomes, strict=True)):
            if outcome.error is not None:
                failures.setdefault(form, Failure(place, every.cells[place], outcome.error))
        rewards = finite(outcome.reward for outcome in outcomes)
        return SearchResult(
            settings, self.space, every.cells, rewards, list(failures.values()), self.updates
        )
