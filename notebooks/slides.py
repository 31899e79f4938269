"""Make slides of the notebooks, one HTML file each; they load nothing from the network.

Usage: ``python notebooks/slides.py [FOLDER]`` after ``npm ci --prefix docs``, which fetches
reveal.js and MathJax (``make slides`` does both). The stored notebooks are read, nothing is
executed. FOLDER is build/slides unless another is named; take all of it along.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from build import LONG, NOTEBOOKS, without_asserts
from nastut.files import write_atomically

FOLDER = NOTEBOOKS.parent / "build" / "slides"
PACKAGES = NOTEBOOKS.parent / "docs" / "node_modules"
WORDS = 85
"""Words of prose that one slide holds."""

PRINTED = 20
"""Lines of printed text that one slide holds; a cell that prints more is for readers."""

ABOVE = 5
"""Lines of code that stand above a picture; with more, the picture would have to be small."""

VENDORED = {
    "reveal.js/dist/reveal.js": "reveal/reveal.js",
    "reveal.js/dist/reveal.css": "reveal/dist/reveal.css",
    "reveal.js/dist/theme/white.css": "reveal/dist/theme/white.css",
    "reveal.js/dist/theme/fonts": "reveal/dist/theme/fonts",
    "mathjax/es5/tex-svg.js": "mathjax/tex-svg.js",
}


def type_of(cell: NotebookNode) -> str:
    """Return the slide type that build.py has given to a cell."""
    kind: str = cell.metadata.get("slideshow", {}).get("slide_type", "-")
    return kind


def lecture(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook as an audience sees it: without what is skipped, prose cut into slides."""
    made = nbformat.from_dict(notebook)
    cells: list[NotebookNode] = []
    full = False
    for cell in made.cells:
        if type_of(cell) == "skip":
            continue
        if cell.cell_type == "markdown":
            cells += pieces(cell)
            full = len(cells[-1].source.split()) > WORDS // 2
            continue
        if printed_lines(cell) > PRINTED:
            continue
        cell.source = without_asserts(cell.source)
        if len(cell.source.splitlines()) > (ABOVE if has_picture(cell) else LONG):
            cell.metadata["transient"] = {"remove_source": True}
        if full and type_of(cell) == "-":
            cell.metadata["slideshow"] = {"slide_type": "subslide"}
        full = has_picture(cell)
        cells.append(cell)
    made.cells = cells
    return made


def has_picture(cell: NotebookNode) -> bool:
    """Tell whether a cell of code shows a picture; the playground's is only on a page."""
    shown = [form for output in cell.outputs for form in output.get("data", {}).items()]
    return any(kind.startswith("image/") or "<img " in data for kind, data in shown)


def printed_lines(cell: NotebookNode) -> int:
    """Return how many lines a cell of code has printed."""
    return sum(output.get("text", "").count("\n") for output in cell.outputs)


FOLD = re.compile(r"<details><summary>(.*?)</summary>.*?</details>\n*", re.DOTALL)


def unfolded(text: str) -> str:
    """Return prose with questions instead of their folded answers, and without hints."""
    return FOLD.sub(lambda fold: f"{fold[1]}\n\n" if fold[1][0].isdigit() else "", text).strip()


def pieces(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Cut prose into slides: a heading begins one, and none holds many more words than WORDS."""
    kind, piece, number = type_of(cell), "", 0
    for paragraph in re.split(r"\n\n(?![ ])", unfolded(cell.source)):
        heading = paragraph.startswith("## ")
        if piece and (heading or len((piece + paragraph).split()) > WORDS):
            yield _slide(cell, piece, kind, number)
            kind, piece, number = "slide" if heading else "subslide", "", number + 1
        piece += paragraph + "\n\n"
    yield _slide(cell, piece, kind, number)


def _slide(cell: NotebookNode, text: str, kind: str, number: int) -> NotebookNode:
    made = new_markdown_cell(text.strip(), id=f"{cell.id}-{number}")
    made.metadata["slideshow"] = nbformat.from_dict({"slide_type": kind})
    return made


def export(notebook: NotebookNode, name: str) -> str:
    """Return the slides of a notebook as HTML."""
    exporter = SlidesExporter(
        template_name="slides",
        extra_template_basedirs=[str(NOTEBOOKS / "templates")],
        reveal_url_prefix="vendor/reveal",
        reveal_theme="white",
    )
    html: str
    html, _ = exporter.from_notebook_node(lecture(notebook), {"metadata": {"name": name}})
    return html


def main(arguments: list[str] | None = None) -> None:
    """Write the slides of each notebook, and what they load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args(arguments).folder
    if not PACKAGES.is_dir():
        parser.error(f"{PACKAGES} is missing: install Node.js, then run 'npm ci --prefix docs'")
    for source, target in VENDORED.items():
        here, there = PACKAGES / source, folder / "vendor" / target
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            shutil.copytree(here, there, dirs_exist_ok=True)
        else:
            shutil.copyfile(here, there)
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        html = export(nbformat.read(path, as_version=4), path.stem)
        write_atomically(folder / f"{path.stem}.html", html.encode())
    print(f"slides in {folder}: open {folder / '00_start_here.html'} in a browser")


if __name__ == "__main__":
    main()
