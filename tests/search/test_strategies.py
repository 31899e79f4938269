"""The strategies without a network: random search and regularized evolution."""

import numpy as np
import pytest

from nastut.search.rewards import FAILED
from nastut.search.strategies import Evolution, Random

CHOICES = [2, 4, 1, 3]


def evolution(**settings):
    return Evolution(CHOICES, np.random.default_rng(0), **settings)


def grown(strategy, members):
    """Let a strategy learn sequences with rewards, as if it had proposed them."""
    for reward, choices in members:
        strategy.learn([choices], [reward])
    return strategy


def test_random_search_draws_every_sequence_alike():
    strategy = Random(CHOICES, np.random.default_rng(0), batch=6_000)
    numbers = np.ravel_multi_index(np.array(strategy.propose()).T, CHOICES)
    counts = np.bincount(numbers, minlength=24)
    assert abs(counts - 250).max() < 4.5 * 250**0.5


def test_the_population_begins_at_random_and_is_then_mutated():
    strategy = evolution(population=7, sample=3, batch=3)
    sizes = []
    for _ in range(5):
        proposed = strategy.propose()
        sizes.append(len(proposed))
        strategy.learn(proposed, [0.0] * len(proposed))
    assert sizes == [3, 3, 1, 3, 3]


def test_a_child_differs_in_one_place():
    strategy, parent = evolution(), [1, 2, 0, 1]
    children = [strategy.mutate(parent) for _ in range(600)]
    assert all(sum(map(int.__ne__, child, parent)) == 1 for child in children)
    assert all(min(child) >= 0 and max(np.array(child) - CHOICES) < 0 for child in children)
    assert len({tuple(child) for child in children}) == 1 + 3 + 2  # every other token
    assert parent == [1, 2, 0, 1]
    assert Evolution([1, 1], np.random.default_rng(0)).mutate([0, 0]) == [0, 0]  # no other token


def test_the_oldest_dies_even_if_it_is_the_best():
    members = [(9.0, [0, 0, 0, 0]), (1.0, [0, 1, 0, 0]), (2.0, [0, 2, 0, 0])]
    strategy = grown(evolution(population=2), members)
    assert strategy.alive == members[1:]


def test_the_parent_is_the_best_of_those_drawn():
    members = [(float(k), [0, k, 0, 0]) for k in range(4)]
    strategy = grown(evolution(population=4, sample=2), members)
    parents = np.array([strategy.parent()[1] for _ in range(4_000)])
    found = np.bincount(parents, minlength=4) / len(parents)
    assert found == pytest.approx(np.array([1, 3, 5, 7]) / 16, abs=0.03)  # best of two, of four


@pytest.mark.parametrize("setting", ["batch", "population", "sample"])
def test_bad_settings_are_named(setting):
    with pytest.raises(ValueError, match=f"{setting} is 0"):
        evolution(**{setting: 0})


def test_a_failure_is_no_parent_while_there_is_another():
    strategy = grown(evolution(population=3, sample=50), [(float("-inf"), [0, 0, 0, 0])])
    grown(strategy, [(-7.0, [1, 1, 0, 1]), (FAILED, [0, 1, 0, 0])])
    assert {tuple(strategy.parent()) for _ in range(20)} == {(1, 1, 0, 1)}
