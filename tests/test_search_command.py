"""``python -m nastut search`` and ``report``: what they print and write, and what they refuse."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import nastut as nt
from nastut.__main__ import main
from nastut.search.result import SearchResult

SHORT = ["--task", "reber", "--base", "2", "--steps", "8", "--hidden", "3", "--batch", "6"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_search_prints_and_writes_what_it_found(capsys, tmp_path):
    arguments = ["search", *SHORT, "--method", "evolution", "--evaluations", "20", "--halving"]
    assert main(arguments) == 0
    printed, shown = capsys.readouterr()
    result = SearchResult.load("search.json")
    assert len(result.cells) == 20
    assert "evolution: 100%" in shown
    assert "per_minute=" in shown
    assert "best=" in shown
    lines = printed.splitlines()
    assert lines[0] == repr(result)
    assert sum(line.startswith("reward ") for line in lines) == 5
    assert lines[-2:] == [
        "result written to search.json",
        "picture of the best cell written to search.svg",
    ]
    assert str(nt.formulas(result.best)) in printed
    assert "<svg" in (tmp_path / "search.svg").read_text()
    # The same command again only reads; more evaluations go on.
    before = (tmp_path / "search.json").read_text()
    assert main(arguments) == 0
    assert (tmp_path / "search.json").read_text() == before
    assert main([*arguments, "--evaluations", "26"]) == 0
    assert SearchResult.load("search.json").cells[:20] == result.cells
    capsys.readouterr()

    assert main(["report", "search.json", "--out", "curves.png"]) == 0
    assert "curves written to curves.png" in capsys.readouterr().out
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert main(["report", "search.json", "search.json"]) == 0
    assert (tmp_path / "search.curves.svg").exists()


def test_words_of_files_and_a_bad_file(capsys, tmp_path):
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--base", "3"], "base"),
        (["--evaluations", "0"], "evaluations is 0"),
        (["--steps", "0"], "steps is 0"),
        (["--workers", "0"], "workers is 0"),
        (["--limit", "-1"], "limit is -1"),
        (["--batch", "0"], "batch is 0"),
        (["--out", "none/search.json"], "none/search.json cannot be written"),
        (["--checkpoint", "none/search.ckpt"], "there is no folder none"),
        (["--files", "a", "b", "c"], "'reber' with 3 files"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_told_before_any_work(change, said, capsys, tmp_path):
    assert main(["search", *SHORT, *change]) == 2
    printed, complaints = capsys.readouterr()
    assert printed == ""
    assert complaints.splitlines()[-1].startswith("python -m nastut search: ")
    assert said in complaints
    assert list(tmp_path.iterdir()) == []


def test_the_checkpoint_of_another_search_is_refused_and_kept(capsys, tmp_path):
    assert main(["search", *SHORT, "--evaluations", "6"]) == 0
    before = (tmp_path / "search.json.ckpt").read_bytes()
    for change in (["--steps", "9"], ["--seed", "1"], ["--task", "recall"], ["--base", "4"]):
        assert main(["search", *SHORT, "--evaluations", "6", *change]) == 2
        assert "search.json.ckpt was made with" in capsys.readouterr().err
    assert (tmp_path / "search.json.ckpt").read_bytes() == before


def test_a_report_of_what_is_no_result(capsys, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    assert main(["report", "a.json"]) == 2
    assert "a.json is damaged or holds something else" in capsys.readouterr().err
    assert main(["report", "b.json"]) == 2


def test_a_killed_search_goes_on(tmp_path):
    """Killed with ``kill -9``, with two workers: no process is left, nothing is measured twice."""
    command = [sys.executable, "-m", "nastut", "search", *SHORT, "--evaluations", "90"]
    command += ["--method", "random", "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    first = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    checkpoint = tmp_path / "search.json.ckpt"
    end = time.monotonic() + 120
    while not checkpoint.exists():
        assert first.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)  # the workers share the pipe: it ends when the last of them does
    assert first.returncode == -signal.SIGKILL
    second = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    result = SearchResult.load("search.json")
    reward = nt.search.Trained.on("reber", steps=8, hidden_size=3)
    whole = nt.search.random(nt.Space(2), reward, 90, 0, progress=False, batch=6)
    assert sorted(map(str, result.cells)) == sorted(map(str, whole.cells))
    assert json.loads((tmp_path / "search.json").read_text())["failures"] == []
