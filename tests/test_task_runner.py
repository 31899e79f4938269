"""``tasks.py`` is the one place that says what a task is; make and the workflows only call it."""

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import tasks

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = [path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml"))]


@pytest.fixture
def ran(monkeypatch):
    """Return the commands that would be run, without their interpreter."""
    commands = []
    monkeypatch.setattr(tasks, "run", lambda *command: commands.append([str(c) for c in command]))
    return commands


def test_make_has_every_task_and_says_nothing_else_about_it():
    (listed,) = re.findall(r"^TASKS := (.*)$", MAKEFILE.replace("\\\n", ""), re.MULTILINE)
    assert sorted(listed.split()) == sorted(tasks.TASKS)
    assert "\n$(TASKS):\n\t@$(PYTHON) tasks.py $@ $(OPTIONS)\n" in MAKEFILE
    assert "pip" not in MAKEFILE


def test_what_a_task_runs_is_there():
    for task in tasks.TASKS.values():
        for first, *others in task.commands:
            assert find_spec(others[0]) if first == "-m" else (ROOT / first).is_file()


def test_check_all_is_test_and_what_it_leaves_out():
    (command,), (all_of_it,) = (tasks.TASKS[name].commands for name in ("test", "check-all"))
    assert all_of_it == (*command, "-m", "")
    (weekly,) = [text for text in WORKFLOWS if "schedule:" in text]
    assert "tasks.py --here check-all" in weekly


def test_a_change_is_tested_once_and_only_the_students_site_is_published():
    (text,) = [text for text in WORKFLOWS if "pull_request:" in text]
    workflow = yaml.safe_load(text)
    assert workflow[True]["push"] == {"branches": ["main"]}  # YAML reads "on" as true
    assert workflow["concurrency"]["cancel-in-progress"] is True
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    uploads = [step["with"]["path"] for step in steps if "upload" in step.get("uses", "")]
    assert uploads == ["build/site"]
    assert "--teacher" not in text


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_runs_tasks_in_the_environment_that_it_has_made(workflow):
    jobs = {name: job for name, job in yaml.safe_load(workflow)["jobs"].items() if name != "tell"}
    steps = [step for job in jobs.values() for step in job["steps"]]
    for command in (step["run"] for step in steps if "run" in step):
        if command.startswith("uv pip install") or command == "python -m nastut doctor":
            continue
        called = re.match(r"python tasks\.py --here ([\w-]+)", command)
        assert called, command
        assert called[1] in tasks.TASKS


def test_options_go_to_the_task(ran):
    tasks.main(["--here", "handouts", "--clear", "--grading"])
    assert ran == [[sys.executable, "notebooks/handouts.py", "--clear", "--grading"]]


def test_options_that_no_command_would_get_are_refused(ran, capsys):
    with pytest.raises(SystemExit):
        tasks.main(["--here", "check", "--fix"])
    assert "check takes no options, and --fix was given" in capsys.readouterr().err
    assert ran == []


def test_an_older_python_can_read_the_file_and_is_refused(monkeypatch):
    ast.parse((ROOT / "tasks.py").read_text(), feature_version=(3, 7))
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        tasks.main(["test"])


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Return an empty folder that tasks.py takes for the project's."""
    for name in ("pyproject.toml", "constraints.txt", "docs/package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("ROOT", "VENV", "READY", "NODE_MODULES"):
        moved = tmp_path / getattr(tasks, name).relative_to(ROOT)
        monkeypatch.setattr(tasks, name, moved)

    def make_venv(command):
        assert command == [sys.executable, "-m", "venv", str(tmp_path / ".venv")]
        (tmp_path / ".venv").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(tasks.subprocess, "run", make_venv)
    return tmp_path


def test_set_up_runs_once_and_after_a_change_again_with_torch_first(clone, ran, monkeypatch):
    tasks.set_up()
    ((python, *command),) = ran
    assert python == str(tasks.python_of(clone / ".venv"))
    assert command[-4:] == ["-c", "constraints.txt", "-e", ".[test]"]
    tasks.set_up()
    assert len(ran) == 1
    late = (clone / ".venv/.ready").stat().st_mtime + 5
    os.utime(clone / "constraints.txt", (late, late))
    monkeypatch.setenv("TORCH_INDEX", "https://index.example")
    tasks.set_up()
    options = ["-c", "constraints.txt", "--index-url", "https://index.example", "torch"]
    assert [command[-5:] for command in ran[1:]] == [options, command[-5:]]


def test_an_environment_of_uv_is_taken_and_no_second_one_is_made(clone, ran, monkeypatch):
    python = tasks.python_of(clone / ".venv")
    python.parent.mkdir(parents=True)
    python.touch()
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(tasks.subprocess, "run", lambda command, **_: done)
    tasks.set_up()
    assert ran == []


@pytest.mark.parametrize("installed", [False, True])
def test_an_environment_that_has_the_project_is_taken(installed, clone, ran, monkeypatch):
    monkeypatch.setattr(tasks, "is_installed_here", lambda: installed)
    tasks.main(["sheet"])
    assert [command[0] == sys.executable for command in ran][-1] is installed
    assert (clone / ".venv").exists() is not installed


def test_a_system_without_venv_is_told_what_to_install(clone, ran, monkeypatch):
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(tasks.subprocess, "run", lambda _: failed)
    with pytest.raises(SystemExit, match="install your system's python3-venv package"):
        tasks.set_up()
    assert ran == []


def test_an_extra_is_installed_before_its_task(clone, ran, monkeypatch):
    monkeypatch.setattr(tasks, "is_installed_here", lambda: False)
    monkeypatch.setattr(tasks, "set_up", lambda: None)
    monkeypatch.setattr(tasks, "fetch_for_pages", lambda: None)
    tasks.main(["site", "build/elsewhere"])
    install, task = ran
    assert install[-5:] == ["-c", "constraints.txt", "-q", "-e", ".[site]"]
    assert task[1:] == ["notebooks/website.py", "build/elsewhere"]


def test_what_pages_load_is_fetched_once_or_npm_is_asked_for(clone, ran, monkeypatch):
    monkeypatch.setattr(tasks.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match=r"npm is missing: install Node\.js"):
        tasks.main(["--here", "slides"])
    monkeypatch.setattr(tasks.shutil, "which", lambda name: f"bin/{name}")
    monkeypatch.setattr(
        tasks, "run", lambda *c: (ran.append(c), tasks.NODE_MODULES.mkdir(exist_ok=True))
    )
    tasks.main(["--here", "slides"])
    tasks.main(["--here", "slides"])
    assert [command[0] for command in ran] == ["bin/npm", sys.executable, sys.executable]


def test_status_of_a_command_that_fails_is_that_of_the_task():
    with pytest.raises(SystemExit, match=r"^7$"):
        tasks.run(sys.executable, "-c", "raise SystemExit(7)")
