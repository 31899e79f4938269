"""The table: its file, what it says of a cell, and how it refuses what is not one."""

import copy
import csv
import gzip
import hashlib
import lzma
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

import nastut as nt
from fake_training import AT, SPACE, TASKS, fake_train
from nastut.learning.training import Recipe
from nastut.studies import exhaustive
from nastut.studies.table import HASH, column_names, pack


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Make the table of a small space, with numbers from no training."""
    path = tmp_path_factory.mktemp("table") / "small.csv.xz"
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as executor:
        patch.setattr(exhaustive, "train", fake_train)
        exhaustive.build(path, executor, SPACE, TASKS)
    return path


@pytest.fixture(scope="module")
def table(path):
    return nt.load_table(path)


streams = cache(lambda task: TASKS[task].make(task))


def records(cell, task):
    """Return the records of a cell that the table was made of."""
    how, cells = TASKS[task], [cell.canonical()]
    return [
        fake_train(cells, streams(task), how.recipe, how.hidden_size, seed, progress=False)[0]
        for seed in how.seeds
    ]


def test_every_class_of_the_space_has_one_row(table):
    assert len(table) == SPACE.classes == len(set(table.cells))
    assert {cell.canonical() for cell in SPACE} == set(table.cells)
    assert [str(cell) for cell in table.cells] == list(table.sequences)
    assert table.space == SPACE
    assert table.tasks == ("embedded_reber", "delayed_recall")


@pytest.mark.parametrize("task", TASKS)
def test_the_numbers_are_those_of_the_records(table, task):
    seeds = len(TASKS[task].seeds)
    assert table.validation(task).shape == (len(table), seeds, len(AT))
    for cell in table.cells:
        row = table.row(cell)
        for place, record in enumerate(records(cell, task)):
            lost = [np.inf] * (len(AT) - len(record.at))
            validation = table.validation(task)[row, place]
            assert validation == pytest.approx([*record.validation, *lost], rel=5e-5)
            assert table.test(task)[row, place] == pytest.approx(record.test, rel=5e-5)
            assert table.diverged(task)[row, place] == (record.diverged or 0)
            assert table.parameters(task)[row] == record.parameters
        assert table.has_memory[row] == cell.has_memory


@pytest.mark.parametrize("task", TASKS)
def test_reward_is_the_mean_over_seeds_and_a_diverged_child_counts_as_0(table, task):
    best = streams(task).best
    diverged = 0
    for cell in SPACE:
        found = records(cell, task)
        wanted = [0 if r.diverged else (best / r.validation[-1]) ** 2 for r in found]
        assert table.reward(cell, task) == pytest.approx(np.mean(wanted), rel=2e-4)
        last = [np.inf if r.diverged else r.validation[-1] for r in found]
        assert table.perplexity(cell, task) == pytest.approx(np.mean(last), rel=5e-5)
        diverged += sum(r.diverged is not None for r in found)
    assert diverged > 0


def test_the_first_task_is_the_one_that_is_meant(table):
    cell = table.cells[3]
    assert table.reward(cell) == table.reward(cell, "embedded_reber")
    assert table.reward(cell) != table.reward(cell, "delayed_recall")
    assert table.best(2) == table.best(2, "embedded_reber")


@pytest.mark.parametrize("task", TASKS)
def test_ranks_count_down_the_rewards(table, task):
    in_order = table.best(len(table), task)
    assert [table.rank(cell, task) for cell in in_order] == list(range(1, len(table) + 1))
    rewards = [table.reward(cell, task) for cell in in_order]
    assert rewards == sorted(rewards, reverse=True)
    assert table.best(3, task) == in_order[:3]


def test_of_equal_rewards_the_first_in_the_table_ranks_first(table):
    lost = np.flatnonzero(table.rewards("delayed_recall") == 0)
    assert len(lost) > 1
    ranks = table.ranks("delayed_recall")[lost]
    assert ranks.tolist() == list(range(len(table) - len(lost) + 1, len(table) + 1))


def test_swapped_children_share_a_row(table):
    pairs = [(cell, cell.canonical()) for cell in SPACE if cell != cell.canonical()]
    assert len(pairs) == SPACE.size - SPACE.classes
    for cell, canonical in pairs:
        assert table.row(cell) == table.row(canonical)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (nt.zoo.LSTM, "the cell has base 8, this space has base 2"),
        (nt.zoo.EXAMPLE, "token 4 is ReLU; this space has"),
    ],
)
@pytest.mark.parametrize("ask", ["reward", "rank", "perplexity"])
def test_a_cell_outside_the_space_is_refused(table, ask, cell, said):
    with pytest.raises(ValueError, match=said):
        getattr(table, ask)(cell)


def test_bad_questions_are_refused(table):
    with pytest.raises(ValueError, match="task is 'text'; this table has embedded_reber, delayed"):
        table.rewards("text")
    with pytest.raises(TypeError, match="Cell belongs"):
        table.reward(str(table.cells[0]))
    for n in (0, len(table) + 1):
        with pytest.raises(ValueError, match=f"n is {n}; it must be from 1 to {len(table)}"):
            table.best(n)


def test_arrays_cannot_be_changed_by_accident(table):
    for array in (table.validation(), table.test(), table.rewards(), table.has_memory):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_any_tool_for_csv_reads_the_file(path, table):
    with lzma.open(path, "rt", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        found = {row["sequence"]: row for row in rows}
    assert list(found) == list(table.sequences)
    assert list(found[table.sequences[0]]) == column_names(table.settings)
    for sequence, row in found.items():
        cell = nt.Cell.parse(sequence)
        last = float(row["delayed_recall_seed3_step4"])
        assert last == table.validation("delayed_recall")[table.row(cell), 0, -1]
        assert row["has_memory"] == str(int(cell.has_memory))


def test_the_settings_say_how_to_train_again(table):
    for task, how in TASKS.items():
        assert exhaustive.TaskSettings.recorded(table, task) == how
        assert table.settings["tasks"][task]["digest"] == streams(task).digest
        assert isinstance(exhaustive.TaskSettings.recorded(table, task).recipe, Recipe)


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="'python -m nastut table build' makes it"):
        nt.load_table(tmp_path / "base2.csv.xz")


def content(path):
    return lzma.decompress(path.read_bytes())


def with_hash(body):
    """Return a file whose hash is right, whatever it holds."""
    return lzma.compress(HASH + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def body(path):
    return content(path).partition(b"\n")[2]


def changed(path, pattern, replacement):
    """Return a file whose hash is right, with another text in the first place that fits."""
    text = re.sub(pattern, replacement, body(path), count=1)
    assert text != body(path)
    return with_hash(text)


def xz_of_dictionary(size):
    """Return a small file that needs much memory to be unpacked."""
    return lzma.compress(
        b"a",
        filters=[
            {"id": lzma.FILTER_LZMA2, "dict_size": size, "mf": lzma.MF_HC3, "mode": lzma.MODE_FAST}
        ],
    )


DAMAGE = {
    "truncated": (lambda path: path.read_bytes()[:-100], "it is cut short"),
    "empty": (lambda path: b"", "it is cut short"),
    "two": (lambda path: 2 * path.read_bytes(), "longer than it says"),
    "not packed": (content, "it cannot be unpacked"),
    "gzip": (lambda path: gzip.compress(content(path)), "it cannot be unpacked"),
    "another csv": (lambda path: lzma.compress(b"a,b\n1,2\n"), "it does not begin with a hash"),
    "a number changed": (
        lambda path: lzma.compress(content(path).replace(b",99,1", b",99,2", 1)),
        "its content is not what its hash says",
    ),
    "a setting changed": (
        lambda path: lzma.compress(content(path).replace(b'"hidden_size": 2', b'"hidden_size": 3')),
        "its content is not what its hash says",
    ),
    "a row lost": (
        lambda path: with_hash(body(path)[: body(path)[:-1].rindex(b"\n") + 1]),
        "rows; its space has",
    ),
    "a row cut": (lambda path: with_hash(body(path)[:-20] + b"\n"), "is shorter|argument"),
    "a column renamed": (
        lambda path: with_hash(body(path).replace(b"_test", b"_exam", 1)),
        "its columns are not those that its settings name",
    ),
    "no number": (lambda path: changed(path, rb"(,99,)[\d.]+", rb"\1nan"), "no number"),
    "below 1": (lambda path: changed(path, rb"(,99,)[\d.]+", rb"\g<1>0.5"), "perplexity below 1"),
    "a word": (lambda path: changed(path, rb"(,99,)[\d.]+", rb"\1low"), "could not convert"),
    "no parameters": (lambda path: changed(path, rb",99,", b",0,"), "without parameters"),
    "negative step": (lambda path: changed(path, rb",3,", b",-3,"), "a divergence at a step"),
    "infinite step": (lambda path: changed(path, rb",3,", b",inf,"), "invalid literal"),
    "late step": (lambda path: changed(path, rb",3,", b",5,"), "a divergence at a step"),
    "diverged and well": (lambda path: changed(path, rb",inf(,[\d.]+,3,)", rb",2.0\1"), "is well"),
    "other memory": (lambda path: changed(path, rb"( \d),0,", rb"\1,1,"), "has_memory of"),
    "no memory": (lambda path: changed(path, rb"( \d),0,", rb"\1,,"), "has_memory of"),
    "foreign": (lambda path: changed(path, rb"Add Tanh", b"Max Tanh"), "is not in its space"),
    "no cell": (lambda path: changed(path, rb"Add Tanh Add", b"Add Tanh"), "not in its space"),
    "twice": (lambda path: changed(path, rb"\n(Add.*)\n.*", rb"\n\1\n\1"), "does not stand where"),
    "other order": (
        lambda path: changed(path, rb"\n(Add.*)\n(.*)", rb"\n\2\n\1"),
        "does not stand where",
    ),
    "absurd base": (lambda path: changed(path, rb'"base": 2', b'"base": 1073741824'), "base is"),
    "base that is none": (
        lambda path: changed(path, rb'"base": 2', b'"base": 2.5'),
        "of type float",
    ),
    "seeds": (lambda path: changed(path, rb'"seeds": \[[^]]*\]', b'"seeds": 3'), "of type int"),
    "words": (lambda path: changed(path, rb'"at": \[', b'"at": [[],'), "of type list where int"),
    "no tasks": (
        lambda path: changed(path, rb'"tasks": {', b'"tasks": [], "tasky": {'),
        "of type list",
    ),
    "best is a list": (
        lambda path: changed(path, rb'"best": [\d.]+', b'"best": []'),
        "of type list",
    ),
    **{
        f"best is {best}": (
            lambda path, best=best: changed(path, rb'"best": [\d.]+', f'"best": {best}'.encode()),
            "its best perplexity is",
        )
        for best in ("0", "0.99", "-1", "NaN", "Infinity")
    },
    "deep": (lambda path: with_hash(b"# " + 10**5 * b"[" + b"\n"), "it is nested too deeply"),
    "large field": (lambda path: changed(path, rb"Add Tanh", b"A" * 200_000), "field larger than"),
    "NUL": (lambda path: changed(path, rb"Add Tanh", b"\0"), "NUL|not in its space"),
    "no rows": (lambda path: with_hash(body(path).partition(b"sequence")[0]), "it has no rows"),
    "no settings": (lambda path: with_hash(b"sequence\nAdd\n"), "Expecting value"),
    "empty settings": (lambda path: with_hash(b"# {}\nsequence\nAdd\n"), "its settings lacks"),
    "a list": (lambda path: with_hash(b"# []\nsequence\nAdd\n"), "its settings is of type list"),
    "no text": (lambda path: with_hash(b"\xff\xfe\n"), "can't decode"),
    "bomb": (lambda path: lzma.compress(bytes(100 << 20), preset=0), "than 64 MiB"),
    "wide": (lambda path: xz_of_dictionary(3 << 25), "Memory usage limit"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_or_foreign_file_is_refused(path, tmp_path, kind):
    damage, said = DAMAGE[kind]
    target = tmp_path / "base2.csv.xz"
    target.write_bytes(damage(path))
    assert target.read_bytes() != path.read_bytes()
    with pytest.raises(ValueError, match=said) as refused:
        nt.load_table(target)
    assert str(refused.value).startswith(f"{target} ")
    assert "restore it, or move it away and make it anew" in str(refused.value)


def rows_of(path):
    with lzma.open(path, "rt", newline="") as file:
        return list(csv.reader(line for line in file if not line.startswith("#")))[1:]


@pytest.mark.parametrize("at", [[4, 3, 2, 1], [1, 2, 2, 4], [-1, 2, 3, 4], [0, 2, 3, 4]])
def test_steps_that_no_training_has_are_refused(path, table, tmp_path, at):
    settings = copy.deepcopy(table.settings)
    settings["tasks"]["embedded_reber"]["at"] = at
    target = tmp_path / "table.csv.xz"
    target.write_bytes(pack(settings, rows_of(path)))
    with pytest.raises(ValueError, match="its steps do not count upwards from 1"):
        nt.load_table(target)


def test_a_task_without_seeds_is_refused(path, table, tmp_path):
    settings = copy.deepcopy(table.settings)
    settings["tasks"]["delayed_recall"]["seeds"] = []
    without = len(AT) + 2
    target = tmp_path / "table.csv.xz"
    target.write_bytes(pack(settings, [row[:-without] for row in rows_of(path)]))
    with pytest.raises(ValueError, match="it has no seeds"):
        nt.load_table(target)


def test_a_row_that_is_no_canonical_sequence_is_noticed_when_it_is_asked_for(path, tmp_path):
    head, rows = re.fullmatch(
        r"(.*\nsequence,[^\n]*\n)(.*)", body(path).decode(), re.DOTALL
    ).groups()
    swapped = next(cell for cell in SPACE if cell != cell.canonical())
    canonical = swapped.canonical()
    rows = rows.replace(f"{canonical},", f"{swapped},").splitlines(keepends=True)
    rows.sort(key=lambda row: SPACE.encode(nt.Cell.parse(row.partition(",")[0])))
    target = tmp_path / "table.csv.xz"
    target.write_bytes(with_hash((head + "".join(rows)).encode()))
    with pytest.raises(ValueError, match=f"the table lacks {canonical}, the canonical form of"):
        nt.load_table(target).reward(swapped)


def test_no_flipped_byte_passes_for_another_table(path, table, tmp_path):
    good, target = path.read_bytes(), tmp_path / "flipped.csv.xz"
    for place in range(0, len(good), 5):
        target.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        with pytest.raises(ValueError, match=r"flipped\.csv\.xz is damaged"):
            nt.load_table(target)


def test_the_digest_is_the_beginning_of_the_hash_in_its_first_line(path, table):
    first = content(path).partition(b"\n")[0].decode()
    assert table.digest == first.rpartition(" ")[2][:16]
    assert len(table.digest) == 16


def test_the_numbers_have_five_digits(path):
    digits = [
        len(text.replace(".", "").lstrip("0"))
        for row in rows_of(path)
        for text in row[3:]
        if text not in ("", "inf", "99")
    ]
    assert max(digits) == 5


def test_packing_again_gives_the_same_bytes(path, table):
    assert pack(table.settings, rows_of(path)) == path.read_bytes()
