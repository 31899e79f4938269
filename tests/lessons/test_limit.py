"""Code that does not end is stopped, whatever it catches, and nothing is left behind."""

import itertools
import sys
import threading
import warnings

import pytest

from nastut.lessons.limit import DoesNotEndError, limited


def loop_of_one_line():
    while True: pass  # noqa: E701  # fmt: skip


def loop_that_counts():
    n = 0
    while n >= 0:
        n += 1


def loop_that_catches_everything():
    while True:
        try:
            1 / 0  # noqa: B018
        except:  # noqa: E722
            caught = True  # noqa: F841


def loop_within_a_try():
    while True:
        try:
            while True:
                len("a")
        except BaseException:
            len("b")


def comprehension():
    return [x for x in itertools.count()]  # noqa: C416


def compiled_loop_that_calls_back():
    return max(map(lambda x: x, itertools.count()))  # noqa: C417


class Ones:
    def __iter__(self):
        return self

    def __next__(self):
        return 1


def endless_iterator():
    return max(Ones())


def generator():
    def ones():
        while True:
            yield 1

    return sum(ones())


ENDLESS = [
    loop_of_one_line,
    loop_that_counts,
    loop_that_catches_everything,
    loop_within_a_try,
    comprehension,
    compiled_loop_that_calls_back,
    endless_iterator,
    generator,
]


@pytest.mark.parametrize("endless", ENDLESS)
def test_endless_code_is_stopped(endless):
    with pytest.raises(DoesNotEndError, match="it has not ended after 20,000 steps"):
        limited(endless, steps=20_000)


def recursion():
    return recursion()


def recursion_that_catches_everything():
    while True:
        try:
            recursion_that_catches_everything()
        except BaseException:
            len("b")


@pytest.mark.parametrize("endless", [recursion, recursion_that_catches_everything])
def test_endless_recursion_is_stopped(endless):
    with pytest.raises(DoesNotEndError, match="it calls itself without end"):
        limited(endless)


def test_deep_recursion_that_ends_is_left_alone():
    def deep(n):
        return 0 if n == 0 else 1 + deep(n - 1)

    assert limited(deep, 400) == 400


def test_time_is_limited_too():
    with pytest.raises(DoesNotEndError, match="it takes too long"):
        limited(loop_that_counts, seconds=0.01)


def test_the_last_step_that_is_allowed_is_allowed():
    """A function of few steps passes at some limit, at every larger one, and at no smaller one."""

    def add(n):
        return n + 1

    def passes(steps):
        try:
            return limited(add, 1, steps=steps) == 2
        except DoesNotEndError:
            return False

    passed = [passes(steps) for steps in range(60)]
    assert passed == sorted(passed)
    assert 3 <= passed.index(True) < 30


def nested(n):
    return 0 if n == 0 else 1 + nested(n - 1)


def test_calls_that_returned_are_not_counted_as_deep():
    assert limited(lambda: sum(nested(300) for _ in range(10))) == 3_000


def test_recursion_is_stopped_before_python_refuses():
    """Python's own limit would stop the hook, too. What is said is how many calls may be nested."""
    with pytest.raises(DoesNotEndError) as stopped:
        limited(nested, sys.getrecursionlimit() + 100)
    (times,) = (int(word) for word in str(stopped.value).split() if word.isdigit())
    assert sys.getrecursionlimit() - 400 < times < sys.getrecursionlimit()
    assert limited(nested, times - 1) == times - 1
    with pytest.raises(DoesNotEndError):
        limited(nested, times)


def test_it_works_in_another_thread():
    caught = []

    def work():
        try:
            limited(loop_of_one_line, steps=10_000)
        except DoesNotEndError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_an_earlier_hook_is_put_back_and_nothing_else_is_left():
    def hook(frame, event, argument):
        return None

    threads = threading.active_count()
    coverage = sys.gettrace()
    for endless in (loop_that_counts, loop_that_catches_everything, lambda: 1 / 0, lambda: 1):
        sys.settrace(hook)
        try:
            limited(endless, steps=1_000)
        except (DoesNotEndError, ZeroDivisionError):
            pass
        finally:
            left, _ = sys.gettrace(), sys.settrace(coverage)
        assert left is hook
    assert threading.active_count() == threads


def test_the_result_comes_back_and_prints_and_warnings_do_not(capsys):
    def talkative(number):
        print("here I am")
        print("here too", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return number + 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert limited(talkative, 1) == 2
    assert capsys.readouterr() == ("", "")


def test_an_error_of_the_code_is_its_own():
    with pytest.raises(ZeroDivisionError):
        limited(lambda: 1 / 0)
