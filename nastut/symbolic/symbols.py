"""The letters of the formulas, and how formulas are printed.

Every operation is elementwise, so a scalar symbol stands for one component of a vector.
The letters are the article's: W_1, W_2 belong to leaf 0; a_0, a_1, ... are node values.
"""

from __future__ import annotations

import re
from typing import Literal

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from nastut.cells.number_systems import sympy_system

# A name with a brace is printed by sympy as it stands, so these names are LaTeX already.
c_prev = sp.Symbol("c_{t-1}", real=True)
c_next = sp.Symbol("c_{t}", real=True)
h_prev = sp.Symbol("h_{t-1}", real=True)
h_next = sp.Symbol("h_{t}", real=True)


def leaf_symbols(i: int) -> tuple[sp.Symbol, sp.Symbol]:
    """Return the symbols (W_{2i+1} x_t, W_{2i+2} h_{t-1}) of what leaf `i` combines."""
    return (
        sp.Symbol(f"W_{{{2 * i + 1}}} x_{{t}}", real=True),
        sp.Symbol(f"W_{{{2 * i + 2}}} h_{{t-1}}", real=True),
    )


def gate(name: str, hidden: sp.Expr = h_prev) -> sp.Expr:
    """Return W_name x_t + U_name h_{t-1}, what a textbook writes inside a gate.

    Parameters
    ----------
    name
        Subscript of the two matrices; LaTeX may stand in it.
    hidden
        What U_name multiplies, if not h_{t-1}. The GRU's reset gate writes
        r ⊙ h_{t-1} here: a product with a matrix that no cell has.

    Examples
    --------
    >>> import nastut as nt
    >>> nt.gate("f")
    U_{f} h_{t-1} + W_{f} x_{t}
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"the name of a gate is {name!r}; text such as 'f' is needed")
    matrix = f"U_{{{name}}}"
    if hidden == h_prev:
        product = sp.Symbol(f"{matrix} {h_prev.name}", real=True)
    else:
        product = sp.Function(matrix, real=True)(hidden)
    return sp.Symbol(f"W_{{{name}}} x_{{t}}", real=True) + product


def sigmoid(u: sp.Expr) -> sp.Expr:
    """Return 1 / (1 + exp(-u)), the form in which sympy's formulas hold a sigmoid."""
    return sympy_system().sigmoid(u)


def source(symbol: sp.Symbol) -> Literal["x", "h"] | None:
    """Tell what the matrix of `symbol` multiplies: x_t, h_{t-1}, or None if there is no matrix."""
    match = re.fullmatch(r".+ (x)_\{t\}|.+ (h)_\{t-1\}", symbol.name)
    if match is None or not symbol.is_real:
        return None
    return "x" if match[1] else "h"


def node_symbol(k: int, injected: bool = False) -> sp.Symbol:
    """Return a_k, the value of node `k`; with a prime once c_{t-1} has been injected."""
    return sp.Symbol(f"a_{{{k}}}" + "'" * injected, real=True)


def named(expression: sp.Basic) -> sp.Basic:
    """Return `expression` with its sigmoids and ReLUs as named functions, for reading.

    The result is for printing: sympy knows nothing of the two names.
    """
    u, n = sp.Wild("u"), sp.Wild("n", properties=[lambda k: k.is_Integer and k.is_negative])
    return (
        expression.replace((1 + sp.exp(u)) ** n, _sigmoid(-u) ** (-n))
        .replace(lambda e: e.is_Mul, _name_sigmoid_slope)
        .replace(sp.Max, _name_relu)
    )


def to_latex(expression: sp.Basic) -> str:
    """Return `expression` as LaTeX, with a circled dot for the elementwise product."""
    return _LatexPrinter({"mul_symbol": r" \odot "}).doprint(named(expression))


def to_text(expression: sp.Basic) -> str:
    """Return `expression` as one line of plain text."""
    if isinstance(expression, sp.Equality):
        return f"{to_text(expression.lhs)} = {to_text(expression.rhs)}"
    text = _TextPrinter().doprint(named(expression)).replace("**", "^")
    return re.sub(r"_\{(\w+)\}", r"_\1", text)


_sigmoid, _relu = sp.Function("sigmoid"), sp.Function("ReLU")


def _name_relu(*args: sp.Expr) -> sp.Expr:
    rest = [arg for arg in args if arg != 0]
    return _relu(sp.Max(*rest)) if len(rest) < len(args) else sp.Max(*args)


def _name_sigmoid_slope(product: sp.Mul) -> sp.Expr:
    """Write each exp(-u) sigmoid(u)^2 that sympy's derivative leaves as readers know it."""
    for factor in product.args:
        if isinstance(factor, sp.exp):
            value = _sigmoid(-factor.args[0])
            if value**2 in product.args:
                product = product / (factor * value**2) * value * (1 - value)
    return product


def reading_order(expression: sp.Basic) -> list[str]:
    """Sort W_9 before W_10, and W_f before U_f before W_g, as a reader does."""
    text = re.sub(r"\bU_(\{.+?\})", r"W_\1~", str(expression))
    return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


class _LatexPrinter(LatexPrinter):
    """LaTeX with sigmoid and ReLU as upright names, and terms and factors in reading order."""

    def _as_ordered_terms(self, expr: sp.Add, order: str | None = None) -> list[sp.Expr]:
        return sorted(expr.args, key=reading_order)

    def _print_Mul(self, expr: sp.Mul) -> str:
        if any(factor.is_Number or factor.is_Pow for factor in expr.args):
            return super()._print_Mul(expr)
        factors = sorted(expr.args, key=reading_order)
        return r" \odot ".join(self.parenthesize(f, PRECEDENCE["Mul"]) for f in factors)

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        if expr.func not in (_sigmoid, _relu):
            return super()._print_Function(expr, exp)
        power = f"^{{{exp}}}" if exp is not None else ""
        inner = self._print(expr.args[0])
        return rf"\operatorname{{{expr.func.__name__}}}{power}\left({inner}\right)"


class _TextPrinter(StrPrinter):
    """Plain text in the same order."""

    def _as_ordered_terms(self, expr: sp.Add, order: str | None = None) -> list[sp.Expr]:
        return sorted(expr.args, key=reading_order)

    def _print_Mul(self, expr: sp.Mul) -> str:
        if any(factor.is_Number for factor in expr.args):
            # Two stars are a power.
            return re.sub(r"(?<!\*)\*(?!\*)", " ⊙ ", super()._print_Mul(expr))
        factors = sorted(expr.args, key=reading_order)
        return " ⊙ ".join(self.parenthesize(f, PRECEDENCE["Mul"]) for f in factors)
