"""Calls in processes: results, errors and warnings come back; nothing is left behind when it ends before its time."""

import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial

import pytest

from amc_circuits.workers import WorkerDiedError, run_in_processes
from tests.amc_circuits import broken_ngspice as broken
from tests.command_line import ROOT, ended

MANY = ("--monte-carlo", 2000, "--jobs", 2, "--programming-error", "1u")


def test_results_come_back():
    """Of every call, in any order; with one process in this one, in order and when they are asked for."""
    assert sorted(run_in_processes([partial(pow, 2, k) for k in range(5)], 2)) == [1, 2, 4, 8, 16]
    seen = []
    results = run_in_processes([partial(seen.append, k) for k in range(3)], 1)
    assert seen == []
    assert list(results) == [None] * 3 and seen == [0, 1, 2]


def test_errors_and_warnings_come_back():
    """A call's warning is the caller's, once; its error, too."""
    with pytest.warns(UserWarning, match="hear me") as heard:
        assert list(run_in_processes([partial(warnings.warn, "hear me")] * 2, 2)) == [None, None]
    assert len(heard) == 2
    with pytest.raises(ValueError, match="invalid literal"):
        list(run_in_processes([partial(int, "no number")] * 2, 2))


def test_a_process_that_dies_is_told():
    """An error that says what may be behind it; no wait without end."""
    with pytest.raises(WorkerDiedError, match="fewer --jobs"):
        list(run_in_processes([partial(os._exit, 3)] * 2, 2))


@pytest.fixture
def start_alone():
    """Starts `amc inv` in a process group of its own, as from a terminal; what is left of it ends with the test."""
    begun = []

    def call(*arguments, **environment):
        command = [sys.executable, "-c", "from amc_circuits.cli import main; main()", "inv", *map(str, arguments)]
        process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        begun.append(process)
        return process

    yield call
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def workers(group):
    """Process ids of the workers of a group that have not ended."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    return [
        int(row[0]) for row in rows if row[1] == str(group) and not row[2].startswith("Z") and "spawn_main" in row[-1]
    ]


def wait_until(condition, within=30):
    """Waits until something holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_ctrl_c_at_a_terminal_leaves_nothing_behind(start_alone, tmp_path, temporary):
    """Ctrl-C reaches command and workers; simulations end at once, no process or file is left, and one line is said."""
    books = tmp_path / "simulator"
    simulator = broken.program(books, broken.BOOKKEEPING)
    process = start_alone("--size", 40, *MANY, "--save", tmp_path / "s.npz", AMC_NGSPICE=simulator)
    wait_until(lambda: len(broken.started(books)) >= 2)
    os.killpg(process.pid, signal.SIGINT)
    began = time.perf_counter()
    outcome = ended(process)
    assert time.perf_counter() - began < 5
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    assert not broken.still_running(books) and not workers(process.pid)
    assert not list(temporary.iterdir())
    assert not (tmp_path / "s.npz").exists()


def test_ctrl_c_while_workers_start_is_one_line(start_alone):
    """A worker that has not begun yet says nothing either."""
    process = start_alone("--size", 8, *MANY, "--engine", "state-space")
    wait_until(lambda: workers(process.pid))
    os.killpg(process.pid, signal.SIGINT)
    outcome = ended(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    assert not workers(process.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_is_killed_ends_the_command(start_alone, number):
    """Exit code 1, one line, the other worker ended."""
    process = start_alone("--size", 8, *MANY, "--engine", "state-space")
    wait_until(lambda: len(workers(process.pid)) == 2)
    os.kill(workers(process.pid)[0], number)
    ended(process).refused("a process died", "--jobs", code=1)
    assert not workers(process.pid)
