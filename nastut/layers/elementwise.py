"""What happens inside a cell at one time step, as programs; and how programs are run.

It is all elementwise. Forward is :func:`nastut.cells.evaluate.walk`, backward is
:func:`nastut.layers.gradient.pullback`, recorded once a cell. The way back computes the values of
the way forward anew: that costs less than to store and to load them all.

A program runs on :mod:`nastut.layers.kernel` where that is available. Elsewhere a library of
arrays runs it (:func:`bind`), instruction by instruction, in a few buffers: NumPy on the CPU,
because a call costs it half of what it costs torch, and torch on other devices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.cells.evaluate import steps_in
from nastut.layers.gradient import pullback
from nastut.layers.program import Program, Symbol, recording_system

Run = Callable[[int], None]
"""``run(t)`` runs a program on step t of the arrays that it is bound to."""


class StepPrograms(NamedTuple):
    """The two directions of one time step.

    Attributes
    ----------
    forward
        From (x_parts, h_parts, c_{t-1}) to (h_t, c_t).
    backward
        From these three and the gradients by h_t and by c_t to the gradients by these three.
    """

    forward: Program
    backward: Program


class SummedPrograms(NamedTuple):
    """The same, where a leaf that needs its two parts only as their sum is given the sum.

    Attributes
    ----------
    summed
        Which leaves these are.
    forward
        From (x_parts or sums; h_parts of the other leaves; c_{t-1}) to (h_t, c_t).
    backward
        From these three and the gradients by h_t and by c_t to those by all h_parts, by the
        x_parts of the other leaves, and by c_{t-1}. For a sum, both parts have one gradient.
    """

    summed: tuple[bool, ...]
    forward: Program
    backward: Program


@lru_cache(maxsize=4096)
def step_programs(cell: Cell) -> StepPrograms:
    """Return the programs of a cell."""
    r = _Recorded(cell)
    return StepPrograms(
        Program.between([r.x, r.h, [r.c]], r.results),
        Program.between([r.x, r.h, [r.c], *r.grads], [r.by_x, r.by_h, [r.by_c]]),
    )


@lru_cache(maxsize=4096)
def summed_programs(cell: Cell) -> SummedPrograms:
    """Return the programs of a cell whose leaves are given sums where a sum will do."""
    r = _Recorded(cell)
    summed = tuple(leaf.operation == "add" for leaf in r.leaves)

    def of_others(symbols: Sequence[Symbol]) -> list[Symbol]:
        return [symbol for symbol, is_sum in zip(symbols, summed, strict=True) if not is_sum]

    parts = [(x, leaf)[is_sum] for x, leaf, is_sum in zip(r.x, r.leaves, summed, strict=True)]
    given = [parts, of_others(r.h), [r.c]]
    return SummedPrograms(
        summed,
        Program.between(given, r.results),
        Program.between([*given, *r.grads], [r.by_h, of_others(r.by_x), [r.by_c]]),
    )


class _Recorded:
    """The symbols of one step of a cell, and of the way back."""

    def __init__(self, cell: Cell) -> None:
        xp = recording_system()
        self.x, self.h = ([Symbol() for _ in range(cell.base)] for _ in range(2))
        self.c, grad_h, grad_c = Symbol(), Symbol(), Symbol()
        self.grads = [[grad_h], [grad_c]]
        steps = steps_in(xp, cell, self.x, self.h, self.c)
        made = {step.stage: step.value for step in steps}
        self.results = [[made["output"]], [made["create"]]]
        combined = {step.node: step.value for step in steps if step.stage == "combine"}
        self.leaves = [combined[i] for i in range(cell.base)]
        self.by_x, self.by_h, self.by_c = pullback(
            cell, xp, steps, self.x, self.h, self.c, grad_h, grad_c
        )


def bind(program: Program, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Run:
    """Return a function of t that fills ``outputs[...][t]`` from ``inputs[...][t]``.

    Parameters
    ----------
    program
        What is computed.
    inputs, outputs
        Arrays of shape (T, B, p * H) where the program takes or gives p parts; of one type and
        on one device; contiguous at each t. An input and an output may be the same array.
    """
    like = inputs[0].detach()
    on_numpy = like.device.type == "cpu" and like.dtype in _NUMPY_TYPES
    functions = _NUMPY if on_numpy else _TORCH

    def native(tensor: Tensor) -> Any:
        return tensor.detach().numpy() if on_numpy else tensor.detach()

    def by_part(array: Tensor, count: int) -> Any:
        """Return a view of shape (T, p, B, H)."""
        return native(array.view(*array.shape[:2], count, array.shape[2] // count).transpose(1, 2))

    sources = [by_part(*pair) for pair in zip(inputs, program.loaded, strict=True)]
    targets = [by_part(*pair) for pair in zip(outputs, program.stored, strict=True)]
    copies = [native(like.new_empty(source.shape[1:])) for source in sources]
    registers = [part for copy in copies for part in copy]
    registers += [native(like.new_tensor(number)) for number in program.constants]
    buffers = range(len(registers), program.n_registers)
    registers += [native(like.new_empty(registers[0].shape)) for _ in buffers]
    code = [
        partial(functions[name], *(registers[k] for k in operands), out=registers[result])
        for name, operands, result in program.instructions
    ]
    target_parts = [target[:, i] for target in targets for i in range(target.shape[1])]
    stores = [(part, registers[k]) for part, k in zip(target_parts, program.results, strict=True)]

    @np.errstate(all="ignore")  # as in torch, infinity and NaN go their way in silence
    def run(t: int) -> None:
        for copy, source in zip(copies, sources, strict=True):
            copy[...] = source[t]
        for instruction in code:
            instruction()
        for target, result in stores:
            target[t] = result

    return run


def _sigmoid(a: Any, out: Any) -> None:
    np.negative(a, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


_NUMPY_TYPES = (torch.float32, torch.float64)

_NUMPY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "step": np.heaviside,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "sin": np.sin,
    "cos": np.cos,
}

_TORCH: dict[str, Callable[..., Any]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "maximum": torch.maximum,
    "step": torch.heaviside,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "sin": torch.sin,
    "cos": torch.cos,
}
