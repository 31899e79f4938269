"""The elementary functions agree in all three kinds of values, and kinds are told apart."""

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import sympy as sp
import torch

from nastut.cells.number_systems import numpy_system, sympy_system, system_of, torch_system

SYSTEMS = [numpy_system, torch_system, sympy_system]
VALUE = {
    "numpy": lambda number: np.asarray(number, dtype=np.float64),
    "torch": lambda number: torch.tensor(number, dtype=torch.float64),
    "sympy": lambda number: sp.Float(number, 30),
}
s = sp.Symbol("s", real=True)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("number", [-30.0, -2.5, -0.3, 0.0, 0.7, 4.0, 30.0])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tanh", math.tanh),
        ("sigmoid", lambda a: 1 / (1 + math.exp(-a))),
        ("relu", lambda a: max(a, 0.0)),
        ("sin", math.sin),
    ],
)
def test_functions_of_one_value(system, number, name, expected):
    xp = system()
    result = getattr(xp, name)(VALUE[xp.name](number))
    assert float(result) == pytest.approx(expected(number), rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (2.0, 1.0), (-1.0, -2.0), (0.5, 0.5)])
def test_maximum(system, a, b):
    xp = system()
    assert float(xp.maximum(VALUE[xp.name](a), VALUE[xp.name](b))) == max(a, b)


@pytest.mark.parametrize("number", [-1e4, -745.0, 745.0, -math.inf, math.inf])
def test_the_sigmoid_of_an_array_neither_overflows_nor_warns(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numpy_system().sigmoid(np.array(number)) == pytest.approx(float(number > 0))


@pytest.mark.parametrize("system", [numpy_system, torch_system])
def test_nan_stays_visible(system):
    xp = system()
    with np.errstate(invalid="ignore"):
        for name in ("tanh", "sigmoid", "relu", "sin"):
            assert math.isnan(getattr(xp, name)(VALUE[xp.name](math.nan)))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "sin"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_functions_keep_the_precision(name, dtype):
    array = getattr(numpy_system(), name)(np.ones(3, dtype=dtype))
    tensor = getattr(torch_system(), name)(torch.ones(3, dtype=getattr(torch, dtype)))
    assert str(array.dtype) == dtype
    assert str(tensor.dtype) == f"torch.{dtype}"


# Which system values belong to


def test_values_are_told_apart_before_any_library_is_loaded():
    code = (
        "import sys\n"
        "from nastut.cells.number_systems import system_of\n"
        "print(system_of([1.0, None]).name, 'torch' in sys.modules, 'sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "numpy False False\n"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([], "numpy"),
        ([1, np.float64(1), [1, 2]], "numpy"),
        ([1.0, np.ones(2)], "numpy"),
        ([1.0, torch.ones(2)], "torch"),
        ([torch.nn.Parameter(torch.ones(2))], "torch"),
        ([1.0, s], "sympy"),
        ([sp.Integer(1)], "sympy"),
    ],
)
def test_system_of(values, name):
    assert system_of(values).name == name


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([np.ones(2), torch.ones(2)], "ndarray and Tensor"),
        ([s, np.ones(2), torch.ones(2)], "Symbol and ndarray and Tensor"),
    ],
)
def test_kinds_do_not_mix(values, said):
    with pytest.raises(TypeError, match=f"^{said} stand side by side; give all values as NumPy"):
        system_of(values)


# Which values a system takes


@pytest.mark.parametrize("value", [1, 2.5, [1, 2], np.array(3), np.array([1, 2], dtype="uint8")])
def test_numbers_become_arrays_of_float64(value):
    array = numpy_system().real(value)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, value)


def test_arrays_and_tensors_of_real_numbers_are_taken_as_they_are():
    array, tensor = np.ones(2, dtype="float32"), torch.ones(2, dtype=torch.float16)
    assert numpy_system().real(array) is array
    assert torch_system().real(tensor) is tensor


def test_tensors_of_whole_numbers_become_floating_point():
    tensor = torch_system().real(torch.tensor([1, 2]))
    assert tensor.dtype == torch.get_default_dtype()
    assert tensor.tolist() == [1, 2]


@pytest.mark.parametrize("value", [s, s**2, sp.Symbol("z"), sp.Rational(1, 2), 3, 0.5])
def test_expressions_that_may_be_real_are_taken_as_they_are(value):
    assert sympy_system().real(value) is value


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_no_real_number_is_refused(system):
    own = {
        "numpy": [np.ones(2, dtype=kind) for kind in (complex, bool, object, "U1", "M8[D]")],
        "torch": [torch.ones(2, dtype=kind) for kind in (torch.complex64, torch.bool)],
        "sympy": [sp.I, sp.true, sp.zoo, sp.Interval(0, 1), sp.MatrixSymbol("A", 2, 2)],
    }
    for value in (None, "1", True, np.True_, 1j, object(), *own[system().name]):
        with pytest.raises(TypeError, match=r"needed; .* was given$"):
            system().real(value)
