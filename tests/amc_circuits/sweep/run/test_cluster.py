"""`amc sweep --scheduler`: a Dask cluster of real processes on loopback, whose parts die."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from distributed import Client

from amc_circuits.cases.options import parse_options
from amc_circuits.studies.workers import CallTimedOutError, WorkerDiedError, made_by
from amc_circuits.sweep.plan import subject as of_subject
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.run import chunks
from amc_circuits.sweep.run import cluster as subject
from amc_circuits.sweep.run.cluster import DaskWorkers
from amc_circuits.sweep.run.cluster_call import sendable
from amc_circuits.sweep.store import INVALID
from netlists import ParameterError
from netlists.version import package_version
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.sweeps import FAST, GRID, exact, lasting, rows, rows_in, run
from tests.command_line import ROOT, ended, start

GATE = 'touch "{folder}/$$"; until [ -e "{folder}/open" ]; do sleep 0.05; done; exec "$real" "$@"'
"""Leaves a file named by its process id, and waits until there is a file `open`."""
GATE_FOR_NINE = f'if grep -q "^Vin9 " deck.cir; then {GATE}; fi; exec "$real" "$@"'
POINTS = FAST + "[grid]\nsize = [2, 9]\nseed = {range = [0, 4]}\n"
"""Four points, and four that wait at the gate."""


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file)
        until(file.exists)
        self.address = json.loads(file.read_text())["address"]

    def worker(self, *arguments: object, simulator: str = "") -> subprocess.Popen[bytes]:
        """Starts a worker, with a simulator of its own."""
        environment = {"AMC_NGSPICE": simulator} if simulator else {}
        places = ("--local-directory", self.folder, "--nthreads", 1, "--preload", subject.__name__)
        return self._start("worker", self.address, *places, "--no-nanny", *arguments, **environment)

    def _start(self, part: str, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *map(str, arguments)]
        known = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder), "OPENBLAS_NUM_THREADS": "1"}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, env=known | environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def wait_for(self, workers: int) -> None:
        """Returns when there are so many."""
        with Client(self.address, set_as_default=False) as client:
            until(lambda: len(client.nthreads()) == workers)

    def end(self) -> None:
        """Kill all processes, the last one first."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def until(happened, within=60):
    """Waits for something."""
    end = time.monotonic() + within
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def killed(process, happened):
    """Kills a process meanwhile, once something has happened."""

    def kill():
        try:
            until(happened)
        finally:
            process.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


def figures(row):
    """All of a row that must not depend on how and where it was run."""
    return row.key, row.number, row.parameters, row.status, row.figures | {"wall_time_s": 0}, row.error


def point(**options):
    """A point of small size."""
    return Point("key", 0, "inv", parse_options("inv", {"size": 2, "engine": "exact"} | options))


def made(cluster, *calls, timeout=None):
    """Ended calls of the cluster."""
    with DaskWorkers(cluster.address) as executor:
        return [ended for several in made_by(executor, calls, timeout) for ended in several]


def stored(folder):
    """How many rows there are so far."""
    try:
        return len(rows(folder))
    except ParameterError:  # not yet
        return 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and a worker with two threads and a gate for nine rows."""
    folder = tmp_path_factory.mktemp("cluster")
    running = Cluster(folder)
    running.worker("--nthreads", 2, simulator=broken.program(folder / "gate", GATE_FOR_NINE))
    running.wait_for(1)
    yield running
    running.end()


@pytest.fixture
def impatient(monkeypatch):
    """Waits less than for people."""
    for name, seconds in {"CONNECTING": 1.0, "LOOKING": 0.1, "ALONE": 0.2}.items():
        monkeypatch.setattr(subject, name, seconds)


def test_points_of_a_worker_that_dies_are_run_by_others(sweep, tmp_path, cluster):
    """A worker is killed in the middle: every row is there once, with the figures of a local run, bit for bit."""
    gate = tmp_path / "gate"
    doomed = cluster.worker(simulator=broken.program(gate, GATE))
    assert sweep(GRID).code == 0
    local = [figures(row) for row in rows(tmp_path)]
    (tmp_path / "out").rename(tmp_path / "local")
    cluster.wait_for(2)
    with killed(doomed, lambda: broken.started(gate)):
        outcome = sweep(GRID, "--scheduler", cluster.address)
    (gate / "open").touch()
    assert (outcome.code, outcome.err) == (0, "")
    assert [figures(row) for row in rows(tmp_path)] == local


class Noting(DaskWorkers):
    """Workers of a cluster that note how many points their calls have."""

    def __init__(self, scheduler):
        super().__init__(scheduler)
        self.made = []

    def submit(self, tag, call, timeout=None):
        """As of the cluster, and the number is noted."""
        self.made.append(len(tag))
        super().submit(tag, call, timeout)


def test_points_go_there_in_chunks(tmp_path, cluster, monkeypatch):
    """Rows of chunks, with a point that makes no sense among them, are those of one process, bit for bit."""
    monkeypatch.setattr(chunks, "LONGEST", 1e9)
    content = exact(range(20)) | {"grid": {"seed": list(range(20)), "g_min": [1e-6, 1e-3]}}
    executor = Noting(cluster.address)
    run(tmp_path / "there", content, lambda points: executor)
    run(tmp_path / "here", content)
    assert max(executor.made) > 1
    there, here = (rows_in(tmp_path / name) for name in ("there", "here"))
    assert [lasting(row) for row in there] == [lasting(row) for row in here]


def test_other_versions_are_refused(sweep, tmp_path, cluster, monkeypatch):
    """A worker with another amc ends the sweep with one line that names it and both versions; no row is from it."""
    monkeypatch.setattr(of_subject, "engine_version", lambda engine: "ngspice 46, amc 9.9")
    words = ("its worker tcp://127.0.0.1:", f"amc {package_version()}, but this sweep needs ngspice 46, amc 9.9")
    sweep(GRID, "--scheduler", cluster.address).refused(f"--scheduler: got {cluster.address}", *words)
    assert rows(tmp_path) == []
    with Client(cluster.address, set_as_default=False) as client:
        assert "cannot run points (UnpicklingError" in client.submit(sendable(), b"from elsewhere").result()


def test_ctrl_c_keeps_the_finished_rows(sweep, tmp_path, cluster):
    """Ctrl-C ends at once what this machine does; the cluster forgets the rest, and the same command goes on."""
    (tmp_path / "spec.toml").write_text(POINTS)
    process = start("sweep", tmp_path / "spec.toml", "--out", tmp_path / "out", "--scheduler", cluster.address)
    until(lambda: stored(tmp_path) == 4)
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    first = rows(tmp_path)
    assert [row.parameters["size"] for row in first if row.usable] == [2] * 4
    with Client(cluster.address, set_as_default=False) as client:
        until(lambda: client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0)
    (cluster.folder / "gate" / "open").touch()
    outcome = sweep(POINTS, "--scheduler", cluster.folder / "scheduler.json")
    (cluster.folder / "gate" / "open").unlink()
    assert (outcome.code, outcome.err) == (0, "")
    assert rows(tmp_path)[:4] == first and len(rows(tmp_path)) == 8


def test_calls_that_take_too_long_are_given_up(cluster, impatient):
    """A call past its hard limit ends as such, counted from when a worker begins it; the others are made."""
    calls = [((point(size=3),), partial(time.sleep, 600)), ((point(size=4),), partial(pow, 2, 3))]
    late, other = sorted(made(cluster, *calls, timeout=3.0), key=lambda one: one.tag[0].options["size"])
    assert isinstance(late.error, CallTimedOutError)
    assert (other.result, other.error) == (8, None)


def test_files_that_a_worker_cannot_read_make_invalid_rows(sweep, tmp_path, cluster, monkeypatch):
    """The row says which; a file that is another one there than here is told, too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.npz").write_bytes(b"here")
    path = Path("/proc/self/cwd/c.npz")  # for a worker, in a folder of its own, a file that is missing
    assert sweep(FAST + f'size = 2\nconductances = "{path}"\n', "--scheduler", cluster.address).code == 3
    (row,) = rows(tmp_path)
    assert row.status == INVALID and f"conductances: got {path}" in row.error and "No such file" in row.error
    path = tmp_path / "c.npz"
    (found,) = made(cluster, ((point(conductances=str(path)),), partial(pow, 2, 3)))
    assert "holds something else" in str(found.error)


def test_unusable_schedulers_are_refused(sweep, amc, tmp_path, cluster, impatient):
    """Nobody answers, or somebody else, or it is no address: one line by --scheduler, exit code 2, and no folder."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cases = {
            f"tcp://127.0.0.1:{silent.getsockname()[1]}": "no Dask scheduler answers there",
            "tcp://127.0.0.1:1": "no Dask scheduler answers there",
            "cluster": "must be such as tcp://host:8786",
            str(tmp_path / "spec.toml"): "is not the file of a Dask scheduler",
        }
        for address, words in cases.items():
            sweep(GRID, "--scheduler", address).refused(f"--scheduler: got {address}", words)
    with Client(cluster.address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    sweep(GRID, "--scheduler", worker).refused("a Dask Worker; give its scheduler's address")
    sweep(GRID, "--scheduler", cluster.address, "--jobs", 2).refused("leave out --jobs")
    assert not (tmp_path / "out").exists()


def test_dask_that_is_not_installed_is_told(sweep, monkeypatch):
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "amc_circuits.sweep.run.cluster")
    sweep(GRID, "--scheduler", "tcp://127.0.0.1:8786").refused("needs Dask: pip install 'amc[cluster]'")


def test_a_cluster_that_falls_apart(sweep, tmp_path, cluster, impatient, capsys):
    """A call of which workers die says so; without any worker that is told; when the scheduler dies the rows stay."""
    with Client(cluster.address, set_as_default=False) as client:
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    (found,) = made(cluster, ((point(),), partial(os._exit, 1)))
    assert isinstance(found.error, WorkerDiedError)
    capsys.readouterr()
    late = threading.Timer(1, cluster.worker, kwargs={"simulator": str(cluster.folder / "gate" / "ngspice")})
    late.start()
    assert [one.result for one in made(cluster, ((point(),), partial(pow, 2, 3)))] == [8]
    assert capsys.readouterr().err.startswith(f"amc: warning: no worker is connected to {cluster.address}; waiting")
    with killed(cluster.scheduler, lambda: stored(tmp_path) == 4):
        outcome = sweep(POINTS, "--scheduler", cluster.address)
    (cluster.folder / "gate" / "open").touch()
    outcome.refused(cluster.address, "the Dask scheduler answers no more", "the same command goes on")
    first = rows(tmp_path)
    assert sweep(POINTS).code == 0
    assert rows(tmp_path)[:4] == first and len(rows(tmp_path)) == 8
