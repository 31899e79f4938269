"""The build of the table: killed, gone on with, refused, and true to the trainer."""

import json
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import nastut as nt
from fake_training import SPACE, TASKS, build_until, fake_train
from nastut import files as nastut_files
from nastut.__main__ import main
from nastut.learning.children import train
from nastut.learning.training import Recipe
from nastut.studies import exhaustive
from nastut.studies.exhaustive import TaskSettings, build
from nastut.studies.parts import Parts

FAKE = Path(__file__).parents[1] / "fake_training.py"
BATCHES = 2 * -(-SPACE.classes // 7) + -(-SPACE.classes // 9)


@pytest.fixture
def executor():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def fake(monkeypatch):
    """Train nothing, and count the batches."""
    trained = []

    def counted(cells, *arguments, **named):
        trained.append(len(cells))
        return fake_train(cells, *arguments, **named)

    monkeypatch.setattr(exhaustive, "train", counted)
    return trained


@pytest.fixture
def whole(fake, executor, tmp_path):
    """Return the bytes of a table whose build nothing broke off."""
    path = tmp_path / "whole" / "small.csv.xz"
    build(path, executor, SPACE, TASKS)
    assert sum(fake) == 3 * SPACE.classes
    assert len(fake) == BATCHES
    fake.clear()
    return path.read_bytes()


def kill_after(files, path):
    """Build in a process that is killed in the middle of writing the next file."""
    done = subprocess.run([sys.executable, FAKE, path, str(files)], capture_output=True)
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def broken_off(tmp_path):
    """Return the path of a table that was broken off after three batches."""

    def end():
        raise KeyboardInterrupt

    path = tmp_path / "small.csv.xz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exhaustive, "train", None)  # both are put back afterwards
        for module in (nastut_files, exhaustive):
            patch.setattr(module, "write_atomically", None)
        with pytest.raises(KeyboardInterrupt):
            build_until(path, 1 + 3, end)
    return path


@pytest.mark.parametrize("files", [0, 1, 1 + 10, 1 + BATCHES])
def test_a_killed_build_goes_on_to_the_identical_file(whole, fake, executor, tmp_path, files):
    """The first file holds the settings, then comes one for each batch, the last is the table."""
    path = tmp_path / "small.csv.xz"
    kill_after(files, path)
    assert not path.exists()
    build(path, executor, SPACE, TASKS)
    assert path.read_bytes() == whole
    assert len(fake) == BATCHES - max(files - 1, 0)
    assert not (tmp_path / "small.csv.xz.parts").exists()


def test_a_build_may_be_killed_again_and_again(whole, fake, executor, tmp_path):
    path = tmp_path / "small.csv.xz"
    kill_after(1 + 4, path)
    kill_after(5, path)
    build(path, executor, SPACE, TASKS)
    assert path.read_bytes() == whole
    assert len(fake) == BATCHES - 4 - 5


def test_killed_between_the_table_and_its_tidying(whole, fake, executor, tmp_path, monkeypatch):
    path = tmp_path / "small.csv.xz"
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "remove", lambda parts: None)
        build(path, executor, SPACE, TASKS)
    folder = tmp_path / "small.csv.xz.parts"
    assert len(list(folder.iterdir())) == BATCHES + 1
    fake.clear()
    build(path, executor, SPACE, TASKS)
    assert fake == []
    assert path.read_bytes() == whole
    assert not folder.exists()


class Backwards:
    """An executor that runs what it is given from the last to the first, once it has it all."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, *arguments):
        self.waiting.append((Future(), function, arguments))
        future = self.waiting[-1][0]
        if len(self.waiting) == BATCHES:
            for waiting, function, arguments in reversed(self.waiting):
                waiting.set_result(function(*arguments))
        return future


def test_the_order_in_which_batches_end_does_not_matter(whole, tmp_path):
    path = tmp_path / "small.csv.xz"
    build(path, Backwards(), SPACE, TASKS)
    assert path.read_bytes() == whole


def test_a_file_of_somebody_else_in_the_folder_stays(fake, executor, tmp_path):
    folder = tmp_path / "small.csv.xz.parts"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    build(tmp_path / "small.csv.xz", executor, SPACE, TASKS)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def changed():
    how = TASKS["embedded_reber"]
    return {**TASKS, "embedded_reber": replace(how, recipe=replace(how.recipe, clip=2.0))}


def test_a_table_of_other_settings_is_refused_and_kept(whole, executor, tmp_path):
    path = tmp_path / "whole" / "small.csv.xz"
    said = r"small\.csv\.xz was made with other tasks\.embedded_reber\.recipe\.clip; move it away"
    with pytest.raises(ValueError, match=said):
        build(path, executor, SPACE, changed())
    assert path.read_bytes() == whole


def test_parts_of_other_settings_are_refused_and_kept(broken_off, fake, executor):
    folder = broken_off.with_name("small.csv.xz.parts")
    before = {part: part.read_bytes() for part in folder.iterdir()}
    assert len(before) == 1 + 3  # the settings, and the batches
    said = r"parts was made with other tasks\.embedded_reber\.recipe\.clip; move it away"
    with pytest.raises(ValueError, match=said):
        build(broken_off, executor, SPACE, changed())
    assert {part: part.read_bytes() for part in folder.iterdir()} == before
    assert fake == []


def test_a_finished_table_leaves_parts_of_other_settings_alone(whole, broken_off, executor):
    folder = broken_off.with_name("small.csv.xz.parts")
    settings = json.loads((folder / "settings.json").read_text())
    del settings["sha256"]
    (folder / "settings.json").write_text(json.dumps({**settings, "torch": "1.0"}))
    before = sorted(folder.iterdir())
    broken_off.write_bytes(whole)
    build(broken_off, executor, SPACE, TASKS)
    assert sorted(folder.iterdir()) == before


def unmarked(part, **change):
    """Return a changed part without a hash, as JSON."""
    return json.dumps({key: value for key, value in (part | change).items() if key != "sha256"})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda part: "{", r"json is damaged"),
        (lambda part: "[]", r"json is damaged or holds something else: it is of type list"),
        (lambda part: unmarked(part, settings="0"), r"json was made with other settings"),
        (lambda part: json.dumps({"settings": part["settings"]}), r"it lacks 'content'"),
        (lambda part: json.dumps({**part, "settings": "0"}), r"not what its hash says"),
        (lambda part: unmarked(part, content=part["content"][1:]), r"has \d records for \d"),
        (lambda part: unmarked(part, content=[{}]), r"it\['content'\]\[0\] lacks 'seed'"),
        (lambda part: unmarked(part, content=None), r"it\['content'\] is of type NoneType"),
    ],
)
def test_a_damaged_part_is_named(broken_off, fake, executor, damage, said):
    folder = broken_off.with_name("small.csv.xz.parts")
    part = min(folder.glob("*.part.json"))
    part.write_text(damage(json.loads(part.read_text())))
    with pytest.raises(ValueError, match=rf"{said}.*; delete it and build again") as refused:
        build(broken_off, executor, SPACE, TASKS)
    assert part.name.removesuffix(".part.json") in str(refused.value)
    part.unlink()
    build(broken_off, executor, SPACE, TASKS)
    assert len(fake) == BATCHES - 2


def test_a_trainer_that_measures_elsewhere_is_not_believed(executor, tmp_path, monkeypatch):
    def elsewhere(*arguments, **named):
        return [replace(record, at=(1, 4)) for record in fake_train(*arguments, **named)]

    monkeypatch.setattr(exhaustive, "train", elsewhere)
    with pytest.raises(ValueError, match=r"measured at steps \(1, 4\); the settings say \[2, 4\]"):
        build(tmp_path / "small.csv.xz", executor, SPACE, TASKS)


def test_classes_are_the_distinct_canonical_cells():
    space = nt.Space(2, ("Add", "Multiply"), ("Tanh", "ReLU"))
    found = exhaustive.classes(space)
    assert len(found) == space.classes
    assert set(found) == {cell.canonical() for cell in space}


def test_the_table_of_base_2_is_what_the_issue_asks_for():
    """The settings of the real build, without building."""
    assert nt.Space() == exhaustive.SPACE
    assert exhaustive.SPACE.classes == 18_688
    assert list(exhaustive.TASKS) == ["embedded_reber", "delayed_recall"]
    assert len(exhaustive.TASKS["embedded_reber"].seeds) >= 3
    today = exhaustive.settings(exhaustive.SPACE, exhaustive.TASKS)
    assert all(len(made["at"]) == 4 for made in today["tasks"].values())
    recorded, versions = nt.load_table().settings, ("python", "torch")
    assert [key for key in today if key not in versions and recorded[key] != today[key]] == []


def test_a_batch_is_trained_on_one_thread_in_silence(two_threads, capsys):
    how = TASKS["delayed_recall"]
    batch = exhaustive.Batch("delayed_recall", 3, 0, tuple(exhaustive.classes(SPACE)[:2]))
    records = exhaustive.run(batch, how.make("delayed_recall"), how)
    assert torch.get_num_threads() == 1
    assert [record.seed for record in records] == [3, 3]
    assert capsys.readouterr() == ("", "")


def test_how_cells_are_trained_cannot_be_changed_by_accident():
    batch = exhaustive.Batch("delayed_recall", 3, 7, ())
    assert batch.name == "delayed_recall-seed3-00007"
    for settings, name in ((TaskSettings(), "seeds"), (batch, "start")):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, name, 0)


def test_what_is_trained_again_by_the_recorded_recipe_comes_out_as_recorded(executor, tmp_path):
    space = nt.Space(1, ("Add", "Multiply"), ("Tanh", "ReLU"))
    how = TaskSettings(
        arguments={"train": 2_000, "validation": 500, "test": 500},
        recipe=Recipe(epochs=1, batch=8, steps=10, learning_rate=0.02, reports=4),
        hidden_size=4,
        at_once=10,
        seeds=(0, 1),
    )
    tasks = {"embedded_reber": how, "delayed_recall": replace(how, seeds=(2,))}
    table = build(tmp_path / "tiny.csv.xz", executor, space, tasks)
    for task in table.tasks:
        recorded = TaskSettings.recorded(table, task)
        streams = recorded.make(task)
        assert streams.digest == table.settings["tasks"][task]["digest"]
        rows = np.random.default_rng(1).choice(len(table), 3, replace=False)
        cells = [table.cells[row] for row in rows]
        for place, seed in enumerate(recorded.seeds):
            again = train(
                cells, streams, recorded.recipe, recorded.hidden_size, seed, progress=False
            )
            validation = np.array([record.validation for record in again])
            assert table.validation(task)[rows, place] == pytest.approx(validation, rel=1e-4)
            test = [record.test for record in again]
            assert table.test(task)[rows, place] == pytest.approx(test, rel=1e-4)


def test_the_command_builds_in_processes(monkeypatch, tmp_path, capsys):
    seen = []

    def fake_build(path, executor):
        seen.append((path, type(executor).__name__))
        with ThreadPoolExecutor(1) as threads:
            return build(path, threads, SPACE, TASKS)

    monkeypatch.setattr(exhaustive, "train", fake_train)
    monkeypatch.setattr(exhaustive, "build", fake_build)
    path = tmp_path / "new folder" / "small.csv.xz"
    assert main(["table", "build", str(path)]) == 0
    assert seen == [(path, "ProcessPoolExecutor")]
    table = nt.load_table(path)
    printed = f"{path} has {len(table)} cells; the best is {table.best(1)[0]}\n"
    assert capsys.readouterr().out == printed


def test_the_command_tells_of_a_damaged_table_on_stderr(tmp_path, capsys):
    path = tmp_path / "base2.csv.xz"
    path.write_bytes(b"no table")
    assert main(["table", "build", str(path)]) == 2
    printed, complaints = capsys.readouterr()
    assert printed == ""
    assert complaints.startswith(f"python -m nastut table: {path} is damaged or holds")
    assert path.read_bytes() == b"no table"


def test_the_command_may_be_broken_off_by_the_keyboard(monkeypatch, tmp_path, capsys):
    def interrupted(path, executor):
        raise KeyboardInterrupt

    monkeypatch.setattr(exhaustive, "build", interrupted)
    assert main(["table", "build", str(tmp_path / "base2.csv.xz")]) == 130
    assert capsys.readouterr() == ("", "python -m nastut table: broken off\n")
