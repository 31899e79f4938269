"""Without torch: what does without it works, and what does not says what to do."""

import subprocess
import sys

import pytest

import nastut as nt
from nastut.names import EXTRAS, attach

WITHOUT = "import sys\nsys.modules['torch'] = None\nimport nastut as nt\n"
"""What `import torch` sees where torch is not installed: ModuleNotFoundError."""


def run(code):
    """Run code in a fresh process without torch; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_drawing_proving_and_computing_need_no_torch():
    said = run(
        "cell = nt.zoo.EXAMPLE\n"
        "print(nt.draw(cell).svg()[:4], nt.formulas(cell).memory_path)\n"
        "print(nt.linearize(nt.c_next, nt.gate('f') * nt.c_prev).cell.base)\n"
        "print(nt.evaluate(cell, [0.5, 2.0], [0.5, 0.25], -0.25)[1])\n"
        "print(len(nt.load_table()), *nt.load_study('text'))\n"
        "print(len(nt.playground(cell).tokens))\n"
    )
    assert said.split() == ["<svg", "0", "2", "0.5", "18688", "settings", "runs", "10"]


def test_exercises_of_the_first_notebooks_are_checked_without_torch():
    said = run(
        "from nastut.lessons.exercise import LESSONS, exercises_of\n"
        "for chapter in '0123':\n"
        "    for number, exercise in exercises_of(LESSONS[chapter]).items():\n"
        "        right = exercise.truth if exercise.cases is not None else exercise.truth()\n"
        "        own = nt.Cell.parse(str(nt.zoo.EXAMPLE).replace('Tanh', 'ReLU')).sequence\n"
        "        nt.check(number, own if number == '0.2' else right)\n"
    )
    verdicts = said.splitlines()
    assert len(verdicts) == 12
    assert [line for line in verdicts if "passed" not in line] == []


@pytest.mark.parametrize(
    "name",
    ["CellRNN", "Controller", "train", "training", "search.reinforce", "zoo.from_torch_lstm"],
)
def test_name_that_needs_torch_says_so(name):
    said = run(f"try: nt.{name}\nexcept ModuleNotFoundError as error: print(error)")
    assert said.strip() == (f"nastut.{name} needs torch, which is not installed: {EXTRAS['torch']}")


def test_every_public_name_works_or_says_so():
    said = run(
        "for name in nt.__all__:\n"
        "    try: getattr(nt, name)\n"
        "    except ModuleNotFoundError as error: assert 'pip install' in str(error)\n"
        "    else: print(name)\n"
    )
    alone = {"Cell", "Space", "draw", "evaluate", "formulas", "linearize", "check", "load_table"}
    assert alone <= set(said.split())


def test_other_missing_modules_are_not_explained(tmp_path, monkeypatch):
    package = tmp_path / "some_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__init__.pyi").write_text("from .part import thing as thing\n")
    (package / "part.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    getattribute, _, names = attach("some_package", str(package / "__init__.py"))
    assert names == ["thing"]
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'no_such_module'$"):
        getattribute("thing")


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        nt.no_such_name  # noqa: B018
