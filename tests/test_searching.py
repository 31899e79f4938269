"""The commands ``search`` and ``report``: their options, output and error messages."""

import inspect
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

import nastut as nt
from drawn import hide_programs, texts
from nastut.__main__ import main
from nastut.search.checkpoint import Batch, SearchResult
from nastut.search.rewards import FAILED, Outcome
from nastut.searching import METHODS, _draw_curves

SHORT = ["--task", "reber", "--base", "2", "--steps", "8", "--hidden", "3", "--batch", "6"]
CELLS = [
    nt.Cell.parse(f"Add Tanh Add {activation} 0 0")
    for activation in ("Tanh", "ReLU", "Sin", "Sigmoid", "Identity")
] + [nt.Cell.parse(f"Max Tanh Add {activation} 0 0") for activation in ("Tanh", "ReLU", "Sin")]
OUTCOMES = [0.25, 0.5, "broke at step 3", 0.04, 0.3, "too slow", 0.2, "broke at step 5"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def in_threads(monkeypatch):
    """Train in a thread of this process: a new one takes seconds to start."""
    monkeypatch.setattr(nt.search, "processes", ThreadPoolExecutor)


@pytest.fixture
def asked(monkeypatch):
    """Return the calls of the search functions, which search nothing."""
    calls = []
    takes = inspect.signature(nt.search.Trained.on)

    def reward(*arguments, **named):
        bound = takes.bind(*arguments, **named)
        bound.apply_defaults()
        return SimpleNamespace(**bound.arguments | {"best": 2.0})

    def method(name):
        def search(space, reward, evaluations, seed, source, checkpoint, **rest):
            calls.append(SimpleNamespace(space=space, reward=reward, evaluations=evaluations,
                                         seed=seed, source=source, checkpoint=checkpoint,
                                         name=name, **rest))  # fmt: skip
            outcomes = [
                Outcome(FAILED, one) if isinstance(one, str) else Outcome(one, None)
                for one in OUTCOMES
            ]
            return SearchResult({"method": name}, nt.Space(1), [Batch(0, CELLS, outcomes)], 1)

        return search

    for name in METHODS:
        monkeypatch.setattr(f"nastut.search.{name}", method(name))
    monkeypatch.setattr(nt.search.Trained, "on", reward)
    return calls


def test_the_help_states_the_defaults(asked, capsys):
    assert main(["search"]) == 0
    (call,) = asked
    with pytest.raises(SystemExit):
        main(["search", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for option, value in {
        "--base BASE": call.space.base,
        "--evaluations N": call.evaluations,
        "--batch BATCH": call.batch,
        "--steps STEPS": call.reward.steps,
        "--hidden HIDDEN": call.reward.hidden_size,
        "--rate RATE": call.reward.learning_rate,
        "--workers K": call.workers,
        "--limit LIMIT": call.limit,
    }.items():
        assert re.search(rf"{option} [^-(]*\({value:g}\)", said), option
    assert (call.name, call.seed, call.reward.task) == ("priority_queue", 0, "text")
    assert call.checkpoint == Path("search.json")
    assert (call.reward.halving, call.reward.files) == (None, ())


def test_every_option_reaches_the_search(asked):
    options = "--method random --base 4 --task recall --evaluations 7 --seed 3 --batch 5 --steps 9"
    more = "--hidden 4 --rate 0.5 --halving --workers 2 --limit 30 --out a.json"
    assert main(["search", *options.split(), *more.split()]) == 0
    (call,) = asked
    assert call.space == nt.Space(4)
    assert (call.name, call.evaluations, call.seed) == ("random", 7, 3)
    assert (call.batch, call.workers, call.limit) == (5, 2, 30)
    assert (call.reward.task, call.reward.steps, call.reward.hidden_size) == ("recall", 9, 4)
    assert (call.reward.learning_rate, call.reward.halving) == (0.5, nt.search.Halving())
    assert call.checkpoint == Path("a.json")


def test_a_scheduler_is_asked_for_its_workers(asked, monkeypatch):
    class Cluster(SimpleNamespace):
        def size(self):
            raise AssertionError("asked for before the search needs it")

    monkeypatch.setattr(nt.search, "Cluster", lambda address: Cluster(address=address))
    assert main(["search", *SHORT, "--scheduler", "tcp://127.0.0.1:1"]) == 0
    assert asked[0].source.address == "tcp://127.0.0.1:1"
    assert asked[0].workers == asked[0].source.size


@pytest.mark.parametrize("drawn", [True, False])
def test_the_best_cells_are_printed_with_their_perplexities(
    drawn, asked, capsys, monkeypatch, tmp_path
):
    if not drawn:
        hide_programs(monkeypatch, tmp_path)
    assert main(["search", *SHORT, "--out", "found.json"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("reward ")] == [
        f"reward {reward:.4f}, perplexity {2 / math.sqrt(reward):.3f}: {CELLS[place]}"
        for reward, place in ((0.5, 1), (0.3, 4), (0.25, 0), (0.2, 6), (0.04, 3))
    ]
    assert "\n2 failed: broke\n1 failed: too slow\n" in shown
    assert f"\n\n{nt.formulas(CELLS[1])}\n\nthe search is in found.json\n" in shown
    if drawn:
        assert shown.endswith("picture of the best cell written to found.svg\n")
        assert texts(Path("found.svg").read_text()) == texts(nt.draw(CELLS[1]).svg())
    else:
        assert "no picture of the best cell: no program to draw with" in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("--base 3", "base"),
        ("--steps 0", "steps is 0"),
        ("--workers 0", "workers is 0"),
        ("--limit -1", "limit is -1"),
        ("--out none/search.json", "there is no folder none"),
        ("--files a b c", "'reber' with 3 files"),
        ("--out a.svg", "a.svg will be the picture of the best cell"),
    ],
)
def test_bad_input_is_reported_before_any_work(change, said, capsys, tmp_path):
    assert main(["search", *SHORT, *change.split()]) == 2
    printed, complaints = capsys.readouterr()
    assert printed == ""
    assert complaints.splitlines()[-1].startswith("python -m nastut search: ")
    assert said in complaints
    assert list(tmp_path.iterdir()) == []


def test_a_search_goes_on_and_is_reported(capsys, tmp_path, in_threads):
    arguments = ["search", *SHORT, "--method", "evolution", "--evaluations", "12", "--halving"]
    assert main(arguments) == 0
    printed, shown = capsys.readouterr()
    result = SearchResult.load("search.json")
    assert len(result.cells) == 12
    assert "evolution: 100%" in shown
    assert printed.splitlines()[0] == repr(result)
    # The same command again only reads; more evaluations go on.
    before = Path("search.json").read_text()
    assert main(arguments) == 0
    assert Path("search.json").read_text() == before
    assert main([*arguments, "--evaluations", "18"]) == 0
    assert SearchResult.load("search.json").cells[:12] == result.cells
    assert main([*arguments, "--evaluations", "18", "--steps", "9"]) == 2
    assert "search.json was made with reward" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"search.json", "search.svg"}

    assert main(["report", "search.json", "--out", "curves.png"]) == 0
    assert "curves written to curves.png" in capsys.readouterr().out
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    shutil.copyfile("search.json", "same.json")
    assert main(["report", "search.json", "same.json"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{name}: {SearchResult.load('search.json')}" for name in ("search.json", "same.json")
    ]
    assert Path("search.curves.svg").exists()
    assert main(["report", "search.json", "--out", "curves.odd"]) == 2
    assert "'odd' is not supported" in capsys.readouterr().err
    Path("a.json").write_text("{}")
    assert main(["report", "a.json"]) == 2
    assert "a.json is damaged or is not the file of a search" in capsys.readouterr().err


def test_a_report_has_three_panels_and_a_curve_for_each_search(monkeypatch):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **options: figures.append(figure))
    curves = {name: np.linspace(0, 1, 20) ** k for k, name in enumerate("abcde", 1)}
    results = {n: SimpleNamespace(curve=lambda best, c=c: c / best) for n, c in curves.items()}
    _draw_curves(results, Path("a.svg"))
    (figure,) = figures
    for axes, best in zip(figure.axes, (1, 5, 15), strict=True):
        assert (axes.get_title(), axes.get_xlabel()) == (f"the best {best}", "evaluations")
        drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
        assert drawn.keys() == curves.keys()
        assert all(np.array_equal(drawn[name], curves[name] / best) for name in curves)
        assert len({line.get_linestyle() for line in axes.lines[:4]}) == 4  # told apart in grey
        assert axes.get_ylim() == figure.axes[0].get_ylim()
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == list("abcde")


def test_words_of_files_and_a_bad_file(capsys, tmp_path, in_threads):
    for part in ("train", "valid", "test"):
        (tmp_path / part).write_bytes(b"\xef\xbb\xbf the cat <unk> sat \r\n\r\n" * 200)
    arguments = ["search", "--base", "2", "--steps", "2", "--hidden", "3", "--evaluations", "4"]
    arguments += ["--batch", "4", "--files"]
    assert main([*arguments, "train", "valid", "test"]) == 0
    assert SearchResult.load("search.json").settings["reward"]["task"] == "text"
    capsys.readouterr()
    (tmp_path / "test").write_bytes(b"caf\xe9 \n" * 99)
    for file, said in (("none", "none does not exist"), ("test", "test is no UTF-8 text")):
        assert main([*arguments, "train", "valid", file]) == 2, file
        printed, complaints = capsys.readouterr()
        assert printed == ""
        assert said in complaints


@pytest.mark.slow
def test_a_killed_search_with_two_workers_goes_on(tmp_path):
    """Killed with ``kill -9``: no process is left, nothing is measured twice."""
    command = [sys.executable, "-m", "nastut", "search", *SHORT, "--evaluations", "90"]
    command += ["--method", "random", "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    first = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    end = time.monotonic() + 120
    while not Path("search.json").exists():
        assert first.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)  # the workers share the pipe: it ends when the last of them does
    assert first.returncode == -signal.SIGKILL
    before = SearchResult.load("search.json")
    second = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    result = SearchResult.load("search.json")
    assert result.batches[: before.learned] == before.batches[: before.learned]
    reward = nt.search.Trained.on("reber", steps=8, hidden_size=3)
    whole = nt.search.random(nt.Space(2), reward, 90, 0, progress=False, batch=6)
    assert sorted(map(str, result.cells)) == sorted(map(str, whole.cells))
    assert result.failures == []
