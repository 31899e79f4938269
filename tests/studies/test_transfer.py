"""Cells of the table on text: which ones, in which batches, and what is recorded of them."""

import json

import numpy as np
import pytest
import torch

import nastut as nt
from made_up_table import made_up_table
from nastut.learning.tasks import Task
from nastut.learning.training import Recipe
from nastut.studies import transfer

TABLE = made_up_table()
STREAM = np.arange(300) % 5
CIRCLE = Task("circle", tuple("abcde"), STREAM, STREAM[:100], STREAM[:100])


@pytest.fixture
def small(monkeypatch):
    """Make the study a matter of seconds."""
    for name, value in {
        "table": lambda: TABLE,
        "text": lambda: CIRCLE,
        "DRAWN": 7,
        "BEST": 3,
        "AT_ONCE": 4,
        "HIDDEN_SIZE": 4,
        "RECIPE": Recipe(epochs=1, batch=4, steps=10, reports=2),
    }.items():
        monkeypatch.setattr(transfer, name, value)


def test_cells_are_drawn_from_all_classes_and_the_best_follow(small):
    cells = transfer.cells()
    assert len(set(cells)) == len(cells) == 10
    assert cells[7:] == TABLE.best(3)
    assert all(cell in TABLE.cells for cell in cells)
    assert cells == transfer.cells()


def test_a_cell_that_was_drawn_is_not_taken_twice(small, monkeypatch):
    monkeypatch.setattr(transfer, "DRAWN", len(TABLE))
    assert sorted(map(str, transfer.cells())) == sorted(TABLE.sequences)


def test_every_cell_is_in_one_batch_of_each_seed(small):
    study = transfer.transfer()
    assert list(study.runs)[:3] == [
        "cells from 0, seed 0",
        "cells from 0, seed 1",
        "cells from 4, seed 0",
    ]
    for seed in transfer.SEEDS:
        given = [text for texts, of in study.runs.values() if of == seed for text in texts]
        assert given == list(map(str, transfer.cells()))


def test_a_run_records_the_perplexities_of_its_cells(small):
    study = transfer.transfer()
    texts, seed = study.runs["cells from 4, seed 1"]
    records = study.run(texts, seed)
    assert json.loads(json.dumps(records, allow_nan=False)) == records == study.run(texts, seed)
    assert [(record["cell"], record["seed"]) for record in records] == [(t, 1) for t in texts]
    alone = nt.train(
        nt.Cell.parse(texts[2]), CIRCLE, transfer.RECIPE, hidden_size=4, seed=1, progress=False
    )[0]
    assert records[2]["validation"] == pytest.approx(alone.validation[-1], abs=1e-3)
    assert records[2]["test"] == pytest.approx(alone.test, abs=1e-3)
    numbers = [record[stream] for record in records for stream in ("validation", "test")]
    assert [round(number, 4) for number in numbers] == numbers
    assert [round(number, 3) for number in numbers] != numbers


def test_a_run_is_of_one_thread_in_silence(small, two_threads, capsys):
    transfer.run(("Add ReLU Add ReLU Multiply ReLU Multiply ReLU 2 0",), 0)
    assert torch.get_num_threads() == 1
    assert capsys.readouterr() == ("", "")


def test_a_child_that_diverged_has_no_perplexity(small, monkeypatch):
    monkeypatch.setattr(
        transfer, "RECIPE", Recipe(epochs=1, batch=4, steps=10, reports=2, learning_rate=1e30)
    )
    records = transfer.run(("Add ReLU Add ReLU Multiply ReLU Multiply ReLU 2 0",), 0)
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert records[0]["validation"] is None


def test_the_text_is_cut(monkeypatch):
    monkeypatch.setattr(transfer, "python_reference", lambda: CIRCLE)
    monkeypatch.setattr(transfer, "LENGTHS", {"train": 200, "validation": 20, "test": 10})
    transfer.text.cache_clear()
    cut = transfer.text()
    transfer.text.cache_clear()
    assert [len(part) for part in (cut.train, cut.validation, cut.test)] == [200, 20, 10]
    assert (cut.train == STREAM[:200]).all()
    assert cut.symbols == CIRCLE.symbols


def test_the_settings_name_what_the_results_depend_on(small):
    settings = json.loads(json.dumps(transfer.transfer().settings))
    assert settings["table"] == "made up"
    assert settings["task"] == {"name": "circle", "digest": CIRCLE.digest, "symbols": 5}
    assert settings["recipe"]["steps"] == 10


def test_the_record_was_made_by_the_settings_that_the_code_has():
    recorded, study = nt.load_study("transfer"), transfer.transfer()
    made = json.loads(json.dumps(study.settings))
    made = {key: value for key, value in made.items() if key != "task"}  # of this Python
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list(study.runs)
