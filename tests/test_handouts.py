"""A handout gives no solution away and still runs; the book of solutions has them all."""

import ast
import builtins
import re

import nbformat
import pytest
from build import NOTEBOOKS, sources
from handouts import NOTE, book, cards, handout, is_solution, main

from nastut.lessons.exercise import LESSONS, exercises_of

STEMS = [source.stem for source in sources()]
NOTEBOOK = {stem: nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4) for stem in STEMS}
EXERCISES = [number for lesson in LESSONS.values() for number in exercises_of(lesson)]


@pytest.fixture(params=STEMS)
def notebook(request):
    return NOTEBOOK[request.param]


def everything(notebook):
    """Return all that a reader could find in a notebook."""
    return "\n".join(nbformat.writes(notebook).encode().decode("unicode_escape").splitlines())


@pytest.mark.parametrize("clear", [False, True])
def test_no_solution_and_no_first_line_of_one_survives(notebook, clear):
    made = handout(notebook, clear)
    left = [cell.source for cell in made.cells]
    solutions = [cell for cell in notebook.cells if is_solution(cell)]
    assert solutions
    for cell in solutions:
        assert not any(cell.source in text for text in left)
        assert not any(cell.source.splitlines()[0] in text for text in left)
    assert not re.search(r"# Solution|solution_\d|: passed", everything(made))
    assert not any(map(is_solution, made.cells))


def test_bar_of_a_folded_solution_gives_nothing_away(notebook):
    """JupyterLab shows the first line of a folded cell."""
    for cell in notebook.cells:
        if is_solution(cell) and cell.cell_type == "code":
            assert re.fullmatch(r"# Solution \d+\.\d", cell.source.splitlines()[0])


def test_all_else_is_kept(notebook):
    first, note, *others = handout(notebook).cells
    kept = [cell for cell in notebook.cells if not is_solution(cell)]
    assert [first, *others] == kept
    assert note.source == NOTE


def test_outputs_are_cleared_if_wanted(notebook):
    cleared = [cell for cell in handout(notebook, clear=True).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cleared)


def bound(tree):
    """Return the names that a piece of code gives a value to."""
    names = set()
    for n in ast.walk(tree):
        match n:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.Import(names=found) | ast.ImportFrom(names=found):
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in found}
    return names


def test_handout_needs_nothing_of_a_solution(notebook):
    """Every name that a cell reads was given a value before, without the solutions."""
    known = set(dir(builtins))
    for cell in handout(notebook).cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        known |= bound(tree)
        read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        assert not read - known, cell.source


def test_names_that_a_solution_binds_are_seen():
    tree = ast.parse("def f(a):\n    import b.c as d\n    e = [g for g in a]\n")
    assert bound(tree) == {"f", "a", "d", "e", "g"}


def test_book_has_every_exercise_with_its_solution():
    cells = book([NOTEBOOK[stem] for stem in STEMS]).cells
    found = [re.match(r"# Solution (\d+\.\d)", cell.source) for cell in cells]
    assert [match[1] for match in found if match] == EXERCISES
    for card, cell, match in zip(cells, cells[1:], found[1:], strict=False):
        if match:
            assert f"**Exercise {match[1]}**" in card.source
            assert f"Exercise {match[1]}: passed" in str(cell.outputs)
    tagged = [cell for stem in STEMS for cell in NOTEBOOK[stem].cells if is_solution(cell)]
    assert [cell.source for cell in cells if "solution" in cell.id] == [c.source for c in tagged]


# For a grader


def test_each_exercise_is_graded_once_by_its_stars(notebook):
    made = handout(notebook, grading=True).cells
    marked = [cell for cell in made if "nbgrader" in cell.metadata]
    known = cards(notebook)
    assert len(marked) == 2 * len(known)
    for number, answer, test in zip(known, marked[::2], marked[1::2], strict=True):
        assert answer.metadata.nbgrader.solution
        assert not answer.metadata.nbgrader.locked
        assert f'nt.check("{number}"' in answer.source
        assert test.metadata.nbgrader.grade
        assert test.metadata.nbgrader.locked
        assert test.metadata.nbgrader.points == len(known[number][2])
        assert made.index(test) == made.index(answer) + 1
    names = [cell.metadata.nbgrader.grade_id for cell in marked]
    assert len(set(names)) == len(names)


def test_grading_cell_passes_a_right_answer_and_fails_a_wrong_one():
    made = handout(NOTEBOOK["00_start_here"], clear=True, grading=True)
    test = next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade"))
    for answer, verdict in ((4, None), (5, "not yet"), (..., "not attempted")):
        code = f"import nastut as nt\nanswer_0_1 = {answer!r}\n{test.source}"
        code = code.replace("Ellipsis", "...")
        if verdict is None:
            exec(code, {})
        else:
            with pytest.raises(AssertionError, match=verdict):
                exec(code, {})


# Files


def test_files_are_written(tmp_path, capsys):
    main([str(tmp_path), "--clear"])
    students = sorted(path.stem for path in (tmp_path / "students").glob("*.ipynb"))
    assert students == STEMS
    assert [path.name for path in (tmp_path / "teacher").iterdir()] == ["solutions.ipynb"]
    assert f"{len(STEMS)} handouts" in capsys.readouterr().out
    for path in tmp_path.rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
