"""What the commands ``search`` and ``report`` ask for and print; nothing is searched here."""

import inspect
import math
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import nastut as nt
from drawn import hide_programs, texts
from nastut.__main__ import main
from nastut.search.result import Failure, SearchResult
from nastut.searching import METHODS

SHORT = ["--task", "reber", "--base", "2", "--steps", "8", "--hidden", "3", "--batch", "6"]
CELLS = [
    nt.Cell.parse(f"Add Tanh Add {activation} 0 0")
    for activation in ("Tanh", "ReLU", "Sin", "Sigmoid", "Identity")
] + [nt.Cell.parse(f"Max Tanh Add {activation} 0 0") for activation in ("Tanh", "ReLU", "Sin")]
REWARDS = [0.25, 0.5, 0.0, 0.04, 0.3, 0.1, 0.2, 0.0]
FAILURES = [
    Failure(2, CELLS[2], "broke at step 3"),
    Failure(7, CELLS[7], "broke at step 5"),
    Failure(5, CELLS[5], "too slow"),
]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """Search nothing; what each search was asked for."""
    calls = []
    takes = inspect.signature(nt.search.Trained.on)

    def reward(*given, **named):
        bound = takes.bind(*given, **named)
        bound.apply_defaults()
        return SimpleNamespace(**bound.arguments | {"best": 2.0})

    def method(name):
        def search(space, reward, evaluations, seed, source, checkpoint, **rest):
            given = {"space": space, "reward": reward, "source": source, "checkpoint": checkpoint}
            calls.append({"evaluations": evaluations, "seed": seed, "name": name} | given | rest)
            return SearchResult({"method": name}, space, CELLS, REWARDS, FAILURES, [])

        return search

    for name in METHODS:
        monkeypatch.setattr(f"nastut.search.{name}", method(name))
    monkeypatch.setattr(nt.search.Trained, "on", reward)
    monkeypatch.setattr(SearchResult, "save", lambda result, path: path.write_text("result"))
    return calls


def test_what_is_left_out_is_what_the_help_says(asked, capsys):
    assert main(["search"]) == 0
    (call,) = asked
    with pytest.raises(SystemExit):
        main(["search", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    reward = call["reward"]
    for option, value in {
        "--base BASE": call["space"].base,
        "--evaluations N": call["evaluations"],
        "--batch BATCH": call["batch"],
        "--steps STEPS": reward.steps,
        "--hidden HIDDEN": reward.hidden_size,
        "--rate RATE": reward.learning_rate,
        "--workers K": call["workers"],
        "--limit LIMIT": call["limit"],
    }.items():
        assert re.search(rf"{option} [^-(]*\({value:g}\)", said), option
    assert (call["name"], call["seed"], reward.task) == ("priority_queue", 0, "text")
    assert call["checkpoint"] == Path("search.json.ckpt")
    assert Path("search.json").exists()
    assert reward.halving is None
    assert reward.files == ()


def test_every_option_reaches_the_search(asked):
    options = "--method random --base 4 --task recall --evaluations 7 --seed 3 --batch 5 --steps 9"
    more = "--hidden 4 --rate 0.5 --halving --workers 2 --limit 30 --out a.json --checkpoint b.ckpt"
    assert main(["search", *options.split(), *more.split()]) == 0
    (call,) = asked
    reward = call["reward"]
    assert call["space"] == nt.Space(4)
    assert (call["name"], call["evaluations"], call["seed"]) == ("random", 7, 3)
    assert (call["batch"], call["workers"], call["limit"]) == (5, 2, 30)
    assert (reward.task, reward.steps, reward.hidden_size) == ("recall", 9, 4)
    assert reward.learning_rate == 0.5
    assert reward.halving == nt.search.Halving()
    assert call["checkpoint"] == Path("b.ckpt")
    assert Path("a.json").exists()


def test_files_are_three_parts_of_a_text(asked, capsys):
    assert main(["search", "--files", "train", "valid", "test"]) == 0
    assert asked[0]["reward"].files == ["train", "valid", "test"]
    with pytest.raises(SystemExit):
        main(["search", "--files", "train", "valid"])
    assert "--files: expected 3 arguments" in capsys.readouterr().err


def test_a_scheduler_is_asked_for_its_workers(asked, monkeypatch):
    class Cluster:
        def __init__(self, address):
            self.address = address

        def size(self):
            raise AssertionError("asked for before the search needs it")

    monkeypatch.setattr("nastut.search.executors.Cluster", Cluster)
    assert main(["search", *SHORT, "--scheduler", "tcp://127.0.0.1:1"]) == 0
    (call,) = asked
    assert call["source"].address == "tcp://127.0.0.1:1"
    assert call["workers"] == call["source"].size


def test_failures_of_one_kind_are_counted_together(asked, capsys):
    assert main(["search", *SHORT]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if " failed: " in line] == [
        "2 failed: broke",
        "1 failed: too slow",
    ]


@pytest.mark.parametrize("drawn", [True, False])
def test_the_best_cells_are_printed_with_their_perplexities(
    drawn, asked, capsys, monkeypatch, tmp_path
):
    if not drawn:
        hide_programs(monkeypatch, tmp_path)
    assert main(["search", *SHORT, "--out", "some.json"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("reward ")] == [
        f"reward {reward:.4f}, perplexity {2 / math.sqrt(reward):.3f}: {CELLS[place]}"
        for reward, place in ((0.5, 1), (0.3, 4), (0.25, 0), (0.2, 6), (0.04, 3))
    ]
    assert f"\n\n{nt.formulas(CELLS[1])}\n\nresult written to some.json\n" in shown
    assert Path("some.json").read_text() == "result"
    if drawn:
        assert shown.endswith("picture of the best cell written to some.svg\n")
        assert texts(Path("some.svg").read_text()) == texts(nt.draw(CELLS[1]).svg())
    else:
        assert "no picture of the best cell: no program to draw with" in shown


def test_no_search_begins_where_its_result_cannot_be_written(asked, capsys):
    assert main(["search", *SHORT, "--out", "none/search.json"]) == 2
    assert "none/search.json cannot be written: there is no such folder" in capsys.readouterr().err
    assert asked == []


def test_a_report_draws_the_best_1_5_and_15_of_every_result(capsys, monkeypatch):
    results = {
        f"{name}.json": SearchResult({"method": name}, nt.Space(1), CELLS * 3, rewards * 3, [], [])
        for name, rewards in (("one", REWARDS), ("other", REWARDS[::-1]))
    }
    drawn = []

    def draw(panels, path):
        drawn.append((panels, path))
        return path

    monkeypatch.setattr("nastut.pictures.curves.draw_curves", draw)
    monkeypatch.setattr(SearchResult, "load", lambda path: results[str(path)])
    assert main(["report", *results]) == 0
    assert main(["report", *results, "--out", "curves.png"]) == 0
    assert [path for _, path in drawn] == [Path("one.curves.svg"), Path("curves.png")]
    panels = drawn[0][0]
    assert list(panels) == ["the best 1", "the best 5", "the best 15"]
    for best, curves in zip((1, 5, 15), panels.values(), strict=True):
        assert list(curves) == list(results)
        for path, curve in curves.items():
            np.testing.assert_array_equal(curve, results[path].curve(best))
    said = [f"{path}: {result}" for path, result in results.items()]
    assert capsys.readouterr().out.splitlines() == [
        *said,
        "curves written to one.curves.svg",
        *said,
        "curves written to curves.png",
    ]


def test_the_commands_wait_for_no_large_library():
    code = (
        "import sys, nastut.searching; "
        "print([name for name in ('numpy', 'torch', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
