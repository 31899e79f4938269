"""A browser for the tests that need one, and a JupyterLab to look at in it."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from build import METADATA
from chromium import NoBrowserError, chromium

SIZE = {"width": 1280, "height": 720}
"""A beamer's page."""


@contextmanager
def browser():
    """Start Chromium, or skip the test where there is none."""
    try:
        with chromium() as started:
            yield started
    except NoBrowserError as error:
        pytest.skip(str(error))


@contextmanager
def lab(folder, *cells):
    """Start a JupyterLab on a notebook of the given cells, and yield the notebook's address."""
    own = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=METADATA)
    nbformat.write(own, folder / "own.ipynb")
    runtime = folder / "runtime"
    named = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA")}
    named |= {f"JUPYTERLAB_{name}_DIR": str(folder / name) for name in ("SETTINGS", "WORKSPACES")}
    options = ["--no-browser", "--allow-root", "--port=0", f"--ServerApp.root_dir={folder}"]
    quiet = folder / "CONFIG" / "labconfig" / "page_config.json"
    quiet.parent.mkdir(parents=True)
    quiet.write_text(
        '{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}'
    )
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, **named, "JUPYTER_RUNTIME_DIR": str(runtime)},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 120
        while (said := _where(runtime)) is None:
            running = time.monotonic() < deadline and server.poll() is None
            assert running, (folder / "lab.log").read_text()
            time.sleep(0.2)
        yield f"{said['url']}lab/tree/own.ipynb?token={said['token']}"
    finally:
        server.terminate()
        server.wait(120)  # it ends its kernels first


def _where(runtime):
    """Return what a server says of itself in its folder, as soon as it is all there."""
    for path in runtime.glob("jpserver-*.json"):
        try:
            return json.loads(path.read_text())
        except json.JSONDecodeError:
            return None
    return None
