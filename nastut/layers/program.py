"""Elementwise functions as flat programs, recorded once and run many times.

Symbols of a recording number system take the place of tensors: an elementary function of
symbols is a new symbol that remembers where it came from. So one pass through
:func:`nastut.cells.evaluate.walk` or :func:`nastut.layers.gradient.pullback` leaves all that is
to be computed behind. What a cell means is not written here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


def recording_system() -> NumberSystem:
    """Return the number system whose values are symbols."""

    def recorded(operation: str) -> Callable[..., Symbol]:
        return lambda *operands: _apply(operation, *operands)

    return NumberSystem(
        name="recording",
        real=lambda value: value,
        tanh=recorded("tanh"),
        sigmoid=recorded("sigmoid"),
        relu=lambda a: _apply("maximum", a, 0),
        sin=recorded("sin"),
        cos=recorded("cos"),
        maximum=recorded("maximum"),
        step=recorded("step"),
    )


def _apply(operation: str, *operands: Value) -> Symbol:
    """Return the symbol of a function of symbols and plain numbers."""
    return Symbol(
        operation,
        tuple(
            operand if isinstance(operand, Symbol) else Symbol("constant", number=float(operand))
            for operand in operands
        ),
    )


class Instruction(NamedTuple):
    """One elementary function, the registers of its operands, and where the result goes."""

    operation: str
    operands: tuple[int, ...]
    result: int


@dataclass(frozen=True, eq=False)
class Program:
    """A straight line of instructions over registers.

    Registers are numbered: first those that are loaded, then the constants, then those
    that are computed. The last kind is used again once nobody needs its value any more,
    so that the values of a step stay in a small piece of memory.

    Attributes
    ----------
    loaded, stored
        How many registers each input array fills, and how many each output array takes.
    constants
        The values of the constant registers.
    instructions
        What is computed, in order.
    results
        The registers that are stored, array after array.
    n_registers
        Number of registers of all kinds.
    """

    loaded: tuple[int, ...]
    stored: tuple[int, ...]
    constants: tuple[float, ...]
    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]
    n_registers: int

    @classmethod
    def between(
        cls, inputs: Sequence[Sequence[Symbol]], outputs: Sequence[Sequence[Symbol]]
    ) -> Program:
        """Return the program that computes `outputs` once the values of `inputs` are known.

        Parameters
        ----------
        inputs, outputs
            The symbols of each array: one for each leaf, or a single one.
        """
        known = [symbol for array in inputs for symbol in array]
        wanted = [symbol for array in outputs for symbol in array]
        order = _in_order(wanted)
        numbers = sorted({s.number for s in order if s.operation == "constant"})
        register = {symbol: i for i, symbol in enumerate(known)}
        for symbol in order:
            if symbol.operation == "constant":
                register[symbol] = len(known) + numbers.index(symbol.number)

        computed = [symbol for symbol in order if symbol.operands]
        last_use = {operand: symbol for symbol in computed for operand in symbol.operands}
        n_registers, free = len(known) + len(numbers), list[int]()
        instructions = []
        for symbol in computed:
            operands = tuple(register[operand] for operand in symbol.operands)
            for operand in dict.fromkeys(symbol.operands):
                if last_use[operand] is symbol and operand.operands and operand not in wanted:
                    free.append(register[operand])
            if not free:
                free.append(n_registers)
                n_registers += 1
            register[symbol] = free.pop()
            instructions.append(Instruction(symbol.operation, operands, register[symbol]))
        return cls(
            tuple(map(len, inputs)),
            tuple(map(len, outputs)),
            tuple(numbers),
            tuple(instructions),
            tuple(register[symbol] for symbol in wanted),
            n_registers,
        )


def _in_order(wanted: Sequence[Symbol]) -> list[Symbol]:
    """Return all that `wanted` are computed from, and these; operands come first."""
    order: dict[Symbol, None] = {}

    def visit(symbol: Symbol) -> None:
        if symbol not in order:
            for operand in symbol.operands:
                visit(operand)
            order[symbol] = None

    for symbol in wanted:
        visit(symbol)
    return list(order)
