"""The pool of processes ends when it should."""

import subprocess
import sys
import time
from operator import add

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
    for future in waiting:
        assert future.cancelled() or future.exception() is not None


def test_no_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'nastut\[cluster\]'"):
        Cluster("tcp://127.0.0.1:8786")
