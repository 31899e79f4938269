"""Colours and shapes: one for each operation, told apart and legible."""

from itertools import combinations

import pytest

from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.pictures.style import COLOURS, INK, MEMORY, PAPER, QUIET, shape


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG 2.1 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_every_operation_has_a_colour():
    assert set(COLOURS) == {*COMBINATIONS, *ACTIVATIONS}


def test_no_two_colours_are_alike():
    def distance(one, other):
        return max(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) for i in (1, 3, 5))

    shades = [*COLOURS.values(), PAPER]
    assert min(distance(*pair) for pair in combinations(shades, 2)) > 10


def test_text_can_be_read_on_every_fill():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert min(contrast(INK, colour) for colour in [*COLOURS.values(), PAPER]) >= 4.5  # 1.4.3
    assert contrast(QUIET, PAPER) >= 4.5


def test_memory_path_stands_out_from_paper():
    assert contrast(MEMORY, PAPER) >= 3  # WCAG 2.1, success criterion 1.4.11


def test_combinations_and_activations_differ_in_shape():
    assert {shape(name) for name in COMBINATIONS} == {"filled"}
    assert {shape(name) for name in ACTIVATIONS} == {"filled,rounded"}
