"""The one loop of every search: propose, evaluate, learn, and keep a file of it.

An *evaluation* is a proposed cell, new or not. All methods are charged alike for it, and a search
always ends: a controller that proposes one cell for ever spends its budget on it. That is the
paper's count, too. The reward function is asked only for what is new: cells that are equal up to
swaps of children are one question, and ``result.calls`` counts the questions.

**Going on is doing it again.** A strategy with a seed is deterministic, given what it learned. So
the file holds no state of the strategy, only batches and rewards. It also fixes the order in which
``propose`` and ``learn`` were called: the batches are in the order in which they were learned, and
each says ``after`` how many of them it was proposed. The calls were, for k = 0, 1, 2, ...:

1. ``propose``, once for each batch whose ``after`` is k, whether it was learned later or not;
2. ``learn``, with batch k.

To go on, :meth:`Search.replay` makes the same calls. It discards what ``propose`` returns, and
``learn`` gets what the file says. On another processor a policy may differ in its last digits, and
with them a proposal; what was measured stays. On the same machine the strategy and its random
generator end in exactly the state that they had.

The file is written between these calls, never during one. A call that a kill has cut short, or that
was made after the last writing, is made once more. All that is lost is what the workers were
training, and the rewards since the last writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from inspect import Parameter, Signature, cleandoc, signature
from json import dumps, loads
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from tqdm.auto import tqdm

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe, require_whole_number
from nastut.cells.space import Space
from nastut.search.checkpoint import Batch, SearchResult, locked
from nastut.search.rewards import FAILED, Curve, Outcome, Reward, SideBySide, finite
from nastut.search.workers import Outcomes, Source, Workers

BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"

PATIENCE = 10
"""Writing the file may take one part in this many of the time."""

Choices = list[int]
"""The number of the token at each place of one sequence."""


class Strategy(Protocol):
    """What a search asks of a method.

    A strategy knows nothing but choices and rewards. Its proposals depend on nothing but its
    settings, its seed and what it learned.
    """

    def propose(self) -> list[Choices]:
        """Return the next sequences whose rewards the method wants to know."""

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        """Take in the rewards of a proposal; return what is worth drawing.

        A child that failed has the reward :data:`FAILED`; all others are finite. With several
        workers other proposals may have been made in the meantime.
        """


class Search:
    """A search under way: what was learned, what is pending, and all that was measured."""

    def __init__(
        self,
        strategy: Strategy,
        space: Space,
        reward: Reward | SideBySide,
        evaluations: int,
        settings: dict[str, Any] | None = None,
        target: float = inf,
    ) -> None:
        self.strategy, self.space, self.reward = strategy, space, reward
        self.evaluations, self.target = evaluations, target
        self.settings = settings or {"method": type(strategy).__name__}
        self.batches: list[Batch] = []
        self.learned, self.counted = 0, 0  # the first of them, and how many cells these have
        self.proposed = 0  # cells of all batches
        self.updates: list[dict[str, Any]] = []
        self.memory: Outcomes = {}
        self.asked: set[Cell] = set()
        self.curves: dict[Cell, Curve] = {}  # of what was learned
        self.best, self.failed = FAILED, 0
        self.reached = FAILED  # the best of what was learned
        self.lowest = 0.0  # for means
        self.path: Path | None = None
        self._next = monotonic()

    def go(self, workers: Workers, bar: tqdm[Any]) -> None:
        """Go on until as many cells are evaluated as are asked for, or the target is reached.

        The last batch may be larger than what is left to evaluate. It is not learned then, so
        that a search with a larger budget can go on from here as if it had never stopped.
        """
        try:
            for batch, count in self.shares():
                self.ask(batch, count, workers)
            while True:
                self.show(bar)
                number = self.complete()
                if number is not None:
                    self.learn(number)
                elif self.reached >= self.target:
                    break
                elif workers.room and self.proposed < self.evaluations:
                    cells = [self.space.decode(choices) for choices in self.strategy.propose()]
                    self.batches.append(Batch(self.learned, cells, [None] * len(cells)))
                    self.proposed += len(cells)
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

    def shares(self) -> list[tuple[Batch, int]]:
        """Return each pending batch, and how many of its cells the budget still pays."""
        shares, left = [], self.evaluations - self.counted
        for batch in self.batches[self.learned :]:
            shares.append((batch, min(len(batch.cells), left)))
            left -= shares[-1][1]
        return shares

    def ask(self, batch: Batch, count: int, workers: Workers) -> None:
        """Hand out the cells of a batch that are new: each class of equal cells is asked once."""
        new: dict[Cell, Cell] = {}
        for form, cell in zip(batch.forms[:count], batch.cells[:count], strict=True):
            if form not in self.memory and form not in self.asked:
                new.setdefault(form, cell)
        self.asked.update(new)
        if isinstance(self.reward, SideBySide):
            if new:
                workers.hand_out(self.reward.after(self.curves.values()), new)
        else:
            for form, cell in new.items():
                workers.hand_out(self.reward, {form: cell})
        self.take({})

    def take(self, outcomes: Outcomes) -> None:
        """Remember what was measured."""
        for form, outcome in outcomes.items():
            self.remember(form, outcome)
        for batch, count in self.shares():
            batch.outcomes[:count] = map(self.memory.get, batch.forms[:count])
        if outcomes and monotonic() >= self._next:
            self.write()

    def remember(self, form: Cell, outcome: Outcome) -> None:
        """Remember what came of one class of equal cells."""
        self.failed += outcome.error is not None and form not in self.memory
        self.memory[form] = outcome
        self.best = max(self.best, outcome.reward)

    def complete(self) -> int | None:
        """Return the number of the first pending batch that was measured as a whole, if any."""
        pending = range(self.learned, len(self.batches))
        return next((n for n in pending if None not in self.batches[n].outcomes), None)

    def learn(self, number: int) -> None:
        """Let the strategy learn a batch; it becomes the last of those that were learned."""
        batch, first = self.batches[number], self.learned
        outcomes = [self.memory[form] for form in batch.forms]
        rewards = [outcome.reward for outcome in outcomes]
        drawn = self.strategy.learn([self.space.encode(cell) for cell in batch.cells], rewards[:])
        self.batches[first : number + 1] = [batch, *self.batches[first:number]]  # One step.
        self.learned, self.counted = first + 1, self.counted + len(batch.cells)
        self.curves |= {
            form: outcome.curve for form, outcome in zip(batch.forms, outcomes, strict=True)
        }
        self.reached = max([self.reached, *rewards])
        self.lowest = min([self.lowest, *finite(rewards)])
        self.updates.append(
            {
                "evaluations": self.counted,
                "mean_reward": sum(finite(rewards, self.lowest)) / len(rewards),
                **drawn,
            }
        )

    def done(self) -> int:
        """Return how many evaluations have their reward."""
        pending = self.batches[self.learned :]
        return self.counted + sum(one is not None for batch in pending for one in batch.outcomes)

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

    @contextmanager
    def kept_in(self, path: Path, progress: bool) -> Iterator[None]:
        """Go on from a file if it is there, and write to it during a ``with`` block."""
        with locked(path):
            if path.exists():
                self.replay(SearchResult.load(path), path, progress)
            self.path = path
            yield

    def replay(self, before: SearchResult, path: Path, progress: bool) -> None:
        """Make the calls of the strategy again that led to what a file holds."""
        mine, other = ({"version": r.version, "space": asdict(r.space), **r.settings}
                       for r in (self.result(), before))  # fmt: skip
        for name in mine | other:
            if mine.get(name) != other.get(name):
                raise ValueError(
                    f"{path} was made with {name} {other.get(name)!r}, not {mine.get(name)!r}; "
                    "go on with that, or give another path"
                )
        learned = sum(len(batch.cells) for batch in before.batches[: before.learned])
        if learned > self.evaluations:
            raise ValueError(
                f"{path} holds {learned} evaluations, more than the {self.evaluations} asked for; "
                "ask for at least as many, or give another path"
            )
        for batch in before.batches:
            for form, outcome in zip(batch.forms, batch.outcomes, strict=True):
                if outcome is not None:
                    self.remember(form, outcome)
        proposals = Counter(batch.after for batch in before.batches)
        self.batches = before.batches
        self.proposed = sum(len(batch.cells) for batch in before.batches)
        desc = f"{self.settings['method']}, replayed"
        with tqdm(total=learned, desc=desc, disable=not progress, leave=False) as bar:
            for number in range(before.learned + 1):
                for _ in range(proposals[number]):
                    self.strategy.propose()
                if number < before.learned:
                    self.learn(number)
                    bar.update(len(before.batches[number].cells))

    def write(self) -> None:
        """Write the file, if there is one; often, but not most of the time."""
        if self.path is not None:
            begun = monotonic()
            self.result().save(self.path)
            self._next = monotonic() + PATIENCE * (monotonic() - begun)

    def result(self) -> SearchResult:
        """Return what was found so far."""
        return SearchResult(self.settings, self.space, self.batches, self.learned, self.updates)


def run(
    strategy: Strategy,
    space: Space,
    reward: Reward | SideBySide,
    evaluations: int = 2_000,
    settings: dict[str, Any] | None = None,
    executor: Source | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    workers: int | Callable[[], int] | None = None,
    limit: float | None = None,
    target: float = inf,
) -> SearchResult:
    """Search with any strategy: it proposes, the cells are evaluated, it learns, and so on.

    With one worker, or without a number of them, each batch is learned before the next is
    proposed. Then the same strategy, space and reward function give the same result, wherever
    and in whatever order the rewards are computed.

    With more, no worker waits for the slowest: while one batch is trained, others are proposed by
    a strategy that has not learned from it yet. Batches are learned in the order in which they
    are complete, and that is the order of the result.

    Parameters
    ----------
    strategy
        Proposes sequences of choices of `space`.
    space
        The cells to search among.
    reward
        A function of a cell; the larger, the better. A child that raises an exception, or whose
        reward is not a finite number, failed: it is never the best, counts as the lowest reward of
        all and at most as 0, and is reported in ``result.failures``. A
        :class:`nastut.search.rewards.SideBySide`, such as :class:`nastut.search.Trained`, gets the
        new cells of a batch together.
    evaluations
        How many cells are proposed.
    settings
        What the search depends on, as plain values; a part of the result and its file.
    executor
        Any :class:`concurrent.futures.Executor`; or a function that opens one for a ``with``
        block, such as :func:`nastut.search.processes`. Then a broken one is replaced, and
        a child whose worker died each time has failed. None: children are trained here.
    checkpoint
        A file of the search, as :mod:`nastut.search.checkpoint` describes it. If it is there
        already, the search goes on from it, and gives what it would have given without a break;
        with more `evaluations` than before, too. That the reward function is the same is for you
        to know, unless it has settings.
    progress
        Whether to show a progress bar.
    workers
        How many calls of the reward function the executor does at once, or a function that says
        how many at the moment. None: whatever it is, one batch at a time.
    limit
        Seconds that a child may take, for an executor that can be replaced. One that takes longer
        has failed.
    target
        A reward that is enough: the search ends when a batch with such a child was learned.

    Returns
    -------
    SearchResult

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, a reward is not a number, or the checkpoint is damaged or
        belongs to another search (it is left as it is).
    OSError
        If the checkpoint cannot be read or written, or another search is running on it.
    RuntimeError
        If the executor does not do its work. What had finished is in the checkpoint.
    """
    require_space(space)
    require_whole_number("evaluations", evaluations)
    if not (workers is None or callable(workers)):
        require_whole_number("workers", workers)
    if not (callable(reward) or isinstance(reward, SideBySide)):
        raise TypeError(f"reward is {describe(reward)} where a function of a Cell belongs")
    crew = Workers(executor, workers, limit)
    search = Search(strategy, space, reward, evaluations, settings, target)
    if isinstance(reward, SideBySide):
        search.settings = {**search.settings, "reward": reward.settings}
    # As they come back from a file: no NumPy scalars, no tuples.
    search.settings = loads(dumps(search.settings, default=lambda scalar: scalar.item()))
    kept = nullcontext() if checkpoint is None else search.kept_in(Path(checkpoint), progress)
    with kept, crew, tqdm(
        total=evaluations,
        initial=search.done(),
        disable=not progress,
        desc=search.settings["method"],
        bar_format=BAR,
    ) as bar:  # fmt: skip
        search.go(crew, bar)
    return search.result()


def search_by(name: str, kind: Any) -> Callable[..., SearchResult]:
    """Return the function that searches with a kind of strategy.

    It takes what :func:`run` takes, with a seed in place of the strategy and the settings, and
    then the settings of the strategy, which have the defaults that they have there.

    Parameters
    ----------
    name
        Of the method.
    kind
        The class of its strategies. ``kind.on(space, seed, **settings)`` returns one of them.
    """
    shared = signature(run).parameters
    seed = Parameter("seed", Parameter.POSITIONAL_OR_KEYWORD, default=0, annotation="int")
    own = {
        parameter.name: parameter
        for function in (kind.on, kind)
        for parameter in signature(function).parameters.values()
        if parameter.default is not Parameter.empty
    }
    takes = Signature(
        [
            *(seed if p.name == "settings" else p for p in shared.values() if p.name != "strategy"),
            *own.values(),
        ],
        return_annotation="SearchResult",
    )

    def search(*arguments: Any, **keywords: Any) -> SearchResult:
        bound = takes.bind(*arguments, **keywords)
        bound.apply_defaults()
        given = bound.arguments
        chosen, seed = {key: given.pop(key) for key in own}, given.pop("seed")
        require_whole_number("seed", seed, least=0)
        strategy = kind.on(require_space(given["space"]), seed, **chosen)
        plain = {key: str(v) if isinstance(v, Cell) else v for key, v in chosen.items()}
        return run(strategy, settings={"method": name, "seed": seed, **plain}, **given)

    search.__name__ = search.__qualname__ = name
    search.__module__ = kind.__module__
    search.__doc__ = (
        f"Search with :class:`{kind.__module__}.{kind.__name__}`, which has the method's settings."
        "\n\nSee :func:`nastut.search.run` for what is common to all searches."
        f"\n\n{cleandoc(kind.__doc__)}"
    )
    search.__signature__ = takes  # type: ignore[attr-defined]
    return search


def require_space(space: Space) -> Space:
    """Return `space`, or raise a TypeError if it is none."""
    if not isinstance(space, Space):
        raise TypeError(f"space is {describe(space)} where a Space belongs, such as nt.Space(2)")
    return space
