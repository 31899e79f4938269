"""Running code that somebody else wrote, so that it comes to an end and prints nothing.

Steps (lines and instructions of Python) are counted while the code runs, by the hook that
debuggers use (:func:`sys.settrace`). It works on every system and in every thread, and leaves
nothing behind: no process, no thread, no timer. What it cannot stop: one call that runs for ever
inside compiled code, such as ``sum(itertools.repeat(1))``, where no step of Python passes by; and
a loop that catches every error and keeps it.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from time import monotonic
from types import FrameType
from typing import Any, TypeVar

STEPS = 2_000_000
SECONDS = 60.0

Result = TypeVar("Result")


class DoesNotEndError(BaseException):
    """Code ran for longer than it may; the message says by what measure.

    It is no :class:`Exception`, so that ``except Exception`` lets it pass. A bare ``except`` stops
    it all the same, and Python takes the hook away when the hook raises. So an error that was
    caught by the code which it should have stopped puts the hook back.
    """

    def __init__(self, reason: str, watch: Watch) -> None:
        super().__init__(reason)
        self._watch = watch

    def __del__(self) -> None:
        if self._watch.on:
            sys.settrace(self._watch)
            sys._getframe(1).f_trace = self._watch


class Watch:
    """The hook: called at every step of the code, it counts, and raises when that is enough."""

    def __init__(self, steps: int, seconds: float) -> None:
        self.on = True
        self._reason = ""
        self._steps, self._depth = steps, _frames_left()
        self._steps_left, self._ends_at, self._depth_left = (
            steps,
            monotonic() + seconds,
            self._depth,
        )

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Watch:
        """Count one step."""
        # Python 3.11 reports no line for `while True: pass`, but it reports its instructions.
        frame.f_trace_opcodes = True
        self._steps_left -= 1
        if event == "call":
            self._depth_left -= 1
        elif event == "return":
            self._depth_left += 1
        if not self._reason:
            self._reason = self._what_is_used_up()
        if self._reason:  # whoever catches the error gets it again
            raise DoesNotEndError(self._reason, self)
        return self

    def _what_is_used_up(self) -> str:
        if self._steps_left < 0:
            return f"it has not ended after {self._steps:,} steps"
        if monotonic() > self._ends_at:
            return "it takes too long"
        if self._depth_left < 0:
            return f"it calls itself without end, {self._depth} times by now"
        return ""


def _frames_left() -> int:
    """Return how deep calls may go before Python refuses, and the hook with them."""
    used, frame = 0, sys._getframe()
    while frame.f_back is not None:
        used, frame = used + 1, frame.f_back
    return max(sys.getrecursionlimit() - used - 50, 50)


def limited(
    function: Callable[..., Result],
    *arguments: Any,
    steps: int = STEPS,
    seconds: float = SECONDS,
) -> Result:
    """Call a function that must come to an end, and drop what it prints and warns of.

    Raises
    ------
    DoesNotEndError
        After so many steps or seconds, or so many calls within calls, whichever comes first.
    """
    watch, earlier = Watch(steps, seconds), sys.gettrace()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.settrace(watch)
        try:
            return function(*arguments)
        finally:
            watch.on = False
            sys.settrace(earlier)
