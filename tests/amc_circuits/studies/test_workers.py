"""Calls in processes: what came of each comes back, whatever becomes of its process; nothing is left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from multiprocessing import forkserver
from pathlib import Path

import pytest

from amc_circuits.engines import run_deck
from amc_circuits.studies import workers as module
from amc_circuits.studies.workers import CallTimedOutError, WorkerDiedError, Workers, run_in_processes
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.calls import (
    NeedsTwo,
    a_function,
    deaf,
    error_when_late,
    heedless,
    many_bytes,
    raise_it,
    raise_what_holds_a_function,
)
from tests.command_line import ROOT, ended

MANY = ("--monte-carlo", 2000, "--jobs", 2, "--programming-error", "1u")
HANGS_ON_RECORD = 'touch "{folder}/$$"; sleep 600 & wait'


def test_results_come_back():
    """Every call has its result, in any order; with one process, calls run in this one, in order and on demand."""
    assert sorted(run_in_processes([partial(pow, 2, k) for k in range(5)], 2)) == [1, 2, 4, 8, 16]
    seen = []
    results = run_in_processes([partial(seen.append, k) for k in range(3)], 1)
    assert seen == []
    assert list(results) == [None] * 3 and seen == [0, 1, 2]


def test_errors_and_warnings_come_back():
    """A call's warning is the caller's, once; its error, too, and where it was raised."""
    with pytest.warns(UserWarning, match="hear me") as heard:
        assert list(run_in_processes([partial(warnings.warn, "hear me")] * 2, 2)) == [None, None]
    assert len(heard) == 2
    with pytest.raises(ValueError, match="invalid literal") as caught:
        list(run_in_processes([partial(raise_it, ValueError, "invalid literal")] * 2, 2))
    assert "in raise_it" in "".join(caught.value.__notes__)


def test_a_process_that_dies_is_told():
    """An error that says what may be behind it; no wait without end."""
    with pytest.raises(WorkerDiedError, match="fewer jobs"):
        list(run_in_processes([partial(os._exit, 3)] * 2, 2))


def test_a_caller_that_stops_leaves_no_process():
    """Calls that nobody waits for any more are ended."""
    results = run_in_processes([partial(pow, 2, 3), partial(time.sleep, 60)], 2)
    assert next(results) == 8
    assert len(multiprocessing.active_children()) == 2
    results.close()
    assert not multiprocessing.active_children()


def outcome(workers, call, timeout=None):
    """How one call ends."""
    workers.submit("tag", call, timeout)
    return end_of_call(workers)


def end_of_call(workers):
    """How the call ends that is under way."""
    while not (found := workers.finished()):
        pass
    (only,) = found
    assert only.tag == "tag"
    return only


@pytest.fixture
def one():
    """A single process."""
    with Workers(1) as workers:
        yield workers


def gone(pid):
    """True when a process that was ours has ended, and we have heard of it."""
    return pid not in {process.pid for process in multiprocessing.active_children()}


def wait_until(condition, within=30):
    """Waits until something holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (a_function, "cannot be handed back"),
        (raise_what_holds_a_function, "cannot be handed back"),
        (partial(raise_it, NeedsTwo, 1, 2), "missing 1 required"),
    ],
)
def test_what_cannot_be_sent_is_the_error_of_its_call(one, call, words):
    """A result or an error that cannot be pickled, or not be unpickled, is told; the process goes on."""
    pid = outcome(one, os.getpid).value()
    with pytest.raises(TypeError, match=words):
        outcome(one, call).value()
    assert outcome(one, os.getpid).value() == pid


def test_a_result_may_be_large(one):
    """50 MB arrive whole."""
    assert outcome(one, many_bytes).value() == many_bytes()


def test_a_process_that_is_killed_while_it_answers_is_told(one):
    """Half a result is none: the call's process died, and the next call has another."""
    pid = outcome(one, os.getpid).value()
    one.submit("tag", many_bytes)
    # Nobody takes the result yet, so that the process is stuck in the middle of it.
    wait_until(lambda: one._workers[0].pipe.poll())
    os.kill(pid, signal.SIGKILL)
    assert isinstance(end_of_call(one).error, WorkerDiedError)
    assert outcome(one, os.getpid).value() != pid


def test_a_process_that_died_at_rest_is_replaced(one):
    """Nothing is lost, once or twice; only a call that takes its process with it is told."""
    pid = outcome(one, os.getpid).value()
    for _ in range(2):
        os.kill(pid, signal.SIGKILL)
        wait_until(partial(gone, pid))
        pid = outcome(one, os.getpid).value()
    assert isinstance(outcome(one, partial(os._exit, 0)).error, WorkerDiedError)
    assert outcome(one, partial(pow, 2, 3)).value() == 8


def test_processes_are_made_though_their_server_was_killed(one):
    """A new one takes its place."""
    pid = outcome(one, os.getpid).value()
    # There is none where the path of its socket would be too long.
    for number in (forkserver._forkserver._forkserver_pid, pid):
        if number is not None:
            os.kill(number, signal.SIGKILL)
    wait_until(partial(gone, pid))
    found = outcome(one, os.getpid)
    assert isinstance(found.error, WorkerDiedError) or found.value() != pid
    assert outcome(one, partial(pow, 2, 3)).value() == 8


@pytest.mark.parametrize("call", [partial(time.sleep, 60), heedless, deaf])
def test_a_call_that_takes_too_long_is_ended(one, monkeypatch, call):
    """Whatever it is about: by itself, or by force if it does not listen. The next one is made as if nothing was."""
    monkeypatch.setattr(module, "GRACE", 0.3 if call is deaf else 60.0)
    pid, process = outcome(one, os.getpid).value(), one._workers[0].process
    assert isinstance(outcome(one, call, 0.2).error, CallTimedOutError)
    assert gone(pid) and process.exitcode == (-signal.SIGKILL if call is deaf else 128 + signal.SIGTERM)
    assert outcome(one, partial(pow, 2, 3), 60).value() == 8


def test_a_process_that_is_asked_to_end_says_nothing_of_its_call(tmp_path, temporary, monkeypatch):
    """By whomever: that its simulation was ended is no result of the call; simulation and files are gone."""
    books = tmp_path / "simulator"
    monkeypatch.setenv("AMC_NGSPICE", broken.program(books, HANGS_ON_RECORD))
    with Workers(1) as workers:
        pid = outcome(workers, os.getpid).value()
        workers.submit("tag", partial(run_deck, ".title no circuit\n.end\n"))
        wait_until(lambda: broken.started(books))
        os.kill(pid, signal.SIGTERM)
        assert isinstance(end_of_call(workers).error, WorkerDiedError)
        assert not broken.still_running(books)
        assert not list(temporary.iterdir())


def test_a_call_may_end_just_when_it_is_to_be_ended(one):
    """Its own error or that of the time: the next call is made in either case."""
    for _ in range(5):
        found = outcome(one, error_when_late, 0.2)
        assert isinstance(found.error, (ValueError, CallTimedOutError))
        assert outcome(one, partial(pow, 2, 3)).value() == 8


def open_files():
    """How many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def test_no_file_stays_open():
    """Processes that come and go, in peace or not, leave no descriptor behind."""
    for count in range(25):
        with Workers(2) as workers:
            assert outcome(workers, partial(pow, 2, 3)).value() == 8
            assert isinstance(outcome(workers, partial(os._exit, 1)).error, WorkerDiedError)
        if count == 1:
            before = open_files()
    assert open_files() <= before


@pytest.fixture
def start_alone():
    """Starts `amc inv` in a process group of its own, as from a terminal; what is left of it ends with the test."""
    begun = []

    def call(*arguments, **environment):
        command = [sys.executable, "-c", "from amc_circuits.cli.app import main; main()", "inv", *map(str, arguments)]
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


def python_processes(group):
    """Processes of a group that run Python and have not ended: parent and command by process id."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    fields = [line.split(None, 4) for line in listed.splitlines()]
    return {
        int(pid): (int(parent), command)
        for pid, parent, its_group, state, command in fields
        if its_group == str(group) and not state.startswith("Z") and "python" in command
    }


def workers(group):
    """Process ids of the workers of a group: children of the server that forks them, or, without it, spawned."""
    processes = python_processes(group)
    servers = {pid for pid, (parent, command) in processes.items() if parent == group and "forkserver" in command}
    return [pid for pid, (parent, command) in processes.items() if parent in servers or "spawn_main" in command]


def test_ctrl_c_at_a_terminal_leaves_nothing_behind(start_alone, tmp_path, temporary):
    """Ctrl-C reaches command and workers; simulations end at once, no process or file is left, and one line is said."""
    books = tmp_path / "simulator"
    simulator = broken.program(books, HANGS_ON_RECORD)
    process = start_alone("--size", 8, *MANY, "--save", tmp_path / "s.npz", AMC_NGSPICE=simulator)
    wait_until(lambda: len(broken.started(books)) >= 2)
    assert len(workers(process.pid)) == 2
    os.killpg(process.pid, signal.SIGINT)
    outcome = ended(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    wait_until(lambda: not python_processes(process.pid))
    assert not broken.still_running(books)
    assert not list(temporary.iterdir())
    assert not (tmp_path / "s.npz").exists()


def test_ctrl_c_while_workers_start_is_one_line(start_alone):
    """A worker that has not begun yet says nothing either."""
    process = start_alone("--size", 8, *MANY, "--engine", "exact")
    wait_until(lambda: len(python_processes(process.pid)) > 1)
    os.killpg(process.pid, signal.SIGINT)
    outcome = ended(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    wait_until(lambda: not python_processes(process.pid))


def test_a_worker_that_is_killed_ends_the_command(start_alone):
    """Exit code 1, one line, the other worker ended."""
    process = start_alone("--size", 8, *MANY, "--engine", "exact")
    wait_until(lambda: len(workers(process.pid)) == 2)
    os.kill(workers(process.pid)[0], signal.SIGKILL)
    ended(process).refused("a process died", "fewer jobs", code=1)
    wait_until(lambda: not python_processes(process.pid))


def test_nothing_outlives_a_command_that_is_killed(start_alone, tmp_path):
    """SIGKILL, which nobody can answer, to the command alone: workers and simulations end by themselves."""
    books = tmp_path / "simulator"
    process = start_alone("--size", 8, *MANY, AMC_NGSPICE=broken.program(books, HANGS_ON_RECORD))
    wait_until(lambda: len(broken.started(books)) >= 2)
    process.kill()
    ended(process)
    wait_until(lambda: not python_processes(process.pid) and not broken.still_running(books))
