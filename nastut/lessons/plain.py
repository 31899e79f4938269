"""What a learner hands in, as plain Python data, so that equal answers compare as equal.

The same numbers may come as a list, a tuple, an array of NumPy, a tensor of torch, or from sympy.
They are read once, into lists, tuples, sets, dicts, texts and numbers. What is none of these stays
itself, and equals nothing.
"""

from __future__ import annotations

import cmath
from collections.abc import Collection, Iterator, Mapping, Set
from inspect import isroutine
from itertools import islice
from math import prod
from numbers import Integral, Number
from types import NoneType
from typing import Any

MOST = 2_000
"""How many elements are read. No exercise asks for as many."""
NUMBERS = (int, float, complex)
_SIMPLE: tuple[Any, ...] = (bool, int, float, complex, str)
_EXACT = (NoneType, bool, int, str, frozenset)


class UnreadableError(ValueError):
    """A value is too large to be read; the message says how large."""


def plain(value: Any) -> Any:
    """Return a value as plain Python data.

    Raises
    ------
    UnreadableError
        If there are more elements than any exercise asks for.
    """
    if value is None or value is ... or isinstance(value, type):
        return value
    for kind in _SIMPLE:
        if isinstance(value, kind):
            return value if type(value) is kind else kind(value)
    if hasattr(value, "tolist"):  # arrays, tensors, their scalars, matrices
        if prod(getattr(value, "shape", ())) > MOST:
            raise UnreadableError(f"a value of shape {tuple(value.shape)} is too large")
        return plain(value.tolist())
    if getattr(value, "is_number", False) is True or isinstance(value, Number):
        return _number(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(value[key]) for key in _elements(value)}
    if isinstance(value, Set):
        return frozenset(map(plain, _elements(value)))
    if isinstance(value, list):
        return list(map(plain, _elements(value)))
    if isinstance(value, (Collection, Iterator)) and not isinstance(value, (bytes, bytearray)):
        return tuple(map(plain, _elements(value)))
    return value


def _elements(value: Any) -> list[Any]:
    elements = list(islice(value, MOST + 1))
    if len(elements) > MOST:
        raise UnreadableError(f"more than {MOST:,} elements are too many")
    return elements


def _number(value: Any) -> Any:
    """Read a number of sympy, :mod:`fractions` or :mod:`decimal`; one too large for that stays."""
    if isinstance(value, Integral):
        return int(value)
    try:
        number = complex(value)
    except (TypeError, ValueError, OverflowError):
        return value
    return number if number.imag else number.real


def close(value: Any, right: Any) -> bool:
    """Tell whether a plain value equals the right one, up to the rounding of floats.

    A complex number equals no real one, whatever its imaginary part.
    Lists and tuples count as equal if their elements do.
    """
    if isinstance(right, (list, tuple)):
        same_length = isinstance(value, (list, tuple)) and len(value) == len(right)
        return same_length and all(map(close, value, right))
    if isinstance(right, dict):
        same_keys = isinstance(value, dict) and value.keys() == right.keys()
        return same_keys and all(close(value[key], right[key]) for key in right)
    if isinstance(value, complex) and not isinstance(right, complex):
        return False
    if isinstance(value, (float, complex)) or isinstance(right, (float, complex)):
        numbers = isinstance(value, NUMBERS) and isinstance(right, NUMBERS)
        return numbers and cmath.isclose(value, right, rel_tol=1e-5, abs_tol=1e-7)
    return type(value) in _EXACT and bool(value == right)


def shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of numbers in nested lists; None if they form no array."""
    if isinstance(value, NUMBERS):
        return ()
    if not isinstance(value, (list, tuple)):
        return None
    inner = {shape(element) for element in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(inner.pop() or () if inner else ()))


def show(value: Any, digits: int = 4) -> str:
    """Return a plain value as one short line."""
    try:
        return shorten(_text(value, digits), 160)
    except Exception:  # whatever its __repr__ does
        return f"an object of type {type(value).__name__}"


def _text(value: Any, digits: int) -> str:
    if isinstance(value, (float, complex)):
        return f"{value:.{digits}g}"
    if isinstance(value, (list, tuple, frozenset)):
        texts = [_text(element, digits) for element in islice(value, 40)]
        texts += ["..."] * (len(value) > 40)
        if isinstance(value, list):
            return f"[{', '.join(texts)}]"
        if isinstance(value, frozenset):
            return f"{{{', '.join(sorted(texts))}}}"
        return f"({', '.join(texts)}{',' * (len(value) == 1)})"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isroutine(value):
        return f"the function {value.__name__}"
    return repr(value[:200] if isinstance(value, str) else value)


def shorten(text: str, length: int) -> str:
    """Return a text as one line of printable characters, cut if it is long."""
    text = " ".join(text[: 4 * length].split())
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= length else f"{text[: length - 3]}..."
