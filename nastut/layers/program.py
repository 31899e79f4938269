"""One time step of a cell as two flat programs, forward and backward, for the compiled kernel.

Symbols of a recording number system take the place of tensors: an elementary function of symbols
is a new symbol that remembers where it came from. So one pass through
:func:`nastut.cells.evaluate.walk` leaves all that is to be computed behind, and the chain rule read
backwards over it gives the gradients. What a cell means is not written here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nastut.cells.cell import Cell
from nastut.cells.evaluate import steps_in
from nastut.cells.number_systems import NumberSystem, Value


@dataclass(frozen=True, eq=False)
class Symbol:
    """A value that is not known yet: an input, a constant, or a function of other symbols."""

    operation: str = "input"
    operands: tuple[Symbol, ...] = ()
    number: float = 0.0

    def __add__(self, other: Value) -> Symbol:
        return _apply("add", self, other)

    def __sub__(self, other: Value) -> Symbol:
        return _apply("subtract", self, other)

    def __rsub__(self, other: Value) -> Symbol:
        return _apply("subtract", other, self)

    def __mul__(self, other: Value) -> Symbol:
        return _apply("multiply", self, other)

    __radd__, __rmul__ = __add__, __mul__


def _apply(operation: str, *operands: Value) -> Symbol:
    """Return the symbol of a function of symbols and plain numbers."""
    return Symbol(
        operation,
        tuple(
            operand if isinstance(operand, Symbol) else Symbol("constant", number=float(operand))
            for operand in operands
        ),
    )


def recording_system() -> NumberSystem:
    """Return the number system whose values are symbols."""

    def recorded(operation: str) -> Callable[..., Symbol]:
        return lambda *operands: _apply(operation, *operands)

    functions = {name: recorded(name) for name in ("tanh", "sigmoid", "relu", "sin", "maximum")}
    return NumberSystem(name="recording", real=lambda value: value, **functions)


# The derivatives of an elementary function y of a, or of a and b, with respect to these. At a kink
# they are torch's: relu has slope 0 at 0, and each of two equal values has half of a maximum.
_SLOPES: dict[str, Callable[..., tuple[Value, ...]]] = {
    "add": lambda y, a, b: (1, 1),
    "subtract": lambda y, a, b: (1, -1),
    "multiply": lambda y, a, b: (b, a),
    "maximum": lambda y, a, b: (_apply("step", a - b, 0.5), _apply("step", b - a, 0.5)),
    "tanh": lambda y, a: (1 - y * y,),
    "sigmoid": lambda y, a: (y * (1 - y),),
    "relu": lambda y, a: (_apply("step", a, 0.0),),
    "sin": lambda y, a: (_apply("cos", a),),
}


def gradients(
    results: Sequence[Symbol], grads: Sequence[Symbol], inputs: Sequence[Symbol]
) -> list[Symbol]:
    """Return the gradients with respect to `inputs`, given those with respect to `results`."""
    total: dict[Symbol, Symbol] = {}

    def collect(symbol: Symbol, grad: Symbol) -> None:
        total[symbol] = total[symbol] + grad if symbol in total else grad

    for result, grad in zip(results, grads, strict=True):
        collect(result, grad)
    for symbol in reversed(_in_order(results, inputs)):
        if symbol.operation in ("input", "constant"):
            continue
        slopes = _SLOPES[symbol.operation](symbol, *symbol.operands)
        for operand, slope in zip(symbol.operands, slopes, strict=True):
            # A slope of 1 costs no pass over the data.
            is_one = not isinstance(slope, Symbol) and slope == 1
            collect(operand, total[symbol] if is_one else total[symbol] * slope)
    return [total[symbol] for symbol in inputs]


class Instruction(NamedTuple):
    """One elementary function, the registers of its operands, and where the result goes."""

    operation: str
    operands: tuple[int, ...]
    result: int


@dataclass(frozen=True, eq=False)
class Program:
    """A straight line of instructions over registers.

    Registers are numbered: first the inputs, then the constants, then those that are computed. The
    last kind is used again once nobody needs its value any more, so that the values of a step
    stay in a small piece of memory.

    Attributes
    ----------
    n_inputs, n_registers
        Number of inputs, and of registers of all kinds.
    constants
        The values of the constant registers.
    instructions
        What is computed, in order.
    results
        The registers that hold the results in the end.
    """

    n_inputs: int
    n_registers: int
    constants: tuple[float, ...]
    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]

    @classmethod
    def between(cls, inputs: Sequence[Symbol], results: Sequence[Symbol]) -> Program:
        """Return the program that computes `results` once the values of `inputs` are known.

        What an input was computed from does not matter.
        """
        order = _in_order(results, inputs)
        numbers = sorted({s.number for s in order if s.operation == "constant"})
        register = {symbol: i for i, symbol in enumerate(inputs)}
        for symbol in order:
            if symbol.operation == "constant":
                register[symbol] = len(inputs) + numbers.index(symbol.number)

        computed = [symbol for symbol in order if symbol not in register]
        reusable = set(computed) - set(results)
        last_use = {operand: symbol for symbol in computed for operand in symbol.operands}
        n_registers, free = len(inputs) + len(numbers), list[int]()
        instructions = []
        for symbol in computed:
            operands = tuple(register[operand] for operand in symbol.operands)
            for operand in dict.fromkeys(symbol.operands):
                if last_use[operand] is symbol and operand in reusable:
                    free.append(register[operand])
            if not free:
                free.append(n_registers)
                n_registers += 1
            register[symbol] = free.pop()
            instructions.append(Instruction(symbol.operation, operands, register[symbol]))
        return cls(
            len(inputs),
            n_registers,
            tuple(numbers),
            tuple(instructions),
            tuple(register[symbol] for symbol in results),
        )


def _in_order(results: Sequence[Symbol], inputs: Sequence[Symbol]) -> list[Symbol]:
    """Return all that `results` are computed from, down to `inputs`; operands come first."""
    order: dict[Symbol, None] = dict.fromkeys(inputs)

    def visit(symbol: Symbol) -> None:
        if symbol not in order:
            for operand in symbol.operands:
                visit(operand)
            order[symbol] = None

    for symbol in results:
        visit(symbol)
    return list(order)


class StepPrograms(NamedTuple):
    """The two directions of one time step.

    A leaf that needs its two parts only as their sum is given the sum.

    Attributes
    ----------
    summed
        Which leaves these are.
    forward
        From (x_parts or sums; h_parts of the other leaves; c_{t-1}) to (h_t, c_t).
    backward
        From these three and the gradients with respect to h_t and c_t to those with respect to all
        h_parts, the x_parts of the other leaves, and c_{t-1}. Both parts of a sum have one
        gradient. The values of the forward pass are computed again: that costs less than to store
        and load them all.
    """

    summed: tuple[bool, ...]
    forward: Program
    backward: Program


@lru_cache(maxsize=4096)
def step_programs(cell: Cell) -> StepPrograms:
    """Return the programs of a cell."""
    x, h = ([Symbol() for _ in range(cell.base)] for _ in range(2))
    c, grad_h, grad_c = Symbol(), Symbol(), Symbol()
    steps = steps_in(recording_system(), cell, x, h, c)
    value = {step.stage: step.value for step in steps}
    results = [value["output"], value["create"]]
    leaves = {step.node: step.value for step in steps if step.stage == "combine"}
    summed = tuple(leaves[i].operation == "add" for i in range(cell.base))

    def of_others(symbols: Sequence[Symbol]) -> list[Symbol]:
        return [symbol for symbol, is_sum in zip(symbols, summed, strict=True) if not is_sum]

    inputs = [leaves[i] if summed[i] else x[i] for i in range(cell.base)] + [*of_others(h), c]
    by_parts = gradients(results, [grad_h, grad_c], [*x, *h, c])
    by_x, by_h, by_c = by_parts[: cell.base], by_parts[cell.base : -1], by_parts[-1]
    return StepPrograms(
        summed,
        Program.between(inputs, results),
        Program.between([*inputs, grad_h, grad_c], [*by_h, *of_others(by_x), by_c]),
    )
