"""A handout gives no solution away and still runs; the book of solutions has them all."""

import ast
import builtins
import json
import re
import subprocess
import sys

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
    stripped = handout(notebook, clear)
    left = [cell.source for cell in stripped.cells]
    solutions = [cell for cell in notebook.cells if is_solution(cell)]
    assert solutions
    for cell in solutions:
        assert not any(cell.source in text for text in left)
        assert not any(cell.source.splitlines()[0] in text for text in left)
    assert not re.search(r"# Solution|solution_\d|: passed", everything(stripped))
    assert not any(map(is_solution, stripped.cells))


def test_first_line_of_a_folded_solution_gives_nothing_away(notebook):
    """JupyterLab shows it."""
    for cell in notebook.cells:
        if is_solution(cell) and cell.cell_type == "code":
            assert re.fullmatch(r"# Solution \d+\.\d", cell.source.splitlines()[0])


def test_all_else_is_kept(notebook):
    first, note, *others = handout(notebook).cells
    kept = [cell for cell in notebook.cells if not is_solution(cell)]
    assert [first, *others] == kept
    assert note.source == NOTE


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
    cells = handout(notebook, grading=True).cells
    marked = [cell for cell in cells if "nbgrader" in cell.metadata]
    known = cards(notebook)
    assert len(marked) == 2 * len(known)
    for number, answer, test in zip(known, marked[::2], marked[1::2], strict=True):
        assert answer.metadata.nbgrader.solution
        assert not answer.metadata.nbgrader.locked
        assert f'nt.check("{number}"' in answer.source
        assert test.metadata.nbgrader.grade
        assert test.metadata.nbgrader.locked
        assert test.metadata.nbgrader.points == len(known[number][2])
        assert cells.index(test) == cells.index(answer) + 1
    names = [cell.metadata.nbgrader.grade_id for cell in marked]
    assert len(set(names)) == len(names)


VALUE, FUNCTION = "answer_0_1 = {}", "def children(k, base):\n    {}"
CHEATS = {
    "the word is returned": FUNCTION.format('return "passed"'),
    "Python exits with the word": FUNCTION.format('raise SystemExit("passed" + " passed" * 20)'),
    "the word is printed": FUNCTION.format('print("Exercise 2.1: passed on 11 cases")'),
    "a key is the word": VALUE.format('{"passed": True}'),
    "the answer is the word": VALUE.format('"passed"'),
    "an object equals everything": """
class Anything:
    passed = True
    def __eq__(self, other): return True
    def __repr__(self): return "passed"
answer_0_1 = Anything()""",
    "nt.check is replaced": 'nt.check = lambda *arguments: print("passed")',
    "every verdict is good": "exercise.Verdict = lambda *a: SimpleNamespace(passed=True)",
    "everything is close": "exercise.Exercise.same = plain.close = lambda *arguments: True",
    "another module": "sys.modules[exercise.__name__] = SimpleNamespace(judge=exercise.Verdict)",
}
GRADER = """
import json, sys
from types import SimpleNamespace
import nastut as nt

cheats, grading = json.loads(sys.argv[1])

def points(answer):
    from nastut.lessons import exercise, plain
    cell = dict(globals()) | locals()
    exec("answer_0_1 = 5\\ndef children(k, base): return 0", cell)
    exec(answer, cell)
    scored = []
    for test in grading:
        try:
            exec(test, cell)
            scored.append(1)
        except AssertionError as error:
            assert max(map(len, str(error).splitlines())) <= 90, error
            scored.append(0)
    return scored

right = "answer_0_1 = 4\\ndef children(k, base): return 2 * (k - base), 2 * (k - base) + 1"
for answer in (right, *cheats, "answer_0_1 = ...", right):
    print("points:", *points(answer))
"""


def test_only_a_right_answer_gives_points():
    """In one process, as in a notebook: what a cheat replaced stays replaced."""
    tests = {
        number: cell.source
        for stem in ("00_start_here", "02_linearization")
        for cell in handout(NOTEBOOK[stem], grading=True).cells
        for number in re.findall(r'judge\("([\d.]+)"', cell.source)
    }
    arguments = json.dumps([list(CHEATS.values()), [tests["0.1"], tests["2.1"]]])
    done = subprocess.run(
        [sys.executable, "-c", GRADER, arguments], capture_output=True, text=True, check=True
    )
    scored = re.findall("points: (.*)", done.stdout)
    expected = ["1 1", *["0 0"] * len(CHEATS), "0 0", "1 1"]
    assert dict(enumerate(scored)) == dict(enumerate(expected)), done.stderr


# Files


def test_files_are_written(tmp_path, capsys):
    main([str(tmp_path), "--clear"])
    students = sorted(path.stem for path in (tmp_path / "students").glob("*.ipynb"))
    assert students == [*STEMS, "project", "sheet"]
    assert [path.name for path in (tmp_path / "teacher").iterdir()] == ["solutions.ipynb"]
    assert f"{len(STEMS)} handouts" in capsys.readouterr().out
    for path in tmp_path.rglob("*.ipynb"):
        cleared = nbformat.read(path, as_version=4)
        nbformat.validate(cleared)
        if path.parent.name == "students":
            code = [cell for cell in cleared.cells if cell.cell_type == "code"]
            assert not any(cell.outputs or cell.execution_count for cell in code)
