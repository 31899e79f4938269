"""The commands of the README: those that a machine can judge here are run or read."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import nastut as nt
from nastut.__main__ import main
from tasks import TASKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip().partition("    # ")[0].strip()
    for line in re.findall(r"^ {4}(\S.*)$", README, re.MULTILINE)
    if re.match(r" *(make|py|uv|conda|jupyter|\.venv/bin/python) ", line)
]
PYTHON = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def test_every_way_to_start_is_read():
    started = {command.split()[0] for command in COMMANDS}
    assert started == {"make", "py", "uv", "conda", "jupyter", ".venv/bin/python"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_fits_the_project(command):
    match shlex.split(command.replace("<", "'<").replace(">", ">'")):
        case ["make", *targets]:
            assert {target for target in targets if "=" not in target} <= set(TASKS)
        case ["py", "tasks.py", *options]:
            assert set(options) <= {*TASKS, "--help"}
        case ["uv", "venv", "--python", version]:
            assert version == "3.11"
        case ["uv", "pip", "install", *options]:
            workflow = (ROOT / ".github/workflows/test.yml").read_text()
            assert f"uv pip install {shlex.join(options)}".replace("'", '"') in workflow
        case ["uv", "run", "--no-sync", *start] | ["jupyter", *start]:
            assert (ROOT / start[-1]).is_file()
            assert start[-2] == "lab"
        case ["conda", "env", "create", "-f", file, "&&", "conda", "activate", name]:
            assert yaml.safe_load((ROOT / file).read_text())["name"] == name
        case [".venv/bin/python", "-m", "nastut", *_]:
            pass  # run below; the doctor in test_wheel.py
        case _:
            pytest.fail(f"nobody knows what to make of {command}")


@pytest.mark.parametrize(
    "command",
    [
        command
        for command in COMMANDS
        if re.match(r"\.venv/bin/python -m nastut (?!doctor)", command)
    ],
)
def test_the_command_line_does_what_the_readme_says(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(command)[3:]
    if "--evaluations" in arguments:  # hours of a reader's, some seconds of ours
        arguments[arguments.index("--evaluations") + 1] = "4"
        arguments += ["--task", "reber", "--steps", "2", "--hidden", "3", "--batch", "4"]
        arguments += ["--workers", "1"]
    assert main(arguments) == 0
    if "--out" in arguments:
        assert (tmp_path / arguments[arguments.index("--out") + 1]).is_file()


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_runs(code):
    known = {"nt": nt}
    exec(code, known)
    for line in code.splitlines():  # a comment that begins with a value says what the line gives
        said = re.match(r"(.*?)  # (True|False|\d+)\b", line)
        if said:
            assert str(eval(said[1], known)) == said[2]


def test_extras_that_are_named_are_there():
    named = re.findall(r"(?:\.|nastut)\[([a-z,]+)\]", README)
    assert named
    assert {extra for names in named for extra in names.split(",")} <= set(EXTRAS)
