"""Where many workers are: the processors of this machine, or a Dask cluster.

Each opens an executor for a ``with`` block. When the block ends by an exception, or the program is
killed, no work of it goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any


@contextmanager
def processes(count: int | None = None) -> Iterator[Executor]:
    """Give an executor with `count` processes; None: one for each processor.

    When the block ends by an exception, or the program is killed, its processes end at once.
    """
    context = get_context("spawn")  # processes that start afresh: torch's threads survive no fork
    here, there = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(
        count, mp_context=context, initializer=_end_with, initargs=(here,)
    )
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


def _end_with(pipe: Connection) -> None:
    """End this process when nobody holds the other end of a pipe."""

    def wait() -> None:
        pipe.poll(None)
        os._exit(1)  # whatever the other threads do

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
        """Connect to the scheduler; work that hangs when the block ends ends with its worker.

        Raises
        ------
        OSError
            If the scheduler does not answer within 10 s, or the address is none.
        """
        try:
            client = self._connect(self.address, timeout=TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise OSError(
                f"no Dask scheduler answers at {self.address} within {TIMEOUT} s ({error}); start "
                "one with 'dask scheduler', and workers with 'dask worker'"
            ) from error
        self._client = client
        executor = client.get_executor(pure=False)  # A question that is asked again is a new one.
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
        """End what this client's work does on its workers; their nannies start them again."""
        mine = set(self._client.futures)
        working = self._client.processing()
        busy = [worker for worker, keys in working.items() if mine & {str(key) for key in keys}]
        if busy:
            self._client.restart_workers(busy, raise_for_error=False)
