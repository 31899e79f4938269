"""The loop of a search: what is proposed, counted, shown and kept."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from tqdm import tqdm

import nastut as nt
from nastut import search
from nastut.search.checkpoint import Checkpoint
from nastut.search.loop import Search
from nastut.search.rewards import Outcome
from nastut.search.runner import run
from nastut.search.strategies import Random
from nastut.search.workers import Workers
from search_in_process import SPACE, reward


def strategy(batch=10):
    return Random(SPACE.choices, np.random.default_rng(5), batch)


def searched(evaluations, reward=reward, batch=10):
    """Return a search that is at its end."""
    made = Search(strategy(batch), SPACE, reward, evaluations)
    with tqdm(disable=True) as bar, Workers() as workers:
        made.go(workers, bar)
    return made


@pytest.mark.parametrize(("evaluations", "proposals"), [(20, 2), (21, 3), (1, 1), (10, 1)])
def test_no_batch_is_proposed_that_the_budget_does_not_pay(evaluations, proposals):
    class Counting(Random):
        asked = 0

        def propose(self):
            self.asked += 1
            return super().propose()

    counting = Counting(SPACE.choices, np.random.default_rng(5), 10)
    result = run(counting, SPACE, reward, evaluations, progress=False)
    assert counting.asked == proposals
    assert len(result.cells) == evaluations
    assert len(result.updates) == evaluations // 10  # what is not paid for is not learned


def test_a_batch_may_be_large():
    result = search.random(SPACE, reward, 600, 5, progress=False, batch=300)
    assert [update["evaluations"] for update in result.updates] == [300, 600]


@pytest.mark.parametrize("evaluations", [7, 20, 25])
def test_what_is_done_is_what_has_a_reward(evaluations):
    assert Search(strategy(), SPACE, reward, evaluations).done() == 0
    assert searched(evaluations).done() == evaluations


def test_the_mean_reward_counts_a_failure_as_the_lowest_so_far_and_at_most_as_0():
    for sign in (1, -1):
        made = searched(60, lambda cell, sign=sign: sign * reward(cell))
        lowest = 0.0
        for k, update in enumerate(made.updates):
            found = [made.memory[form].reward for form in made.learned.forms[10 * k : 10 * k + 10]]
            lowest = min([lowest, *(r for r in found if np.isfinite(r))])
            wanted = np.mean([r if np.isfinite(r) else lowest for r in found])
            assert update["mean_reward"] == pytest.approx(wanted)
        assert made.failed > 0


@pytest.mark.parametrize(
    ("clock", "per_minute"),
    [
        ({"rate": 2.0, "elapsed": 9.0}, "120"),
        ({"rate": None, "elapsed": 4.0}, "300"),  # since it began, 20 of 25
        ({"rate": None, "elapsed": 0.0}, "1200"),
    ],
)
def test_the_bar_shows_the_best_what_failed_and_how_many_a_minute(clock, per_minute):
    made, shown = searched(25), {}
    bar = SimpleNamespace(
        disable=False,
        format_dict=clock,
        n=22,
        initial=2,
        set_postfix=lambda **named: shown.update(named),
        update=lambda more: shown.update(more=more),
    )
    made.show(bar)
    result = made.result({"method": "random"})
    assert shown == {
        "best": f"{max(result.rewards):.4f}",
        "failed": len(result.failures),
        "per_minute": per_minute,
        "refresh": False,
        "more": 3,
    }
    assert shown["failed"] > 0


def test_nothing_is_worked_out_for_a_bar_that_is_not_shown():
    searched(25).show(SimpleNamespace(disable=True))


def test_equal_cells_are_asked_once_also_while_the_first_is_under_way():
    twin = nt.zoo.EXAMPLE
    pair = [twin, nt.Cell.parse("Multiply ReLU Add Tanh Multiply Sigmoid Add ReLU 0 1")]
    assert pair[0].canonical() == pair[1].canonical()

    class Twins(Random):
        def propose(self):
            return [SPACE.encode(cell) for cell in pair]

    asked = Counter()
    run(
        Twins(SPACE.choices, np.random.default_rng(0)),
        SPACE,
        lambda cell: asked.update([cell]) or 0.5,
        6,
        progress=False,
    )
    assert asked == {pair[0]: 1}


class Together:
    """A reward that trains side by side, and notes who comes together and after which curves."""

    settings = {"name": "together"}  # noqa: RUF012

    def __init__(self):
        self.groups, self.before = [], []

    def __call__(self, cell):
        raise AssertionError

    def many(self, cells):
        self.groups.append(len(cells))
        return [Outcome(1 / len(str(cell)), None, (2.0, len(str(cell)))) for cell in cells]

    def after(self, curves):
        self.before.append(list(curves))
        return self


def test_new_cells_of_a_batch_go_together_and_know_the_curves_of_what_was_learned():
    together = Together()
    made = searched(30, together)
    assert len(together.groups) == 3
    assert sum(together.groups) == len(made.memory)
    assert together.before[0] == []
    learned = made.learned.forms[:10]
    assert together.before[1] == [made.memory[form].curve for form in dict.fromkeys(learned)]


def test_a_batch_without_a_new_cell_asks_nobody():
    class Same(Random):
        def propose(self):
            return [[0] * 10]

    together = Together()
    run(Same(SPACE.choices, np.random.default_rng(0)), SPACE, together, 5, progress=False)
    assert together.groups == [1]
    assert len(together.before) == 1


def test_a_result_names_each_failed_class_once_by_its_first_place():
    failing = searched(60)
    result = failing.result({"method": "random"})
    first = {}
    for place, cell in enumerate(result.cells):
        if failing.memory[cell.canonical()].error is not None:
            first.setdefault(cell.canonical(), place)
    assert [failure.place for failure in result.failures] == list(first.values())
    assert all(failure.error for failure in result.failures)


def test_it_writes_when_the_checkpoint_is_due_and_at_the_end(tmp_path, monkeypatch):
    written = []
    for due in (True, False):
        monkeypatch.setattr(Checkpoint, "due", due)
        monkeypatch.setattr(Checkpoint, "write", lambda self, state: written.append(state))
        search.random(
            SPACE, reward, 20, progress=False, checkpoint=tmp_path / "search.ckpt", batch=10
        )
        written.append(None)
    ends = [place for place, state in enumerate(written) if state is None]
    assert ends[0] > 10
    assert ends[1] - ends[0] == 2
    assert written[-2]["learned"] == 20
