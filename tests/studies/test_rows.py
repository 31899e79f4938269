"""The rows of a table: arrays of its columns, with the boundaries of what a table may hold."""

import numpy as np
import pytest

from nastut.cells.space import Space
from nastut.studies.rows import Results, require_classes

INF = np.inf
MADE = {"best": 1.5, "seeds": [0, 5], "at": [1, 4]}
ROWS = [  # parameters; for each of two seeds two measurements, the test, the step of divergence
    ("1", "2.0", "1.5", "1.6", "", "3.0", "3.0", "3.5", ""),
    ("99", "2.0", "inf", "inf", "4", "1", "1.5", "1", ""),
    ("99", "inf", "inf", "inf", "1", "inf", "inf", "inf", "2"),
    ("99", "2.0", "1.5", "1.6", "", "3.0", "3.0", "3.5", ""),
]


def results(rows=ROWS, **change):
    return Results(MADE | change, list(zip(*rows, strict=True)))


def test_columns_become_arrays_of_classes_seeds_and_points():
    found = results()
    assert found.validation.tolist() == [
        [[2, 1.5], [3, 3]], [[2, INF], [1, 1.5]], [[INF, INF]] * 2, [[2, 1.5], [3, 3]]
    ]  # fmt: skip
    assert found.test.tolist() == [[1.6, 3.5], [INF, 1], [INF, INF], [1.6, 3.5]]
    assert found.diverged.tolist() == [[0, 0], [4, 0], [1, 2], [0, 0]]
    assert found.parameters.tolist() == [1, 99, 99, 99]


def test_a_reward_is_a_mean_of_squares_and_equal_ones_rank_by_their_place():
    found = results()
    assert found.rewards.tolist() == [(1 + 0.25) / 2, 0.5, 0, (1 + 0.25) / 2]
    assert found.ranks.tolist() == [1, 3, 4, 2]


def test_no_array_can_be_changed_by_accident():
    found = results()
    for name in ("parameters", "validation", "test", "diverged", "rewards", "ranks"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(found, name)[0] = 1


def row(*changes):
    """Return the first row with other fields, by their numbers."""
    fields = list(ROWS[0])
    for place, text in changes:
        fields[place] = text
    return [tuple(fields)]


@pytest.mark.parametrize("best", [1, 1.5, 1e9])
@pytest.mark.parametrize("at", [[1, 2], [3, 4]])
def test_the_best_perplexity_is_1_or_more_and_steps_count_upwards(best, at):
    assert results(best=best, at=at, rows=row()).rewards.shape == (1,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"best": 0.999}, "its best perplexity is 0.999"),
        ({"best": INF}, "its best perplexity is inf"),
        ({"best": np.nan}, "its best perplexity is nan"),
        ({"at": [0, 4]}, "its steps do not count upwards"),
        ({"at": [2, 2]}, "its steps do not count upwards"),
        ({"at": [4, 1]}, "its steps do not count upwards"),
        ({"at": []}, "its steps do not count upwards"),
        ({"seeds": []}, "it has no seeds"),
    ],
)
def test_settings_of_no_training_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        results(**change)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([(0, "0")], "without parameters"),
        ([(0, "-1")], "without parameters"),
        ([(1, "0.99")], "perplexity below 1"),
        ([(3, "0.99")], "perplexity below 1"),
        ([(7, "nan")], "no number"),
        ([(2, "nan")], "no number"),
        ([(4, "0")], "a divergence at a step that training did not have"),
        ([(4, "5"), (2, "inf")], "a divergence at a step that training did not have"),
        ([(8, "5"), (6, "inf")], "a divergence at a step that training did not have"),
        ([(4, "-1")], "a divergence at a step that training did not have"),
        ([(4, "4")], "one that diverged and is well"),
        ([(8, "1")], "one that diverged and is well"),
        ([(4, "1.5")], "invalid literal"),
        ([(0, "")], "invalid literal"),
    ],
)
def test_rows_of_no_training_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        results(row(*changes))


SPACE = Space(2, ("Add",), ("Tanh", "ReLU"))
CELLS = sorted({cell.canonical() for cell in SPACE}, key=SPACE.encode)
SEQUENCES = [str(cell) for cell in CELLS]
MEMORY = [str(int(cell.has_memory)) for cell in CELLS]


def test_every_class_of_the_space_in_its_order_is_what_a_table_has():
    assert {"0", "1"} == set(MEMORY)
    require_classes(SPACE, SEQUENCES, MEMORY)


def swapped(values, i, j):
    values = list(values)
    values[i], values[j] = values[j], values[i]
    return values


@pytest.mark.parametrize(
    ("sequences", "memory", "said"),
    [
        (SEQUENCES[:-1], MEMORY[:-1], f"{len(CELLS) - 1} rows; its space has {len(CELLS)} classes"),
        ([*SEQUENCES, SEQUENCES[0]], [*MEMORY, "0"], f"{len(CELLS) + 1} rows; its space has"),
        ([*SEQUENCES[:-1], SEQUENCES[-2]], MEMORY, "does not stand where its space has it"),
        (swapped(SEQUENCES, 0, 1), MEMORY, "does not stand where its space has it"),
        ([SEQUENCES[0] + " 0", *SEQUENCES[1:]], MEMORY, "is not in its space"),
        ([SEQUENCES[0][:-2], *SEQUENCES[1:]], MEMORY, "is not in its space"),
        ([SEQUENCES[0][:-1] + "3", *SEQUENCES[1:]], MEMORY, "is not in its space"),
        (["Max" + SEQUENCES[0][3:], *SEQUENCES[1:]], MEMORY, "is not in its space"),
        (SEQUENCES, swapped(MEMORY, MEMORY.index("0"), MEMORY.index("1")), "has_memory of"),
    ],
    ids=["lost", "more", "twice", "order", "long", "short", "index", "foreign", "memory"],
)
def test_other_rows_are_refused(sequences, memory, said):
    with pytest.raises(ValueError, match=said):
        require_classes(SPACE, sequences, memory)


def test_what_is_shown_of_a_wrong_field_is_cut():
    with pytest.raises(ValueError, match=f"the sequence '{'x' * 200}' is not in its space"):
        require_classes(SPACE, ["x" * 999, *SEQUENCES[1:]], MEMORY)
    with pytest.raises(ValueError, match=f"is '{'y' * 20}'$"):
        require_classes(SPACE, SEQUENCES, ["y" * 99, *MEMORY[1:]])
