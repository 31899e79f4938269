"""A search on a Dask cluster, started as its users do, with everything killed that can be."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

import nastut as nt
from nastut.__main__ import main
from nastut.search.checkpoint import SearchResult
from nastut.search.trained import Trained
from nastut.search.workers import Cluster, Workers
from rewards_far_away import Noted, value

distributed = pytest.importorskip("distributed")

SEARCH = "search --task reber --base 2 --method evolution --steps 24 --hidden 4 --batch 4"
EVALUATIONS = 120


class Dask:
    """A scheduler and workers, as ``dask scheduler`` and ``dask worker`` start them."""

    def __init__(self, folder):
        self.folder, self.running = folder, []
        self.file = folder / "scheduler.json"
        self.port = "0"

    def start(self, *arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        path = os.pathsep.join(filter(None, sys.path))  # where the rewards of the tests are
        with (self.folder / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": path},
            )
        self.running.append(process)
        return process

    def scheduler(self):
        self.file.unlink(missing_ok=True)
        process = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", self.port,
            "--scheduler-file", str(self.file), "--no-show",
        )  # fmt: skip
        wait_until(self.file.exists)
        time.sleep(0.2)
        self.address = json.loads(self.file.read_text())["address"]
        self.port = self.address.rpartition(":")[2]
        return process

    def worker(self):
        return self.start("worker", self.address, "--nthreads", "1")

    def end(self):
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    dask = Dask(tmp_path_factory.mktemp("dask"))
    try:
        dask.first = dask.scheduler()
        dask.worker()
        dask.worker()
        yield dask
    finally:
        dask.end()


def wait_until(there, seconds=60):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def begin(dask, out):
    arguments = [*SEARCH.split(), "--evaluations", str(EVALUATIONS), "--scheduler", dask.address]
    command = [sys.executable, "-m", "nastut", *arguments, "--out", str(out)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def learned(out):
    """Return the batches that were learned, by the file of a search, and all measured cells."""
    there = SearchResult.load(out)
    return there.batches[: there.learned], {cell.canonical() for cell in there.cells}


@pytest.mark.cluster
def test_nothing_is_lost_when_workers_the_search_and_the_scheduler_are_killed(dask, tmp_path):
    out = tmp_path / "result.json"

    def measured():
        return len(learned(out)[1]) if out.exists() else 0

    first = begin(dask, out)
    wait_until(lambda: measured() >= 8)
    with distributed.Client(dask.address, set_as_default=False) as client:
        pids = list(client.run(os.getpid).values())
    os.kill(pids[0], signal.SIGKILL)
    seen = measured()
    wait_until(lambda: measured() >= seen + 8)
    first.kill()
    first.wait()
    before, known = learned(out)
    assert 0 < len(known) < EVALUATIONS

    second = begin(dask, out)
    dask.worker()
    wait_until(lambda: measured() >= len(known) + 8 or second.poll() is not None)
    dask.first.kill()
    dask.first.wait()
    dask.scheduler()
    dask.worker()
    printed, complaints = second.communicate(timeout=120)
    assert second.returncode == 0, complaints
    assert f"{EVALUATIONS} evaluations" in printed
    assert "worker died" not in printed

    result = SearchResult.load(out)
    assert len(result.cells) == EVALUATIONS
    assert result.batches[: len(before)] == before
    assert known <= {cell.canonical() for cell in result.cells}
    reward = Trained.on("reber", steps=24, hidden_size=4)
    for cell in (result.best, *result.cells[:2]):
        (alone,) = reward.many([cell])
        assert result.rewards[result.cells.index(cell)] == pytest.approx(alone.reward, rel=1e-4)


@pytest.mark.cluster
def test_a_hang_ends_with_its_worker(dask, tmp_path):
    reward = Noted(str(tmp_path / "log"), hanging=(nt.zoo.EXAMPLE.canonical(),))
    dask.worker()  # how many the other test has left is not certain
    dask.worker()
    with distributed.Client(dask.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        client.run(exec, "import nastut.search.rewards")  # it takes as long as the limit
        before = client.run(os.getpid).values()
    cluster = Cluster(dask.address)
    other = nt.Cell.parse("Add Tanh Add Tanh Add Tanh Add Tanh 2 0")
    with Workers(cluster, cluster.size, limit=6) as workers:
        for cell in (nt.zoo.EXAMPLE, other):
            workers.hand_out(reward, {cell: cell})
        found = {}
        while workers.busy:
            found |= workers.next()
    with distributed.Client(dask.address, set_as_default=False) as client:
        after = client.run(os.getpid).values()
    assert set(before) & set(after)  # the worker that was idle was not restarted
    assert found[nt.zoo.EXAMPLE].error == "no answer within 6 s"
    assert found[other].reward == value(other)


def test_a_scheduler_that_does_not_answer(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nastut.search.workers.TIMEOUT", 1)
    for address, said in (
        ("tcp://127.0.0.1:9", "no Dask scheduler answers at tcp://127.0.0.1:9"),
        ("nowhere", "no Dask scheduler answers at nowhere"),
    ):
        assert main([*SEARCH.split(), "--scheduler", address]) == 2
        assert said in capsys.readouterr().err
