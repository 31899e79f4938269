"""What ``make fuzz`` does for minutes, for some seconds: damaged files, and killed computations."""

import random

import pytest

import damage
import kills


def test_no_damaged_file_passes_for_another():
    counted = damage.damage(1_400, seed=0)
    assert sum(counted.values()) == 1_400
    for kind in ("table", "study", "part", "result", "checkpoint"):
        assert counted[f"{kind}: refused"] > 150


@pytest.mark.parametrize("kind", ["evolution", "comparison", "table"])
def test_what_was_killed_goes_on_to_the_same_result(kind):
    assert kills.kill(kind, 2, random.Random(0)) > 0
