"""Reading a formula: which operations of a cell it is made of, and what in it no cell has.

Sympy keeps a formula in its own form: sums, products and maxima have any number of terms,
a sigmoid is a power, a ReLU is a maximum. Here it becomes a tree of combinations and
activations again, and every part that no cell has is noted with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from itertools import product
from typing import NamedTuple, TypeAlias

import sympy as sp
from sympy.core.function import AppliedUndef

from nastut.cells.evaluate import apply
from nastut.cells.number_systems import sympy_system
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.symbolic.symbols import Letter, c_next, c_prev, h_prev, source, to_text


class Problem(NamedTuple):
    """A part of a formula that no cell has, and why."""

    formula: sp.Expr
    reason: str

    def __str__(self) -> str:
        return f"{shown(self.formula)} -- {self.reason}"


LONGEST_TEXT = 300
"""Characters of a formula in a message."""


def shown(formula: sp.Basic) -> str:
    """Return a formula for a message, cut if it is long."""
    try:
        text = to_text(formula)
    except RecursionError:
        return "a formula of hundreds of functions around each other"
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


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


_U, _V = sp.Dummy("u", real=True), sp.Dummy("v", real=True)
_JOINS = {row.apply(sympy_system(), _U, _V).func: name for name, row in COMBINATIONS.items()}
_IMAGES = {name: row.apply(sympy_system(), _U) for name, row in ACTIVATIONS.items()}
"""How sympy writes each activation of u."""


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
    if found := _outermost(formula):
        name, inside, rest = found
        applied = Applied(name, read(inside, problems))
        return _beside(applied, _JOINS[formula.func], read(rest, problems)) if rest else applied

    factor, rest = formula.as_coeff_Mul()
    if factor != 1:
        return refuse(f"the factor {shown(factor)} is a constant; {_NO_CONSTANTS}", rest)
    if formula.is_Add:
        return _read_sum(formula, problems)
    if formula.is_Pow:
        return _read_power(formula, problems)
    if formula.func in _JOINS:
        return _join(_JOINS[formula.func], formula.args, problems)
    name = formula.func.__name__
    if isinstance(formula, AppliedUndef) and name.startswith("U_"):
        return refuse(
            "a product with a matrix inside the tree; only leaves have matrices, and those "
            "multiply x_t or h_{t-1}, nothing that the cell has made",
            formula.args[0],
        )
    return refuse(f"{name} is not among {_OPERATIONS}")


def _outermost(formula: sp.Expr) -> tuple[str, sp.Expr, sp.Expr | None] | None:
    """Return the activation that a formula ends with: its name, what it takes, what is beside it.

    Beside it in the same product or sum: sympy writes c * (u * sigmoid(u)) as one product. Of
    several, the one that takes most parts is the last. A ReLU is not among them, but a part 0.
    """
    found = []
    for name, image in _IMAGES.items():
        if image.func != formula.func or image.func == sp.Max:
            continue
        for inside in _solutions(image, formula):
            whole = apply(sympy_system(), name, inside)
            if whole == formula:
                return name, inside, None
            if whole.func in (sp.Add, sp.Mul) and set(whole.args) < set(formula.args):
                rest = formula.func(*(part for part in formula.args if part not in whole.args))
                found.append((len(whole.args), name, inside, rest))
    return max(found, key=lambda entry: entry[0])[1:] if found else None


def _solutions(image: sp.Expr, formula: sp.Expr) -> Iterator[sp.Expr]:
    """Yield what u may be if `image`, an expression in u, is `formula` or a part of it."""
    if image == _U:
        yield formula
        return
    inside = [part for part in image.args if part.has(_U)]
    if len(inside) == 1 and (image.is_Add or image.is_Mul):
        others = image.func(*(part for part in image.args if part != inside[0]))
        yield from _solutions(inside[0], _without(others, formula, image.is_Mul))
    elif image.func == formula.func:
        for one, other in product(inside, formula.args):
            if one != _U or len(image.args) == 1:
                yield from _solutions(one, other)


def _without(others: sp.Expr, formula: sp.Expr, factor: bool) -> sp.Expr:
    """Return a formula without a constant: a factor of each of its terms, or a term of its own."""
    if not factor:
        return formula - others
    pairs = (term.as_coeff_Mul() for term in sp.Add.make_args(formula))
    return sp.Add(*(sp.nsimplify(number / others) * rest for number, rest in pairs))


def _beside(applied: Applied, combination: str, rest: Quantity) -> Joined:
    """Return an activation joined with the rest of its sum or product."""
    same = isinstance(rest, Joined) and rest.combination == combination
    return Joined(combination, (applied, *(parts_of(rest) if same else (rest,))))


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
    """Say why a power does not fit: a sigmoid is an activation, and has been read before."""
    base, exponent = formula.args
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
    if symbol == h_prev:
        return "it stands without a matrix; it enters a cell only times the matrix of a leaf"
    if enters(Letter(symbol.name, real=True)):
        return "a symbol of sympy's own by the name of a letter; take it from nastut"
    return (
        "an unknown symbol; what enters a cell are products of a matrix with x_t or h_{t-1} "
        "(nt.gate, nt.leaf_symbols) and c_{t-1} (nt.c_prev), and no biases: those belong to "
        "the layer"
    )
