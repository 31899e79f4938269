"""Make the notebooks from their text form: convert, execute, store.

Usage: ``python notebooks/build.py [NUMBER ...]``, for example ``... build.py 02 03``;
without numbers, all of them; ``project`` and ``sheet`` are no lessons. The text form in
``notebooks/source`` is what is edited.
"""

from __future__ import annotations

import ast
import re
import sys
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from PIL import Image
from tqdm import tqdm

from badges import ON_COLAB, README, colab_cell
from nastut.files import write_atomically

NOTEBOOKS = Path(__file__).parent
SOURCE = NOTEBOOKS / "source"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


SHEET = SOURCE / "sheet.py"
"""The text form of the page to look things up, which is no lesson."""

PROJECT = SOURCE / "project.py"
"""The text form of the project, which has no exercises to check."""


def sources() -> list[Path]:
    """Return the text forms of the lessons, in their order."""
    return sorted(SOURCE.glob("[0-9]*.py"))


def convert(source: Path) -> nbformat.NotebookNode:
    """Return the notebook that a text form describes, without outputs.

    Cells are numbered, not given random names, so that the same text makes the same notebook. The
    one that installs nastut on Colab comes before the first cell of code.
    """
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        if (kind := slide_type(cell)) != "-":  # JupyterLab knows what goes on by its missing type
            cell.metadata["slideshow"] = {"slide_type": kind}
    colab = new_code_cell(colab_cell(README.read_text(encoding="utf-8")), id=ON_COLAB)
    colab.metadata.update(
        tags=[GUARD, "hide"], jupyter={"source_hidden": True}, slideshow={"slide_type": "skip"}
    )
    first = next(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first, colab)
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


GUARD = "guard"
"""The tag of a cell for us, not for readers: folded in JupyterLab, absent from slides and site."""

LONG = 12
"""Lines of code that an audience can read while somebody talks."""


def slide_type(cell: nbformat.NotebookNode) -> str:
    """Return where a cell stands in a lecture: "slide", "subslide", "-" (goes on) or "skip".

    Headings begin slides, and what goes on in prose stands below. Hints, solutions, answers to be
    written, the set-up, helpers and long code are for readers; long code that ends in a plot stays
    for its plot.
    """
    if {"solution", GUARD} & set(cell.metadata.get("tags", ())):
        return "skip"
    if cell.cell_type == "markdown":
        if cell.source.startswith("<details>"):
            return "skip"
        return "slide" if cell.source.startswith(("# ", "## ")) else "subslide"
    if "nt.check(" in cell.source or "nt.setup(" in cell.source:
        return "skip"
    helpers = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    if all(isinstance(statement, helpers) for statement in ast.parse(cell.source).body):
        return "skip"
    if "plt.show()" in cell.source:
        return "subslide"
    return "skip" if len(cell.source.splitlines()) > LONG else "-"


def shrink(notebook: nbformat.NotebookNode) -> None:
    """Store plots with 128 colours, a third of the size (the eye sees no difference), and once.

    They are in the HTML; the PNG beside it is for LaTeX, where the notebook is run.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if png := output.get("data", {}).pop("image/png", None):
                picture = Image.open(BytesIO(b64decode(png))).convert("RGB")
                # Maximum coverage keeps the colour of a thin line beside a large map.
                few = picture.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
                content = BytesIO()
                few.save(content, "PNG", optimize=True)
                small = b64encode(content.getvalue()).decode()
                html = output.data["text/html"]  # see nastut.lessons.plots.figure_html
                output.data["text/html"] = re.sub(r'(?<=base64,)[^"]*', small, html)


def forget_widgets(notebook: nbformat.NotebookNode) -> None:
    """Store what a page without a kernel can show of a widget, and not where the kernel had it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook, if it is a valid one, complete or not at all."""
    nbformat.validate(notebook)
    write_atomically(path, (nbformat.writes(notebook) + "\n").encode())


def build(source: Path) -> None:
    """Execute one notebook and store it beside the others."""
    notebook = convert(source)
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources=resources,
        record_timing=False,
        coalesce_streams=True,  # How many pieces come is a matter of time.
    ).execute()
    shrink(notebook)
    forget_widgets(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    store(notebook, NOTEBOOKS / f"{source.stem}.ipynb")


def main(numbers: list[str]) -> None:
    """Build the notebooks whose names start with one of `numbers`; all, if there are none."""
    known = [*sources(), PROJECT, SHEET]
    chosen = [s for s in known if not numbers or s.name.startswith(tuple(numbers))]
    if not chosen:
        sys.exit(f"no notebook starts with {' or '.join(numbers)}; see {SOURCE}")
    for source in tqdm(chosen, unit="notebook"):
        build(source)


if __name__ == "__main__":
    main(sys.argv[1:])
