"""The named cells against formulas as others write them.

The others are in ``tests/symbolic/test_linearize.py``, from the formulas to the cell; and beside
torch and TensorFlow.
"""

import sympy as sp

from nastut import zoo
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import c_prev, leaf_symbols


def sigmoid(a):
    return 1 / (1 + sp.exp(-a))


def relu(a):
    return sp.Max(0, a)


def test_the_memory_path_of_lstm_is_its_forget_gate():
    f = sum(leaf_symbols(2)) + sum(leaf_symbols(3))
    assert formulas(zoo.LSTM).memory_path == sigmoid(f)


def test_maxcell_adds_to_its_memory_and_gates_the_sum():
    x, h = zip(*(leaf_symbols(k) for k in range(8)), strict=True)
    p = sp.Max(x[0], h[0])
    q = sp.tanh(sp.Max(x[1], h[1]))
    s = sigmoid(sp.tanh(x[2] + h[2]) + relu(x[3] + h[3]))
    t = sigmoid(sp.tanh(x[4] + h[4]) + x[5] + h[5])
    u = sigmoid(sp.tanh(x[6] + h[6]) + sp.tanh(sp.Max(x[7], h[7])))
    f = formulas(zoo.MAXCELL)
    assert f.c == s * (p + q + c_prev)
    assert f.h == sp.tanh(f.c * sigmoid(t * u))
    assert f.memory_path == s
