"""A browser without a window: the system's Chromium, or the one that playwright has fetched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PATIENCE = 600_000
"""Milliseconds for a page to load, in a test: machines may be busy, and a limit is no measure."""


class NoBrowserError(RuntimeError):
    """No Chromium can be started; the message says how to get one."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it.

    Raises
    ------
    NoBrowserError
        If there is none, or it does not start.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path)
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
