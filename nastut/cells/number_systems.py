"""The three kinds of values a cell runs on: NumPy arrays, torch tensors, sympy expressions.

Every operation of :mod:`nastut.cells.operations` is written once, in the few functions
named by :class:`NumberSystem`. Torch and sympy are imported when the first of
their values arrives, so that a cell can be drawn without waiting for either.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import Any

Value = Any
"""An array, a tensor, a sympy expression or a plain number."""


@dataclass(frozen=True)
class NumberSystem:
    """The elementary functions in which all operations are written.

    Each takes and returns one value, except that ``maximum`` takes two. ``real`` returns a value
    that the others can take, or raises TypeError.
    """

    name: str
    real: Callable[[Value], Value]
    tanh: Callable[[Value], Value]
    sigmoid: Callable[[Value], Value]
    relu: Callable[[Value], Value]
    sin: Callable[[Value], Value]
    maximum: Callable[[Value, Value], Value]


@cache
def numpy_system() -> NumberSystem:
    """Return the functions for NumPy arrays and plain numbers."""
    import numpy as np

    return NumberSystem(
        name="numpy",
        real=_real_array,
        tanh=np.tanh,
        # 1 / (1 + exp(-a)) overflows for large negative a; this form never does.
        sigmoid=lambda a: np.exp(-np.logaddexp(0, -a)),
        relu=lambda a: np.maximum(a, 0),
        sin=np.sin,
        maximum=np.maximum,
    )


@cache
def torch_system() -> NumberSystem:
    """Return the functions for torch tensors."""
    import torch

    return NumberSystem(
        name="torch",
        real=_real_tensor,
        tanh=torch.tanh,
        sigmoid=torch.sigmoid,
        relu=torch.relu,
        sin=torch.sin,
        maximum=torch.maximum,
    )


@cache
def sympy_system() -> NumberSystem:
    """Return the functions for sympy expressions, in sympy's standard forms."""
    import sympy as sp

    return NumberSystem(
        name="sympy",
        real=_real_expression,
        tanh=sp.tanh,
        sigmoid=lambda a: 1 / (1 + sp.exp(-a)),
        relu=lambda a: sp.Max(0, a),
        sin=sp.sin,
        maximum=sp.Max,
    )


def system_of(values: Iterable[Value]) -> NumberSystem:
    """Return the number system that `values` belong to.

    Plain numbers belong to NumPy, and go with sympy expressions; nothing else mixes.

    Raises
    ------
    TypeError
        If torch tensors stand beside NumPy arrays or sympy expressions.
    """
    # A library that was never imported has no values.
    torch, sympy, numpy = (sys.modules.get(name) for name in ("torch", "sympy", "numpy"))
    found: dict[str, Value] = {}
    for value in values:
        if torch is not None and isinstance(value, torch.Tensor):
            found.setdefault("torch", value)
        elif sympy is not None and isinstance(value, sympy.Basic):
            found.setdefault("sympy", value)
        elif numpy is not None and isinstance(value, numpy.ndarray):
            found.setdefault("numpy", value)
    if len(found) > 1:
        kinds = " and ".join(type(value).__qualname__ for value in found.values())
        raise TypeError(
            f"{kinds} stand side by side; give all values as NumPy arrays, "
            "all as torch tensors or all as sympy expressions"
        )
    match next(iter(found), "numpy"):
        case "torch":
            return torch_system()
        case "sympy":
            return sympy_system()
        case _:
            return numpy_system()


def _real_array(value: Value) -> Value:
    """Return `value` as a NumPy array of floating-point numbers."""
    import numpy as np

    if np.ma.is_masked(value):  # no operation would keep its mask
        raise _not_real(value, " with masked elements")
    array = np.asarray(value)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise _not_real(value, f" with elements of type {array.dtype}")
    return array


def _real_tensor(value: Value) -> Value:
    """Return `value` as a tensor of floating-point numbers."""
    import torch

    # A plain number has no precision of its own, and torch's functions take none.
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"beside tensors a tensor is needed; {type(value).__name__} was given")
    if value.dtype == torch.bool or value.is_complex():
        raise _not_real(value, f" with elements of type {value.dtype}")
    return value if value.is_floating_point() else value.to(torch.get_default_dtype())


def _real_expression(value: Value) -> Value:
    """Return `value` if it is a plain number or an expression that may be real: no matrix."""
    import sympy as sp

    if not isinstance(value, sp.Basic):
        if isinstance(value, bool) or not isinstance(value, Real):
            raise _not_real(value)
        return value
    if not isinstance(value, sp.Expr) or value.is_extended_real is False:
        raise _not_real(value, f" {value}")
    return value


def _not_real(value: Value, detail: str = "") -> TypeError:
    return TypeError(f"real numbers are needed; {type(value).__name__}{detail} was given")
