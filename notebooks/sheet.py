"""Print the sheet, the page to look things up, as a PDF: A4, one page, nothing from the network.

Usage: ``python notebooks/sheet.py [FILE]``; build/sheet.pdf unless another file is named. The
stored notebook is read, nothing is executed. A browser prints: see chromium.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from playwright.sync_api import Browser
from traitlets.config import Config

from build import NOTEBOOKS, SHEET
from chromium import NoBrowserError, chromium
from nastut.files import write_atomically

FILE = NOTEBOOKS.parent / "build" / "sheet.pdf"
STORED = NOTEBOOKS / f"{SHEET.stem}.ipynb"
HIDDEN = "hide"
"""The tag of code that is not printed; what it shows is."""


def page(notebook: NotebookNode) -> str:
    """Return the sheet as HTML: code only where it is the subject, everything else computed."""
    options = Config({"TagRemovePreprocessor": {"remove_input_tags": {HIDDEN}, "enabled": True}})
    exporter = HTMLExporter(
        config=options,
        template_name="sheet",
        extra_template_basedirs=[str(NOTEBOOKS / "templates")],
    )
    html: str
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": "nastut on one page"}})
    return html


def pdf(html: str, browser: Browser) -> bytes:
    """Return a page of HTML as a PDF that can be read aloud; a request to the network fails."""
    tab = browser.new_page()
    tab.context.set_offline(True)
    tab.set_content(html)
    return tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)


def main(arguments: list[str] | None = None) -> None:
    """Write the PDF."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    path: Path = parser.parse_args(arguments).file
    html = page(nbformat.read(STORED, as_version=4))
    try:
        with chromium() as browser:
            content = pdf(html, browser)
    except NoBrowserError as error:
        sys.exit(str(error))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    print(f"the sheet is in {path}")


if __name__ == "__main__":
    main()
