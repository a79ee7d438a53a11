"""Points that fail: rows say why and where the evidence is; the others are run, whatever happens to a process."""

import multiprocessing
import os
import signal
from functools import partial

import pytest

from amc_circuits.cases.options import parse_options
from amc_circuits.studies import workers
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.run import outcome as outcome_module
from amc_circuits.sweep.run import run as run_module
from amc_circuits.sweep.run.outcome import TRACEBACK, run_point
from amc_circuits.sweep.store import FAILED, INVALID, Store
from amc_circuits.sweep.store.evidence import FAILURES
from netlists import ParameterError
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.sweeps import (
    EXACT,
    FAST,
    Replacing,
    exact,
    killed_always,
    killed_once,
    lasting,
    rows,
    rows_in,
    run,
)

NONSENSE = EXACT + 'g_min = ["1u", "1m", "2m", "3m", "4m"]\n'
"""Five points, of which only the first makes sense: the largest conductance is 100 uS."""


def for_three(script):
    """A simulator that runs a script for three rows and is sound for others."""
    return f'if grep -q "^Vin3 " deck.cir; then {script}\nelse exec "$real" "$@"\nfi'


@pytest.mark.parametrize(
    "script", [broken.FAILS, broken.GARBAGE, broken.TRUNCATED, broken.NOT_A_NUMBER, broken.STOPS_EARLY, broken.HANGS]
)
def test_failed_simulations_are_rows_and_the_sweep_goes_on(sweep, tmp_path, temporary, monkeypatch, script):
    """Where the simulator fails, the row says why, the folder has deck and log; the others are run, exit code 3."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", for_three(script)))
    outcome = sweep(FAST + "[[points]]\nsize = 3\ntimeout = 1\n[[points]]\nsize = 2\n", "--jobs", 2, "--no-progress")
    assert (outcome.code, outcome.err) == (3, "")
    bad, good = rows(tmp_path)
    assert (bad.status, good.status) == (FAILED, "SETTLED")
    assert bad.error.startswith("ngspice: ")
    # A row says the same wherever it was run.
    assert "/" not in bad.error
    assert (bad.kept, good.kept) == (f"{FAILURES}/0", "")
    kept = tmp_path / "out" / bad.kept
    assert {path.name for path in kept.iterdir()} == {"deck.cir", "ngspice.log"}
    assert (kept / "deck.cir").read_text().startswith(".title INV 3 x 3")
    assert f"1 failed, the first (row 0): {bad.error}; deck and log: {kept}\n" in outcome.out
    assert len(bad.design_sha256) == 64
    assert not list(temporary.iterdir())


def test_failed_points_are_run_again_on_request(sweep, tmp_path, monkeypatch):
    """They stay as they are until --retry-failed, which keeps their numbers and clears the evidence away."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS_ONCE))
    text = FAST + "size = 2\n[grid]\nseed = [0, 1]\n"
    assert sweep(text).code == 3
    first = rows(tmp_path)
    assert [row.status for row in first] == [FAILED, "SETTLED"]
    assert sweep(text).code == 3
    assert rows(tmp_path) == first
    assert sweep(text, "--retry-failed").code == 0
    again, same = rows(tmp_path)
    assert same == first[1]
    assert (again.key, again.number, again.status, again.kept) == (first[0].key, 0, "SETTLED", "")
    assert not list((tmp_path / "out" / FAILURES).iterdir())


def test_points_that_make_no_sense_are_run_again_on_request(tmp_path):
    """INVALID is a failure, too; usable rows are never run again."""
    text = exact([0]) | {"grid": {"g_min": [1e-6, 1e-3]}}
    run(tmp_path, text)
    good, bad = rows_in(tmp_path)
    assert (good.status, bad.status) == ("SETTLED", INVALID)
    made = []
    tally = run(tmp_path, text, partial(Noting, made), retry_failed=True)
    assert made == [1]
    assert rows_in(tmp_path)[0] == good
    assert (tally.points, tally.usable, tally.failed) == (2, 1, 1)


class Noting(workers.Workers):
    """Processes that note the numbers of the points that they are handed."""

    def __init__(self, made, points):
        super().__init__(1)
        self.made = made

    def submit(self, tag, call, timeout=None):
        """As of the processes, and the number is noted."""
        self.made += [point.number for point in tag]
        super().submit(tag, call, timeout)


def test_a_sweep_stops_after_so_many_failures(sweep, tmp_path):
    """Exit code 3 and one line; what is done is kept, and the same command without the limit does the rest."""
    stopped = sweep(NONSENSE, "--max-failures", 2, "--no-progress")
    stopped.refused("stopped after 2 failed points", "--max-failures", f"amc table {tmp_path / 'out'}", code=3)
    assert [row.status for row in rows(tmp_path)] == ["SETTLED", INVALID, INVALID]
    # Failures of earlier runs do not count: the points are not run again.
    sweep(NONSENSE, "--max-failures", 2, "--no-progress").refused("stopped after 2", code=3)
    assert sweep(NONSENSE).out.startswith("5 points, 1 usable, 4 not")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--max-failures", "0", ("1 or more",)),
        ("--point-timeout", "0", ("must be more than 0",)),
        ("--point-timeout", "soon", ("such as",)),
        ("--shard", "3/2", ("I/N", "as 2/4")),
        ("--shard", "0/2", ("I/N",)),
        ("--shard", "half", ("I/N",)),
        ("--shard", "1/" + "9" * 5000, ("I/N",)),
    ],
)
def test_unusable_handling_is_refused(sweep, tmp_path, option, value, words):
    """By the option as it was typed, before the folder is made."""
    sweep(NONSENSE, option, value).refused(option, *words)
    assert not (tmp_path / "out").exists()


def test_a_simulator_that_hangs_is_ended_at_the_point_s_limit(sweep, tmp_path, monkeypatch):
    """Before its process is: deck and log are there; the row is the point's own, whose options know no limit."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", for_three(broken.HANGS)))
    outcome = sweep(FAST + "[grid]\nsize = [3, 2]\n", "--point-timeout", "5")
    assert outcome.code == 3
    bad, good = rows(tmp_path)
    assert (bad.status, bad.error) == (FAILED, "ngspice: ran longer than 5 s and was ended")
    assert (tmp_path / "out" / bad.kept / "deck.cir").is_file()
    assert bad.parameters["timeout"] == good.parameters["timeout"] == 600
    assert good.usable


def test_a_point_that_hangs_itself_is_ended(sweep, tmp_path, monkeypatch):
    """A point that does not come back is a row, too; the points after it have a new process."""
    monkeypatch.setattr(run_module, "GRACE", 1.0)
    points = "[[points]]\nsize = 1000\n[[points]]\nseed = 1\n"  # a minute of linear algebra
    text = EXACT.replace("[grid]\n", points)
    assert sweep(text, "--point-timeout", "5").code == 3
    bad, good = rows(tmp_path)
    assert (bad.status, bad.kept) == (FAILED, "")
    assert "longer than 5 s (point_timeout)" in bad.error
    assert good.usable


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Rows of six points that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder, exact(range(6)))
    return [lasting(row) for row in rows_in(folder)]


def test_a_process_that_dies_costs_nothing(tmp_path, undisturbed):
    """Its point is run once more: all rows are as if it had lived."""
    dying = partial(killed_once, tmp_path / "marker")
    tally = run(tmp_path / "out", exact(range(6)), lambda points: Replacing(dying, 2))
    assert (tally.points, tally.usable) == (6, 6)
    assert [lasting(row) for row in rows(tmp_path)] == undisturbed


def test_a_process_killed_from_outside_costs_nothing(tmp_path, undisturbed):
    """In the middle of its work: all rows are as if it had lived."""
    killed = []

    def kill_one(stored, plan):
        if stored and not killed:
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    tally = run(tmp_path / "out", exact(range(6)), on_rows=kill_one)
    assert killed and (tally.points, tally.usable) == (6, 6)
    assert [lasting(row) for row in rows(tmp_path)] == undisturbed


def test_a_point_that_kills_its_process_is_a_failed_row(tmp_path, undisturbed):
    """Tried twice, then told; all others are there."""
    tally = run(tmp_path / "out", exact(range(6)), lambda points: Replacing(partial(killed_always, 2), 2))
    found = rows(tmp_path)
    assert (tally.points, tally.usable, tally.failed, tally.first_failed) == (6, 5, 1, found[2])
    assert found[2].status == FAILED and "its process died, 2 times" in found[2].error
    assert [lasting(row) for row in found[:2] + found[3:]] == undisturbed[:2] + undisturbed[3:]


def test_what_a_dead_process_simulated_is_kept(sweep, tmp_path, temporary, monkeypatch):
    """Deck and log of the simulation that took its process with it, and nothing stays where it ran."""
    script = for_three('echo "this is the end"; kill -9 $PPID')
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", script))
    assert sweep(FAST + "[grid]\nsize = [3, 2]\n", "--jobs", "2").code == 3
    bad, good = rows(tmp_path)
    assert good.usable and bad.status == FAILED and "its process died, 2 times" in bad.error
    assert "Vin3 " in (tmp_path / "out" / bad.kept / "deck.cir").read_text()
    assert (tmp_path / "out" / bad.kept / "ngspice.log").read_text() == "this is the end\n"
    assert not list(temporary.iterdir())


def test_a_fault_of_the_program_is_one_point_s(monkeypatch):
    """An error that nobody foresaw is an outcome with its traceback as evidence."""
    monkeypatch.setattr(outcome_module, "make_case", lambda *_: 1 / 0)
    options = parse_options("inv", {"size": 2})
    outcome = run_point(Point("key", 0, "inv", options))
    assert (outcome.status, outcome.error) == (FAILED, "ZeroDivisionError: division by zero")
    assert b"in _programmed" in outcome.evidence[TRACEBACK]


def test_evidence_that_cannot_be_kept_is_told(sweep, tmp_path, monkeypatch):
    """The row is there all the same."""
    assert sweep(FAST + "size = 2\n").code == 0
    (tmp_path / "out" / FAILURES).write_text("in the way")
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    assert sweep(FAST + "size = 3\n").code == 3
    bad = rows(tmp_path)[-1]
    assert (bad.status, bad.kept) == (FAILED, "")
    assert "its deck and log cannot be kept: " in bad.error


def test_a_check_that_fails_leaves_the_usable_row(sweep, tmp_path, monkeypatch):
    """Where ngspice cannot check what the exact engine found, the row stays, and why is told; later it may."""
    text = EXACT.replace("exact", "auto").replace("0.02", "0.02\ncross_check = 1e-12") + "seed = [0, 1]\n"
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    outcome = sweep(text, "--waveforms")
    before = rows(tmp_path)
    assert outcome.code == 0 and [row.status for row in before] == ["SETTLED"] * 2
    assert "ngspice could check none" in outcome.out and ": ngspice: " in outcome.out
    assert sweep(text).code == 0 and rows(tmp_path) == before
    monkeypatch.delenv("AMC_NGSPICE")
    assert "1 right-hand side checked by ngspice" in sweep(text).out
    with Store(tmp_path / "out") as store:
        assert store.with_waveforms() == [0, 1]


class Ending(workers.Workers):
    """One process, which is lost as soon as two calls have ended, at the same time for the sweep."""

    def __init__(self, points):
        super().__init__(1)
        self.ended = 0

    def finished(self):
        """As of the process, until it is lost."""
        if self.ended == 2:
            raise ParameterError("scheduler", "here", "is gone")
        found = super().finished()
        self.ended += len(found)
        return found


def test_rows_that_wait_to_be_stored_are_not_lost(tmp_path, monkeypatch):
    """Whatever ends the sweep before it is their turn."""
    monkeypatch.setattr(run_module, "STORED_EVERY", 1e9)
    with pytest.raises(ParameterError, match="is gone"):
        run(tmp_path, exact(range(6)), Ending)
    assert [row.number for row in rows_in(tmp_path)] == [0, 1]
