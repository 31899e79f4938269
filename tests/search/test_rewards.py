"""Rewards: asked once for equal cells, here or on an executor, whatever becomes of a child."""

import math
import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import numpy as np
import pytest

import nastut as nt
from nastut.search.rewards import Rewards
from nastut.search.strategies import FAILED

CELL = nt.zoo.EXAMPLE
TWIN = nt.Cell.parse("Multiply ReLU Add Tanh Multiply Sigmoid Add ReLU 0 1")
OTHER = nt.Cell.parse("Add Tanh Add Tanh Add Tanh Add Tanh 2 0")


def ask(rewards, *cells):
    """Return the outcomes that were new."""
    return list(rewards.ask((cell, cell.canonical()) for cell in cells))


def length(cell):
    return float(len(str(cell)))


def test_equal_cells_are_asked_once():
    seen = []
    rewards = Rewards(lambda cell: seen.append(cell) or 1.5)
    assert TWIN.canonical() == CELL.canonical()
    assert ask(rewards, CELL, TWIN, OTHER, CELL) == [(1.5, None), (1.5, None)]
    assert ask(rewards, TWIN, OTHER) == []
    assert seen == [CELL, OTHER]
    assert rewards.memory[CELL.canonical()] == (1.5, None)


@pytest.mark.parametrize(
    "value", [1, 0.25, np.float32(0.25), np.float64(2), np.int64(3), Fraction(1, 4)], ids=repr
)
def test_any_real_number_is_a_reward(value):
    rewards = Rewards(lambda cell: value)
    ask(rewards, CELL)
    reward, error = rewards.memory[CELL.canonical()]
    assert (reward, type(reward), error) == (float(value), float, None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")], ids=str)
def test_what_is_no_finite_number_is_a_failed_child(value):
    rewards = Rewards(lambda cell: value)
    ask(rewards, CELL)
    assert rewards.memory[CELL.canonical()] == (FAILED, f"the reward was {value}")


def test_a_reward_too_large_for_a_float_is_a_failed_child():
    rewards = Rewards(lambda cell: 10**400)
    ask(rewards, CELL)
    reward, error = rewards.memory[CELL.canonical()]
    assert reward == FAILED
    assert error.startswith("the reward was too large")


def test_an_exception_is_a_failed_child():
    def diverge(cell):
        raise FloatingPointError("the loss is nan")

    rewards = Rewards(diverge)
    ask(rewards, CELL)
    wanted = (FAILED, "FloatingPointError: the loss is nan")
    assert rewards.memory[CELL.canonical()] == wanted


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "kept"),
    [(SilentError(), "SilentError"), (ValueError("x" * 10**6), "ValueError: xxx")],
)
def test_any_exception_is_kept_in_short(error, kept):
    def fail(cell):
        raise error

    rewards = Rewards(fail)
    ask(rewards, CELL)
    text = rewards.memory[CELL.canonical()].error
    assert text.startswith(kept)
    assert len(text) <= 1_000


@pytest.mark.parametrize("value", ["0.5", None, True, [0.5], 1j, np.array([1.0])], ids=repr)
def test_what_is_no_number_is_a_mistake_and_names_the_cell(value):
    rewards = Rewards(lambda cell: value)
    with pytest.raises(TypeError, match=f"the reward of {CELL} is .*; it must be a number"):
        ask(rewards, CELL)
    assert rewards.memory == {}


def test_no_function():
    with pytest.raises(TypeError, match=r"reward is .* where a function of a Cell belongs"):
        Rewards(0.5)


# On an executor


class Backwards:
    """An executor that does the second task before the first."""

    def __init__(self):
        self.waiting, self.order = [], []

    def submit(self, function, reward, cell):
        future = Future()
        self.waiting.insert(0, (future, function, reward, cell))
        if len(self.waiting) == 2:
            for waiting, *task in self.waiting:
                self.order.append(task[-1])
                waiting.set_result(task[0](*task[1:]))
        return future


def test_an_executor_may_finish_in_any_order():
    here, away = Rewards(length), Rewards(length, Backwards())
    ask(here, CELL, OTHER)
    ask(away, CELL, OTHER)
    assert away.executor.order == [OTHER, CELL]
    assert away.memory == here.memory


def test_processes_do_the_work():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        rewards = Rewards(length, pool)
        ask(rewards, CELL, OTHER)
        assert rewards.memory[CELL.canonical()] == (length(CELL), None)

        unpicklable = Rewards(lambda cell: 1.0, pool)
        with pytest.raises(RuntimeError, match=r"did not do its work \(.*[Pp]ickl"):
            ask(unpicklable, CELL)


def die(cell):
    if cell == OTHER:
        os._exit(1)
    return 1.0


def test_a_process_that_dies_is_no_failed_child():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        rewards = Rewards(die, pool)
        with pytest.raises(RuntimeError, match="BrokenProcessPool"):
            ask(rewards, CELL, OTHER)
        assert OTHER.canonical() not in rewards.memory


def test_an_executor_that_is_shut_down():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"cannot schedule new futures after shutdown.*is kept"):
        ask(Rewards(length, pool), CELL)


def test_an_executor_that_is_shut_down_meanwhile_keeps_what_finished():
    """What a shutdown cancels is not waited for, for ever."""
    pool = ThreadPoolExecutor(1)

    def reward(cell):
        pool.shutdown(wait=False, cancel_futures=True)
        return 2.0

    rewards = Rewards(reward, pool)
    with pytest.raises(RuntimeError, match="the executor did not do its work"):
        ask(rewards, CELL, OTHER)
    assert list(rewards.memory) == [CELL.canonical()]
