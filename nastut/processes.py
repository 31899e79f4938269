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

    When the block ends by an exception, what has not begun is dropped. When the program is
    killed, its processes end too.
    """
    # They start afresh: torch's threads do not survive a fork.
    context = get_context("spawn")
    with ProcessPoolExecutor(mp_context=context, initializer=_end_with_parent) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    def wait() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)  # whatever the other threads do

    Thread(target=wait, daemon=True).start()
