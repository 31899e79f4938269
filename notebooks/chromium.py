"""A browser without a window: the system's Chromium, or the one that playwright has fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    *(
        f"${{{folder}}}/{program}"
        for folder in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA")
        for program in (
            "Google/Chrome/Application/chrome.exe",
            "Microsoft/Edge/Application/msedge.exe",
        )
    ),
)
"""Where macOS and Windows have one, which is on no path."""

PATIENCE = 600_000
"""Milliseconds for a page to load, in a test: machines may be busy, and a limit is no measure."""


class NoBrowserError(RuntimeError):
    """No Chromium can be started; the message says how to get one."""


def installed() -> str | None:
    """Return the path of the system's browser, if there is one."""
    on_path = (found for name in NAMES if (found := shutil.which(name)))
    places = (os.path.expandvars(os.path.expanduser(place)) for place in PLACES)
    return next(on_path, None) or next((place for place in places if Path(place).is_file()), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it.

    Raises
    ------
    NoBrowserError
        If there is none, or it does not start.
    """
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=installed())
        except Error as error:
            reason = str(error).strip().splitlines()[0]
            raise NoBrowserError(
                f"Chromium does not start ({reason}): install your system's, or run "
                "'python -m playwright install chromium'"
            ) from error
        try:
            yield browser
        finally:
            browser.close()
