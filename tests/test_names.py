"""Public names: what an import loads, what works without torch, and what can be pickled."""

import ast
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import nastut as nt
from nastut.names import WITHOUT_TORCH, attach

PUBLIC = """
Cell CellRNN Controller Node NotRepresentable Picture SequenceError Space Table c_next c_prev
check doctor draw draw_sequence draw_side_by_side draw_steps draw_trace draw_tree evaluate formulas
gate graph h_prev leaf_symbols linearize load_study load_table playground search setup sigmoid tasks
trace train training zoo
"""
"""What notebooks and users call by these names, wherever it lives."""

STUBS = sorted(Path(nt.__file__).parent.rglob("__init__.pyi"))
LARGE = ["torch", "sympy", "matplotlib", "numpy"]


def run(code):
    """Return what a fresh process prints."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def without_torch(code):
    """Return what a fresh process prints where `import torch` finds nothing."""
    return run(f"import sys\nsys.modules['torch'] = None\nimport nastut as nt\n{code}")


# What an import loads


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("nt.Cell.parse(str(nt.zoo.LSTM)).canonical().has_memory", []),
        ("nt.evaluate(nt.zoo.EXAMPLE, [1.0, 2.0], [3.0, 4.0], 5.0)", ["numpy"]),
        ("len(nt.Space()), next(iter(nt.Space(1)))", []),
        ("nt.formulas(nt.zoo.EXAMPLE).latex()", ["sympy"]),
        ("import nastut.__main__", []),
        *((f"import nastut.{room} as room; dir(room)", []) for room in ("search", "layers", "zoo")),
    ],
)
def test_nothing_waits_for_a_library_that_it_does_not_need(code, loaded):
    ask = f"import sys, nastut as nt\n{code}\nprint(*[n for n in {LARGE} if n in sys.modules])"
    found = run(ask).split()
    assert [name for name in found if name != "numpy" or "sympy" not in loaded] == loaded


def test_public_names_stay():
    assert set(PUBLIC.split()) <= set(dir(nt))
    assert None not in [getattr(nt, name) for name in PUBLIC.split()]


# Without torch


def test_drawing_proving_and_computing_need_no_torch():
    said = without_torch(
        "cell = nt.zoo.EXAMPLE\n"
        "print(nt.draw(cell).svg()[:4], nt.formulas(cell).memory_path)\n"
        "print(nt.linearize(nt.c_next, nt.gate('f') * nt.c_prev).cell.base)\n"
        "print(nt.evaluate(cell, [0.5, 2.0], [0.5, 0.25], -0.25)[1])\n"
        "print(len(nt.load_table()), *nt.load_study('text'))\n"
        "print(len(nt.playground(cell).tokens))\n"
    )
    assert said.split() == ["<svg", "0", "2", "0.5", "18688", "settings", "runs", "10"]


def test_exercises_of_the_first_notebooks_are_checked_without_torch():
    said = without_torch(
        "from nastut.lessons.exercise import LESSONS, exercises_of\n"
        "for chapter in '0123':\n"
        "    for number, exercise in exercises_of(LESSONS[chapter]).items():\n"
        "        right = exercise.truth if exercise.cases is not None else exercise.truth()\n"
        "        own = nt.Cell.parse(str(nt.zoo.EXAMPLE).replace('Tanh', 'ReLU')).sequence\n"
        "        nt.check(number, own if number == '0.2' else right)\n"
    )
    verdicts = said.splitlines()
    assert len(verdicts) == 15
    assert [line for line in verdicts if "passed" not in line] == []


def test_every_public_name_works_without_torch_or_says_what_to_do():
    said = without_torch(
        "def ask(name):\n"
        "    room, _, name = name.rpartition('.')\n"
        "    try: getattr(getattr(nt, room) if room else nt, name)\n"
        "    except ModuleNotFoundError as error: return str(error)\n"
        "for name in [*nt.__all__, 'search.reinforce', 'zoo.from_torch_lstm']:\n"
        "    print(name, ask(name), sep=': ')\n"
    )
    answers = dict(line.split(": ", 1) for line in said.splitlines())
    for name, answer in answers.items():
        remedy = f"nastut.{name} needs torch, which is not installed: {WITHOUT_TORCH}"
        assert answer in ("None", remedy)
    alone = {name for name, answer in answers.items() if answer == "None"}
    assert {"Cell", "Space", "draw", "evaluate", "linearize", "check", "load_table"} <= alone
    assert not alone & {"CellRNN", "train", "Controller", "search.reinforce", "zoo.from_torch_lstm"}


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


# Pickling


def exported(stub):
    """Return the package of a stub, and the names that it exports."""
    package = ".".join(("nastut", *stub.relative_to(STUBS[0].parent).parent.parts))
    imports = [n for n in ast.parse(stub.read_text()).body if isinstance(n, ast.ImportFrom)]
    return package, [alias.name for node in imports for alias in node.names]


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.parent.name)
def test_no_exported_name_is_that_of_a_submodule_unless_it_is_the_submodule(stub):
    """Otherwise whoever imports the submodule replaces the name, and nothing can be pickled."""
    package, names = exported(stub)
    for name in names:
        if find_spec(f"{package}.{name}"):
            assert getattr(import_module(package), name) is import_module(f"{package}.{name}")
    assert type(import_module(package)) is ModuleType
