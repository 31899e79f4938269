"""The compiled kernel: whole layers over all time steps in one call, forward and backward.

The C++ beside this file: ``kernel.cpp`` (the loop over time, its threads, and what is called from
here), ``product.h`` (small matrix products), ``program.h`` (an interpreter of elementwise
programs). A cell arrives as data, so one compilation of some seconds, kept in a cache folder
(:mod:`nastut.layers.library`), serves every cell there is. It is written in the vector classes that
torch's own kernels are written in. Their headers come with torch, so sin, NaN and infinity are
as there, and no floating-point mode is changed.

Considered instead: C++ generated for the cell at hand, and ``torch.compile``. Both compile for
seconds for *every* cell, which a search over cells would pay thousands of times. And the products
of the library behind torch (MKL, also packed). On a processor with AVX-512 all products of a
training step took 1.16, 0.98 and 1.24 times as long as those of ``product.h`` (T = B = H = 32;
T 35, B 20, H 200; T 35, B 64, H 400), and those inside the loop over time up to 1.5 times. And MKL
adds in an order that may depend on the number of rows: results would depend on the number of
threads.

Nothing depends on a compiler. Where there is none, :attr:`Kernel.status` says so. Where there is
one and still no kernel, a warning says why, once. Callers do without.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.layers.program import Program, step_programs

_TYPES = {torch.float32: "float", torch.float64: "double"}

_LETTERS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "maximum": "M",
    "step": "H",
    "relu": "R",
    "tanh": "t",
    "sigmoid": "s",
    "sin": "i",
    "cos": "o",
}


@dataclass(frozen=True)
class Kernel:
    """The kernel, or the reason why there is none.

    Attributes
    ----------
    library
        The compiled library; None if it is not available.
    status
        Where it is, or what went wrong, in words.
    failed
        Whether there is a compiler, and still no kernel.
    """

    library: ctypes.CDLL | None
    status: str
    failed: bool = False

    def runs_on(self, like: Tensor) -> bool:
        """Tell whether the kernel is available for the device and type of a tensor."""
        on_cpu = like.device.type == "cpu" and like.dtype in _TYPES
        return on_cpu and self.library is not None

    def forward(
        self,
        cells: Sequence[Cell],
        x: Tensor,
        h_0: Tensor,
        c_0: Tensor,
        weights: Sequence[Tensor | None],
        keep: bool,
    ) -> tuple[Any, ...]:
        """Run the loop over time.

        Parameters
        ----------
        cells
            Of the M members, all of one base.
        x
            Shape (T, B, I): what all members see.
        h_0, c_0
            Shapes (M, B, P) and (M, B, H).
        weights
            Those of all members, with their axis in front; see
            :class:`nastut.layers.recurrence.Weights`.
        keep
            Whether :meth:`backward` will be called.

        Returns
        -------
        tuple
            All h_t, of shape (M, T, B, P); the last c_t, of shape (M, B, H); then what
            :meth:`backward` asks for. The first two are parts of the others.
        """
        x, weights = x.contiguous(), _contiguous(weights)
        sizes = _Sizes(cells, x, weights, keep)
        (members, steps, batch), width = (len(cells), *x.shape[:2]), sizes.width
        *_, h, c = values = _empty(  # as in struct Values of kernel.cpp
            x,
            (members, sizes.base, steps, batch, width),
            (members, sizes.base, sizes.kept, batch, width),
            None if weights[3] is None else (members, steps, batch, width),
            (members, steps + 1, batch, sizes.fed_back),
            (members, steps + 1, batch, width),
        )
        h[:, 0], c[:, 0] = h_0, c_0
        self._call("forward", cells, sizes, x, weights, values)
        return h[:, 1:], c[:, -1], *values

    def backward(
        self,
        cells: Sequence[Cell],
        x: Tensor,
        weights: Sequence[Tensor | None],
        values: Sequence[Tensor | None],
        grads: Sequence[Tensor],
        needed: Sequence[bool],
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients with respect to x, h_0, c_0 and the weights.

        Parameters
        ----------
        cells, x, weights
            As for :meth:`forward`.
        values
            What :meth:`forward` returned after h and c.
        grads
            The gradients with respect to these two, of the same shapes.
        needed
            For x and each of the weights, whether its gradient is needed; it is None if not.
        """
        x, weights = x.contiguous(), _contiguous(weights)
        sizes = _Sizes(cells, x, weights, keep=True)
        members, steps, batch = len(cells), *x.shape[:2]
        grad_h = x.new_empty(members, steps + 1, batch, sizes.fed_back)
        grad_h[:, 0], grad_h[:, 1:] = 0, grads[0]
        grad_c = x.new_empty(members, 2, batch, sizes.width)
        grad_c[:, steps % 2] = grads[1]
        grad_root = None if weights[3] is None else torch.empty_like(grad_c[:, 0])
        grad_x = x.new_empty(members, *x.shape) if needed[0] else None
        grad_weights = [
            torch.zeros_like(weight) if weight is not None and is_needed else None
            for weight, is_needed in zip(weights, needed[1:], strict=True)
        ]
        gradients = (grad_h, grad_c, grad_root, grad_x)
        self._call("backward", cells, sizes, x, weights, values, grad_weights, gradients)
        by_x = None if grad_x is None else grad_x.sum(0)
        return by_x, grad_h[:, 0], grad_c[:, 0], *grad_weights

    def _call(
        self,
        name: str,
        cells: Sequence[Cell],
        sizes: _Sizes,
        x: Tensor,
        *structures: Sequence[Tensor | None],
    ) -> None:
        """Call a function of the library; its structures are arrays of addresses."""
        function = getattr(self.library, f"{name}_{_TYPES[x.dtype]}")
        function(
            (ctypes.POINTER(_Program) * len(cells))(*(_pointers(cell)[name] for cell in cells)),
            ctypes.byref(sizes),
            ctypes.c_int64(_threads(sizes)),
            ctypes.c_void_p(x.data_ptr()),
            *(
                (ctypes.c_void_p * len(tensors))(
                    *(None if tensor is None else tensor.data_ptr() for tensor in tensors)
                )
                for tensors in structures
            ),
        )


@cache
def load() -> Kernel:
    """Return the kernel, compiled now if the cache folder does not hold it; never raise."""
    if sys.platform == "win32":
        return Kernel(None, "not available: the kernel is not built on Windows")
    from nastut.layers import library

    compiler = library.find_compiler()
    if compiler is None:
        return Kernel(None, "not available: no C++ compiler (CXX, c++, g++ or clang++) is here")
    try:
        path = library.compiled(compiler)
        functions = ctypes.CDLL(str(path))
        for name in _TYPES.values():
            for direction in ("forward", "backward"):
                getattr(functions, f"{direction}_{name}").restype = None
    except Exception as error:  # whatever it is, the layer works without
        reason = str(error)
        if isinstance(error, subprocess.CalledProcessError):
            reason = f"the compiler says {error.stderr[-2000:]}"
        warnings.warn(f"layers run without their compiled kernel, slower: {reason}", stacklevel=2)
        return Kernel(None, f"not available: {reason}", failed=True)
    return Kernel(functions, f"compiled: {path}")


WORTH_SHARING = 2**26
"""Multiplications from which on the rows of a single layer are shared among threads, which then
wait for each other every few steps."""


def _threads(sizes: _Sizes) -> int:
    """Return in how many threads to work; it decides the speed, not the results."""
    products = sizes.base * sizes.width * (sizes.features + sizes.fed_back)
    alone = sizes.members == 1 and sizes.steps * sizes.batch * products < WORTH_SHARING
    return 1 if alone else torch.get_num_threads()


def _empty(like: Tensor, *shapes: tuple[int, ...] | None) -> list[Any]:
    """Return new arrays; None for no shape."""
    return [None if shape is None else like.new_empty(shape) for shape in shapes]


def _contiguous(weights: Sequence[Tensor | None]) -> list[Any]:
    return [None if weight is None else weight.contiguous() for weight in weights]


class _Sizes(ctypes.Structure):
    """The struct of the same name in kernel.cpp."""

    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in ("members", "base", "steps", "batch", "features", "width", "fed_back", "kept")
    )

    def __init__(self, cells: Sequence[Cell], x: Tensor, weights: Sequence[Any], keep: bool):
        base, hidden = cells[0].base, weights[1]
        steps = len(x)
        super().__init__(
            len(cells),
            base,
            *x.shape,
            hidden.shape[1] // base,
            hidden.shape[2],
            steps if keep else 1,
        )


class _Program(ctypes.Structure):
    """The struct of the same name in program.h."""

    _fields_ = (
        ("instructions", ctypes.POINTER(ctypes.c_int32)),
        ("constants", ctypes.POINTER(ctypes.c_double)),
        ("results", ctypes.POINTER(ctypes.c_int32)),
        ("summed", ctypes.POINTER(ctypes.c_uint8)),
        ("n_instructions", ctypes.c_int64),
        ("n_constants", ctypes.c_int64),
        ("n_inputs", ctypes.c_int64),
        ("n_results", ctypes.c_int64),
        ("n_registers", ctypes.c_int64),
    )


@lru_cache(maxsize=4096)
def _pointers(cell: Cell) -> dict[str, Any]:
    """Return the pointers to both programs of a cell."""
    summed, forward, backward = step_programs(cell)
    return {
        "forward": ctypes.pointer(_structure(forward, summed)),
        "backward": ctypes.pointer(_structure(backward, summed)),
    }


def _structure(program: Program, summed: Sequence[bool]) -> _Program:
    def array(kind: Any, numbers: Sequence[float]) -> Any:
        return (kind * len(numbers))(*numbers)

    code = [
        number
        for operation, operands, result in program.instructions
        for number in (ord(_LETTERS[operation]), operands[0], operands[-1], result)
    ]
    return _Program(
        array(ctypes.c_int32, code),
        array(ctypes.c_double, program.constants),
        array(ctypes.c_int32, program.results),
        array(ctypes.c_uint8, summed),
        len(program.instructions),
        len(program.constants),
        program.n_inputs,
        len(program.results),
        program.n_registers,
    )
