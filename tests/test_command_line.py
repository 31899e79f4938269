"""``python -m nastut``: what it prints, where, and with which exit status."""

import io
import os
import subprocess
import sys
from importlib import import_module

import pytest

import nastut as nt
from drawn import texts
from nastut.__main__ import main

EXAMPLE = str(nt.zoo.EXAMPLE)


def lines_of(cell):
    return str(nt.formulas(cell)).splitlines()


def test_module_can_be_run():
    done = subprocess.run(
        [sys.executable, "-m", "nastut", "show", EXAMPLE], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    facts = "base 2; c_t does not depend on c_{t-1}"
    assert done.stdout.splitlines() == [EXAMPLE, facts, "", *lines_of(nt.zoo.EXAMPLE)]


def test_several_arguments_are_one_sequence(capsys):
    main(["show", EXAMPLE])
    said = capsys.readouterr()
    as_in_the_article = ["[add, tanh, ElemMult, relu,", "Mult, sigmoid,", "add, relu, 1, 0]"]
    assert main(["show", *as_in_the_article]) == 0
    assert capsys.readouterr() == said


def test_out_writes_svg(tmp_path, capsys):
    path = tmp_path / "cell.svg"
    assert main(["show", EXAMPLE, "--out", str(path)]) == 0
    assert texts(path.read_text()) == texts(nt.draw(nt.zoo.EXAMPLE).svg())
    assert capsys.readouterr().out.splitlines()[-2:] == ["", f"picture written to {path}"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Add Tanh Add Tanh 0"], "token 6 of 6 is missing"),
        ([EXAMPLE.replace("ReLU", "Relux", 1)], "token 4 is 'Relux'"),
        ([EXAMPLE, "--out", "cell.pdf"], "cell.pdf ends in '.pdf'; pictures are .svg or .png"),
        ([EXAMPLE, "--out", "none/cell.svg"], "there is no folder none"),
    ],
    ids=["too short", "misspelt", "suffix", "folder"],
)
def test_bad_input_is_told_on_stderr_only(arguments, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["show", *arguments]) == 2
    printed, complaints = capsys.readouterr()
    assert printed == ""
    assert complaints.startswith("python -m nastut show: ")
    assert complaints.count("\n") == 1
    assert said in complaints


@pytest.mark.parametrize(("healthy", "status"), [(True, 0), (False, 1)])
def test_doctor_exits_with_its_verdict(healthy, status, monkeypatch):
    monkeypatch.setattr(import_module("nastut.environment"), "doctor", lambda: healthy)
    assert main(["doctor"]) == status


@pytest.fixture
def show_raising(monkeypatch):
    """Let `show` raise an error, and return its exit status."""

    def run(error):
        def fails(*arguments):
            raise error

        monkeypatch.setattr(import_module("nastut.__main__"), "_show", fails)
        return main(["show", EXAMPLE])

    return run


@pytest.mark.parametrize("error", [ValueError, OSError, ImportError, RuntimeError])
def test_what_goes_wrong_is_one_line_on_stderr(error, show_raising, capsys):
    assert show_raising(error("no luck")) == 2
    assert capsys.readouterr() == ("", "python -m nastut show: no luck\n")


def test_a_fault_of_the_program_is_not_hidden(show_raising):
    with pytest.raises(KeyError):
        show_raising(KeyError("a bug"))


def test_what_is_interrupted_by_the_keyboard_says_so(show_raising, capsys):
    assert show_raising(KeyboardInterrupt) == 130
    assert capsys.readouterr() == ("", "python -m nastut show: interrupted\n")


@pytest.mark.skipif(sys.platform != "linux", reason="bash and /dev/full")
@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        (">&- 2>&- <&-", 0, ""),
        (">/dev/full", 2, "python -m nastut show: [Errno 28] No space left on device\n"),
        (">&3", 141, ""),
        ("nonsense 2>&3", 141, ""),
    ],
)
def test_streams_may_be_closed_full_or_without_a_reader(redirected, status, said):
    """3 is a pipe that nobody reads."""
    command = f"{sys.executable} -m nastut show {EXAMPLE} {redirected}"
    shell = ["bash", "-c", f"exec 3> >(exec 3>&-; exec true); wait $!; {command} 3>&3"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    done = subprocess.run(shell, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, said)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_show_works_on_any_terminal(encoding, tmp_path, monkeypatch, capsys):
    path = tmp_path / "Bild\N{SNOWMAN}.svg"
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["show", EXAMPLE, "--out", str(path)]) == 0
    assert capsys.readouterr().err == ""
    terminal.flush()
    sign = "⊙" if encoding == "utf-8" else "(.)"
    printed = terminal.buffer.getvalue().decode(encoding)
    assert f"W_3 x_t {sign} W_4 h_{{t-1}}" in printed
    assert ("Bild\N{SNOWMAN}" if encoding == "utf-8" else "Bild\\u2603") in printed
