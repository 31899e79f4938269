"""Make what a class gets: the notebooks without their solutions, and a book of the solutions.

Usage: ``python notebooks/handouts.py [FOLDER] [--clear] [--grading]``. The stored notebooks are
read, nothing is executed. FOLDER is build/handouts unless another is named.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from build import METADATA, NOTEBOOKS, PROJECT, SHEET, store

FOLDER = NOTEBOOKS.parent / "build" / "handouts"
TAG = "solution"

NOTE = """\
*This is a handout: the solutions are not in it. Where the text speaks of a folded solution, ask \
your teacher. `nt.check` works as it says.*"""

PREFACE = """\
# Solutions

Each exercise of the notebooks with its solution, and what the solution printed. To run one, paste \
it into its notebook, below the exercise."""

CARD = re.compile(r"^> \*\*Exercise (\d+\.\d)\*\* (★+).*(?:\n>.*)*", re.MULTILINE)
CHECK = re.compile(r'^nt\.check\(("(\d+\.\d)", .*)\)$', re.MULTILINE)

GRADE = """\
import sys
import textwrap

for name in [name for name in sys.modules if name.startswith("nastut.lessons")]:
    del sys.modules[name]  # the check is loaded afresh, whatever was done to it above
from nastut.lessons.exercise import judge

verdict = judge({arguments})
assert verdict.passed, "\\n" + textwrap.fill(str(verdict), 90)"""
"""The cell that gives points; its assertion shows the student the verdict, in lines that fit
nbgrader's feedback."""


def is_solution(cell: NotebookNode) -> bool:
    """Tell whether a cell gives a solution away, as its tag says."""
    return TAG in cell.metadata.get("tags", ())


def cards(notebook: NotebookNode) -> dict[str, re.Match[str]]:
    """Return the cards of the exercises by their number; group 2 is the stars."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {card[1]: card for text in prose for card in CARD.finditer(text)}


def handout(notebook: NotebookNode, clear: bool = False, grading: bool = False) -> NotebookNode:
    """Return a notebook without its solutions.

    Parameters
    ----------
    clear
        Leave the outputs out too.
    grading
        Add what nbgrader needs: each exercise's cell is the learner's to fill, and a locked cell
        after it gives a point for each star.
    """
    remover = TagRemovePreprocessor(remove_cell_tags={TAG})
    stripped, _ = remover.preprocess(nbformat.from_dict(notebook), {})
    if clear:
        stripped = cleared(stripped)
    stripped.cells.insert(1, new_markdown_cell(NOTE, id="handout"))
    if grading:
        stripped.cells = graded(stripped)
    return stripped


def cleared(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without its outputs."""
    without, _ = ClearOutputPreprocessor().preprocess(nbformat.from_dict(notebook), {})
    return without


def graded(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells with nbgrader's metadata, and with a cell that grades each exercise."""
    points = {number: len(card[2]) for number, card in cards(notebook).items()}
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        check = CHECK.search(cell.source) if cell.cell_type == "code" else None
        if check is None:
            continue
        arguments, number = check.groups()
        name = f"exercise-{number.replace('.', '-')}"
        cell.metadata["nbgrader"] = nbgrader(f"{name}-answer", solution=True)
        test = new_code_cell(GRADE.format(arguments=arguments), id=f"{name}-grade")
        test.metadata["nbgrader"] = nbgrader(f"{name}-grade", points=points[number])
        cells.append(test)
    return cells


def nbgrader(name: str, solution: bool = False, points: int | None = None) -> dict[str, object]:
    """Return nbgrader's metadata (schema 3) of an answer, or of a cell that gives points."""
    grade = {} if points is None else {"points": points}
    return {
        "schema_version": 3,
        "grade_id": name,
        "solution": solution,
        "grade": points is not None,
        "locked": not solution,
        "task": False,
        **grade,
    }


def book(notebooks: list[NotebookNode]) -> NotebookNode:
    """Return the solutions of some notebooks, each under the card of its exercise."""
    cells = [new_markdown_cell(PREFACE, id="preface")]
    for notebook in notebooks:
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        chapter = title.partition(" ")[0]
        cells.append(new_markdown_cell(f"## {title}", id=f"chapter-{chapter}"))
        known = cards(notebook)
        for place, cell in enumerate(filter(is_solution, notebook.cells)):
            found = re.match(r"# Solution (\d+\.\d)", cell.source)
            if found:
                name = f"card-{found[1].replace('.', '-')}"
                cells.append(new_markdown_cell(known[found[1]][0], id=name))
            copied = nbformat.from_dict(cell)
            copied.id = f"solution-{chapter}-{place}"
            copied.metadata = {}
            cells.append(copied)
    return new_notebook(cells=cells, metadata=METADATA)


def main(arguments: list[str] | None = None) -> None:
    """Write a handout of each notebook, and solutions.ipynb beside the folder of the handouts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--clear", action="store_true", help="leave the outputs out")
    parser.add_argument("--grading", action="store_true", help="add what nbgrader needs")
    options = parser.parse_args(arguments)
    students, teacher = options.folder / "students", options.folder / "teacher"
    for folder in (students, teacher):
        folder.mkdir(parents=True, exist_ok=True)
    stored = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    notebooks = [nbformat.read(path, as_version=4) for path in stored]
    for path, notebook in zip(stored, notebooks, strict=True):
        store(handout(notebook, options.clear, options.grading), students / path.name)
    for page in (PROJECT, SHEET):  # nothing in them is a solution
        notebook = nbformat.read(NOTEBOOKS / f"{page.stem}.ipynb", as_version=4)
        store(cleared(notebook) if options.clear else notebook, students / f"{page.stem}.ipynb")
    store(book(notebooks), teacher / "solutions.ipynb")
    print(f"{len(stored)} handouts in {students}, the solutions in {teacher}")


if __name__ == "__main__":
    main()
