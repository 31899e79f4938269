"""The token sequence: what belongs at each place, and what to say when something else is there.

A cell of base ``b`` (a tree with ``b`` leaves) is written in ``4 b + 2`` tokens::

    combination, activation     of node 0, 1, ..., 2b - 2 (the root)
    combination, activation     of the injection ("Cell Inject")
    create index, inject index  ("Cell Indices")

Places are counted from 1, as a reader counts. Source: Zoph & Le (2017), section 3.4.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from numbers import Integral, Real
from typing import NamedTuple, TypeGuard

from nastut.cells.operations import (
    ACTIVATIONS,
    COMBINATIONS,
    SEARCHED_ACTIVATIONS,
    SEARCHED_COMBINATIONS,
)

Token = str | int

COMBINATION_WORDS = tuple(COMBINATIONS)
ACTIVATION_WORDS = tuple(ACTIVATIONS)
SEARCHED = {*SEARCHED_COMBINATIONS, *SEARCHED_ACTIVATIONS}

# Spellings in which the sequence is found in print and in code.
_SPELLINGS = {word.casefold(): word for word in (*COMBINATION_WORDS, *ACTIVATION_WORDS)}
_SPELLINGS |= {"elemmult": "Multiply", "mult": "Multiply", "mul": "Multiply"}


LARGEST_BASE = 1024
"""The most leaves of a cell: enough for any network, and few enough to lay out in a moment."""

BASES = f"1, 2, 4, 8, ... up to {LARGEST_BASE}"


class SequenceError(ValueError):
    """A token sequence that describes no cell.

    Attributes
    ----------
    place
        Place of the offending or missing token, counted from 1; None if it has no place.
    """

    def __init__(self, message: str, place: int | None = None) -> None:
        super().__init__(message)
        self.place = place


class Place(NamedTuple):
    """What one place of a sequence means and which tokens may stand there."""

    meaning: str
    allowed: Sequence[Token]

    def __str__(self) -> str:
        if isinstance(self.allowed, range):
            return f"{self.meaning}, a whole number from 0 to {self.allowed[-1]}"
        rare = [str(word) for word in self.allowed if word not in SEARCHED]
        usual = [str(word) for word in self.allowed if word in SEARCHED]
        also = f" (rarely {', '.join(rare)})" if rare else ""
        return f"{self.meaning}, one of {', '.join(usual)}{also}"


def number_of_nodes(base: int) -> int:
    """Return the number of nodes of the complete tree with `base` leaves."""
    return 2 * base - 1


def sequence_length(base: int) -> int:
    """Return the number of tokens of a cell with `base` leaves."""
    return 2 * number_of_nodes(base) + 4


def is_whole_number(value: object) -> TypeGuard[int]:
    """Tell whether `value` is an integer; True and False are not."""
    return not isinstance(value, bool) and isinstance(value, Integral)


def require_whole_number(name: str, value: object, least: int = 1) -> None:
    """Raise a TypeError or a ValueError that names the argument, unless it is a size."""
    if not is_whole_number(value):
        raise TypeError(f"{name} is {value!r} where a whole number belongs")
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}")


def is_base(number: object) -> TypeGuard[int]:
    """Tell whether `number` is a possible number of leaves: 1, 2, 4, 8, ... up to 1024."""
    return is_whole_number(number) and 1 <= number <= LARGEST_BASE and int(number).bit_count() == 1


@cache
def places(base: int) -> tuple[Place, ...]:
    """Return what belongs at each place of a base-`base` sequence, in order."""
    owners = [f"node {k}" for k in range(number_of_nodes(base))] + ["the injection"]
    indices = range(number_of_nodes(base))
    table = []
    for owner in owners:
        table.append(Place(f"the combination of {owner}", COMBINATION_WORDS))
        table.append(Place(f"the activation of {owner}", ACTIVATION_WORDS))
    table.append(Place("the create index (c_t is what this node has joined)", indices))
    table.append(Place("the inject index (the node where c_{t-1} enters)", indices))
    return tuple(table)


def check_sequence(tokens: object) -> list[Token]:
    """Return `tokens` as a list of plain words and integers, if they describe a cell.

    Raises
    ------
    SequenceError
        Naming the first place that does not fit, what belongs there and what is nearest.
    """
    if isinstance(tokens, str):
        raise SequenceError(
            f"the text {describe(tokens)} was given where a list of tokens belongs; "
            "text is read by Cell.parse"
        )
    if not isinstance(tokens, Sequence) or isinstance(tokens, (bytes, bytearray)):
        raise SequenceError(
            f"{describe(tokens)} was given where a list of tokens belongs, "
            "such as ['Add', 'Tanh', ..., 1, 0]"
        )
    base = _nearest_base(tokens)
    right_length = len(tokens) == sequence_length(base)
    # In a sequence of another length nothing says yet which places are the indices.
    known = places(base) if right_length else places(base)[:-2]
    checked = [
        check_token(token, place, f"token {number}", number)
        for number, (token, place) in enumerate(zip(tokens, known, strict=False), 1)
    ]
    if not right_length:
        raise _length_error(tokens, base)
    return checked


def check_token(token: object, place: Place, name: str, number: int | None = None) -> Token:
    """Return `token` as a plain word or integer, if it may stand at `place`.

    Raises
    ------
    SequenceError
        Calling the token `name`, and saying what belongs at `place` and what is nearest.
    """
    if isinstance(place.allowed, range):
        if is_whole_number(token) and token in place.allowed:
            return int(token)
    elif isinstance(token, str) and token in place.allowed:
        # The word of the table, since a subclass of str may print as something else.
        return place.allowed[place.allowed.index(token)]
    raise SequenceError(
        f"{name} is {describe(token)}; this place is {place}{_hint(token, place)}", place=number
    )


def describe(value: object) -> str:
    """Return `value` for a message, with its type where it is neither a word nor an integer."""
    text = reprlib.repr(value)
    if value is None or isinstance(value, str) or is_whole_number(value):
        return text
    return f"the {type(value).__name__} {text}"


def split_text(text: object) -> list[Token]:
    """Return the tokens that `text` lists, in their standard spelling where they have one.

    Brackets, quotes, commas and case do not matter; ElemMult and Mult are Multiply.

    Raises
    ------
    SequenceError
        If `text` is not text.
    """
    if not isinstance(text, str):
        raise SequenceError(
            f"{describe(text)} was given where text belongs; "
            "a list of tokens is read by Cell.from_sequence"
        )
    return [
        int(word) if re.fullmatch(r"[+-]?[0-9]{1,9}", word) else _SPELLINGS.get(_plain(word), word)
        for word in re.findall(r"[^\s,;|·()\[\]{}'\"]+", text)
    ]


def _length_error(tokens: Sequence[object], base: int) -> SequenceError:
    """Return what to say of tokens that fit as far as they go but are too few or too many."""
    found, right = len(tokens), sequence_length(base)
    rule = (
        "a sequence has 4 * base + 2 tokens: 6, 10, 18, 34, ... for base 1, 2, 4, 8, ...; "
        f"{found} were given"
    )
    if found < right:
        return SequenceError(
            f"token {found + 1} of {right} is missing; this place is {places(base)[found]}; {rule}",
            place=found + 1,
        )
    return SequenceError(
        f"token {right + 1}, {describe(tokens[right])}, is one too many: a base-{base} "
        f"sequence ends with token {right}, {places(base)[-1]}; {rule}",
        place=right + 1,
    )


def _nearest_base(tokens: Sequence[object]) -> int:
    """Return the base that the tokens were most likely meant to have."""
    base = (len(tokens) - 2) // 4
    if is_base(base) and sequence_length(base) == len(tokens):
        return base
    # The indices are the only numbers: the first one tells where the words end.
    words = sum(1 for _ in takewhile(lambda token: isinstance(token, str), tokens))
    ended = words == len(tokens) or is_whole_number(tokens[words])
    if ended and words % 4 == 0 and is_base(words // 4):
        return words // 4
    bases = [1 << power for power in range(LARGEST_BASE.bit_length())]
    return min(bases, key=lambda base: abs(sequence_length(base) - len(tokens)))


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


def _hint(token: object, place: Place) -> str:
    """Return which valid token is nearest to `token`, and what may have gone wrong."""
    if isinstance(token, (list, tuple)):
        return "; a sequence is a flat list of words and whole numbers"
    if not isinstance(token, (str, Real)):
        return ""
    if isinstance(place.allowed, range):
        try:
            number = float(token) if isinstance(token, str) else token
            nearest = round(min(max(number, 0), place.allowed[-1]))
        except ValueError:
            return ""
        return f"; the nearest is {nearest}{', without quotes' * isinstance(token, str)}"
    if not isinstance(token, str):
        return ""
    plain = _plain(token)
    allowed = [str(word) for word in place.allowed]
    spelled = _SPELLINGS.get(plain)
    if spelled in allowed:
        return f"; did you mean {spelled!r}?"
    usual, every = ([w.casefold() for w in allowed if w in ws] for ws in (SEARCHED, allowed))
    match = difflib.get_close_matches
    ranked = match(plain, usual, 1, 0.6) or match(plain, every, 1, 0.0)
    near = f"; the nearest is {_SPELLINGS[ranked[0]]!r}"
    if spelled is None:
        return near
    kind = "a combination" if spelled in COMBINATIONS else "an activation"
    return f"{near} ({spelled} is {kind}: was a token left out or added before it?)"
