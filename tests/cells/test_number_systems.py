"""Three kinds of values, told apart; that they agree is tested with whole cells."""

import math
import warnings

import numpy as np
import pytest
import sympy as sp
import torch

from nastut.cells.number_systems import numpy_system, sympy_system, system_of, torch_system

SYSTEMS = [numpy_system, torch_system, sympy_system]
s = sp.Symbol("s", real=True)


@pytest.mark.parametrize("number", [-1e4, -745.0, 745.0, -math.inf, math.inf])
def test_the_sigmoid_of_an_array_neither_overflows_nor_warns(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numpy_system().sigmoid(np.array(number)) == pytest.approx(float(number > 0))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "sin"])
def test_nan_stays_visible(name):
    with np.errstate(invalid="ignore"):
        assert math.isnan(getattr(numpy_system(), name)(np.array(math.nan)))
    assert math.isnan(getattr(torch_system(), name)(torch.tensor(math.nan)))


# Which system values belong to


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


# Which values a system takes


def test_real_numbers_are_taken_as_they_are_and_whole_ones_become_floating_point():
    array, tensor = np.ones(2, dtype="float32"), torch.ones(2, dtype=torch.float16)
    assert numpy_system().real(array) is array
    assert torch_system().real(tensor) is tensor
    assert numpy_system().real(np.array([1, 2], dtype="uint8")).dtype == np.float64
    assert torch_system().real(torch.tensor([1, 2])).dtype == torch.get_default_dtype()


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
