"""sympy equations -> Cell: the inverse of :mod:`nastut.symbolic.formulas`, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import fill

import numpy as np
import sympy as sp

from nastut.cells.cell import Cell, Node
from nastut.cells.evaluate import evaluate
from nastut.cells.number_systems import Value, system_of
from nastut.cells.sequence import LARGEST_BASE, number_of_nodes
from nastut.symbolic.layout import PASS_THROUGH, Block, block_of, seats
from nastut.symbolic.reading import (
    USED_ONCE,
    Applied,
    Joined,
    NotRepresentable,
    Problem,
    Quantity,
    enters,
    formula_of,
    parts_of,
    read,
    walk,
)
from nastut.symbolic.symbols import c_next, c_prev, source, to_text

WIDTH = 88
"""Letters in a line of tokens, so that a page does not break it within a word."""


@dataclass(frozen=True)
class Linearization:
    """A cell found from formulas.

    Attributes
    ----------
    cell
        The cell.
    leaves
        What each leaf holds, such as W_f x_t + U_f h_{t-1}; None for an empty leaf, whose
        matrices are zero.
    """

    cell: Cell
    leaves: tuple[sp.Expr | None, ...]

    def __str__(self) -> str:
        held = ("zeros" if leaf is None else to_text(leaf) for leaf in self.leaves)
        tokens = fill(str(self.cell), WIDTH)
        return "\n".join((tokens, *(f"leaf {i}: {text}" for i, text in enumerate(held))))

    def evaluate(self, values: Mapping[sp.Symbol, Value]) -> tuple[Value, Value]:
        """Return h_t and c_t for values of the symbols in the formulas.

        Parameters
        ----------
        values
            A value for each symbol, c_{t-1} included: numbers, arrays, tensors or sympy
            expressions, of one shape.

        Raises
        ------
        ValueError
            If a symbol has no value, or shapes differ.
        """
        held = [leaf.free_symbols if leaf is not None else set() for leaf in self.leaves]
        missing = sorted(to_text(s) for s in {c_prev}.union(*held) if s not in values)
        if missing:
            raise ValueError(f"values lacks {', '.join(missing)}: each symbol needs a value")
        zeros = _zeros_like(values[c_prev])
        x, h = (
            [next((values[s] for s in symbols if source(s) == side), zeros) for symbols in held]
            for side in ("x", "h")
        )
        return evaluate(self.cell, x, h, values[c_prev])


def linearize(h: sp.Expr, c: sp.Expr) -> Linearization:
    """Return the smallest cell that computes h_t and c_t.

    A sum of several gates is a sum of leaves. A branch that is shallower than the tree is
    filled up with leaves that hold zeros, which are only ever added. (A tree that multiplied
    by zeros could hide c_t from h_t, one that compared with them could make a ReLU without an
    activation; such trees are not looked for.)

    Each function around another, or product of a sum, needs a node above the last, and doubles
    the leaves: ten around a gate make the largest cell, of 1,024 leaves.

    Parameters
    ----------
    h
        h_t: sums, products, maxima, tanh, sin, :func:`nastut.sigmoid` and ``Max(0, u)`` of
        gates (:func:`nastut.gate`), :func:`nastut.leaf_symbols` and c_{t-1} (``nt.c_prev``).
        It contains c_t, written out or as ``nt.c_next``.
    c
        c_t, in the same terms.

    Raises
    ------
    NotRepresentable
        If no cell computes them, naming each part that does not fit and the reason.
    TypeError
        If `h` or `c` is no sympy expression, or contains sympy matrices.

    Examples
    --------
    >>> import nastut as nt, sympy as sp
    >>> i, f, o = (nt.sigmoid(nt.gate(name)) for name in "ifo")
    >>> c = f * nt.c_prev + i * sp.tanh(nt.gate("g"))
    >>> nt.linearize(o * sp.tanh(nt.c_next), c).cell == nt.zoo.LSTM
    True
    """
    for name, formula in (("h", h), ("c", c)):
        if not isinstance(formula, sp.Expr):
            raise TypeError(
                f"{name} is of type {type(formula).__name__}; a sympy expression is needed, the "
                "right-hand side of an equation"
            )
        if formula.has(sp.MatrixExpr):
            raise TypeError(
                f"{name} contains sympy matrices; all is elementwise here, so a scalar stands for "
                "one component: nt.gate('f') is one of W_f x_t + U_f h_{t-1}"
            )
    problems: list[Problem] = []
    try:
        output, memory = read(h, problems), read(c, problems)
    except RecursionError:
        raise NotRepresentable([Problem(h, _TOO_DEEP)]) from None
    if c_next not in h.free_symbols:
        output = _in_terms_of(memory, output)
    if not problems and c_next not in set(walk(output)):
        problems.append(Problem(c, _NO_NODE))
    if c_next in c.free_symbols:
        problems.append(Problem(c, _CIRCULAR))
    if c_prev not in h.free_symbols | c.free_symbols:
        problems.append(Problem(c_prev, _NO_MEMORY))
    problems += _repeated(output, memory)
    if problems:
        raise NotRepresentable(dict.fromkeys(problems))
    root = block_of(output, memory)
    if root.size > LARGEST_BASE:
        raise NotRepresentable([Problem(h, f"{_TOO_DEEP}; this one needs {root.size}")])
    return _planted(root)


def _planted(root: Block) -> Linearization:
    """Return the tree with `root` at its top, and pass-throughs where no block sits."""
    nodes = [PASS_THROUGH] * number_of_nodes(root.size)
    leaves: list[sp.Expr | None] = [None] * root.size
    inject, create_index, inject_index = PASS_THROUGH, 0, 0
    for index, block in seats(root):
        nodes[index] = Node(block.combination, block.activation)
        if block.symbols:
            leaves[index] = formula_of(Joined(block.combination, block.symbols))
        if block.create:
            create_index = index
        if block.injection:
            inject, inject_index = block.injection, index
    return Linearization(Cell(tuple(nodes), inject, create_index, inject_index), tuple(leaves))


_TOO_DEEP = (
    f"the largest cell has {LARGEST_BASE:,} leaves; each function around another doubles their "
    "number"
)
_NO_NODE = (
    "no node has joined it; c_t is made on the way to h_t, and h_t does not contain this formula"
)
_CIRCULAR = "c_t stands in its own formula; the memory of the step before is c_{t-1}, nt.c_prev"
_NO_MEMORY = "the memory never enters; it joins a node of every cell, and neither formula has it"


def _in_terms_of(memory: Quantity, output: Quantity) -> Quantity:
    """Return h_t with the symbol c_t wherever it contains the formula of c_t."""
    if output == memory:
        return c_next
    match output:
        case Applied(activation, to):
            return Applied(activation, _in_terms_of(memory, to))
        case Joined(combination, parts):
            beside = _beside(memory, output)
            if beside is not None:
                return Joined(combination, (c_next, *beside))
            return Joined(combination, tuple(_in_terms_of(memory, part) for part in parts))
        case _:
            return output


def _beside(memory: Quantity, whole: Joined) -> list[Quantity] | None:
    """Return the parts of `whole` beside c_t, if c_t is some of its parts.

    It may be, since sympy writes a + (b + c) as a + b + c.
    """
    if not isinstance(memory, Joined) or memory.combination != whole.combination:
        return None
    missing = set(memory.parts) - set(whole.parts)
    if missing == {0}:
        # Sympy drops the ReLU of c_t from a maximum whose other parts are never below 0.
        both = Joined(whole.combination, (memory, *whole.parts))
        if formula_of(both) != formula_of(whole):
            return None
    elif missing:
        return None
    return [part for part in whole.parts if part not in memory.parts]


def _repeated(*quantities: Quantity) -> Iterator[Problem]:
    """Yield what stands at several places, unless it is part of a larger such thing."""
    places = Counter(part for quantity in quantities for part in walk(quantity))

    def visit(quantity: Quantity) -> Iterator[Problem]:
        if isinstance(quantity, sp.Expr) and not (quantity.is_Symbol and enters(quantity)):
            return
        if places[quantity] > 1:
            where = f"it stands at {places[quantity]} places"
            yield Problem(formula_of(quantity), f"{where}; {USED_ONCE}")
            return
        for part in parts_of(quantity):
            yield from visit(part)

    for quantity in quantities:
        yield from visit(quantity)


def _zeros_like(value: Value) -> Value:
    match system_of([value]).name:
        case "torch":
            return value.new_zeros(value.shape)
        case "sympy":
            return sp.S.Zero
        case _:
            return np.zeros_like(value)
