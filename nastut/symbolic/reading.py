"""Reading a formula: which operations of a cell it is made of, and what in it no cell has.

Sympy keeps a formula in its own form: sums, products and maxima have any number of terms,
a sigmoid is a power, a ReLU is a maximum. Here it becomes a tree of combinations and
activations again, and every part that no cell has is noted with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import NamedTuple, TypeAlias

import sympy as sp
from sympy.core.function import AppliedUndef

from nastut.cells.evaluate import apply
from nastut.cells.number_systems import sympy_system
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.symbolic.symbols import c_next, c_prev, h_prev, source, to_text


class Problem(NamedTuple):
    """A part of a formula that no cell has, and why."""

    formula: sp.Expr
    reason: str

    def __str__(self) -> str:
        return f"{shown(self.formula)} -- {self.reason}"


DEEPEST, LONGEST = 100, 25_000
"""Sympy's levels and parts of a formula that is read.

A cell of base 1,024, the largest, has 2,047 nodes in eleven layers; in sympy a sigmoid of a sum is
ten parts, and five levels.
"""

PRINTED, TEXT = 1_000, 300
"""Parts of a formula that is printed, and the characters that are."""


def measure(formula: sp.Basic) -> tuple[int, int]:
    """Return how many levels a formula has, and of how many parts it is made.

    What stands at several places counts as often. The count ends above what is read: a formula
    may have 2^100 parts and yet be built in no time.
    """
    deepest = parts = 0
    waiting = [(formula, 1)]
    while waiting and deepest <= DEEPEST and parts <= LONGEST:
        part, level = waiting.pop()
        deepest, parts = max(deepest, level), parts + 1
        waiting += [(inner, level + 1) for inner in part.args]
    return deepest, parts


def too_large(formula: sp.Basic) -> bool:
    """Tell whether a formula is larger than any that a cell computes."""
    deepest, parts = measure(formula)
    return deepest > DEEPEST or parts > LONGEST


def shown(formula: sp.Basic) -> str:
    """Return a formula for a message, whatever it is."""
    deepest, parts = measure(formula)
    if deepest > DEEPEST or parts > PRINTED:
        return "a formula too large to print"
    try:
        text = to_text(formula)
    except Exception:  # Sympy's printers raise many things; Python prints no huge number.
        return f"a formula that cannot be printed, of type {type(formula).__name__}"
    return text if len(text) <= TEXT else f"{text[:TEXT]}..."


class NotRepresentable(ValueError):  # noqa: N818 - the name says it, as StopIteration does
    """Formulas that no cell computes.

    Attributes
    ----------
    problems
        Every part that does not fit, with the reason.
    formula, reason
        The first of them.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.formula, self.reason = self.problems[0]
        super().__init__(self.problems)

    def __str__(self) -> str:
        only, *others = self.problems
        if not others:
            return f"these formulas fit no cell: {only}"
        lines = (f"{number}. {problem}" for number, problem in enumerate(self.problems, 1))
        return "\n".join((f"these formulas fit no cell, for {len(self.problems)} reasons:", *lines))


@dataclass(frozen=True)
class Applied:
    """An activation of one quantity."""

    activation: str
    to: Quantity


@dataclass(frozen=True)
class Joined:
    """A combination of two quantities or more, in any order; a ReLU is a maximum with 0."""

    combination: str
    parts: tuple[Quantity, ...]


Quantity: TypeAlias = sp.Expr | Applied | Joined
"""A tree of operations with symbols at its ends."""


def parts_of(quantity: Quantity) -> tuple[Quantity, ...]:
    """Return what the outermost operation of a quantity takes; nothing for a symbol."""
    match quantity:
        case Applied():
            return (quantity.to,)
        case Joined():
            return quantity.parts
        case _:
            return ()


def walk(quantity: Quantity) -> Iterator[Quantity]:
    """Yield a quantity and all that is inside it."""
    yield quantity
    for part in parts_of(quantity):
        yield from walk(part)


def formula_of(quantity: Quantity) -> sp.Expr:
    """Return a quantity as a sympy expression."""
    parts = [formula_of(part) for part in parts_of(quantity)]
    match quantity:
        case Applied():
            return apply(sympy_system(), quantity.activation, *parts)
        case Joined():
            return reduce(partial(apply, sympy_system(), quantity.combination), parts)
        case _:
            return quantity


# How sympy writes each operation: tanh(u) is of the class tanh, a + b of the class Add.
_U, _V = sp.Dummy("u"), sp.Dummy("v")
_FUNCTIONS = {
    image.func: name
    for name, row in ACTIVATIONS.items()
    if (image := row.apply(sympy_system(), _U)).args == (_U,)
}
_JOINS = {row.apply(sympy_system(), _U, _V).func: name for name, row in COMBINATIONS.items()}


def read(formula: sp.Expr, problems: list[Problem]) -> Quantity:
    """Return a formula as operations of a cell; what no cell has is added to `problems`."""

    def refuse(reason: str, part: sp.Expr | None = None) -> Quantity:
        problems.append(Problem(formula, reason))
        return formula if part is None else read(part, problems)

    if not formula.free_symbols:
        return refuse("a constant; a cell has none")
    if formula.is_Symbol:
        reason = _why_foreign(formula)
        return refuse(reason) if reason else formula

    factor, rest = formula.as_coeff_Mul()
    if factor != 1:
        return refuse(f"the factor {shown(factor)} is a constant; {_NO_CONSTANTS}", rest)
    if formula.is_Add:
        return _read_sum(formula, problems)
    if formula.is_Pow:
        return _read_power(formula, problems)
    if formula.func in _JOINS:
        return _join(_JOINS[formula.func], formula.args, problems)
    if formula.func in _FUNCTIONS:
        return Applied(_FUNCTIONS[formula.func], read(formula.args[0], problems))
    name = formula.func.__name__
    if isinstance(formula, AppliedUndef) and name.startswith("U_"):
        return refuse(
            "a product with a matrix inside the tree; only leaves have matrices, and those "
            "multiply x_t or h_{t-1}, nothing that the cell has made",
            formula.args[0],
        )
    return refuse(f"{name} is not among {_OPERATIONS}")


_NO_CONSTANTS = (
    "a cell has none; a factor can be part of a matrix, and 1 - sigmoid(u) is sigmoid(-u)"
)
USED_ONCE = (
    "the memory enters a cell once, every leaf has matrices of its own, and the value of a node "
    "goes to one place, the node above"
)
_OPERATIONS = (
    f"the operations of a cell, which are {', '.join((*COMBINATIONS, *ACTIVATIONS))} "
    "(write a sigmoid as nt.sigmoid(u) or 1 / (1 + exp(-u)), a ReLU as Max(0, u))"
)


def _join(name: str, terms: Iterable[sp.Expr], problems: list[Problem]) -> Quantity:
    # A 0 stands in a maximum only, where it is no constant but a ReLU.
    return Joined(name, tuple(t if t == 0 else read(t, problems) for t in terms))


def _read_sum(formula: sp.Add, problems: list[Problem]) -> Quantity:
    """Read a sum; its constants, as in 1 - z, are one problem."""
    if _is_inverse_sigmoid(formula):
        problems.append(Problem(formula, f"dividing by a sigmoid is not among {_OPERATIONS}"))
        return formula
    pairs = [term.as_coeff_Mul() for term in formula.args]
    constants = [factor for factor, rest in pairs if factor != 1 or rest == 1]
    terms = [rest for _, rest in pairs if rest != 1]
    if constants:
        in_order = sorted(set(constants), key=sp.default_sort_key, reverse=True)
        numbers = ", ".join(map(shown, in_order))
        problems.append(Problem(formula, f"constants in it ({numbers}); {_NO_CONSTANTS}"))
    return _join("Add", terms, problems) if len(terms) > 1 else read(terms[0], problems)


def _read_power(formula: sp.Pow, problems: list[Problem]) -> Quantity:
    """Read 1 / (1 + exp(-u)) as a sigmoid; any other power does not fit."""
    base, exponent = formula.args
    if exponent == -1 and _is_inverse_sigmoid(base):
        return Applied("Sigmoid", read(-(base - 1).args[0], problems))
    if not exponent.is_Integer:
        problems.append(Problem(formula, f"a power is not among {_OPERATIONS}"))
        return formula
    factor = base ** sp.sign(exponent)
    if factor != formula:
        problems.append(Problem(formula, f"{shown(abs(exponent))} equal factors; {USED_ONCE}"))
        return read(factor, problems)
    problems.append(Problem(formula, f"a division is not among {_OPERATIONS}"))
    return formula


def _is_inverse_sigmoid(formula: sp.Expr) -> bool:
    return formula.is_Add and isinstance(formula - 1, sp.exp)


def enters(symbol: sp.Symbol) -> bool:
    """Tell whether a symbol is a product with a leaf's matrix, c_{t-1}, or c_t inside h_t."""
    return symbol in (c_prev, c_next) or source(symbol) is not None


def _why_foreign(symbol: sp.Symbol) -> str:
    """Return why `symbol` enters no cell; nothing if it does enter."""
    if enters(symbol):
        return ""
    if symbol.name == h_prev.name:
        return "it stands without a matrix; it enters a cell only times the matrix of a leaf"
    if symbol.name in (c_prev.name, c_next.name) or source(sp.Symbol(symbol.name, real=True)):
        return "a symbol that sympy does not know to be real; take it from nastut"
    return (
        "an unknown symbol; what enters a cell are products of a matrix with x_t or h_{t-1} "
        "(nt.gate, nt.leaf_symbols) and c_{t-1} (nt.c_prev), and no biases: those belong to "
        "the layer"
    )
