"""Make slides of the notebooks and of the guide's lectures; they load nothing from the network.

Usage: ``python notebooks/slides.py [FOLDER]`` after ``npm ci --prefix docs``, which fetches
reveal.js and MathJax (``make slides`` does both). The stored notebooks are read, nothing is
executed. FOLDER is build/slides unless another is named; take all of it along.

A notebook is cut here into pieces that are never torn: a paragraph, an item, a cell. The page
itself measures them and puts them on slides; see ``templates/slides``.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import nbformat
import numpy as np
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from build import GUARD, NOTEBOOKS
from handouts import CARD, is_solution
from nastut.files import write_atomically
from nastut.lessons.exercise import LESSONS, exercises_of

FOLDER = NOTEBOOKS.parent / "build" / "slides"
PACKAGES = NOTEBOOKS.parent / "docs" / "node_modules"

PRINTED = 19
"""Lines of code and printed text that one slide holds."""

SAMPLE = 11
"""Lines that are shown of what prints more than that."""

ABOVE = 8
"""Lines of code that go with a graph. Of more, and of what plots, what is checked is shown."""

ALONE = 15
"""Lines of code without an output that an audience reads while somebody talks."""

LEADING = 30
"""Words of a paragraph whose last sentence may stand beside what it leads to, without the rest."""

FORMULAS = 9
"""Lines of formulas that stand below each other."""

PLOT_LABEL = 8 / 72 * 110
"""Pixels of the smallest label of a plot at its own size: 8 points at the resolution of
:func:`nastut.setup`. A picture of a cell says its own."""

VENDORED = {
    "reveal.js/dist/reveal.js": "reveal/reveal.js",
    "reveal.js/dist/reveal.css": "reveal/reveal.css",
    "reveal.js/dist/theme/white.css": "reveal/theme/white.css",
    "reveal.js/dist/theme/fonts": "reveal/theme/fonts",
    "reveal.js/plugin/notes/notes.js": "reveal/notes.js",
    "mathjax/es5/tex-svg.js": "mathjax/tex-svg.js",
}


class Bond(IntEnum):
    """How a piece hangs on the one before it."""

    NEW = 0
    """It begins a slide."""
    LOOSE = 1
    CLOSE = 2
    """On the same slide, if both fit."""
    FIRM = 3
    """The middle of a sentence: always on the same slide."""


def lecture(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook as an audience sees it, in pieces.

    Solutions, hints, set-up, guards and the cells to be filled are left out. Each cell has in its
    metadata a `bond` to the one before it, and its `notes` for who speaks.
    """
    made = nbformat.from_dict(notebook)
    cells: list[NotebookNode] = []
    before: NotebookNode | None = None
    for cell, following in zip(made.cells, [*made.cells[1:], None], strict=True):
        shown = list(pieces(cell)) if cell.cell_type == "markdown" else list(code(cell, cells))
        for piece in shown:
            piece.metadata["bond"] = int(bond(before, piece))
            piece.metadata.setdefault("notes", [])
            cells.append(before := piece)
        if cell.cell_type == "code" and "nt.check(" in cell.source:
            before = None  # what follows an exercise may give its answer away
        if cells and cell.cell_type == "markdown" and not is_solution(cell):
            cells[-1].metadata["notes"] += folded(cell.source)
        prose = len(shown) == 1 and cell.cell_type == "markdown"
        if prose and "outputs" in (following or {}) and has_picture(following):
            # "The picture shows" is said of the one that comes.
            shown[0].metadata["bond"] = min(shown[0].metadata["bond"], Bond.LOOSE)
    made.cells = cells
    return made


def code(cell: NotebookNode, before: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield a cell of code with as much of its code as an audience reads, if there is any."""
    if is_solution(cell) or GUARD in cell.metadata.get("tags", ()):
        return
    if "nt.setup(" in cell.source or "nt.doctor(" in cell.source:
        return
    if "nt.check(" in cell.source:  # what is to be filled goes with the card
        stub = cell.source.partition("nt.check(")[0].strip()
        if TO_FILL.search(stub):
            yield nbformat.from_dict({**cell, "source": stub, "outputs": []})
        return
    if "nt.playground(" in cell.source:  # it is for live: a picture of it only takes the room
        yield nbformat.from_dict({**cell, "outputs": []})
        return
    lines, proof = len(cell.source.splitlines()), evidence(cell.source)
    for output in cell.outputs:
        if output.get("text", "").count("\n") > PRINTED:
            output.text = "\n".join([*output.text.splitlines()[:SAMPLE], "…\n"])
    if has_picture(cell):
        hidden = lines > ABOVE or lines == 1 or "plt.show()" in cell.source
    elif cell.outputs or proof:
        hidden = bool(cell.outputs) and lines + printed_lines(cell) > PRINTED
    else:  # a definition: it is what there is to see, or nobody speaks of it
        introduced = before and before[-1].cell_type == "markdown"
        hidden = lines > (PRINTED if introduced and open_end(before[-1].source) else ALONE)
        if hidden or not introduced:
            return
    cell.source = re.sub(r"\n\n\n+", "\n\n", proof if hidden else cell.source)
    cell.metadata["proof"] = hidden  # stands below what it proves
    cell.metadata["label"] = PLOT_LABEL
    for output in cell.outputs:
        if "text/latex" in output.get("data", {}):
            output.data["text/latex"] = short_formulas(output.data["text/latex"])
    yield cell


def short_formulas(text: str) -> str:
    """Return aligned formulas as several blocks, none taller than a slide."""
    inside = text.removeprefix(r"$$\begin{aligned}").removesuffix(r"\end{aligned}$$")
    lines = inside.split(r" \\ ")
    if inside == text or len(lines) <= FORMULAS:
        return text
    starts = range(0, len(lines), FORMULAS)
    blocks = [r" \\ ".join(lines[start : start + FORMULAS]) for start in starts]
    return "\n\n".join(rf"$$\begin{{aligned}}{block}\end{{aligned}}$$" for block in blocks)


def evidence(source: str) -> str:
    """Return the lines of code that check something, and do nothing else."""

    def checks(statement: ast.stmt) -> bool:
        inside = getattr(statement, "body", None)
        loop = isinstance(statement, ast.For) and all(map(checks, inside or ()))
        return isinstance(statement, ast.Assert) or loop

    found = [statement for statement in ast.parse(source).body if checks(statement)]
    return "\n".join(filter(None, (ast.get_source_segment(source, one) for one in found)))


def has_picture(cell: NotebookNode) -> bool:
    """Tell whether a cell of code shows a picture."""
    return any("<img " in output.get("data", {}).get("text/html", "") for output in cell.outputs)


def printed_lines(cell: NotebookNode) -> int:
    """Return how many lines a cell of code has printed."""
    return sum(output.get("text", "").count("\n") for output in cell.outputs)


FOLD = re.compile(r"<details><summary>(.*?)</summary>\n*(.*?)</details>\n*", re.DOTALL)
PARAGRAPH = re.compile(r"\n\n+(?![ ])|\n(?=- |\d\. )")
LEFT_TO_READERS = ("**References", "**Next:", "*Needs:*", "*Takes:*", "**Is everything here?**")
POINTS = re.compile(
    r"In the picture|The picture|On the (?:left|right)|Lines? |The (?:black|thick|dotted|dashed)|"
    r"The (?:first|second|last) (?:line|assert)|Each (?:line|point|dot|column|row)|"
    r"Left|Right|Above|Below|Upper|Lower"
)
"""How prose begins that speaks of the picture before it."""

CONTINUES = re.compile(r"[a-z]|(?:This|That|These|Here|It)\b")
"""How prose begins that speaks of the formula before it."""


def pieces(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Cut prose into paragraphs and items; the usual mistakes of an exercise are for notes."""
    if is_solution(cell):
        return
    text = FOLD.sub(lambda fold: f"{fold[1]}\n\n" if fold[1][0].isdigit() else "", cell.source)
    paragraphs = (sentences(found) for found in PARAGRAPH.split(text.strip()))
    parts = [(part, place > 0) for found in paragraphs for place, part in enumerate(found)]
    for number, (paragraph, torn) in enumerate(parts):
        if not paragraph or paragraph.startswith(LEFT_TO_READERS):
            continue
        piece = new_markdown_cell(paragraph, id=f"{cell.id}-{number}", metadata={"torn": torn})
        if card := CARD.match(paragraph):
            piece.metadata["notes"] = mistakes(card[1])
        yield piece


def sentences(paragraph: str) -> list[str]:
    """Cut the sentence off a long paragraph that leads to what comes next."""
    if not paragraph.endswith(":") or len(paragraph.split()) < LEADING or paragraph[0] in ">-|":
        return [paragraph]
    *_, last = [0, *(found.end() for found in re.finditer(r"[.?!]\)?\s(?=[A-Z])", paragraph))]
    return [part for part in (paragraph[:last].strip(), paragraph[last:]) if part]


def folded(text: str) -> list[str]:
    """Return hints, and answers to questions, to be told to who speaks."""
    return [f"{fold[1]}: {fold[2].strip()}" for fold in FOLD.finditer(text)]


def mistakes(number: str) -> list[str]:
    """Return three things that are usually wrong in an exercise, to be told to who speaks."""
    exercise = exercises_of(LESSONS[number.partition(".")[0]])[number]
    case = next(iter(exercise.cases(np.random.default_rng(0)))) if exercise.cases else ()
    return [f"A usual mistake: {name}." for name in [*exercise.mistakes(*case)][:3]]


def open_end(text: str) -> bool:
    """Tell whether a piece of prose ends before its sentence does."""
    end = text.rstrip().removesuffix("$$").rstrip(" *_)\"'|").rstrip("\\, ;")
    if text.rstrip().endswith("$$"):
        return text.rstrip().removesuffix("$$").rstrip().endswith((",", ";", ":"))
    return not end.endswith((".", "?", "!")) and not text.lstrip().startswith(("- ", "|", ">"))


TO_FILL = re.compile(r"(?:return|=) \.\.\.")
"""What an exercise leaves to the learner."""


def is_exercise(piece: NotebookNode) -> bool:
    """Tell whether a piece is the card of an exercise, or what is to be filled there."""
    if piece.cell_type == "code":
        return not piece.outputs and TO_FILL.search(piece.source) is not None
    return CARD.match(piece.source) is not None


def bond(before: NotebookNode | None, piece: NotebookNode) -> Bond:
    """Return how a piece hangs on the one before it."""
    text, heading = piece.source, piece.cell_type == "markdown" and piece.source.startswith("#")
    if before is None or heading:
        return Bond.NEW
    if piece.cell_type == "markdown" and any(map(is_exercise, (before, piece))):
        return Bond.NEW
    if before.cell_type == "code":
        if piece.cell_type == "code":
            return Bond.CLOSE
        if has_picture(before):
            return Bond.FIRM if POINTS.match(text) else Bond.CLOSE
        return Bond.CLOSE if POINTS.match(text) or CONTINUES.match(text) else Bond.LOOSE
    if before.source.startswith("#") or (open_end(before.source)):
        return Bond.FIRM
    if piece.cell_type == "code":
        return Bond.CLOSE
    if text.startswith("$$"):
        return Bond.FIRM
    if before.source.rstrip().endswith("$$"):
        return Bond.FIRM if CONTINUES.match(text) else Bond.CLOSE
    item = re.compile(r"- |\d+\. |\|")
    return Bond.CLOSE if item.match(text) and item.match(before.source) else Bond.LOOSE


def export(notebook: NotebookNode, name: str) -> str:
    """Return the slides of a notebook that :func:`lecture` has cut into pieces, as HTML."""
    exporter = HTMLExporter(
        template_name="slides", extra_template_basedirs=[str(NOTEBOOKS / "templates")]
    )
    html: str
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": name}})
    return html


def main(arguments: list[str] | None = None) -> None:
    """Write the slides of each notebook and of each lecture of the guide, and what they load."""
    import lectures  # it takes the pieces that are cut here

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
    stored = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    cut = {path.stem: lecture(nbformat.read(path, as_version=4)) for path in stored}
    cut |= lectures.decks({stem[:2]: notebook.cells for stem, notebook in cut.items()})
    for stem, notebook in cut.items():
        write_atomically(folder / f"{stem}.html", export(notebook, stem).encode())
    print(f"slides in {folder}: open {folder / '00_start_here.html'} in a browser")


if __name__ == "__main__":
    main()
