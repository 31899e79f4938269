"""The compiled kernel: runs an elementwise program in one pass over the data.

``kernel.cpp`` is a small interpreter: a cell arrives as data, so one compilation of about
two seconds, kept in a cache folder, serves every cell there is. It is written in the vector
classes that torch's own kernels are written in. Their headers come with torch, so exp, sin,
NaN and infinity are as there, and no floating-point mode is changed. It is called through
ctypes at every step; the matrix products in between stay torch's.

Considered instead: ``torch.compile``, and C++ generated for the cell at hand. Both compile for
seconds for *every* cell, which a search over cells would pay thousands of times.

Nothing depends on a compiler. Where there is none, or anything about it fails, the kernel
is not available, :attr:`Kernel.status` says why, and callers do without.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nastut.layers.program import Program

Run = Callable[[int], None]
"""``run(t)`` runs a program on step t of the arrays that it is bound to."""

_TORCH_FOLDER = Path(torch.__file__).parent

_FUNCTIONS = {torch.float32: "run_float32", torch.float64: "run_float64"}

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

# By what torch finds in this processor; elsewhere the vector classes are plain loops.
_VECTOR_FLAGS = {
    "AVX512": "-DCPU_CAPABILITY_AVX512 -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma",
    "AVX2": "-DCPU_CAPABILITY_AVX2 -mavx2 -mfma -mf16c",
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
        on_cpu = like.device.type == "cpu" and like.dtype in _FUNCTIONS
        return on_cpu and self.library is not None

    def bind(
        self, programs: Sequence[Program], inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> Run:
        """Return a function that runs programs.

        See :func:`nastut.layers.elementwise.bind_members`.
        """
        tensors = (*inputs, *outputs)  # kept alive by `run`, which knows their addresses only
        arrays = (_Array * len(tensors))(*map(_Array.of, tensors))
        structures = (ctypes.POINTER(_Program) * len(programs))(
            *[ctypes.pointer(_structure(program)) for program in programs]
        )
        *_, rows, columns = tensors[0].shape
        width = columns // programs[0].loaded[0]
        function = getattr(self.library, _FUNCTIONS[tensors[0].dtype])

        def run(t: int, _alive: object = tensors) -> None:
            function(structures, len(structures), arrays, t, rows, width)

        return run


@cache
def load() -> Kernel:
    """Return the kernel, compiled now if the cache folder does not hold it; never raise."""
    try:
        path = _compiled()
        library = ctypes.CDLL(str(path))
        for name in _FUNCTIONS.values():
            function = getattr(library, name)
            function.restype = None
            function.argtypes = (
                ctypes.POINTER(ctypes.POINTER(_Program)),
                ctypes.c_int64,
                ctypes.POINTER(_Array),
                ctypes.c_int64,
                ctypes.c_int64,
                ctypes.c_int64,
            )
    except subprocess.CalledProcessError as error:
        return Kernel(None, f"not available: the compiler says {error.stderr[-2000:]}")
    except Exception as error:  # whatever it is, the layer works without
        return Kernel(None, f"not available: {error}")
    return Kernel(library, f"compiled: {path}")


def _compiled() -> Path:
    """Return the path of the library, after making it if it is not there.

    Its name is a hash of all that it was made from, and of the system it was made on: a
    cache folder may be shared by machines and outlive an upgrade.
    """
    source = Path(__file__).with_name("kernel.cpp")
    command = [*_compiler(), *_flags(), str(source)]
    made_from = (source.read_text("utf-8"), *command, torch.__version__, platform.platform())
    name = hashlib.sha256("\n".join(made_from).encode()).hexdigest()[:32]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nastut"
    path = folder / f"kernel-{name}.so"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / path.name
            subprocess.run(
                [*command, "-o", str(made), *_libraries()],
                check=True,
                capture_output=True,
                text=True,
                timeout=120,
            )
            made.replace(path)  # in one go: no process ever sees half a library
    return path


def _compiler() -> list[str]:
    """Return the command of a C++ compiler: what the variable CXX says, else the usual names.

    Raises
    ------
    OSError
        If there is none.
    """
    if sys.platform == "win32":
        raise OSError("the kernel is not built on Windows")
    chosen = shlex.split(os.environ.get("CXX", ""))
    for command in [chosen] if chosen else [["c++"], ["g++"], ["clang++"]]:
        if shutil.which(command[0]):
            return command
    raise OSError(f"no C++ compiler {chosen[0] if chosen else 'c++, g++ or clang++'} on the PATH")


def _flags() -> list[str]:
    vectors = _VECTOR_FLAGS.get(torch.backends.cpu.get_cpu_capability(), "")
    include = f"-I{_TORCH_FOLDER / 'include'}"
    return ["-O3", "-std=c++20", "-fPIC", "-shared", *vectors.split(), include]


def _libraries() -> list[str]:
    folder = _TORCH_FOLDER / "lib"
    return [f"-L{folder}", f"-Wl,-rpath,{folder}", "-ltorch_cpu"]


class _Program(ctypes.Structure):
    """The struct of the same name in kernel.cpp."""

    _fields_ = (
        ("instructions", ctypes.POINTER(ctypes.c_int32)),
        ("constants", ctypes.POINTER(ctypes.c_double)),
        ("loaded", ctypes.POINTER(ctypes.c_int64)),
        ("stored", ctypes.POINTER(ctypes.c_int64)),
        ("results", ctypes.POINTER(ctypes.c_int32)),
        ("n_instructions", ctypes.c_int64),
        ("n_constants", ctypes.c_int64),
        ("n_loaded", ctypes.c_int64),
        ("n_stored", ctypes.c_int64),
        ("n_registers", ctypes.c_int64),
    )


class _Array(ctypes.Structure):
    """The struct of the same name in kernel.cpp."""

    _fields_ = (
        ("start", ctypes.c_void_p),
        ("step", ctypes.c_int64),
        ("member", ctypes.c_int64),
    )

    @classmethod
    def of(cls, tensor: Tensor) -> _Array:
        """Return the structure of a tensor whose first axes are time and members."""
        size = tensor.element_size()
        return cls(tensor.data_ptr(), tensor.stride(0) * size, tensor.stride(1) * size)


@lru_cache(maxsize=4096)
def _structure(program: Program) -> _Program:
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
        array(ctypes.c_int64, program.loaded),
        array(ctypes.c_int64, program.stored),
        array(ctypes.c_int32, program.results),
        len(program.instructions),
        len(program.constants),
        len(program.loaded),
        len(program.stored),
        program.n_registers,
    )
