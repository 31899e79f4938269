"""The four searches: one signature, any executor, and no evaluation lost."""

import inspect
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

import nastut as nt
from nastut import search
from nastut.search.learners import PriorityQueue, Reinforce
from nastut.search.result import SearchResult
from nastut.search.runner import run
from nastut.search.strategies import Evolution, Random
from search_in_process import EVALUATIONS, SPACE, reward

METHODS = {
    "random": search.random,
    "evolution": search.evolution,
    "reinforce": search.reinforce,
    "priority_queue": search.priority_queue,
}
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def find(method, reward=reward, evaluations=EVALUATIONS, **settings):
    return method(SPACE, reward, evaluations, 5, progress=False, **settings)


# What a search gives


def test_the_methods_have_one_signature():
    for method in METHODS.values():
        names = list(inspect.signature(method).parameters)
        shared = ["space", "reward", "evaluations", "seed", "executor", "checkpoint", "progress"]
        assert names[:7] == shared


DEFAULTS = {
    "evaluations": 2_000, "seed": 0, "executor": None, "checkpoint": None, "progress": True,
    "workers": None, "limit": None,
}  # fmt: skip


def defaults(function):
    """Return the arguments that may be left out, and what they are then."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


@pytest.mark.parametrize(
    ("method", "learner"),
    [
        (search.random, Random),
        (search.evolution, Evolution),
        (search.reinforce, Reinforce),
        (search.priority_queue, PriorityQueue),
    ],
)
def test_what_is_left_out_is_what_the_method_has(method, learner):
    own = {name: value for name, value in defaults(method).items() if name != "cell"}
    assert own == DEFAULTS | defaults(learner)
    assert defaults(run).items() >= {k: v for k, v in DEFAULTS.items() if k != "seed"}.items()


@each_method
def test_every_evaluation_is_in_the_result(method):
    result = find(method)
    assert len(result.cells) == len(result.rewards) == EVALUATIONS
    assert all(cell in SPACE for cell in result.cells)
    failed = set()
    for cell, found in zip(result.cells, result.rewards, strict=True):
        try:
            wanted = reward(cell)
        except FloatingPointError:
            wanted = np.nan
        if np.isnan(wanted):
            failed.add(cell.canonical())
        assert found == (0.0 if np.isnan(wanted) else wanted)
    assert [failure.cell.canonical() for failure in result.failures] == list(
        dict.fromkeys(c.canonical() for c in result.cells if c.canonical() in failed)
    )
    assert all(result.cells[f.place] == f.cell for f in result.failures)
    assert len(failed) > 5


def negative(cell):
    """Return a reward below 0, as people write them; every fifth child fails."""
    if len(str(cell)) % 5 == 0:
        raise FloatingPointError("diverged")
    return -float(len(str(cell)))


@each_method
def test_with_negative_rewards_a_failure_is_never_the_best(method):
    result = find(method, negative)
    measured = [-len(str(c)) for c in result.cells if len(str(c)) % 5]
    assert len(str(result.best)) % 5
    assert result.rewards[result.cells.index(result.best)] == max(measured)
    assert result.curve()[-1] == max(measured)
    assert min(result.rewards) == min(measured)
    assert result.failed == EVALUATIONS - len(measured) > 5


@each_method
def test_a_search_ends_where_every_child_fails(method):
    result = find(method, lambda cell: 1 / 0, evaluations=60)
    assert result.failed == 60
    with pytest.raises(ValueError, match=r"none of the 60 .* failed with: ZeroDivisionError"):
        result.best  # noqa: B018


@each_method
def test_the_reward_function_is_asked_once_for_equal_cells(method):
    asked = []
    result = find(method, lambda cell: asked.append(cell.canonical()) or 1 / len(asked))
    assert len(asked) == len(set(asked)) == result.calls


@each_method
def test_a_seed_gives_one_search(method):
    assert find(method) == find(method)
    assert find(method).cells != method(SPACE, reward, EVALUATIONS, 6, progress=False).cells


@each_method
def test_global_random_states_neither_matter_nor_change(method):
    wanted = find(method)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert find(method) == wanted
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert before == after


@pytest.mark.parametrize("method", [search.reinforce, search.priority_queue])
def test_the_number_of_threads_neither_matters_nor_changes(method):
    threads, wanted = torch.get_num_threads(), find(method)
    try:
        torch.set_num_threads(3)
        assert find(method) == wanted
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)


def test_random_search_knows_no_rewards():
    assert find(search.random, lambda cell: 0.0).cells == find(search.random).cells


@pytest.mark.parametrize("method", [search.reinforce, search.priority_queue])
def test_the_controller_may_run_on_any_cell(method):
    result = find(method, evaluations=20, cell=nt.zoo.EXAMPLE)
    assert result.settings["cell"] == str(nt.zoo.EXAMPLE)
    assert len(result.cells) == 20


def test_updates_tell_what_is_worth_drawing():
    result = find(search.reinforce, evaluations=40)
    assert [update["evaluations"] for update in result.updates] == [10, 20, 30, 40]
    for k, update in enumerate(result.updates):
        assert update["mean_reward"] == pytest.approx(np.mean(result.rewards[10 * k : 10 * k + 10]))
        assert [len(place) for place in update["probabilities"]] == SPACE.choices
        assert len(update["entropy"]) == 10
    assert result.updates[0]["baseline"] == 0
    assert result.updates[1]["baseline"] == pytest.approx(result.updates[0]["mean_reward"])


def hidden(cell):
    """Return how many tokens agree with the example's."""
    return sum(a == b for a, b in zip(cell.sequence, nt.zoo.EXAMPLE.sequence, strict=True)) / 10


@pytest.mark.parametrize("method", [search.evolution, search.priority_queue])
def test_what_is_easy_is_found(method):
    found = [max(method(SPACE, hidden, 600, s, progress=False).rewards) for s in range(3)]
    assert min(found) == 1


def test_progress_is_shown_only_if_wanted(capsys):
    search.random(SPACE, reward, 20)
    shown = capsys.readouterr().err
    assert "random: 100%" in shown
    find(search.random)
    assert capsys.readouterr().err == ""


# Executors


@each_method
def test_an_executor_changes_nothing(method):
    with ThreadPoolExecutor(3) as pool:

        def uneven(cell):
            time.sleep(len(str(cell)) % 5 / 2000)
            return reward(cell)

        assert find(method, uneven, batch=10, executor=pool) == find(method, batch=10)


def test_an_executor_that_is_shut_down_loses_nothing(tmp_path):
    path = tmp_path / "search.ckpt"
    pool = ThreadPoolExecutor(2)
    asked = []

    def last_one(cell):
        asked.append(cell.canonical())
        if len(asked) == 34:
            pool.shutdown(wait=False, cancel_futures=True)
        return reward(cell)

    with pytest.raises(RuntimeError, match=r"the executor did not do its work"):
        find(search.priority_queue, last_one, executor=pool, checkpoint=path)
    finished = set(asked)
    again = []
    result = find(
        search.priority_queue, lambda c: again.append(c.canonical()) or reward(c), checkpoint=path
    )
    assert not finished & set(again)
    assert result == find(search.priority_queue)


# Checkpoints


@each_method
def test_a_search_that_was_killed_and_resumed_is_the_same(method, tmp_path):
    path = tmp_path / "search.ckpt"
    script = Path(__file__).parents[1] / "search_in_process.py"
    command = [sys.executable, str(script), method.__name__, str(path)]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.4)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    asked = []
    resumed = find(method, lambda cell: asked.append(cell) or reward(cell), checkpoint=path)
    whole = find(method)
    assert 0 < len(asked) < whole.calls
    assert resumed == whole


@each_method
@pytest.mark.parametrize("stop", [1, 25, 60])
def test_an_interrupt_loses_nothing(method, stop, tmp_path):
    asked = []

    def interrupted(cell):
        if len(asked) == stop:
            asked.append(None)
            raise KeyboardInterrupt
        asked.append(cell.canonical())
        return reward(cell)

    with pytest.raises(KeyboardInterrupt):
        find(method, interrupted, checkpoint=tmp_path / "search.ckpt")
    resumed = find(method, interrupted, checkpoint=tmp_path / "search.ckpt")
    assert resumed == find(method)
    assert len(asked) == len(set(asked)) == resumed.calls + 1


@each_method
def test_a_finished_search_is_only_read(method, tmp_path):
    wanted = find(method, checkpoint=tmp_path / "search.ckpt")
    assert find(method, lambda cell: 1 / 0, checkpoint=tmp_path / "search.ckpt") == wanted


@each_method
@pytest.mark.parametrize("first", [3, 60, 93])
def test_a_budget_may_be_raised(method, first, tmp_path):
    find(method, evaluations=first, checkpoint=tmp_path / "search.ckpt")
    assert find(method, checkpoint=tmp_path / "search.ckpt") == find(method)


def test_a_smaller_budget_is_refused(tmp_path):
    path = tmp_path / "search.ckpt"
    find(search.random, evaluations=50, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="holds 50 evaluations, more than the 20 asked for"):
        find(search.random, evaluations=20, checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: find(search.evolution, checkpoint=path), "settings"),
        (lambda path: find(search.random, batch=5, checkpoint=path), "settings"),
        (lambda path: search.random(SPACE, reward, 50, 4, checkpoint=path), "settings"),
        (lambda path: search.random(nt.Space(1), reward, 50, 5, checkpoint=path), "space"),
    ],
    ids=["method", "batch", "seed", "space"],
)
def test_the_checkpoint_of_another_search_is_refused_and_kept(tmp_path, change, said):
    path = tmp_path / "search.ckpt"
    find(search.random, evaluations=50, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"search\.ckpt was made with {said}"):
        change(path)
    assert path.read_bytes() == before


OTHERS = {
    "batch": 7, "population": 7, "sample": 7, "best": 7, "cell": nt.zoo.EXAMPLE,
    "learning_rate": 0.007, "decay": 0.7, "entropy": 0.7,
}  # fmt: skip


@each_method
def test_every_setting_of_a_method_is_in_its_checkpoint(method, tmp_path):
    path = tmp_path / "search.ckpt"
    common = {"space", "reward", "evaluations", "seed", "executor", "checkpoint"}
    common |= {"progress", "workers", "limit"}
    find(method, evaluations=20, checkpoint=path)
    parameters = inspect.signature(method).parameters
    for name in sorted(set(parameters) - common):
        default = parameters[name].default
        other = not default if isinstance(default, bool) else OTHERS[name]
        with pytest.raises(ValueError, match=rf"was made with settings .*'{name}'"):
            find(method, checkpoint=path, **{name: other})


def test_the_checkpoint_of_another_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "search.ckpt"
    find(search.random, evaluations=50, checkpoint=path)
    monkeypatch.setattr("nastut.search.runner.__version__", "99")
    with pytest.raises(ValueError, match=r"was made with version '.*', not '99'"):
        find(search.random, checkpoint=path)


def test_no_folder_for_the_checkpoint_is_said_before_any_work(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        find(search.random, lambda cell: pytest.fail("asked"), checkpoint=tmp_path / "no" / "file")


@each_method
def test_settings_may_be_numpy_numbers(method, tmp_path):
    path, batch = tmp_path / "search.ckpt", np.int64(4)
    result = method(SPACE, reward, np.int64(20), np.int64(5), None, path, False, batch=batch)
    assert result == method(SPACE, reward, 20, 5, None, path, False, batch=4)
    result.save(tmp_path / "result.json")
    assert SearchResult.load(tmp_path / "result.json") == result


# Bad input


@each_method
@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"evaluations": 0}, ValueError, "evaluations is 0; it must be at least 1"),
        ({"evaluations": -5}, ValueError, "evaluations is -5"),
        ({"evaluations": 1e3}, TypeError, "evaluations is 1000.0 where a whole number belongs"),
        ({"seed": None}, TypeError, "seed is None where a whole number belongs"),
        ({"seed": 0.5}, TypeError, "seed is 0.5"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": "0"}, TypeError, "seed is '0'"),
        ({"batch": 0}, ValueError, "batch is 0"),
        ({"space": [2, 4]}, TypeError, "space is .* where a Space belongs"),
        ({"reward": 1.0}, TypeError, "reward is .* where a function of a Cell belongs"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(method, change, error, said):
    arguments = {"space": SPACE, "reward": reward, "evaluations": 20, "progress": False}
    with pytest.raises(error, match=said):
        method(**arguments | change)


@pytest.mark.parametrize(
    ("method", "change", "said"),
    [
        (search.reinforce, {"learning_rate": 0}, "learning_rate is 0"),
        (search.reinforce, {"learning_rate": float("nan")}, "learning_rate is nan"),
        (search.reinforce, {"learning_rate": float("inf")}, "learning_rate is inf"),
        (search.priority_queue, {"entropy": float("inf")}, "entropy is inf"),
        (search.reinforce, {"decay": 1.0}, "decay is 1.0"),
        (search.reinforce, {"decay": -0.1}, "decay is -0.1"),
        (search.priority_queue, {"entropy": -1}, "entropy is -1"),
        (search.priority_queue, {"learning_rate": "fast"}, "learning_rate is 'fast'"),
        (search.priority_queue, {"best": 0}, "best is 0"),
    ],
)
def test_bad_settings_are_named(method, change, said):
    with pytest.raises((TypeError, ValueError), match=said):
        find(method, **change)


def test_a_cell_that_is_no_cell_for_the_controller():
    with pytest.raises(TypeError, match="'LSTM' was given where a Cell belongs"):
        find(search.reinforce, cell="LSTM")


@each_method
def test_a_reward_that_is_no_number_stops_the_search_and_names_the_cell(method, tmp_path):
    with pytest.raises(TypeError, match=r"the reward of \w+ \w+ .* is 'good'; it must be a number"):
        find(method, lambda cell: "good", checkpoint=tmp_path / "search.ckpt")
    assert find(method, checkpoint=tmp_path / "search.ckpt") == find(method)


class Outside(Random):
    """Proposes what is no cell of the space."""

    def propose(self):
        return [[9] * 10]


def test_a_proposal_outside_the_space_is_named():
    strategy = Outside(SPACE.choices, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"choice 1 .* is 9; it must be a whole number from"):
        run(strategy, SPACE, reward, progress=False)
