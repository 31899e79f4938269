"""Who trains the children: this process, or the workers of an executor, whatever becomes of them.

Children go out in groups. If its worker dies, a group is handed out again: first as it is, then
each child alone, with nobody else at work, so that the one that kills workers is found. Only that
one has failed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import AbstractContextManager, ExitStack
from math import inf
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe
from nastut.search.rewards import (
    Group,
    NoNumberError,
    Outcome,
    Reward,
    SideBySide,
    UnfitWorkerError,
    failure,
    text_of,
)

Source = Executor | Callable[[], AbstractContextManager[Executor]]
"""An executor, or what opens one: only then can a broken one be replaced."""

Outcomes = dict[Cell, Outcome]
"""By canonical form."""

TOGETHER, ALONE = 2, 2
"""How often a child's worker may die: in company, and then alone."""

LOSSES = 12
"""So many losses with nothing finished between them are no child's fault."""

PAUSES = (0, 1, 2, 5, 10, 20, 30, 60, 60, 60, 60)
"""Seconds between the attempts to open an executor in place of a broken one."""


class Workers:
    """Hand out groups of children, and get outcomes back in the order of their arrival.

    Use it in a ``with`` block, at the end of which everything that was opened is closed.

    Parameters
    ----------
    source
        An executor; or a function that opens one, such as
        :func:`nastut.search.executors.processes`; or None for this process.
    size
        How many groups the executor can do at once, or a function that says so; more are not
        handed to it. None: all there are.
    limit
        Seconds that a child may take. A group may take as many times as long as it has members.
        Who hangs can only be ended with its executor, so that must be one that can be replaced;
        another takes no more work after a hang.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.
    """

    def __init__(
        self,
        source: Source | None = None,
        size: int | Callable[[], int] | None = None,
        limit: float | None = None,
    ) -> None:
        if not (source is None or callable(source) or isinstance(source, Executor)):
            raise TypeError(f"executor is {describe(source)} where an Executor belongs")
        if limit is not None and (source is None or size is None):
            raise ValueError("a limit of time needs an executor, and the number of its workers")
        if limit is not None and not 0 < limit < inf:
            raise ValueError(f"limit is {limit!r}; it must be a number of seconds above 0")
        self.source, self.size, self.limit = source, size, limit
        self._waiting: deque[Group] = deque()
        self._out: dict[Future[list[Outcome]], Group] = {}
        # as_completed() waits for ever for what a shutdown cancelled; a callback comes for it too.
        self._done: SimpleQueue[Future[list[Outcome]]] = SimpleQueue()
        self._found: Outcomes = {}
        self._hung: list[Group] = []  # and their workers with them
        self._losses = 0
        self._trouble: BaseException | None = None  # after which nothing more is handed out
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for future in self._out:
            future.cancel()
        self._opened.__exit__(kind, error, traceback)

    @property
    def busy(self) -> bool:
        """Whether outcomes will come."""
        return bool(self._found or self._waiting or self._out or self._hung)

    @property
    def room(self) -> bool:
        """Whether a worker has nothing to do; of workers that nobody counted, all must have."""
        size = 1 if self.size is None else self._capacity()
        return len(self._waiting) + len(self._out) + len(self._hung) < max(size, 1)

    def hand_out(self, reward: Reward | SideBySide, cells: dict[Cell, Cell]) -> None:
        """Let a group be trained as soon as a worker is free.

        Parameters
        ----------
        reward
            What is asked.
        cells
            Canonical form -> cell.
        """
        self._waiting.append(Group(reward, cells))

    def next(self) -> Outcomes:
        """Wait until there are outcomes of some children, and return them.

        Raises
        ------
        NoNumberError, UnfitWorkerError
            If a reward is no number, or a worker lacks what training needs.
        RuntimeError
            If the executor does not do its work and cannot be replaced. What had finished was
            returned before.
        """
        while not self._found:
            if self.source is None:
                group = self._waiting.popleft()
                self._note(group, group.measure())
                continue
            self._start()
            if self._out:
                self._wait()
            elif self._hung:
                hung, self._hung = self._hung, []
                if self._replaceable:
                    self._renew(TimeoutError("a child hangs"))
                self._apart(hung, f"no answer within {self.limit} s")
            elif self._trouble is not None:
                raise RuntimeError(
                    f"the executor did not do its work ({text_of(self._trouble)}); what had "
                    "finished is kept. Give a new executor, and reward functions that it can take"
                ) from self._trouble
        found, self._found = self._found, {}
        return found

    def finished(self) -> Outcomes:
        """Return what is there already: for whoever is about to stop."""
        for future in [future for future in self._out if _succeeded(future)]:
            self._note(self._out.pop(future), future.result())
        return self._found

    def _note(self, group: Group, outcomes: Iterable[Outcome]) -> None:
        self._found |= zip(group.cells, outcomes, strict=True)

    def _start(self) -> None:
        """Hand to the executor what is waiting and may start."""
        while self._waiting and self._may_start(self._waiting[0]):
            group = self._waiting.popleft()
            if self.limit is not None:
                group.deadline = time.monotonic() + self.limit * len(group.cells)
            try:
                future = self._executor.submit(group.measure)
            except Exception as error:  # Shut down, or broken.
                self._waiting.appendleft(group)
                self._break(error)
            else:
                self._out[future] = group
                future.add_done_callback(self._done.put)

    def _may_start(self, group: Group) -> bool:
        if self._trouble is not None or self._hung or len(self._out) >= self._capacity():
            return False
        suspects = any(one.lost >= TOGETHER for one in (group, *self._out.values()))
        return not (suspects and self._out)

    def _capacity(self) -> float:
        if self.size is None:
            return inf
        return self.size() if callable(self.size) else self.size

    def _wait(self) -> None:
        """Wait for one that is out, or until one is overdue."""
        patience = min(group.deadline for group in self._out.values()) - time.monotonic()
        try:
            future = self._done.get(timeout=None if patience == inf else max(patience, 0))
        except Empty:
            self._give_up()
            return
        if future not in self._out:  # Given up, or lost with its executor.
            return
        group = self._out.pop(future)
        if _succeeded(future):
            self._losses = 0
            self._note(group, future.result())
            return
        error = CancelledError() if future.cancelled() else future.exception()
        assert error is not None
        if isinstance(error, NoNumberError | UnfitWorkerError):
            raise error
        self._out[future] = group
        self._break(error, future)

    def _give_up(self) -> None:
        """Stop waiting for what is overdue; when nothing else is out, there is a new executor."""
        now = time.monotonic()
        for future in [future for future, group in self._out.items() if group.deadline <= now]:
            self._hung.append(self._out.pop(future))
            future.cancel()
        if not self._replaceable:
            self._trouble = TimeoutError(f"no answer within {self.limit} s a child")

    def _break(self, error: BaseException, *lost: Future[list[Outcome]]) -> None:
        """Deal with work that an executor lost, or did not take."""
        self._losses += 1
        groups = [self._out.pop(future) for future in lost]
        if not (self._replaceable and _is_loss(error)) or self._losses > LOSSES:
            self._waiting += groups
            self._trouble = self._trouble or error
            return
        if not _names_the_guilty(error):
            groups += self._renew(error)
        for group in groups:
            group.lost += 1
            if group.lost >= (TOGETHER if len(group.cells) > 1 else TOGETHER + ALONE):
                self._apart([group], f"its worker died each time ({text_of(error)})")
            else:
                self._waiting.appendleft(group)

    def _apart(self, groups: Iterable[Group], why: str) -> None:
        """Hand out each member alone; one that was alone has failed."""
        for group in groups:
            if len(group.cells) == 1:
                self._note(group, [failure(why)])
            else:
                self._waiting.extendleft(reversed(group.apart()))

    def _renew(self, error: BaseException) -> list[Group]:
        """Open another executor, and return what was lost with the one before."""
        self._opened.__exit__(type(error), error, error.__traceback__)
        self.finished()
        lost = list(self._out.values())
        self._out = {}
        for pause in PAUSES:
            time.sleep(pause)
            try:
                self._open()
                break
            except Exception as trouble:
                error = trouble
        else:
            self._trouble = error
        return lost

    @property
    def _replaceable(self) -> bool:
        return not isinstance(self.source, Executor)

    def _open(self) -> None:
        self._opened = ExitStack()
        if isinstance(self.source, Executor):
            self._executor = self.source
        elif self.source is not None:
            self._executor = self._opened.enter_context(self.source())


def _succeeded(future: Future[list[Outcome]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _names_the_guilty(error: BaseException) -> bool:
    """Whether an error tells of one group only: Dask's, of whose workers several died."""
    return type(error).__name__ == "KilledWorker"


def _is_loss(error: BaseException) -> bool:
    """Whether work was lost, or its answer: not what an executor says of what it cannot send."""
    lost = BrokenExecutor | CancelledError | OSError
    return isinstance(error, lost) or _names_the_guilty(error)
