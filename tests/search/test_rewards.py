"""What came of a child: a number, or why there is none."""

import math
from fractions import Fraction

import numpy as np
import pytest

import nastut as nt
from nastut.search.rewards import FAILED, NoNumberError, Outcome, finite, measure

CELL = nt.zoo.EXAMPLE
OTHER = nt.Cell.parse("Add Tanh Add Tanh Add Tanh Add Tanh 2 0")


def outcome(value):
    (found,) = measure(lambda cell: value, [CELL])
    return found


@pytest.mark.parametrize("value", [1, np.float32(0.25), np.int64(3), Fraction(1, 4)], ids=repr)
def test_any_real_number_is_a_reward(value):
    found = outcome(value)
    assert found == (float(value), None, ())
    assert type(found.reward) is float


@pytest.mark.parametrize(
    ("value", "error"),
    [(math.nan, "nan"), (-math.inf, "-inf"), (np.float32("nan"), "nan"),
     (10**400, "too large (int too large to convert to float)")],
    ids=["nan", "infinite", "NumPy's nan", "too large"],
)  # fmt: skip
def test_what_is_not_a_finite_number_is_a_failed_child(value, error):
    assert outcome(value) == (FAILED, f"the reward was {error}", ())


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (FloatingPointError("the loss is nan"), "FloatingPointError: the loss is nan"),
        (ValueError(), "ValueError"),
        (SilentError(), "SilentError"),
        (ValueError("x" * 10**6), "ValueError: " + "x" * 988),
    ],
    ids=["short", "empty", "silent", "long"],
)
def test_an_exception_is_a_failed_child_and_a_thousand_characters_of_it_are_kept(error, kept):
    def fail(cell):
        raise error

    assert measure(fail, [CELL]) == [(FAILED, kept, ())]


@pytest.mark.parametrize("value", ["0.5", None, True, 1j, np.array([1.0])], ids=repr)
def test_what_is_not_a_number_is_a_mistake_and_names_the_cell(value):
    with pytest.raises(NoNumberError, match=f"the reward of {CELL} is .*; it must be a number"):
        outcome(value)


def test_a_function_of_many_gets_them_together():
    class Together:
        settings = {}  # noqa: RUF012
        asked = []  # noqa: RUF012

        def many(self, cells):
            self.asked.append(cells)
            if OTHER in cells:
                raise ValueError("no")
            return [Outcome(1.0, None, (3.0,)) for _ in cells]

        def after(self, curves):
            return self

    assert measure(Together(), [CELL, CELL]) == [(1.0, None, (3.0,))] * 2
    assert measure(Together(), [CELL, OTHER]) == [
        (1.0, None, (3.0,)), (FAILED, "ValueError: no", ())
    ]  # fmt: skip
    assert Together.asked == [[CELL, CELL], [CELL, OTHER], [CELL], [OTHER]]


@pytest.mark.parametrize(
    ("rewards", "lowest", "expected"),
    [
        ([1.0, FAILED, 0.5], 0.0, [1.0, 0.0, 0.5]),
        ([-1.0, FAILED, -3.0], 0.0, [-1.0, -3.0, -3.0]),
        ([-1.0, FAILED], -8.0, [-1.0, -8.0]),
        ([], 0.0, []),
    ],
)
def test_for_a_mean_a_failure_counts_as_the_lowest(rewards, lowest, expected):
    assert finite(rewards, lowest) == expected
    if lowest == 0:
        assert finite(iter(rewards)) == expected
