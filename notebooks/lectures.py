"""The lectures of the guide, as decks: ``docs/teaching.md`` says what comes when.

Its tables are the list. Of each row, "00, section 1", "the prediction of 02" and "exercise 2.2"
are shown, in their order; all else in the row is told to who speaks, and so is the prose for
which a lecture has no time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from build import METADATA, NOTEBOOKS
from slides import Bond, has_picture, is_exercise, open_end

GUIDE = NOTEBOOKS.parent / "docs" / "teaching.md"
MINUTES = 90

READ = 7
"""Lines of code that an audience reads in a lecture; of what is longer, the result is shown."""


LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")

CLOSE = "close: "
"""How the row begins that asks the last question."""


@dataclass(frozen=True)
class Row:
    """What happens in some minutes of a lecture."""

    minute: int
    what: str
    live: str


@dataclass(frozen=True)
class Plan:
    """A lecture of the guide."""

    name: str
    title: str
    rows: tuple[Row, ...]
    remarks: str


def plans(guide: str) -> Iterator[Plan]:
    """Read the lectures of the guide: each heading with a table of minutes."""
    for part in re.split(r"^#+ (?=\d · |One lecture)", guide, flags=re.MULTILINE)[1:]:
        part = part.partition("\n## ")[0]
        title, _, text = part.partition("\n")
        rows = re.findall(r"^\| (\d+) \|(.*?)\|(.*?)\|$", text, re.MULTILINE)
        number = title.partition(" · ")[0]
        yield Plan(
            name=f"lecture_{number}" if number.isdigit() else f"lecture_of_{MINUTES}_minutes",
            title=f"# Lecture {title}" if number.isdigit() else f"# {title}",
            rows=tuple(Row(int(minute), what.strip(), live.strip()) for minute, what, live in rows),
            remarks=LINK.sub(r"\1", text.rpartition("|\n")[2]).replace("*", "").strip(),
        )


WANTED = re.compile(
    r"(?P<prediction>prediction(?: of)?) ?(?P<of>0\d|10)?|\b(?P<notebook>0\d|10)\b|"
    r"(?P<exercise>\b\d+\.\d\b)|"
    r"sections? (?P<first>\d)(?:(?P<how> to | and )(?P<last>\d))?"
)


def shown(
    row: Row, chapters: Mapping[str, list[NotebookNode]], at: str
) -> tuple[list[NotebookNode], str]:
    """Return the pieces that a row names, and the notebook that it names last.

    Parameters
    ----------
    chapters
        Number of a notebook -> its pieces, see :func:`slides.lecture`.
    at
        The notebook that is meant where the row names none.

    Raises
    ------
    ValueError
        If there is no such section or exercise.
    """
    found: list[NotebookNode] = []
    for want in WANTED.finditer(row.what):
        if want["notebook"]:
            at = want["notebook"]
        elif want["prediction"]:
            at = want["of"] or at
            found += section(chapters[at], "## A prediction")
        elif want["exercise"] and "exercise" not in row.what:
            continue  # 0.3 is a number, too
        elif want["exercise"]:
            found += exercise(
                chapters[want["exercise"].partition(".")[0].zfill(2)], want["exercise"]
            )
        else:
            first, last = int(want["first"]), int(want["last"] or want["first"])
            for number in (
                range(first, last + 1) if want["how"] == " to " else sorted({first, last})
            ):
                found += brief(section(chapters[at], f"## {number} · "))
    return found, at


def section(pieces: list[NotebookNode], heading: str) -> list[NotebookNode]:
    """Return the pieces from a heading to the next one."""
    starts = [i for i, piece in enumerate(pieces) if piece.source.startswith(heading)]
    if len(starts) != 1:
        raise ValueError(f"the guide names {heading!r}, which is there {len(starts)} times")
    ends = (i for i in range(starts[0] + 1, len(pieces)) if pieces[i].source.startswith("#"))
    return pieces[starts[0] : next(ends, len(pieces))]


def exercise(pieces: list[NotebookNode], number: str) -> list[NotebookNode]:
    """Return the card of an exercise, and what goes with it."""
    card = f"> **Exercise {number}**"
    starts = [i for i, piece in enumerate(pieces) if piece.source.startswith(card)]
    if len(starts) != 1:
        raise ValueError(f"the guide names {card!r}, which is there {len(starts)} times")
    ends = (i for i in range(starts[0] + 1, len(pieces)) if not _goes_with_a_card(pieces[i]))
    return pieces[starts[0] : next(ends, len(pieces))]


def _goes_with_a_card(piece: NotebookNode) -> bool:
    """Tell whether a piece after an exercise's card, or after another such piece, belongs to it."""
    return piece.cell_type == "code" and piece.metadata["bond"] != Bond.NEW


def brief(pieces: list[NotebookNode]) -> list[NotebookNode]:
    """Return what of a section an audience sees in a lecture; the other prose is for notes.

    Pictures, formulas, lists, tables, results, functions and bold words are seen, with the
    sentences that they belong to. Exercises come at their own time.
    """
    kept, left = [], False
    for piece in pieces:
        left = is_exercise(piece) or (left and _goes_with_a_card(piece))
        kept.append(not left and _is_seen(piece))
    for i in range(1, len(pieces)):  # what a sentence leads to, forwards and then backwards
        kept[i] |= kept[i - 1] and open_end(pieces[i - 1].source) and not is_exercise(pieces[i])
    for i in reversed(range(1, len(pieces))):
        belongs = pieces[i].metadata["bond"] == Bond.FIRM or pieces[i].metadata.get("torn", False)
        kept[i - 1] |= kept[i] and belongs
    made: list[NotebookNode] = []
    for piece, stays, followed in zip(pieces, kept, [True, *kept], strict=False):
        if stays:
            made.append(nbformat.from_dict(piece))
            if not followed:  # what it hung on is not there
                made[-1].metadata["bond"] = int(Bond.LOOSE)
            lines = len(piece.source.splitlines())
            if piece.cell_type == "code" and piece.outputs and lines > READ:
                made[-1].source = ""
        elif piece.cell_type == "markdown" and made and not is_exercise(piece):
            made[-1].metadata["notes"] = [*made[-1].metadata["notes"], piece.source]
    return made


def _is_seen(piece: NotebookNode) -> bool:
    if piece.cell_type == "code":
        return bool(has_picture(piece) or piece.outputs) or piece.source.startswith("def ")
    return piece.source.startswith(("#", "$$", "- ", "1.", "2.", "3.", "4.", "|")) or (
        "**" in piece.source
    )


def deck(plan: Plan, chapters: Mapping[str, list[NotebookNode]]) -> NotebookNode:
    """Return a lecture in pieces, with notes, and with its time in seconds on each piece."""
    pieces = [new_markdown_cell(plan.title, id="title")]
    pieces[0].metadata.update({"bond": int(Bond.NEW), "notes": [plan.remarks]})
    at = ""
    ends = [*(row.minute for row in plan.rows[1:]), MINUTES]
    for row, end in zip(plan.rows, ends, strict=True):
        found, at = shown(row, chapters, at)
        live = f" Live: {row.live}" if row.live else ""
        told = f"Minute {row.minute}, {end - row.minute} minutes: {row.what}{live}".replace("*", "")
        if not found and row.what.startswith(CLOSE):
            question = row.what.removeprefix(CLOSE)
            found = [new_markdown_cell(f"**{question[0].upper()}{question[1:]}**")]
            found[0].metadata["notes"] = []
        seconds = 60 * (end - row.minute)
        if not found:
            pieces[-1].metadata["notes"] = [*pieces[-1].metadata["notes"], told]
            pieces[-1].metadata["seconds"] = pieces[-1].metadata.get("seconds", 0) + seconds
        for number, piece in enumerate(map(nbformat.from_dict, found)):
            if not number:
                piece.metadata["notes"] = [told, *piece.metadata["notes"]]
                piece.metadata["bond"] = int(Bond.NEW)
            piece.metadata["seconds"] = seconds / len(found)
            piece.id = f"piece-{len(pieces)}"
            pieces.append(piece)
    headings = [piece.source for piece in pieces[1:] if piece.source.startswith("## ")]
    topics = [heading.rpartition(" · ")[2].removeprefix("## ") for heading in headings]
    listed = "\n".join(f"- {topic}" for topic in topics if topic != "A prediction")
    contents = new_markdown_cell(listed, id="contents")
    contents.metadata.update({"bond": int(Bond.FIRM), "notes": []})
    pieces.insert(1, contents)
    return new_notebook(cells=pieces, metadata=METADATA)


def decks(
    chapters: Mapping[str, list[NotebookNode]], guide: Path = GUIDE
) -> dict[str, NotebookNode]:
    """Return the lectures of the guide by the names of their files."""
    text = guide.read_text(encoding="utf-8")
    return {plan.name: deck(plan, chapters) for plan in plans(text)}
