"""All processors at work, and none left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import TypeVar

Key = TypeVar("Key")
Result = TypeVar("Result")


@contextmanager
def processes() -> Iterator[Executor]:
    """Give an executor with a process for each processor.

    When the block ends by an exception, or the program is killed, its processes end at once.
    """
    context = get_context("spawn")  # processes that start afresh: torch's threads survive no fork
    here, there = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(mp_context=context, initializer=_end_with, initargs=(here,))
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


def finished(futures: Mapping[Future[Result], Key]) -> Iterator[tuple[Key, Result]]:
    """Yield the key and the result of each future when it is there.

    If one failed, its exception is raised, but after the results that had come by then: a
    caller who writes them down loses none.
    """
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda future: future.exception() is not None):
            yield futures[future], future.result()


def _end_with(pipe: Connection) -> None:
    """End this process when nobody holds the other end of a pipe."""

    def wait() -> None:
        pipe.poll(None)
        os._exit(1)  # whatever the other threads do

    Thread(target=wait, daemon=True).start()
