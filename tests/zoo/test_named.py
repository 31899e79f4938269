"""The named cells against formulas as others write them."""

import sympy as sp

from nastut import zoo
from nastut.symbolic.formulas import formulas
from nastut.symbolic.symbols import c_prev, leaf_symbols


def sigmoid(a):
    return 1 / (1 + sp.exp(-a))


def relu(a):
    return sp.Max(0, a)


def gate(name):
    """Return the symbols of W x_t and U h_{t-1} of a textbook gate."""
    return sp.symbols(f"x_{name} h_{name}", real=True)


def test_the_example_is_the_formulas_of_the_article():
    (x_1, h_2), (x_3, h_4) = leaf_symbols(0), leaf_symbols(1)
    a_0 = relu(sp.tanh(x_1 + h_2) + c_prev)
    a_1 = relu(x_3 * h_4)
    f = formulas(zoo.EXAMPLE)
    assert f.h == sigmoid(a_0 * a_1)
    assert f.c == x_3 * h_4


# LSTM


def lstm_of_textbook():
    """Return h_t and c_t as textbooks write them, and what each leaf then holds."""
    g, i, f, o = map(gate, "gifo")
    c = sigmoid(sum(f)) * c_prev + sigmoid(sum(i)) * sp.tanh(sum(g))
    h = sigmoid(sum(o)) * sp.tanh(c)
    return h, c, (g, i, f, o)


def test_lstm_is_the_textbooks_with_its_surplus_matrices_summed():
    """So it is, too, where the surplus matrices are zero."""
    h, c, gates = lstm_of_textbook()
    leaves = [[0], [1], [2, 3], [4, 5, 6, 7]]
    values = {
        part: sum(leaf_symbols(k)[side] for k in held)
        for parts, held in zip(gates, leaves, strict=True)
        for side, part in enumerate(parts)
    }
    ours = formulas(zoo.LSTM)
    assert ours.h == h.subs(values)
    assert ours.c == c.subs(values)


def test_the_memory_path_of_lstm_is_its_forget_gate():
    f = sum(leaf_symbols(2)) + sum(leaf_symbols(3))
    assert formulas(zoo.LSTM).memory_path == sigmoid(f)


# NASCell


def test_nascell_is_its_table():
    x, m = zip(*(leaf_symbols(k) for k in range(8)), strict=True)
    n0 = sigmoid(x[0] + m[0])
    n1 = relu(x[1] + m[1])
    n2 = sigmoid(x[2] + m[2])
    n3 = relu(x[3] * m[3])
    n4 = sp.tanh(x[4] + m[4])
    n5 = sigmoid(x[5] + m[5])
    n6 = sp.tanh(x[6] + m[6])
    n7 = sigmoid(x[7] + m[7])
    n8 = sp.tanh(n0 * n1)
    n8 = sp.tanh(n8 + c_prev)
    n9 = sp.tanh(n2 + n3)
    n10 = sp.tanh(n4 * n5)
    n11 = sigmoid(n6 + n7)
    n12 = n8 * n9
    n13 = sp.tanh(n10 + n11)
    n14 = sp.tanh(n12 * n13)
    f = formulas(zoo.NASCELL)
    assert f.c == n12  # a product of two tanh: the memory stays within 1
    assert f.h == n14


# The other cell of the paper


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
