"""The rules of the sequence, read once more, rule by rule: tokens in, numbers out.

For the paper's operations this shares no code with nastut, and is slow and plain on purpose:
nastut is held against it. The rules are those of Zoph & Le (2017), section 3.4.
"""

import math

from nastut.cells.evaluate import apply
from nastut.cells.number_systems import sympy_system

PAPER = {
    "Add": lambda a, b: a + b,
    "Multiply": lambda a, b: a * b,
    "Max": lambda a, b: a if a > b else b,
    "Identity": lambda a: a,
    "Tanh": math.tanh,
    # Two forms of one function, so that no exponential overflows.
    "Sigmoid": lambda a: 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a)),
    "ReLU": lambda a: a if a > 0 else 0.0,
    "Sin": math.sin,
}
"""The operations that the paper names."""


def function(name):
    """Return the function of plain numbers that a token stands for.

    An operation that is not the paper's has no second definition: sympy computes its row.
    """
    return PAPER.get(name) or (lambda *inputs: float(apply(sympy_system(), name, *inputs)))


def step(tokens, w_x, w_h, c_prev):
    """Return (h_t, c_t) of one step of one unit.

    `w_x` are the numbers W_1 x_t, W_3 x_t, ... and `w_h` are W_2 h_{t-1}, W_4 h_{t-1}, ...
    """
    # Rule: the sequence ends with the injection (two words), the create and the inject index.
    *words, inject_combination, inject_activation, create_index, inject_index = tokens

    # Rule: before them stand two words for each node, layer by layer, leaves first.
    c_new = None
    number = 0
    # Rule: leaf i combines its own two products; an inner node combines its two children,
    # so the first two values of a layer meet in the first node of the next, and so on.
    pairs = list(zip(w_x, w_h, strict=True))
    while pairs:
        layer = []
        for left, right in pairs:
            combination, activation = words.pop(0), words.pop(0)
            a = function(combination)(left, right)
            # Rule: c_t is the value of the create node before its activation.
            if number == create_index:
                c_new = a
            a = function(activation)(a)
            # Rule: c_{t-1} joins the inject node after that node's own activation.
            if number == inject_index:
                a = function(inject_activation)(function(inject_combination)(a, c_prev))
            layer.append(a)
            number += 1
        pairs = list(zip(layer[0::2], layer[1::2], strict=False))
    assert words == []
    # Rule: h_t is the final value of the root.
    (h_new,) = layer
    return h_new, c_new
