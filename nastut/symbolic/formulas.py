"""Cell -> sympy equations: one a step, and expanded; as LaTeX; and the memory path."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from nastut.cells.cell import Cell, require_cell
from nastut.cells.evaluate import Stage, apply, evaluate, walk
from nastut.cells.number_systems import sympy_system
from nastut.symbolic.symbols import (
    c_next,
    c_prev,
    h_next,
    leaf_symbols,
    node_symbol,
    to_latex,
    to_text,
)


@dataclass(frozen=True)
class Formulas:
    """What a cell computes, as equations.

    In a notebook it shows the steps, typeset.

    Attributes
    ----------
    cell
        The cell.
    steps
        The equations in the order of the walk: a_0 = ..., c_t = ..., h_t = ...
        A prime marks a node's value after the injection.
    h, c
        h_t and c_t in terms of the leaf symbols and c_{t-1} only. The names of these letters
        are identifiers, so that code can be made of them: ``sympy.ccode(h)``. From ``str(h)`` it
        is ``sympy.sympify(str(h), locals={s.name: s for s in h.free_symbols})``. For torch,
        :func:`nastut.evaluate` needs no code. That of ``sympy.lambdify(letters, h, "torch")``
        compares tensors with a number, which ``torch.max`` does not; instead of ``"torch"`` give
        ``[{"max": lambda a, b: b.clamp(min=a)}, "torch"]``.
    """

    cell: Cell
    steps: tuple[sp.Eq, ...]
    h: sp.Expr
    c: sp.Expr

    @property
    def memory_path(self) -> sp.Expr:
        """The derivative of c_t with respect to c_{t-1} in one step; 0 without a memory path."""
        return sp.diff(self.c, c_prev)

    def latex(self) -> str:
        """Return the steps as one aligned LaTeX block, without dollar signs."""
        lines = (rf"{to_latex(step.lhs)} &= {to_latex(step.rhs)}" for step in self.steps)
        return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def __repr__(self) -> str:
        return "\n".join(map(to_text, self.steps))


def formulas(cell: Cell) -> Formulas:
    """Return the equations of a cell.

    Examples
    --------
    >>> import nastut as nt
    >>> print(nt.formulas(nt.zoo.EXAMPLE))
    a_0 = tanh(W_1 x_t + W_2 h_{t-1})
    a_0' = ReLU(a_0 + c_{t-1})
    c_t = W_3 x_t ⊙ W_4 h_{t-1}
    a_1 = ReLU(c_t)
    a_2 = sigmoid(a_0' ⊙ a_1)
    h_t = a_2
    """
    require_cell(cell)
    x, h = zip(*(leaf_symbols(i) for i in range(cell.base)), strict=True)
    equations: list[sp.Eq] = []

    def visit(node: int, stage: Stage, operation: str, *inputs: sp.Expr) -> sp.Expr:
        if stage == "activate" and node == cell.create_index:
            inputs = (c_next,)
        value = apply(sympy_system(), operation, *inputs)
        match stage:
            case "combine" | "inject":
                return value
            case "create":
                name = c_next
            case "activate":
                name = node_symbol(node)
            case "activate injected":
                name = node_symbol(node, injected=True)
            case "output":
                name = h_next
        equations.append(sp.Eq(name, value, evaluate=False))
        return name

    walk(cell, x, h, c_prev, visit)
    h_expanded, c_expanded = evaluate(cell, x, h, c_prev)
    return Formulas(cell, tuple(equations), h_expanded, c_expanded)
