"""Who trains the children: this process, or the workers of an executor, whatever happens to them.

Children go out in groups. If its worker dies, a group is handed out again: first as it is, then
each child alone, while no other child is trained, so that the one that kills workers is found. Only
that one has failed.

:func:`processes` and :class:`Cluster` open executors. When their ``with`` block ends by an
exception, or the program is killed, their work stops too.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
)
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from signal import SIGINT
from threading import RLock, Thread
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe
from nastut.search.rewards import (
    NoNumberError,
    Outcome,
    Reward,
    SideBySide,
    UnfitWorkerError,
    failure,
    measure,
    text_of,
)

if sys.platform != "win32":
    from signal import SIG_BLOCK, SIG_SETMASK, pthread_sigmask

Source = Executor | Callable[[], AbstractContextManager[Executor]]
"""An executor, or what opens one: only then can a broken one be replaced."""

Outcomes = dict[Cell, Outcome]
"""By canonical form."""

TOGETHER, ALONE = 2, 2
"""How often the worker of a child may die: with others at work, and then with none."""

LOSSES = 12
"""More losses than this in a row, with nothing finished between them, are no child's fault."""

PAUSES = (0, 1, 2, 5, 10, 20, 30, 60, 60, 60, 60)
"""Seconds between the attempts to open an executor in place of a broken one."""


@dataclass(eq=False)
class Group:
    """Children that go to one worker together, by canonical form."""

    reward: Reward | SideBySide
    cells: dict[Cell, Cell]
    lost: int = 0
    deadline: float = inf

    def measure(self) -> list[Outcome]:
        """Return what came of each; this runs in the worker."""
        return measure(self.reward, list(self.cells.values()))

    def apart(self) -> list[Group]:
        """Return each child as a group of its own."""
        return [Group(self.reward, {form: cell}, self.lost) for form, cell in self.cells.items()]


class Workers:
    """Hand out groups of children, and get outcomes back in the order of their arrival.

    Use it in a ``with`` block, at the end of which everything that was opened is closed.

    Parameters
    ----------
    source
        An executor; or a function that opens one, such as
        :func:`nastut.search.executors.processes`; or None for this process.
    size
        How many groups the executor can do at once, or a function that says so; it is handed no
        more. None: it is handed all there are.
    limit
        Seconds that a child may take; a group has that many for each of its members. A child
        that hangs can only be ended together with its executor. An executor that cannot be
        replaced gets no more work after a hang.

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
        # as_completed() waits for ever for what a shutdown cancelled; a callback is called.
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
        """Whether a worker is idle. If their number is not known: whether all of them are."""
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
        """Return the outcomes that are there already, when the search is about to stop."""
        for future in [future for future in self._out if _succeeded(future)]:
            self._note(self._out.pop(future), future.result())
        return self._found

    def _note(self, group: Group, outcomes: Iterable[Outcome]) -> None:
        self._found |= zip(group.cells, outcomes, strict=True)

    def _start(self) -> None:
        """Hand waiting groups to the executor, as far as they may start."""
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
        """Wait until a group comes back, or one is overdue."""
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
        """Stop waiting for overdue groups; the executor is replaced when no other group is out."""
        now = time.monotonic()
        for future in [future for future, group in self._out.items() if group.deadline <= now]:
            self._hung.append(self._out.pop(future))
            future.cancel()
        if not self._replaceable:
            self._trouble = TimeoutError(f"no answer within {self.limit} s a child")

    def _break(self, error: BaseException, *lost: Future[list[Outcome]]) -> None:
        """Deal with groups that an executor lost, or did not take."""
        self._losses += 1
        groups = [self._out.pop(future) for future in lost]
        if not (self._replaceable and _is_loss(error)) or self._losses > LOSSES:
            self._waiting += groups
            self._trouble = self._trouble or error
            return
        if not _names_the_lost(error):
            groups += self._renew(error)
        for group in groups:
            group.lost += 1
            if group.lost >= (TOGETHER if len(group.cells) > 1 else TOGETHER + ALONE):
                self._apart([group], f"its worker died each time ({text_of(error)})")
            else:
                self._waiting.appendleft(group)

    def _apart(self, groups: Iterable[Group], why: str) -> None:
        """Hand out each member of the groups alone; a child that was alone has failed."""
        for group in groups:
            if len(group.cells) == 1:
                self._note(group, [failure(why)])
            else:
                self._waiting.extendleft(reversed(group.apart()))

    def _renew(self, error: BaseException) -> list[Group]:
        """Open another executor, and return the groups that were lost with the one before."""
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


def _names_the_lost(error: BaseException) -> bool:
    """Whether an error is about one group only: Dask's, after several workers died with it."""
    return type(error).__name__ == "KilledWorker"


def _is_loss(error: BaseException) -> bool:
    """Whether work or its answer was lost; an error about what cannot be sent is no loss."""
    lost = BrokenExecutor | CancelledError | OSError
    return isinstance(error, lost) or _names_the_lost(error)


@contextmanager
def processes(count: int | None = None) -> Iterator[Executor]:
    """Open an executor with `count` processes; None: one for each processor.

    When the block ends by an exception, or the program is killed, its processes end at once.
    """
    context = get_context("spawn")  # New interpreters: torch's threads do not survive a fork.
    here, there = context.Pipe(duplex=False)
    executor = _Pool(count, mp_context=context, initializer=_end_with, initargs=(here,))
    try:
        yield executor
    except BaseException:
        there.close()
        executor.shutdown(cancel_futures=True)
        raise
    else:
        executor.shutdown()
    finally:
        there.close()
        here.close()


class _Pool(ProcessPoolExecutor):
    """Its processes never see a Ctrl-C: it is for the one that started them, and ends them."""

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """Hand out work; this starts processes, and they keep what is blocked here."""
        if sys.platform == "win32":
            return super().submit(*arguments, **named)
        before = pthread_sigmask(SIG_BLOCK, {SIGINT})
        try:
            return super().submit(*arguments, **named)
        finally:
            pthread_sigmask(SIG_SETMASK, before)


def _end_with(pipe: Connection) -> None:
    """End this process when the other end of a pipe is closed."""

    def wait() -> None:
        pipe.poll(None)
        os._exit(1)  # whatever the other threads do

    # Instead of its own lock between processes, which such an end would leave behind.
    tqdm.set_lock(RLock())
    Thread(target=wait, daemon=True).start()


TIMEOUT = 10
"""Seconds to wait for an answer of a scheduler."""


class Cluster:
    """The workers of a Dask scheduler, wherever they are.

    Dask moves the work: https://distributed.dask.org. It is an extra: ``pip install
    nastut[cluster]``.

    Parameters
    ----------
    address
        Of the scheduler, as in ``tcp://127.0.0.1:8786``.

    Raises
    ------
    ImportError
        If Dask is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise ImportError(
                "a scheduler needs Dask, which is not installed; pip install 'nastut[cluster]'"
            ) from None
        self.address = address
        self._connect = Client
        self._client: Any = None

    @contextmanager
    def __call__(self) -> Iterator[Executor]:
        """Connect to the scheduler; after an exception in the block, busy workers are restarted.

        Raises
        ------
        OSError
            If the scheduler does not answer within 10 s, or the address is not one.
        """
        try:
            client = self._connect(self.address, timeout=TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise OSError(
                f"no Dask scheduler answers at {self.address} within {TIMEOUT} s ({error}); start "
                "one with 'dask scheduler', and workers with 'dask worker'"
            ) from error
        self._client = client
        executor = client.get_executor(pure=False)  # Dask must not reuse an earlier answer.
        try:
            yield executor
        except BaseException:
            if client.status == "running":
                self._restart_busy_workers()
            raise
        finally:
            client.close()

    def size(self) -> int:
        """Return how many threads the workers have at the moment; 1 if there are none yet."""
        if self._client is None or self._client.status != "running":
            return 1
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def _restart_busy_workers(self) -> None:
        """Restart the workers that this client keeps busy; their nannies start them again."""
        mine = set(self._client.futures)
        working = self._client.processing()
        busy = [worker for worker, keys in working.items() if mine & {str(key) for key in keys}]
        if busy:
            self._client.restart_workers(busy, raise_for_error=False)
