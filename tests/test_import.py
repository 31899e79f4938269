"""What an import loads: a cell waits for no large library."""

import subprocess
import sys

import pytest

import nastut as nt

PUBLIC = """
Cell CellRNN Controller Node NotRepresentable Picture SequenceError Space Table c_next c_prev
check doctor draw draw_sequence draw_steps draw_trace draw_tree evaluate
formulas gate graph h_prev leaf_symbols linearize load_study load_table playground search setup
sigmoid symbols tasks trace train training zoo
"""
"""What notebooks and users call by these names, wherever it lives."""


def loaded_by(code, names):
    """Return which of the modules `names` a fresh process has loaded after `code`."""
    ask = f"{code}\nimport sys\nprint(*[name for name in {names} if name in sys.modules])"
    process = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True
    )
    return process.stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import nastut",
        "import nastut as nt; nt.Cell.parse(str(nt.zoo.LSTM)).canonical().has_memory",
        "import nastut as nt; {nt.Cell.from_sequence(nt.zoo.EXAMPLE.sequence): nt.Node}",
        "import nastut as nt\ntry: nt.Cell.parse('Add')\nexcept nt.SequenceError: pass",
    ],
    ids=["import", "zoo", "sequence", "error"],
)
def test_a_cell_waits_for_no_large_library(code):
    assert loaded_by(code, ["torch", "sympy", "matplotlib", "numpy", "ipywidgets"]) == []


def test_numbers_wait_for_neither_torch_nor_sympy():
    code = "import nastut as nt; nt.evaluate(nt.zoo.EXAMPLE, [1.0, 2.0], [3.0, 4.0], 5.0)"
    assert loaded_by(code, ["torch", "sympy", "matplotlib", "numpy"]) == ["numpy"]


def test_formulas_wait_for_no_torch():
    code = "import nastut as nt; nt.formulas(nt.zoo.EXAMPLE).latex()"
    assert loaded_by(code, ["torch", "sympy", "matplotlib"]) == ["sympy"]


def test_the_playground_waits_for_no_torch():
    code = "import nastut as nt; nt.playground()"
    assert loaded_by(code, ["torch", "matplotlib", "sympy"]) == ["sympy"]


def test_a_table_waits_for_no_torch():
    code = "import nastut as nt\ntry: nt.load_table('none')\nexcept FileNotFoundError: nt.Table"
    assert loaded_by(code, ["torch", "scipy", "sympy", "matplotlib", "numpy"]) == ["numpy"]


@pytest.mark.parametrize("name", PUBLIC.split())
def test_public_names_stay(name):
    assert name in dir(nt)
    assert getattr(nt, name) is not None


@pytest.mark.parametrize("room", ["search", "zoo", "layers", "learning", "studies", "pictures"])
def test_a_room_waits_for_no_large_library(room):
    code = f"import nastut.{room} as room; dir(room)"
    assert loaded_by(code, ["torch", "scipy", "sympy", "matplotlib", "numpy"]) == []
