"""The pool of processes ends when it should."""

import subprocess
import sys
import time

import pytest

from nastut.processes import processes

WORKING = """
import os, time
from nastut.processes import processes

if __name__ == "__main__":
    with processes() as executor:
        print(executor.submit(os.getppid).result(), flush=True)
        executor.submit(time.sleep, 300).result()
"""


def test_a_killed_program_leaves_no_process_behind(tmp_path):
    script = tmp_path / "working.py"
    script.write_text(WORKING)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as program:
        assert int(program.stdout.readline()) == program.pid
        program.kill()
        # The processes share the pipe, so it ends when the last of them does.
        assert program.communicate(timeout=60) == (b"", None)


def test_what_has_not_begun_is_dropped_after_an_exception():
    waiting = []
    with pytest.raises(KeyboardInterrupt), processes() as executor:  # noqa: PT012
        waiting = [executor.submit(time.sleep, 0.1) for _ in range(200)]
        raise KeyboardInterrupt
    assert waiting[-1].cancelled()
