"""Many runs at once: their results when they are there."""

from concurrent.futures import Future, ThreadPoolExecutor
from operator import add

import pytest

from nastut.studies.processes import finished


def ended(result):
    """Return a future that has ended with a result, or with an exception."""
    future = Future()
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future


def test_results_come_with_their_keys():
    with ThreadPoolExecutor(2) as executor:
        futures = {executor.submit(add, i, i): i for i in range(9)}
        assert sorted(finished(futures)) == [(i, 2 * i) for i in range(9)]


def test_what_had_ended_comes_before_a_failure():
    futures = {ended(RuntimeError("four") if i == 4 else i): i for i in range(9)}
    futures[Future()] = "under way for ever"
    results = finished(futures)
    assert sorted(next(results)[0] for _ in range(8)) == [0, 1, 2, 3, 5, 6, 7, 8]
    with pytest.raises(RuntimeError, match="four"):
        next(results)
