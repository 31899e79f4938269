"""The pool of processes ends when it should."""

import subprocess
import sys
import time
from operator import add
from types import SimpleNamespace

import pytest

from nastut.search.executors import Cluster, processes

WORKING = """
import os, time
from nastut.search.executors import processes

if __name__ == "__main__":
    with processes() as executor:
        print(executor.submit(os.getppid).result(), flush=True)
        executor.submit(time.sleep, 300).result()
"""


def test_the_work_is_done():
    with processes() as executor:
        sums = [executor.submit(add, i, i) for i in range(9)]
    assert [future.result() for future in sums] == [2 * i for i in range(9)]


def test_a_killed_program_leaves_no_process_behind(tmp_path):
    script = tmp_path / "working.py"
    script.write_text(WORKING)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as program:
        assert int(program.stdout.readline()) == program.pid
        program.kill()
        # The processes share the pipe, so it ends when the last of them does.
        assert program.communicate(timeout=60) == (b"", None)


def test_an_exception_waits_for_no_work():
    with pytest.raises(KeyboardInterrupt), processes() as executor:  # noqa: PT012
        executor.submit(time.sleep, 0).result()  # the processes are there
        waiting = [executor.submit(time.sleep, 300) for _ in range(20)]
        raise KeyboardInterrupt
    assert all(future.done() for future in waiting)  # at once: nobody waits for them here
    for future in waiting:
        assert future.cancelled() or future.exception() is not None


def test_no_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'nastut\[cluster\]'"):
        Cluster("tcp://127.0.0.1:8786")


class Client:
    """What Dask's client is asked for; made by the test, so that no scheduler is needed."""

    def __init__(self, address, timeout, set_as_default):
        assert set_as_default is False  # a program may have a cluster of its own
        if address == "nowhere":
            raise OSError(f"timed out after {timeout} s")
        self.status = bytes.decode(b"running")
        self.threads, self.restarted = {}, []
        self.futures = {"mine 1": None, "mine 2": None}

    def get_executor(self, pure):
        assert pure is False
        return self

    def nthreads(self):
        return self.threads

    def processing(self):
        return {"a": ["mine 1", "other"], "b": ["other"], "c": [], "d": ["mine 2"]}

    def restart_workers(self, workers, raise_for_error):
        if raise_for_error:
            raise TimeoutError("a worker does not start again")
        self.restarted += workers

    def close(self):
        self.status = "closed"


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=Client))
    return Cluster


def test_a_cluster_is_as_large_as_its_workers_have_threads(cluster):
    there = cluster("somewhere")
    assert there.size() == 1
    with there() as client:
        assert there.size() == 1
        client.threads = {"a": 2, "b": 3}
        assert there.size() == 5
        client.status = "stopped"
        assert there.size() == 1
    assert client.status == "closed"
    assert there.size() == 1
    assert client.restarted == []


def test_an_exception_restarts_the_workers_that_are_busy_with_this_work_and_no_others(cluster):
    with pytest.raises(KeyboardInterrupt), cluster("somewhere")() as client:
        raise KeyboardInterrupt
    assert client.restarted == ["a", "d"]
    assert client.status == "closed"


def test_where_no_work_is_left_no_worker_is_restarted(cluster):
    for left in ({"futures": {}}, {"status": "closed"}, {"status": "stopped"}):
        with pytest.raises(KeyboardInterrupt), cluster("somewhere")() as client:  # noqa: PT012
            vars(client).update(left)
            raise KeyboardInterrupt
        assert client.restarted == []


def test_a_scheduler_that_does_not_answer_is_named(cluster):
    with pytest.raises(OSError, match=r"at nowhere within 10 s \(timed out after 10 s\)"):
        cluster("nowhere")().__enter__()
