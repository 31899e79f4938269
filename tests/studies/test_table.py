"""The table: its file, what it says of a cell, and that nothing changes it by accident."""

import copy
import csv
import lzma
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import base2
import nastut as nt
from nastut.cells.space import Space
from nastut.learning.children import train
from nastut.learning.training import Recipe
from nastut.studies.table import Results

SPACE = Space(2, ("Add", "Multiply"), ("Tanh",))
SHORT = base2.TaskSettings(
    arguments={"train": 400, "validation": 100, "test": 100},
    recipe=Recipe(epochs=1, batch=4, steps=10, learning_rate=0.5, reports=2),
    hidden_size=2,
    at_once=30,
    seeds=(0, 5),
)
TASKS = {
    "embedded_reber": SHORT,
    "delayed_recall": base2.replace(SHORT, at_once=16, seeds=(3,)),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Make the table of a small space."""
    path = tmp_path_factory.mktemp("table") / "small.csv.xz"
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as executor:
        patch.setattr(base2, "SPACE", SPACE)
        patch.setattr(base2, "TASKS", TASKS)
        base2.streams.cache_clear()
        study = base2.study()
        runs = study.conduct(path.with_suffix(".json"), executor)
        path.write_bytes(base2.pack(study.settings, runs))
        base2.streams.cache_clear()
    return path


@pytest.fixture(scope="module")
def table(path):
    return nt.load_table(path)


def test_every_class_of_the_space_has_one_row(table):
    assert len(table) == SPACE.classes == len(set(table.cells))
    assert {cell.canonical() for cell in SPACE} == set(table.cells)
    assert [str(cell) for cell in table.cells] == list(table.sequences)
    assert (table.space, table.tasks) == (SPACE, tuple(TASKS))
    assert repr(table) == f"<Table: {len(table)} classes of base 2; embedded_reber, delayed_recall>"
    for cell in SPACE:
        assert table.row(cell) == table.row(cell.canonical())


@pytest.mark.parametrize("task", TASKS)
def test_cells_trained_again_by_the_recorded_settings_come_out_as_recorded(table, task):
    how = base2.TaskSettings.recorded(table, task)
    assert how == TASKS[task]
    streams, results = how.streams(task), table.results(task)
    assert streams.digest == table.settings["tasks"][task]["digest"]
    assert table.settings["tasks"][task]["best"] == pytest.approx(streams.best)
    for place, seed in enumerate(how.seeds):
        records = train(
            table.cells, streams, how.recipe, how.hidden_size, seed, len(table), progress=False
        )
        for row, record in enumerate(records):
            lost = [np.inf] * (results.validation.shape[2] - len(record.at))
            assert results.validation[row, place] == pytest.approx(
                [*record.validation, *lost], rel=1e-3
            )
            assert results.test[row, place] == pytest.approx(record.test, rel=1e-3)
            assert results.diverged[row, place] == (record.diverged or 0)
            assert results.parameters[row] == record.parameters
            assert table.has_memory[row] == table.cells[row].has_memory


def test_a_reward_is_a_mean_of_squares_and_equal_ones_rank_by_their_place():
    rows = [  # parameters; for each of two seeds two measurements, the test, the step of divergence
        ("1", "2.0", "1.5", "1.6", "", "3.0", "3.0", "3.5", ""),
        ("99", "2.0", "inf", "inf", "4", "1", "1.5", "1", ""),
        ("99", "inf", "inf", "inf", "1", "inf", "inf", "inf", "2"),
        ("99", "2.0", "1.5", "1.6", "", "3.0", "3.0", "3.5", ""),
    ]
    settings = {"best": 1.5, "seeds": [0, 5], "at": [1, 4]}
    found = Results.parse(settings, list(zip(*rows, strict=True)))
    assert found.rewards.tolist() == [(1 + 0.25) / 2, 0.5, 0, (1 + 0.25) / 2]
    assert found.ranks.tolist() == [1, 3, 4, 2]
    assert found.diverged.tolist() == [[0, 0], [4, 0], [1, 2], [0, 0]]
    assert found.test.tolist() == [[1.6, 3.5], [np.inf, 1], [np.inf, np.inf], [1.6, 3.5]]


@pytest.mark.parametrize("task", TASKS)
def test_ranks_count_down_the_rewards(table, task):
    in_order = table.best(len(table), task)
    assert [table.rank(cell, task) for cell in in_order] == list(range(1, len(table) + 1))
    rewards = [table.reward(cell, task) for cell in in_order]
    assert rewards == sorted(rewards, reverse=True)
    assert table.best(3, task) == in_order[:3]
    assert table.reward(in_order[0], "embedded_reber") == table.reward(in_order[0])


def test_any_tool_for_csv_finds_the_same_numbers_with_five_digits(path, table):
    with lzma.open(path, "rt", newline="") as file:
        found = csv.DictReader(line for line in file if not line.startswith("#"))
        rows = {row["sequence"]: row for row in found}
    assert list(rows) == list(table.sequences)
    digits, last = set(), table.settings["tasks"]["delayed_recall"]["at"][-1]
    for sequence, row in rows.items():
        number = row[f"delayed_recall_seed3_step{last}"]
        place = table.row(nt.Cell.parse(sequence))
        assert float(number) == table.validation("delayed_recall")[place, 0, -1]
        digits.add(len(number.replace(".", "").lstrip("0")))
    assert max(digits) == 5


def test_bad_arguments_are_refused(table):
    for cell, said in ((nt.zoo.LSTM, "has base 8, this"), (nt.zoo.EXAMPLE, "token 4 is ReLU")):
        with pytest.raises(ValueError, match=said):
            table.rank(cell)
    with pytest.raises(ValueError, match="task is 'text'; this table has embedded_reber, delayed"):
        table.rewards("text")
    with pytest.raises(TypeError, match="Cell belongs"):
        table.reward(str(table.cells[0]))
    for n in (0, len(table) + 1):
        with pytest.raises(ValueError, match=f"n is {n}; it must be from 1 to {len(table)}"):
            table.best(n)


def test_no_array_can_be_changed_by_accident_nor_in_a_copy(table):
    for twin in (table, copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        results = vars(twin.results("delayed_recall")).values()
        for array in (twin.has_memory, twin.rewards(), twin.ranks(), *results):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
        assert twin.best(3) == table.best(3)


def test_a_file_that_is_no_table_is_named(path, tmp_path):
    good, target = path.read_bytes(), tmp_path / "table.csv.xz"
    with pytest.raises(FileNotFoundError, match=r"table\.csv\.xz"):
        nt.load_table(target)
    for content in (b"", b"text", good[:-9], lzma.compress(b""), lzma.compress(b"# [1]\na,b\n")):
        target.write_bytes(content)
        with pytest.raises(ValueError, match=r"table\.csv\.xz is damaged .*python data/base2\.py"):
            nt.load_table(target)


def test_perplexity_is_that_of_validation_at_the_end_of_training():
    table = nt.load_table()
    cell = table.best(1)[0]
    assert table.perplexity(cell) == table.validation()[table.row(cell), :, -1].mean()
