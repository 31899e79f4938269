"""Which statements about the table's best cells survive five fresh seeds."""

import numpy as np
import pytest

import nastut as nt
from nastut.studies.contest import per_mille
from nastut.studies.inference import fisher_test, rank_correlation
from nastut.studies.retrained import fresh_rewards, kept, standard_error


@pytest.fixture(scope="module")
def study():
    return nt.load_study("retrained")


@pytest.fixture(scope="module")
def fresh(study):
    return fresh_rewards(study["runs"])


@pytest.fixture(scope="module")
def table():
    return nt.load_table()


@pytest.fixture(scope="module")
def rewards(table, fresh):
    return np.array([table.reward(cell) for cell in table.best(len(fresh))])


def test_it_belongs_to_the_table(study, table):
    assert study["settings"]["table"] == table.digest


def test_two_seeds_of_the_table_hardly_foretell_the_best_by_the_third(table):
    """Of the 18 best by two seeds 4, 4 and 1 are among the 18 best by the third."""
    task = table.tasks[0]
    lowest = table.settings["tasks"][task]["best"]
    of_seeds = (lowest / table.validation(task)[..., -1]) ** 2  # 0 where it diverged
    found = [
        kept(np.delete(of_seeds, seed, axis=1).mean(axis=1), of_seeds[:, seed], 18)
        for seed in range(3)
    ]
    assert found == [4, 4, 1]


def test_a_place_in_the_best_per_mille_is_mostly_luck(fresh, rewards):
    mean = fresh.mean(axis=1)
    assert 2 <= kept(rewards, mean, 18) <= 9  # 0.8 by chance
    assert kept(rewards, mean, 18) == 5
    assert 0.3 < rank_correlation(rewards, mean) < 0.7


@pytest.mark.parametrize(
    ("stream", "measure"),
    [("validation", np.mean), ("validation", np.median), ("test", np.median)],
)
def test_but_the_best_per_mille_as_a_group_is_better_than_what_follows(study, stream, measure):
    """On the test stream one of the 18 explodes from one seed, so there only the median holds."""
    of_seeds = fresh_rewards(study["runs"], stream)
    better = measure(of_seeds[:18], axis=0) - measure(of_seeds[18:93], axis=0)
    assert (better > 0).all()  # in each of five seeds
    assert better.mean() > 0.01


def test_the_best_were_overrated_by_as_much_as_divides_them_from_the_rest(fresh, rewards):
    lost = rewards[:18].mean() - fresh[:18].mean()
    assert 0.008 < lost < 0.025
    assert lost > fresh[:18].mean() - fresh[18:37].mean()


def test_the_optimum_stays_near_the_top_but_so_do_many(fresh):
    mean = fresh.mean(axis=1)
    error = standard_error(fresh[:37])
    assert (mean > mean[0]).sum() + 1 <= 18
    within = mean > mean[0] - 2 * np.sqrt(2) * error
    assert within.sum() > 50  # cells that five seeds do not tell from it


def test_memory_paths_are_rare_among_the_best_but_not_excluded(table, fresh, rewards):
    has = np.array([cell.has_memory for cell in table.best(len(fresh))])
    assert not has[: per_mille(table)].any()
    pooled = (3 * rewards + 5 * fresh.mean(axis=1)) / 8
    assert has[np.argsort(-pooled)[:18]].sum() == 1
    few, all_ = int(has.sum()), int(table.has_memory.sum())
    assert fisher_test(few, len(has), all_ - few, len(table) - len(has)) < 1e-3
    best_with, best_without = fresh[has].mean(1).max(), fresh[~has].mean(1).max()
    assert best_without - best_with < 3 * np.sqrt(2) * standard_error(fresh[:37])
