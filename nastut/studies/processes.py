"""Many runs at once: their results when they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

Key = TypeVar("Key")
Result = TypeVar("Result")


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
