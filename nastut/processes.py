"""All processors at work, and none left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread


@contextmanager
def processes() -> Iterator[Executor]:
    """Give an executor with a process for each processor.

    At the end of the block, be it by an exception, what has not begun is dropped. When the
    program is killed, its processes end too.
    """
    # They start afresh: torch's threads do not survive a fork.
    executor = ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    def wait() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)  # whatever the other threads do

    Thread(target=wait, daemon=True).start()
