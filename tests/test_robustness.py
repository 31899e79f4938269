"""What ``make fuzz`` does for minutes, for some seconds: damaged files, and killed computations."""

import itertools
import random
from pathlib import Path

import pytest

import damage
import kills

ROOT = Path(damage.__file__).parent.parent


def test_no_damaged_file_passes_for_another():
    corpus = sum(path.is_file() for path in damage.CORPUS.rglob("*"))
    counted = damage.damage(1_300, seed=0)
    assert counted.total() == 1_300 + corpus
    for kind in ("table", "study", "part", "result", "checkpoint"):
        assert counted[f"{kind}: refused"] > 90
        assert counted[f"{kind}, hash mended: refused"] > 30


@pytest.mark.parametrize("kind", ["table", "study", "result", "checkpoint", "words"])
def test_what_once_found_a_fault_is_refused(kind):
    kept = list((damage.CORPUS / kind).iterdir())
    assert damage.damage(0, seed=0)[f"corpus, {kind}: refused"] == len(kept) > 0


def test_what_finds_a_fault_is_kept_and_tried_first(tmp_path, monkeypatch):
    monkeypatch.setattr(damage, "CORPUS", tmp_path)
    monkeypatch.setattr("nastut.files._hash", lambda content: "0" * 64)  # no hash at all
    with pytest.raises(AssertionError, match="other content; kept as") as found:
        damage.damage(10_000, seed=0)
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert str(found.value).endswith(str(kept))
    with pytest.raises(AssertionError, match=f"corpus, {kept.parent.name}: other content"):
        damage.damage(0, seed=0)


def test_a_budget_ends_it():
    assert damage.damage(10**9, seed=0, minutes=0).total() < 1_000
    assert kills.kill("random", 10**9, random.Random(0), minutes=0) == 0


@pytest.mark.parametrize("kind", ["evolution", "comparison", "table"])
def test_what_was_killed_goes_on_to_the_same_result(kind):
    assert kills.kill(kind, 2, random.Random(0)) > 0


def test_an_equivalent_mutant_is_one_of_the_present_code_and_has_a_reason():
    lines = (ROOT / "robustness" / "equivalent.txt").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    for line, reason in itertools.pairwise([*lines, ""]):
        if not line.startswith(" "):
            place, _, change = line.partition(": ")
            source = ROOT / place[: place.index(".py") + 3]
            assert change.partition(" -> ")[0] in source.read_text(), line
            assert reason.startswith("    "), line
