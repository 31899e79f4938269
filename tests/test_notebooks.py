"""What the notebooks promise beyond running (that they run is nbval's part)."""

import json
import re

import nbformat
import pytest

from badges import ON_COLAB
from build import METADATA, NOTEBOOKS, PROJECT, SHEET, convert, sources
from nastut.lessons.exercise import LESSONS, exercises_of

STEMS = [source.stem for source in sources()]


ALL = [*STEMS, PROJECT.stem, SHEET.stem]
"""With the page to look things up, which is no lesson."""


def lessons_only(function):
    return pytest.mark.parametrize("stem", STEMS)(function)


@pytest.fixture(params=ALL)
def stem(request):
    return request.param


@pytest.fixture
def notebook(stem):
    return nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4)


@pytest.fixture
def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words(notebook):
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return sum(len(text.split()) for text in prose)


def test_every_notebook_has_its_text_form():
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == ALL
    assert sorted(path.stem for path in SHEET.parent.glob("*.py")) == ALL
    assert len(STEMS) == len(LESSONS)


def test_text_form_and_notebook_are_in_step(stem, notebook):
    written = convert(NOTEBOOKS / "source" / f"{stem}.py").cells
    assert [(c.cell_type, c.source, c.metadata) for c in written] == [
        (c.cell_type, c.source, c.metadata) for c in notebook.cells
    ]
    assert notebook.metadata == METADATA


def test_every_column_of_a_table_has_a_name(notebook):
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heads = [head for text in prose for head in re.findall(r"^\|(.*)\|\n\|-", text, re.MULTILINE)]
    assert all(name.strip() for head in heads for name in head.split("|"))


def test_cells_were_executed_in_order(code):
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_outputs_have_no_error_no_warning_no_widget_and_texts_beside_their_pictures(code):
    for output in (output for cell in code for output in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        shown = output.get("data", {})
        assert "application/vnd.jupyter.widget-view+json" not in shown  # no kernel has it
        assert "image/png" not in shown  # it would be there twice
        if "image/svg+xml" in shown or "<img" in shown.get("text/html", ""):
            assert re.match(r'<img alt="[^"]+"', shown["text/html"])


def has_figure(cell):
    """Tell whether a cell shows a picture or a plot; the playground claims nothing."""
    shown = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
    return "nt.playground(" not in cell.source and any("<img " in html for html in shown)


def test_every_figure_goes_with_an_asserted_number(code):
    """In its own cell, or in the first one after it that is no figure."""
    pending = None
    for cell in code:
        if "assert" in cell.source:
            pending = None
        elif has_figure(cell):
            pending = cell.source
        assert pending is None or has_figure(cell), pending
    assert pending is None


@lessons_only
def test_form(stem, notebook, code):
    size = (NOTEBOOKS / f"{stem}.ipynb").stat().st_size
    assert size <= 300 * 1024
    assert 25 <= len(notebook.cells) <= 65
    assert 1_000 <= words(notebook) <= 2_400
    assert max(len(cell.source.splitlines()) for cell in code) <= 25
    assert [cell.id == ON_COLAB for cell in code[:2]] == [True, False]
    assert "nt.setup(seed=0)" in code[1].source
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    assert first.startswith(f"# {stem[:2]} · ")
    assert all(f"*{promise}*" in first for promise in ("You have", "You will build"))
    assert "## What you can do now" in last
    assert last.count("<details>") == 3


@lessons_only
def test_every_exercise_has_a_stub_hints_and_a_solution(stem, notebook, code):
    lesson = exercises_of(LESSONS[str(int(stem[:2]))])
    text = "\n".join(cell.source for cell in notebook.cells)
    assert re.findall(r"\*\*Exercise (\d+\.\d)\*\* ★+ · \d+ minutes?", text) == list(lesson)
    solutions = [cell for cell in code if "solution" in cell.metadata.get("tags", ())]
    for number, cell in zip(lesson, solutions, strict=True):
        assert cell.metadata.jupyter.source_hidden
        assert cell.source.startswith(f"# Solution {number}")
        assert re.search(rf"^Exercise {number}: passed", cell.outputs[0].text, re.MULTILINE)
        stub = next(c for c in code if f'nt.check("{number}"' in c.source)
        assert re.search(rf"^Exercise {number}: not attempted", stub.outputs[0].text, re.MULTILINE)


def promised_minutes(notebook):
    """Return the minutes of reading and of exercises that a notebook promises."""
    text = notebook.cells[1].source
    promise = re.search(r"\*Takes:\* (\d+) minutes of reading, (\d+) minutes of exercises", text)
    return int(promise[1]), int(promise[2])


@lessons_only
def test_minutes_promised_are_those_of_the_cards(notebook):
    text = "\n".join(cell.source for cell in notebook.cells)
    cards = map(int, re.findall(r"\*\*Exercise \d+\.\d\*\* ★+ · (\d+) minutes?", text))
    assert sum(cards) == promised_minutes(notebook)[1]


def test_hours_of_the_map_are_those_of_the_notebooks():
    notebooks = [nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4) for stem in STEMS]
    start = "\n".join(cell.source for cell in notebooks[0].cells)
    rows = re.findall(r"^\| \*\*(\d\d) .*?\| ([\d½]+) \|$", start, re.MULTILINE)
    half_hours = [-(-sum(promised_minutes(notebook)) // 30) for notebook in notebooks]
    hours = [f"{n // 2 or ''}{'½' * (n % 2)}" for n in half_hours]
    assert rows == [(stem[:2], time) for stem, time in zip(STEMS, hours, strict=True)]


def test_nothing_points_into_a_machine(notebook):
    for cell in notebook.cells:
        for text in (cell.source, *map(str, cell.get("outputs", ()))):
            assert not re.search(r"(?<![\w/<])/(home|root|work|tmp|Users|usr)/", text)
            assert not re.search(r"\bat 0x[0-9a-f]+", text)


def test_the_form_of_the_project_holds_what_its_example_claims():
    page = (NOTEBOOKS.parent / "docs" / "lab.md").read_text()
    names = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], names)
    *_, last = nbformat.read(NOTEBOOKS / "project.ipynb", as_version=4).cells
    form = json.loads(last.outputs[0].text)
    assert names["claims"](form) == []
    for change in ({"rank": 1}, {"perplexity": 9.0}, {"seeds": [0, 0, 1]}):
        assert len(names["claims"](form | change)) == 1
