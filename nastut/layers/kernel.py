"""The compiled kernel: whole layers over all time steps in one call, forward and backward.

The C++ beside this file is one concept a file: ``activations.h`` (tanh and sigmoid),
``product.h`` (small matrix products), ``program.h`` (an interpreter of elementwise programs),
``team.h`` (threads), ``time_loop.h`` (the loop), ``kernel.cpp`` (what is called from here). A cell
arrives as data, so one compilation of some seconds, kept in a cache folder
(:mod:`nastut.layers.library`), serves every cell there is. It is written in the vector classes that
torch's own kernels are written in. Their headers come with torch, so sin, NaN and infinity are
as there, and no floating-point mode is changed.

Considered instead: C++ generated for the cell at hand, and ``torch.compile``. Both compile for
seconds for *every* cell, which a search over cells would pay thousands of times. And torch's own
matrix products: each is a call, packs the weights anew, and adds in an order that depends on the
number of rows, so that results would depend on the number of threads.

Nothing depends on a compiler. Where there is none, or anything about it fails, the kernel
is not available, :attr:`Kernel.status` says why, and callers do without.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.layers.elementwise import summed_programs
from nastut.layers.program import Program
from nastut.layers.unrolled import Weights

_TYPES = {torch.float32: "float", torch.float64: "double"}

_LETTERS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "maximum": "M",
    "step": "H",
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
    """

    library: ctypes.CDLL | None
    status: str

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
        weights: Weights,
        keep: bool,
    ) -> tuple[Any, ...]:
        """Run the loop over time; see :func:`nastut.layers.stepwise.forward`."""
        x, weights = x.contiguous(), _contiguous(weights)
        sizes = _Sizes.of(cells, x, weights, keep)
        (members, steps, batch), width = (len(cells), *x.shape[:2]), sizes.width
        *_, h, c = made = _empty(  # as in struct Values of time_loop.h
            x,
            (members, sizes.base, steps, batch, width),
            (members, sizes.base, sizes.kept, batch, width),
            None if weights.projection is None else (members, steps, batch, width),
            (members, steps + 1, batch, sizes.fed_back),
            (members, steps + 1, batch, width),
        )
        h[:, 0], c[:, 0] = h_0, c_0
        self._call("forward", cells, sizes, x, _Weights.of(weights), _Values.of(made))
        return h[:, 1:], c[:, -1], *made

    def backward(
        self,
        cells: Sequence[Cell],
        x: Tensor,
        weights: Weights,
        made: Sequence[Tensor | None],
        grads: tuple[Tensor, Tensor],
        wanted: Sequence[bool],
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients; see :func:`nastut.layers.stepwise.backward`."""
        x, weights = x.contiguous(), _contiguous(weights)
        sizes = _Sizes.of(cells, x, weights, keep=True)
        members, steps, batch = len(cells), *x.shape[:2]
        grad_h = x.new_empty(members, steps + 1, batch, sizes.fed_back)
        grad_h[:, 0], grad_h[:, 1:] = 0, grads[0]
        grad_c = x.new_empty(members, 2, batch, sizes.width)
        grad_c[:, steps % 2] = grads[1]
        grad_root = None if weights.projection is None else torch.empty_like(grad_c[:, 0])
        grad_x = x.new_empty(members, *x.shape) if wanted[0] else None
        grad_weights = [
            torch.zeros_like(weight) if weight is not None and is_wanted else None
            for weight, is_wanted in zip(weights, wanted[1:], strict=True)
        ]
        self._call(
            "backward",
            cells,
            sizes,
            x,
            _Weights.of(weights),
            _Values.of(made),
            _Weights.of(grad_weights),
            _Gradients.of((grad_h, grad_c, grad_root, grad_x)),
        )
        by_x = None if grad_x is None else grad_x.sum(0)
        return by_x, grad_h[:, 0], grad_c[:, 0], *grad_weights

    def _call(
        self,
        name: str,
        cells: Sequence[Cell],
        sizes: _Sizes,
        x: Tensor,
        *structures: ctypes.Structure,
    ) -> None:
        function = getattr(self.library, f"{name}_{_TYPES[x.dtype]}")
        function(
            (ctypes.POINTER(_Program) * len(cells))(*(_pointers(cell)[name] for cell in cells)),
            ctypes.byref(sizes),
            ctypes.c_int64(_threads(sizes)),
            ctypes.c_void_p(x.data_ptr()),
            *map(ctypes.byref, structures),
        )


@cache
def load() -> Kernel:
    """Return the kernel, compiled now if the cache folder does not hold it; never raise."""
    try:
        if sys.platform == "win32":
            raise OSError("the kernel is not built on Windows")
        from nastut.layers.library import compiled

        path = compiled()
        library = ctypes.CDLL(str(path))
        for name in _TYPES.values():
            for direction in ("forward", "backward"):
                getattr(library, f"{direction}_{name}").restype = None
    except subprocess.CalledProcessError as error:
        return Kernel(None, f"not available: the compiler says {error.stderr[-2000:]}")
    except Exception as error:  # whatever it is, the layer works without
        return Kernel(None, f"not available: {error}")
    # glibc gives freed blocks back at once, until one this large was freed; no page of it is used.
    torch.empty(_REUSED - _HEADER, dtype=torch.uint8)
    return Kernel(library, f"compiled: {path}")


WORTH_SHARING = 2**26
"""Multiplications from which on the rows of a single layer are shared among threads, which then
wait for each other every few steps."""


def _threads(sizes: _Sizes) -> int:
    """Return in how many threads to work; it decides the speed, not the results."""
    products = sizes.base * sizes.width * (sizes.features + sizes.fed_back)
    alone = sizes.members == 1 and sizes.steps * sizes.batch * products < WORTH_SHARING
    return 1 if alone else torch.get_num_threads()


_REUSED = 2**25
"""Bytes up to which the C library keeps a freed block; elsewhere pages are new each time."""

_HEADER = 2**13
"""More bytes than a block is larger for the C library than for torch."""


def _empty(like: Tensor, *shapes: tuple[int, ...] | None) -> list[Any]:
    """Return new arrays; None for no shape. Small ones together are one block of memory."""
    sizes = [0 if shape is None else math.prod(shape) for shape in shapes]
    if sum(sizes) * like.element_size() > _REUSED:
        return [None if shape is None else like.new_empty(shape) for shape in shapes]
    blocks = torch.split(like.new_empty(sum(sizes)), sizes)
    return [
        None if shape is None else block.view(shape)
        for shape, block in zip(shapes, blocks, strict=True)
    ]


def _contiguous(weights: Weights) -> Weights:
    return Weights._make(None if weight is None else weight.contiguous() for weight in weights)


class _Sizes(ctypes.Structure):
    """The struct of the same name in time_loop.h."""

    _names = ("members", "base", "steps", "batch", "features", "width", "fed_back", "kept")
    _fields_ = tuple((name, ctypes.c_int64) for name in _names)

    @classmethod
    def of(cls, cells: Sequence[Cell], x: Tensor, weights: Weights, keep: bool) -> _Sizes:
        base = cells[0].base
        steps, batch, features = x.shape
        width, fed_back = weights.hidden.shape[1] // base, weights.hidden.shape[2]
        kept = steps if keep else 1
        sizes = (len(cells), base, steps, batch, features, width, fed_back, kept)
        if min(sizes) < 1:
            given = ", ".join(
                f"{name} {size}" for name, size in zip(cls._names, sizes, strict=True)
            )
            raise ValueError(f"the kernel divides by sizes, so each must be 1 or more: {given}")
        return cls(*sizes)


class _Pointers(ctypes.Structure):
    """A structure of addresses of arrays."""

    @classmethod
    def of(cls, arrays: Sequence[Tensor | None]) -> _Pointers:
        return cls(*(None if array is None else array.data_ptr() for array in arrays))


class _Weights(_Pointers):
    """The struct of the same name in time_loop.h; so are those that follow."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in Weights._fields)


class _Values(_Pointers):
    _fields_ = tuple((name, ctypes.c_void_p) for name in ("x_parts", "h_parts", "root", "h", "c"))


class _Gradients(_Pointers):
    _fields_ = tuple((name, ctypes.c_void_p) for name in ("h", "c", "root", "x"))


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
    summed, forward, backward = summed_programs(cell)
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
        sum(program.loaded),
        len(program.results),
        program.n_registers,
    )
