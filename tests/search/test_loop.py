"""The loop of a search: what is proposed, counted, learned and kept, whatever stops it."""

import copy
import inspect
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.search.checkpoint import SearchResult
from nastut.search.learners import PriorityQueue, Reinforce
from nastut.search.loop import Search, run
from nastut.search.rewards import Outcome
from nastut.search.strategies import Evolution, Random
from nastut.search.workers import Workers
from search_in_process import EVALUATIONS, FEW, SPACE, STRATEGIES, reward, search, strategy
from threads import torch_threads

each_strategy = pytest.mark.parametrize("name", STRATEGIES)
METHODS = {"random": Random, "evolution": Evolution, "reinforce": Reinforce,
           "priority_queue": PriorityQueue}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.json"


@pytest.fixture
def always_written(monkeypatch):
    """Write the file whenever something was measured."""
    monkeypatch.setattr("nastut.search.loop.PATIENCE", 0)


# What a search gives


@pytest.mark.parametrize("name", METHODS)
def test_a_method_puts_its_strategy_into_the_loop_and_says_so(name):
    method, kind = getattr(nt.search, name), METHODS[name]
    cell = {"cell": nt.zoo.EXAMPLE} if "cell" in inspect.signature(method).parameters else {}
    settings = {"batch": np.int64(4), **cell}
    found = method(SPACE, reward, 8, np.int64(3), progress=False, **settings)
    expected = run(kind.on(SPACE, 3, **settings), SPACE, reward, 8, found.settings, progress=False)
    assert found == expected
    taken = inspect.signature(kind).parameters.values()
    own = {p.name: p.default for p in taken if p.default is not p.empty}
    plain = {key: str(value) for key, value in cell.items()}
    assert found.settings == {"method": name, "seed": 3, **plain, **own, "batch": 4}
    assert {type(value) for value in found.settings.values()} <= {int, float, str, bool}
    assert inspect.getdoc(kind) in method.__doc__
    with pytest.raises(TypeError, match="unexpected keyword argument 'bacth'"):
        method(SPACE, reward, bacth=4)


def test_every_evaluation_is_in_the_result():
    result = search("random")
    assert len(result.cells) == len(result.rewards) == EVALUATIONS
    failed = {}
    for place, (cell, found) in enumerate(zip(result.cells, result.rewards, strict=True)):
        try:
            expected = reward(cell)
        except FloatingPointError:
            expected = np.nan
        if np.isnan(expected):
            failed.setdefault(cell.canonical(), place)
        assert found == (0.0 if np.isnan(expected) else expected)
    assert [failure.place for failure in result.failures] == list(failed.values())
    assert all(result.cells[f.place] == f.cell and f.error for f in result.failures)
    assert len(failed) > 5


def test_equal_cells_are_asked_once_also_while_the_first_is_under_way():
    twin = nt.Cell.parse("Multiply ReLU Add Tanh Multiply Sigmoid Add ReLU 0 1")
    pair, asked = [nt.zoo.EXAMPLE, twin], []
    proposals = cycle([SPACE.encode(cell)] for cell in pair)
    twins = SimpleNamespace(propose=lambda: next(proposals), learn=lambda *_: {})

    def slow(cell):
        asked.append(cell)
        time.sleep(0.1)
        return 0.5

    with ThreadPoolExecutor(2) as pool:
        result = run(twins, SPACE, slow, 6, executor=pool, workers=2, progress=False)
    assert asked == pair[:1]
    assert result.rewards == [0.5] * 6


@pytest.mark.parametrize("name", ["evolution", "priority_queue"])
def test_global_random_states_and_threads_neither_matter_nor_change(name):
    expected = search(name, evaluations=60)
    random.seed(1)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with torch_threads(3):
        found = search(name, evaluations=60)
        assert torch.get_num_threads() == 3
    assert found == expected
    assert found.updates == expected.updates
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("method", [nt.search.evolution, nt.search.priority_queue])
def test_what_is_easy_is_found(method):
    def agreement(cell):
        return sum(a == b for a, b in zip(cell.sequence, nt.zoo.EXAMPLE.sequence, strict=True)) / 10

    found = [method(SPACE, agreement, 600, s, progress=False, target=1) for s in range(3)]
    assert min(max(result.rewards) for result in found) == 1


def test_a_target_ends_the_search_with_the_batch_that_reaches_it(path):
    whole = search("random")
    target = sorted(whole.rewards)[-8]
    first = next(n for n, r in enumerate(whole.rewards) if r >= target)
    short = search("random", path, target=target)
    assert short.cells == whole.cells[: 10 * (first // 10 + 1)]
    assert search("random", path, reward=lambda cell: 1 / 0, target=target) == short
    assert search("random", path) == whole


def test_updates_count_a_failure_as_the_lowest_reward_so_far_and_at_most_as_0():
    for sign in (1, -1):
        result = search("random", reward=lambda cell, sign=sign: sign * reward(cell))
        known = [
            None if one.error else one.reward for b in result.batches for one in b.outcomes if one
        ]
        assert [update["evaluations"] for update in result.updates] == list(range(10, 157, 10))
        for update in result.updates:
            end = update["evaluations"]
            lowest = min(0, *(r for r in known[:end] if r is not None))
            batch = [lowest if r is None else r for r in known[end - 10 : end]]
            assert update["mean_reward"] == pytest.approx(np.mean(batch))


def test_the_bar_shows_the_best_what_failed_and_how_many_a_minute(path, capsys):
    with ThreadPoolExecutor(1) as pool:
        result = nt.search.random(SPACE, reward, 20, 0, pool, path)
    shown = capsys.readouterr().err
    assert "random: 100%" in shown
    assert f"best={max(result.rewards):.4f}, failed={result.failed}, per_minute=" in shown
    nt.search.random(SPACE, reward, 30, checkpoint=path)
    shown = capsys.readouterr().err
    assert "random, replayed: " in shown
    assert "random:   0%" not in shown  # the second bar begins where the search goes on
    assert "30/30" in shown


class Together:
    """A reward that trains side by side, and notes the size of each group and the curves before."""

    settings = {"name": "together", "rungs": [1, 2]}  # noqa: RUF012

    def __init__(self):
        self.groups, self.before = [], []

    def many(self, cells):
        self.groups.append(len(cells))
        return [Outcome(1 / len(str(cell)), None, (2.0, len(str(cell)))) for cell in cells]

    def after(self, curves):
        self.before.append(sorted(curves))
        return self


def test_new_cells_of_a_batch_go_together_and_get_the_curves_learned_so_far(path):
    together, second = Together(), Together()
    whole = search("random", reward=together, evaluations=30)
    assert len(together.groups) == 3
    assert sum(together.groups) == whole.calls
    assert together.before[0] == []
    assert len(together.before[1]) == together.groups[0]
    search("random", path, together, 20)
    assert search("random", path, second, 30) == whole  # the curves are in the file
    assert second.before == together.before[2:3]
    assert whole.settings["reward"] == Together.settings


@pytest.mark.parametrize("how", [{}, {"workers": 1}], ids=["a batch at a time", "one worker"])
def test_an_executor_changes_nothing(how):
    def uneven(cell):
        time.sleep(len(str(cell)) % 5 / 2000)
        return reward(cell)

    with ThreadPoolExecutor(3) as pool:
        assert search("random", reward=uneven, executor=pool, **how) == search("random")


# Going on


class Snapshots:
    """Files of a search as they were at every writing, and the strategy as it was then."""

    def __init__(self, monkeypatch):
        self.taken, save = [], SearchResult.save

        def noted(result, path):
            save(result, path)
            self.taken.append((Path(path).read_bytes(), copy.deepcopy(self.strategy)))

        monkeypatch.setattr(SearchResult, "save", noted)


@each_strategy
def test_from_every_file_that_a_kill_may_leave_the_search_goes_on_to_the_same(
    name, path, monkeypatch, always_written
):
    snapshots = Snapshots(monkeypatch)
    snapshots.strategy = None
    whole = search(name, path, evaluations=FEW)
    taken = [content for content, _ in snapshots.taken]
    assert len(taken) > whole.calls  # partly measured batches, too
    for content in random.Random(0).sample(taken, 4):
        path.write_bytes(content)
        known = {
            form
            for batch in SearchResult.load(path).batches
            for form, outcome in zip(batch.forms, batch.outcomes, strict=True)
            if outcome is not None
        }
        asked = []
        resumed = search(name, path, lambda c: asked.append(c) or reward(c), FEW)  # noqa: B023
        assert resumed == whole
        assert resumed.updates == whole.updates
        assert len(asked) == whole.calls - len(known)
        assert SearchResult.load(path) == whole


class Shuffled(Workers):
    """Three workers that answer at random."""

    def __init__(self, seed):
        super().__init__(None, 3)
        self.rng = random.Random(seed)

    def next(self):
        self.rng.shuffle(self._waiting)
        return super().next()


@each_strategy
def test_with_many_workers_a_replayed_strategy_ends_in_the_state_that_it_had(
    name, path, monkeypatch, always_written
):
    snapshots, settings = Snapshots(monkeypatch), {"method": name}
    snapshots.strategy = strategy(name)
    first = Search(snapshots.strategy, SPACE, Together(), FEW, settings)
    with first.kept_in(path, progress=False):
        first.go(Shuffled(seed=1), SimpleNamespace(disable=True))
    orders = [[batch.after for batch in first.batches], sorted(b.after for b in first.batches)]
    assert orders[0] != orders[1]  # not learned in the order of the proposals
    for content, before in random.Random(0).sample(snapshots.taken, 4):
        path.write_bytes(content)
        there = SearchResult.load(path)
        replayed = Search(strategy(name), SPACE, Together(), FEW, settings)
        with replayed.kept_in(path, progress=False):
            assert [replayed.strategy.propose() for _ in range(3)] == [
                before.propose() for _ in range(3)
            ]
            assert replayed.result() == there
        again = Search(strategy(name), SPACE, Together(), FEW, settings)
        with again.kept_in(path, progress=False):
            again.go(Shuffled(seed=2), SimpleNamespace(disable=True))
        assert again.batches[: there.learned] == there.batches[: there.learned]
        assert len(again.result().cells) == FEW


def test_searches_that_are_really_killed_go_on_to_the_same_and_leave_nothing(tmp_path):
    script = Path(__file__).parents[1] / "search_in_process.py"
    command = [sys.executable, str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    killed = int(done.stdout)
    assert killed > 1
    for name in STRATEGIES:
        assert SearchResult.load(tmp_path / name) == search(name, evaluations=FEW), (
            f"after {killed} kills"
        )
    assert {file.name for file in tmp_path.iterdir()} == {*STRATEGIES}


@pytest.mark.parametrize(
    ("place", "stop"), [("reward", 1), ("reward", 45), ("propose", 5), ("learn", 5)]
)
def test_an_interrupt_loses_nothing(place, stop, path):
    """Wherever it comes. A call of the strategy that it cut short is made again."""
    first, expected, calls, asked = strategy("evolution"), search("evolution"), [], []
    whole = getattr(first, place, None)

    def count():
        calls.append(None)
        if len(calls) == stop:
            raise KeyboardInterrupt

    def cut_short(*arguments):
        found = whole(*arguments)
        count()
        return found

    def noted(cell):
        if place == "reward":
            count()
        asked.append(cell.canonical())
        return reward(cell)

    if whole:
        setattr(first, place, cut_short)
    with pytest.raises(KeyboardInterrupt):
        run(first, SPACE, noted, EVALUATIONS, expected.settings, checkpoint=path, progress=False)
    assert search("evolution", path, noted) == expected
    assert len(asked) == len(set(asked)) == expected.calls


@pytest.mark.parametrize("first", [3, 60, 93])
def test_a_budget_may_be_raised_but_not_lowered_and_a_finished_search_is_only_read(first, path):
    search("evolution", path, evaluations=first)
    expected = search("evolution")
    assert search("evolution", path) == expected
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"holds 15\d evaluations, more than the 20 asked for"):
        search("evolution", path, evaluations=20)
    assert search("evolution", path, lambda cell: 1 / 0) == expected
    expected.save(path.with_name("result.json"))  # the result is a checkpoint, too
    assert path.with_name("result.json").read_bytes() == path.read_bytes() == before


def test_what_was_measured_is_fed_to_the_strategy_whatever_it_proposes_now(path):
    """Another processor may round otherwise, and then a policy proposes something else."""
    search("priority_queue", path, evaluations=50)
    before = SearchResult.load(path)
    other = STRATEGIES["priority_queue"](np.random.default_rng(6))
    found = run(other, SPACE, reward, 80, before.settings, checkpoint=path, progress=False)
    assert found.batches[:10] == before.batches
    assert len(found.cells) == 80


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 6}, "seed 5, not 6"),
        ({"space": nt.Space(1)}, "space "),
        ({"reward": Together()}, "reward None, not "),
    ],
    ids=["seed", "space", "reward"],
)
def test_the_file_of_another_search_is_refused_and_kept(path, change, said):
    arguments = {"space": SPACE, "reward": reward, "evaluations": 30, "seed": 5,
                 "checkpoint": path, "progress": False}  # fmt: skip
    result = nt.search.random(**arguments)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"search\.json was made with {said}.*another path"):
        nt.search.random(**arguments | change)
    assert path.read_bytes() == before
    replace(result, version="0").save(path)
    with pytest.raises(ValueError, match=r"was made with version '0', not "):
        nt.search.random(**arguments)


def test_two_searches_on_one_file_are_one_too_many(path):
    link = path.with_name("link")

    def second(cell):
        link.symlink_to(path)
        for name in (path, link):
            with pytest.raises(OSError, match=r"search\.json is the checkpoint .* running now"):
                search("random", name)
        link.unlink()
        return reward(cell)

    assert search("random", path, second, 3) == search("random", evaluations=3)
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_file_or_a_missing_folder_is_reported_before_any_work(path):
    path.write_text('{"format": "nastut search 2"')
    with pytest.raises(ValueError, match=r"search\.json is damaged .* left as it is"):
        search("random", path, pytest.fail)
    assert path.read_text() == '{"format": "nastut search 2"'
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        search("random", path.parent / "no" / "file", pytest.fail)


# Bad input


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"evaluations": 0}, ValueError, "evaluations is 0; it must be at least 1"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"workers": 1.5}, TypeError, "workers is 1.5 where a whole number belongs"),
        ({"space": [2, 4]}, TypeError, "space is .* where a Space belongs"),
        ({"reward": 1.0}, TypeError, "reward is .* where a function of a Cell belongs"),
        ({"executor": 7}, TypeError, "executor is 7 where an Executor belongs"),
        ({"limit": 5.0}, ValueError, "a limit of time needs an executor, and the number of its wo"),
        ({"limit": 0, "executor": len, "workers": 1}, ValueError, "limit is 0; it must be a numb"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(change, error, said):
    arguments = {"space": SPACE, "reward": reward, "evaluations": 20, "progress": False}
    with pytest.raises(error, match=said):
        nt.search.evolution(**arguments | change)


def test_a_reward_that_is_no_number_and_a_proposal_outside_the_space_are_named(path):
    with pytest.raises(TypeError, match=r"the reward of \w+ \w+ .* is 'good'; it must be a number"):
        search("random", path, lambda cell: "good")
    assert search("random", path) == search("random")
    outside = SimpleNamespace(propose=lambda: [[9] * 10])
    with pytest.raises(ValueError, match=r"choice 1 .* is 9; it must be a whole number from"):
        run(outside, SPACE, reward, progress=False)
