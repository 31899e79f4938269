"""Workers: groups go out, outcomes come back, whatever becomes of a worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

import nastut as nt
from nastut import search
from nastut.search.rewards import FAILED, UnfitWorkerError
from nastut.search.workers import LOSSES, Workers, processes
from rewards_far_away import Together, notes, value

SPACE = nt.Space(2)
CELLS = list(dict.fromkeys(SPACE.sample(np.random.default_rng(k)).canonical() for k in range(40)))


def everything(workers, reward, groups):
    """Return what came of groups of cells."""
    for group in groups:
        workers.hand_out(reward, {cell: cell for cell in group})
    found = {}
    while workers.busy:
        new = workers.next()
        assert not set(new) & set(found)
        found |= new
    return found


def pairs(cells):
    return [cells[k : k + 2] for k in range(0, len(cells), 2)]


# Real processes, really killed


def test_a_killed_worker_costs_nothing_but_time(tmp_path):
    log = str(tmp_path / "log")
    reward = Together(log, seconds=0.05)
    killed = []

    def kill_one():
        while not killed:
            time.sleep(0.02)
            if os.path.exists(log) and len(notes(log)) > 4:
                process, _ = notes(log, "begun")[-1]
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with Workers(partial(processes, 2), 2) as workers:
        found = everything(workers, reward, pairs(CELLS[:20]))
    killer.join()
    assert found == {cell: (value(cell), None, (1.0, 2.0)) for cell in CELLS[:20]}
    assert killed[0] not in {process for process, _ in notes(log)[-4:]}
    assert len(notes(log)) <= 20 + 4  # only what was out with the killed process is measured again


@pytest.mark.slow
def test_a_child_that_kills_workers_or_hangs_is_found_and_no_other_has_failed(tmp_path):
    deadly, hanging, raising = CELLS[1], CELLS[4], CELLS[6]
    log = str(tmp_path / "log")
    reward = Together(log, deadly=(deadly,), hanging=(hanging,), raising=(raising,))
    groups = [CELLS[:2], CELLS[2:4], CELLS[4:5], CELLS[5:8]]
    # A busy machine takes some seconds to start a process.
    with Workers(partial(processes, 2), 2, limit=8) as workers:
        found = everything(workers, reward, groups)
    assert found[deadly].reward == found[hanging].reward == found[raising].reward == FAILED
    assert found[deadly].error.startswith("its worker died each time (BrokenProcessPool")
    assert found[hanging].error == "no answer within 8 s"
    assert found[raising].error == "FloatingPointError: diverged"
    good = set(CELLS[:8]) - {deadly, hanging, raising}
    assert {cell: found[cell].reward for cell in good} == {cell: value(cell) for cell in good}


# Many workers


def uneven(cell):
    time.sleep(int(value(cell) * 2**32) % 32 / 4000)
    return value(cell)


def test_many_workers_make_a_valid_search():
    most, lock, asked = [0, 0], threading.Lock(), []

    def reward(cell):
        with lock:
            most[0] += 1
            most[1] = max(most)
            asked.append(cell.canonical())
        number = uneven(cell)
        with lock:
            most[0] -= 1
        return number

    with ThreadPoolExecutor(9) as pool:
        result = search.evolution(SPACE, reward, 103, 5, pool, progress=False, workers=4, batch=3)
    assert 1 < most[1] <= 4
    assert len(result.cells) == 103
    assert result.rewards == [value(cell) for cell in result.cells]
    assert len(asked) == len(set(asked)) == result.calls
    sizes = [len(batch.cells) for batch in result.batches[: result.learned]]
    assert [update["evaluations"] for update in result.updates] == np.cumsum(sizes).tolist()


def test_no_worker_waits_for_the_slowest():
    """While one child holds a worker, the other worker does all the rest."""
    release, slow = threading.Event(), []

    def reward(cell):
        if not slow:
            slow.append(cell)
            assert release.wait(60)
        seen.append(cell)
        if len(seen) == 30:
            release.set()
        return value(cell)

    seen = []
    with ThreadPoolExecutor(2) as pool:
        result = search.evolution(SPACE, reward, 60, 5, pool, progress=False, workers=2)
    assert result.cells.index(slow[0]) >= 25


def test_a_stopped_search_with_many_workers_loses_nothing_and_goes_on(tmp_path):
    path, asked = tmp_path / "search.ckpt", []

    def reward(cell):
        if len(asked) == 30:
            asked.append(None)
            raise SystemExit
        asked.append(cell.canonical())
        return uneven(cell)

    settings = {"progress": False, "workers": 3, "batch": 4, "checkpoint": path}
    with ThreadPoolExecutor(3) as pool, pytest.raises(RuntimeError, match="SystemExit"):
        search.priority_queue(SPACE, reward, 90, 5, pool, **settings)
    with ThreadPoolExecutor(3) as pool:
        result = search.priority_queue(SPACE, reward, 90, 5, pool, **settings)
    assert len(result.cells) == 90
    assert len(asked) == len(set(asked)) == result.calls + 1
    assert result.rewards == [value(cell) for cell in result.cells]


# Executors that break in every way


def test_a_reward_that_cannot_be_sent():
    said = r"did not do its work \(.*[Pp]ickl"
    with Workers(partial(processes, 1), 1) as workers, pytest.raises(RuntimeError, match=said):
        everything(workers, lambda cell: 1.0, [CELLS[:1]])


def test_an_executor_that_is_shut_down_meanwhile_keeps_what_finished():
    """What a shutdown cancels is not waited for, for ever."""
    pool = ThreadPoolExecutor(1)

    def reward(cell):
        time.sleep(0.2)  # the other is waiting by then, so that it is cancelled
        pool.shutdown(wait=False, cancel_futures=True)
        return 2.0

    with Workers(pool) as workers:
        for cell in CELLS[:2]:
            workers.hand_out(reward, {cell: cell})
        assert list(workers.next()) == CELLS[:1]
        with pytest.raises(RuntimeError, match="the executor did not do its work"):
            workers.next()


class Breaking(Executor):
    """Work at once, but break at the calls with these numbers and at groups with that cell."""

    def __init__(self, calls=(), deadly=None):
        self.calls, self.deadly = calls, deadly
        self.asked, self.opened = [], 0

    @contextmanager
    def open(self):
        self.opened += 1
        yield self

    def submit(self, function):
        cells = list(function.__self__.cells)
        self.asked.append(cells)
        future = Future()
        if len(self.asked) in self.calls or self.deadly in cells:
            future.set_exception(BrokenExecutor("broken"))
        else:
            future.set_result(function())
        return future


def test_a_broken_executor_is_replaced():
    """However often, as long as something finishes between the losses."""
    pool = Breaking(calls=range(1, 99, 2))
    with Workers(pool.open, 2) as workers:
        found = everything(workers, value, pairs(CELLS))
    assert found == {cell: (value(cell), None, ()) for cell in CELLS}
    assert pool.opened > LOSSES + 1


def test_a_child_that_hangs_in_a_group_is_found():
    release = threading.Event()

    @contextmanager
    def source():
        with ThreadPoolExecutor(2) as pool:
            try:
                yield pool
            except BaseException:  # as processes are ended
                release.set()
                raise

    def reward(cell):
        if cell == CELLS[1]:
            release.clear()
            release.wait(60)
        return value(cell)

    with Workers(source, 2, limit=0.5) as workers:
        found = everything(workers, reward, [CELLS[:3], CELLS[3:4], CELLS[4:6]])
    assert found[CELLS[1]].error == "no answer within 0.5 s"
    assert [found[cell].reward for cell in CELLS[2:6]] == [value(cell) for cell in CELLS[2:6]]


def test_an_executor_that_always_breaks_is_no_fault_of_the_children():
    pool, said = Breaking(calls=range(1000)), r"did not do its work \(BrokenExecutor: broken\)"
    with Workers(pool.open, 2) as workers, pytest.raises(RuntimeError, match=said):
        everything(workers, value, [[cell] for cell in CELLS])
    assert pool.opened == LOSSES + 1


def test_a_child_that_breaks_executors_has_two_tries_in_company_and_two_alone():
    first, deadly, last = CELLS[:3]
    pool = Breaking(deadly=deadly)
    with Workers(pool.open, 1) as workers:
        found = everything(workers, value, [CELLS[:3]])
    assert pool.asked == [CELLS[:3]] * 2 + [[first]] + [[deadly]] * 2 + [[last]]
    assert found[deadly] == (FAILED, "its worker died each time (BrokenExecutor: broken)", ())
    assert [found[cell].reward for cell in (first, last)] == [value(first), value(last)]


def test_there_is_room_for_as_many_as_the_workers_say_at_the_moment():
    size = [2]
    workers = Workers(processes, lambda: size[0])
    for cell in CELLS[:2]:
        assert workers.room
        workers.hand_out(value, {cell: cell})
    assert not workers.room
    assert workers.busy
    size[0] = 3
    assert workers.room
    for unknown in (None, 0):
        workers = Workers(None, unknown)
        assert workers.room
        assert not workers.busy
        workers.hand_out(value, {CELLS[0]: CELLS[0]})
        assert not workers.room


def test_a_broken_executor_that_cannot_be_opened_again(monkeypatch):
    monkeypatch.setattr("nastut.search.workers.PAUSES", (0, 0, 0))
    attempts = []

    @contextmanager
    def source():
        attempts.append(None)
        if len(attempts) > 1:
            raise OSError("nobody answers")
        yield Breaking(calls={2})

    with Workers(source, 1) as workers, pytest.raises(RuntimeError, match="nobody answers"):
        everything(workers, value, pairs(CELLS[:6]))
    assert len(attempts) == 4


def test_a_hang_in_an_executor_that_was_given_ends_the_search_but_is_remembered():
    release = threading.Event()

    def reward(cell):
        if cell == CELLS[1]:
            release.wait(60)
        return value(cell)

    found = {}
    with ThreadPoolExecutor(2) as pool, Workers(pool, 2, limit=0.3) as workers:
        for cell in CELLS[:8]:
            workers.hand_out(reward, {cell: cell})
        with pytest.raises(RuntimeError, match=r"no answer within 0\.3 s a child"):  # noqa: PT012
            while True:
                found |= workers.next()
        release.set()
    assert found[CELLS[1]] == (FAILED, "no answer within 0.3 s", ())
    assert found[CELLS[0]].error is None


def test_a_worker_that_is_unfit_stops_the_search():
    def reward(cell):
        raise UnfitWorkerError("no text")

    for pool in (None, ThreadPoolExecutor(2)):
        with Workers(pool, 2) as workers, pytest.raises(UnfitWorkerError, match="no text"):
            everything(workers, reward, [CELLS[:1]])


# What opens executors


WORKING = """
import os
from contextlib import suppress
from nastut.search.workers import processes

if __name__ == "__main__":
    with suppress(KeyboardInterrupt), processes() as executor:
        print(executor.submit(os.getppid).result(), flush=True)
        bar = "import time, tqdm; tqdm.tqdm(disable=True); time.sleep(300)"
        for _ in range(3):
            executor.submit(exec, bar)
        executor.submit(exec, bar).result()
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_program_leaves_no_process_behind(by, tmp_path):
    """And its processes, to which Ctrl-C goes too, say nothing."""
    script = tmp_path / "working.py"
    script.write_text(WORKING)
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as program:
        assert int(program.stdout.readline()) == program.pid
        time.sleep(0.5)  # some are at work, some are starting
        program.kill() if by == signal.SIGKILL else os.killpg(program.pid, by)
        # The processes share the pipes, so these end when the last of them does.
        out, err = program.communicate(timeout=60)
    assert out == b""
    assert by == signal.SIGKILL or err == b""


def test_an_exception_waits_for_no_work():
    with pytest.raises(KeyboardInterrupt), processes() as executor:  # noqa: PT012
        executor.submit(time.sleep, 0).result()  # the processes are there
        waiting = [executor.submit(time.sleep, 300) for _ in range(20)]
        raise KeyboardInterrupt
    assert all(future.done() for future in waiting)  # at once: nobody waits for them here
    for future in waiting:
        assert future.cancelled() or future.exception() is not None


def test_a_function_from_a_notebook_may_be_a_reward():
    """It is sent as a whole by cloudpickle, as joblib, Dask and others do, and finds ``nt``."""
    cloudpickle = pytest.importorskip("cloudpickle")
    notebook = {"nt": nt, "__name__": "__main__"}
    exec("def reward(cell):\n    return len(str(nt.formulas(cell)))", notebook)
    assert nt.doctor

    class Sent(Executor):
        def submit(self, function):
            future = Future()
            future.set_result(cloudpickle.loads(cloudpickle.dumps(function))())
            return future

    found = search.random(SPACE, notebook["reward"], 4, executor=Sent(), progress=False)
    assert found.rewards == [len(str(nt.formulas(cell))) for cell in found.cells]
