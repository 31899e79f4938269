"""The elementary functions agree in all three kinds of values, and kinds are told apart."""

import dataclasses
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


@pytest.mark.parametrize("number", [-1e4, -745.0, 745.0, 1e4, -math.inf, math.inf])
def test_the_sigmoid_of_an_array_neither_overflows_nor_warns(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numpy_system().sigmoid(np.array(number)) == pytest.approx(float(number > 0))


@pytest.mark.parametrize("system", [numpy_system, torch_system])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "sin"])
def test_nan_stays_visible(system, name):
    xp = system()
    with np.errstate(invalid="ignore"):
        assert math.isnan(getattr(xp, name)(VALUE[xp.name](math.nan)))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "sin"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_functions_keep_the_precision(name, dtype):
    array = getattr(numpy_system(), name)(np.ones(3, dtype=dtype))
    tensor = getattr(torch_system(), name)(torch.ones(3, dtype=getattr(torch, dtype)))
    assert str(array.dtype) == dtype
    assert str(tensor.dtype) == f"torch.{dtype}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_number_system_is_made_once_and_stays_as_it_is(system):
    assert system() is system()
    with pytest.raises(dataclasses.FrozenInstanceError):
        system().tanh = abs


# Which system values belong to


def test_values_are_told_apart_before_any_library_is_loaded():
    code = (
        "import sys\n"
        "from nastut.cells.number_systems import require_plain, system_of\n"
        "loaded = lambda: [name for name in ('numpy', 'torch', 'sympy') if name in sys.modules]\n"
        "require_plain([1.0, None, [object()]])\n"
        "print(*loaded(), end='; ')\n"
        "print(system_of([1.0, None]).name, *loaded(), end='; ')\n"
        "import numpy\n"
        "require_plain([numpy.ones(2)])\n"
        "print(system_of([numpy.ones(2)]).name, *loaded())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "; numpy numpy; numpy numpy\n"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([], "numpy"),
        ([1, 2.0], "numpy"),
        ([np.float64(1), [1, 2]], "numpy"),
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
        ([torch.ones(2), 1.0, np.ones(2)], "Tensor and ndarray"),
        ([torch.ones(2), s], "Tensor and Symbol"),
        ([s, np.ones(2)], "Symbol and ndarray"),
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


def test_arrays_of_real_numbers_are_taken_as_they_are():
    array = np.ones(2, dtype="float32")
    assert numpy_system().real(array) is array


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_tensors_of_real_numbers_are_taken_as_they_are(dtype):
    tensor = torch.ones(2, dtype=dtype, requires_grad=True)
    assert torch_system().real(tensor) is tensor


def test_tensors_of_whole_numbers_become_floating_point():
    tensor = torch_system().real(torch.tensor([1, 2]))
    assert tensor.dtype == torch.get_default_dtype()
    assert tensor.tolist() == [1, 2]


@pytest.mark.parametrize("value", [s, s**2, sp.Symbol("z"), sp.Rational(1, 2), 3, 0.5])
def test_expressions_that_may_be_real_are_taken_as_they_are(value):
    assert sympy_system().real(value) is value


@pytest.mark.parametrize(
    ("system", "value"),
    [
        *[
            (system, value)
            for system in SYSTEMS
            for value in (None, "1", b"1", True, np.True_, 1j, object(), {1: 2})
        ],
        (numpy_system, np.ones(2, dtype=complex)),
        (numpy_system, np.ones(2, dtype=bool)),
        (numpy_system, np.ones(2, dtype=object)),
        (numpy_system, np.array(["a", "b"])),
        (numpy_system, np.array(["2020-01-01"], dtype="datetime64[D]")),
        (torch_system, torch.ones(2, dtype=torch.complex64)),
        (torch_system, torch.ones(2, dtype=torch.bool)),
        (sympy_system, sp.I),
        (sympy_system, sp.true),
        (sympy_system, sp.zoo),
        (sympy_system, sp.Interval(0, 1)),
        (sympy_system, sp.ImmutableMatrix([[1, 2], [3, 4]])),
        (sympy_system, sp.MatrixSymbol("A", 2, 2)),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_is_no_real_number_is_refused(system, value):
    with pytest.raises(TypeError, match=r"needed; .* was given$"):
        system().real(value)
