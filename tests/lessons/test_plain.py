"""The same data in another form is the same; what cannot be compared is different."""

import collections
import decimal
import enum
import fractions
import itertools

import numpy as np
import pytest
import sympy as sp
import torch

from nastut.lessons.plain import MOST, close, plain, shape, shorten, show


@pytest.mark.parametrize(
    "value",
    [
        *(3, np.int64(3), np.float32(3), np.array(3), torch.tensor(3)),
        *(sp.Integer(3), sp.sqrt(9), fractions.Fraction(3), decimal.Decimal(3)),
    ],
)
def test_a_number_is_a_number_in_every_library(value):
    assert close(plain(value), 3)
    assert not close(plain(value), 4)
    assert type(plain(value)) in (int, float)


@pytest.mark.parametrize(
    "values",
    [
        *([1, 2], (1, 2), range(1, 3), iter([1, 2]), (n for n in (1, 2))),
        *(np.array([1, 2]), np.array([1, 2], dtype=object)),
        *(torch.tensor([1.0, 2.0], requires_grad=True), sp.Tuple(1, 2)),
        *(collections.deque([1, 2]), {1: 0, 2: 0}.keys()),
    ],
)
def test_a_sequence_is_a_sequence_in_every_library(values):
    read = plain(values)
    assert close(sorted(read), [1, 2])
    assert not close(read, (1, 3))
    assert not close(read, (1, 2, 3))


def test_what_is_exact_stays_exact():
    assert plain(sp.Integer(8) ** 30) == 8**30
    assert not close(plain(sp.Integer(8) ** 30 + 1), 8**30)
    assert close(0.1 + 0.2, 0.3)


class EqualToAll:
    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (float("nan"), float("nan")),
        ("3", 3),
        (3, "3"),
        ((3,), 3),
        (None, False),
        ([1, [2, 3]], [1, 2, 3]),
        ({"A": 1}, {"A": 1, "B": 2}),
        ({"A": 2.0}, {"A": 1}),
        ({"A": 1}, [("A", 1)]),
        (np.complex128(3), 3.0),
        ([1.0, 3 + 1e-12j], [1.0, 3.0]),
        (object(), 3),
        *((EqualToAll(), right) for right in (1, 1.0, "a", (1, 2), {"A": 1}, None, True)),
    ],
)
def test_different_things_differ(value, right):
    assert not close(plain(value), plain(right))
    assert not close(plain([value]), plain([right]))


@pytest.mark.parametrize("right", [2.0, 2e6, 2e-6, -2.0, 2 + 1j])
def test_rounding_does_not_count_and_more_does(right):
    assert close(right * (1 + 0.9e-5), right)
    assert close(right * (1 - 0.9e-5), right)
    assert not close(right * (1 + 1e-4), right) or abs(right) < 1e-3
    assert close(right + 0.9e-7, right)
    assert not close(right + 1e-3, right) or abs(right) > 100
    assert not close(0.9e-6, 0.0)


@pytest.mark.parametrize("kind", [np.ndarray, torch.Tensor, enum.Enum("Word", "Add Tanh")])
def test_a_class_is_no_value_of_itself(kind):
    assert plain([kind]) == [kind]


def test_kinds_stay_apart():
    assert plain({"A": {1, 2}, "B": [3]}) == {"A": frozenset({1, 2}), "B": [3]}
    assert plain(b"ab") == b"ab"
    assert plain(True) is True
    assert plain(sp.oo) == float("inf")
    assert plain(sp.I) == 1j
    assert plain(too_large := fractions.Fraction(10**400 + 1, 2)) is too_large
    assert plain(decimal.Decimal("sNaN")).is_snan()


@pytest.mark.parametrize("values", [itertools.count(), torch.zeros(MOST // 2, 3), range(10**12)])
def test_too_much_is_not_read(values):
    with pytest.raises(ValueError, match=r"too (large|many)"):
        plain(values)


@pytest.mark.parametrize(
    "make", [np.zeros, range, lambda n: set(range(n)), lambda n: dict.fromkeys(range(n))]
)
def test_the_most_that_is_read(make):
    assert len(plain(make(MOST))) == MOST
    with pytest.raises(ValueError, match=r"too (large|many)"):
        plain(make(MOST + 1))


def test_shape():
    assert shape(3) == ()
    assert shape([[1, 2, 3], [4, 5, 6]]) == (2, 3)
    assert shape([[], []]) == (2, 0)
    assert shape([[1], [2, 3]]) is None
    assert shape([1, "a"]) is None


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ((0.123456, 3, "a\nb"), "(0.1235, 3, 'a\\nb')"),
        ([1.0], "[1]"),
        ((1,), "(1,)"),
        (frozenset("ba"), "{'a', 'b'}"),
        (1 + 2j, "1+2j"),
        (int, "the class int"),
        (len, "the function len"),
        ([7] * 41, f"[{', '.join(['7'] * 40)}, ...]"),
        ("a" * 159, f"'{'a' * 156}..."),
    ],
)
def test_a_value_is_shown_in_one_short_line(value, line):
    assert show(value) == line
    assert show(10**5_000).startswith("an object of type int")


def test_a_text_becomes_one_printable_line():
    assert shorten("a\n\n b\x1b[0m\udc80\u2028c", 80) == "a b\\x1b[0m\\udc80 c"
    assert shorten("abcdef", 5) == "ab..."
    assert shorten("abcde", 5) == "abcde"
