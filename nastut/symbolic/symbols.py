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
from sympy.printing.pretty.stringpict import prettyForm
from sympy.printing.str import StrPrinter

from nastut.cells.number_systems import sympy_system

_TYPESET = {
    r"([ch])_prev": r"\1_{t-1}",
    r"([ch])_next": r"\1_{t}",
    r"a_(\d+)": r"a_{\1}",
    r"a_(\d+)_injected": r"a_{\1}'",
    r"([WU])_(\w+)_x": r"\1_{\2} x_{t}",
    r"([WU])_(\w+)_h": r"\1_{\2} h_{t-1}",
}
"""Names of letters -> LaTeX."""


class Letter(sp.Symbol):
    """A symbol whose name is an identifier, so that it can stand in code, and that reads otherwise.

    The letter of the name ``W_f_x`` reads W_f x_t, ``c_prev`` reads c_{t-1}.
    """

    def _latex(self, printer: object) -> str:
        """Return it as LaTeX, to :func:`sympy.latex` and to notebooks."""
        (latex,) = (
            match.expand(latex)
            for pattern, latex in _TYPESET.items()
            if (match := re.fullmatch(pattern, self.name))
        )
        return latex

    def _pretty(self, printer: object) -> prettyForm:
        """Return it as text, to :func:`sympy.pretty`."""
        return prettyForm(to_text(self))


c_prev = Letter("c_prev", real=True)
c_next = Letter("c_next", real=True)
h_prev = Letter("h_prev", real=True)
h_next = Letter("h_next", real=True)


def leaf_symbols(i: int) -> tuple[sp.Symbol, sp.Symbol]:
    """Return the symbols (W_{2i+1} x_t, W_{2i+2} h_{t-1}) of what leaf `i` combines."""
    return Letter(f"W_{2 * i + 1}_x", real=True), Letter(f"W_{2 * i + 2}_h", real=True)


def gate(name: str, hidden: sp.Expr = h_prev) -> sp.Expr:
    """Return W_name x_t + U_name h_{t-1}, what a textbook writes inside a gate.

    Parameters
    ----------
    name
        Subscript of the two matrices: letters and digits.
    hidden
        What U_name multiplies, if not h_{t-1}. The GRU's reset gate writes
        r ⊙ h_{t-1} here: a product with a matrix that no cell has.

    Examples
    --------
    >>> import nastut as nt
    >>> nt.gate("f")
    U_f_h + W_f_x
    """
    if not isinstance(name, str) or not f"W{name}".isidentifier() or not name.isalnum():
        raise ValueError(
            f"the name of a gate is {name!r}; letters and digits are needed, as in 'f'"
        )
    if hidden == h_prev:
        product = Letter(f"U_{name}_h", real=True)
    else:
        product = sp.Function(f"U_{name}", real=True)(hidden)
    return Letter(f"W_{name}_x", real=True) + product


def sigmoid(u: sp.Expr) -> sp.Expr:
    """Return 1 / (1 + exp(-u)), the form in which sympy's formulas hold a sigmoid."""
    return sympy_system().sigmoid(u)


def source(symbol: sp.Symbol) -> Literal["x", "h"] | None:
    """Tell what the matrix of `symbol` multiplies: x_t, h_{t-1}, or None if there is no matrix."""
    match = re.fullmatch(r"[WU]_\w+_(?:(x)|h)", symbol.name)
    if match is None or not isinstance(symbol, Letter):
        return None
    return "x" if match[1] else "h"


def node_symbol(k: int, injected: bool = False) -> sp.Symbol:
    """Return a_k, the value of node `k`; with a prime once c_{t-1} has been injected."""
    return Letter(f"a_{k}" + "_injected" * injected, real=True)


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
    return _TextPrinter().doprint(named(expression)).replace("**", "^")


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
    text = re.sub(r"\bU_([^\W_]+)", r"W_\1_~", str(expression))
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

    def _print_Letter(self, letter: Letter) -> str:
        return re.sub(r"_\{(\w+)\}", r"_\1", letter._latex(self))

    def _print_Mul(self, expr: sp.Mul) -> str:
        if any(factor.is_Number for factor in expr.args):
            # Two stars are a power.
            return re.sub(r"(?<!\*)\*(?!\*)", " ⊙ ", super()._print_Mul(expr))
        factors = sorted(expr.args, key=reading_order)
        return " ⊙ ".join(self.parenthesize(f, PRECEDENCE["Mul"]) for f in factors)
