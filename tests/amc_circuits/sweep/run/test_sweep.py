"""`amc sweep`: rows, resuming, what makes no sense, and runs that are interrupted."""

import json
import re
import signal
import socket
import time
from datetime import datetime
from pathlib import Path

import pytest

from amc_circuits.files.run_folder import MARKER
from amc_circuits.sweep.store import DATABASE, INVALID
from amc_circuits.sweep.store.folder import LOCK, LOG, RESOLVED, SPECIFICATION
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.sweeps import FAST, GRID, exact, lasting, rows, run
from tests.command_line import ended, start

HANGS_BEYOND_TWO = """if grep -q "^Vin3 " deck.cir; then touch "{folder}/$$"; sleep 600 & wait
else exec "$real" "$@"
fi"""


@pytest.fixture
def books(tmp_path, monkeypatch):
    """The real simulator, which now keeps books: a folder with a file for every run."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "books", broken.BOOKKEEPING))
    return tmp_path / "books"


def test_grid_gives_every_combination_in_order(sweep, tmp_path):
    """The last axis changes fastest, every row is usable, and the exit code is 0."""
    outcome = sweep(GRID, "--no-progress")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("8 points, 8 usable, 0 not")
    found = rows(tmp_path)
    assert [row.number for row in found] == list(range(8))
    points = [(row.parameters["size"], row.parameters["gbwp"], row.parameters["seed"]) for row in found]
    assert points == [(size, gbwp, seed) for size in (2, 3) for gbwp in (16e6, 1e8) for seed in (0, 1)]
    assert {row.status for row in found} == {"SETTLED"}


def test_rows_do_not_depend_on_the_number_of_jobs(sweep, tmp_path):
    """One point after the other or two at a time: everything is the same, bit for bit."""
    assert sweep(GRID, "--jobs", 1).code == 0
    one = [lasting(row) for row in rows(tmp_path)]
    (tmp_path / "out").rename(tmp_path / "first")
    assert sweep(GRID, "--jobs", 2).code == 0
    assert [lasting(row) for row in rows(tmp_path)] == one


def test_rows_say_what_made_them(sweep, tmp_path):
    """Hashes, seed, host, engine and versions, and when it was, in this row's own time."""
    began, clock = time.time(), time.monotonic()
    text = 'circuit = "inv"\n[fixed]\nopamp = "single-pole"\nsize = 2\ntrial = 3\n[grid]\nseed = [5, 6]\n'
    assert sweep(text + 'engine = ["ngspice", "exact"]\n').code == 0
    by_ngspice, exact_one, other, _ = found = rows(tmp_path)
    assert [row.seed for row in found] == [5, 5, 6, 6]
    assert [row.engine for row in found[:2]] == ["ngspice", "exact"]
    assert re.fullmatch(r"ngspice \d+\S*( KLU)?, amc \S+", by_ngspice.engine_version)
    assert exact_one.engine_version == f"amc {by_ngspice.package_version}"
    # One circuit, whatever solves it; of another seed another one.
    assert by_ngspice.design_sha256 == exact_one.design_sha256 != other.design_sha256
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in (by_ngspice.design_sha256, by_ngspice.deck_sha256))
    assert exact_one.deck_sha256 == "" and by_ngspice.deck_sha256 != other.deck_sha256
    for row in found:
        assert row.host == socket.gethostname()
        assert int(began) <= datetime.fromisoformat(row.finished).timestamp() <= time.time()
        assert 0 < row.wall_time_s < time.monotonic() - clock


def test_folder_holds_what_was_asked(sweep, tmp_path):
    """The specification as it was written, and what it means: all defaults, SI units; the log has a line a row."""
    assert sweep(GRID).code == 0
    folder = tmp_path / "out"
    assert (folder / SPECIFICATION).read_text() == GRID
    resolved = json.loads((folder / RESOLVED).read_text())
    assert (resolved["circuit"], resolved["points"]) == ("inv", 8)
    assert resolved["axes"] == {"size": [2, 3], "gbwp": [16e6, 1e8], "seed": [0, 1]}
    assert (resolved["fixed"]["opamp"], resolved["fixed"]["input_voltage"]) == ("single-pole", 0.1)
    first, *lines, last = (folder / LOG).read_text().splitlines()
    assert "begin: 8 points, 0 cached; ngspice" in first and "end: 8 points, 8 usable, 0 failed" in last
    assert sorted(int(line.split()[2]) for line in lines) == list(range(8))
    assert all(" SETTLED " in line for line in lines)


def test_second_run_simulates_nothing(sweep, tmp_path, books):
    """A sweep that is complete is not run again: no simulation, no new row, the same answer."""
    first = sweep(GRID, "--no-progress")
    stored, runs = rows(tmp_path), len(broken.started(books))
    second = sweep(GRID, "--no-progress")
    assert second == first
    assert rows(tmp_path) == stored
    assert runs == len(broken.started(books)) >= 8


def test_larger_grid_adds_its_new_points(sweep, tmp_path, books):
    """A grid that has grown runs its new points only, and their rows follow the old ones."""
    sweep(FAST + "[grid]\nseed = [0, 2]\nsize = [2]\n")
    old = rows(tmp_path)
    first = len(broken.started(books))
    assert sweep(FAST + "[grid]\nseed = {range = [0, 4]}\nsize = [2]\n", "--jobs", 2).out.startswith(
        "4 points, 4 usable"
    )
    found = rows(tmp_path)
    assert found[:2] == old
    assert [(row.number, row.parameters["seed"]) for row in found] == [(0, 0), (1, 2), (2, 1), (3, 3)]
    runs = len(broken.started(books))
    assert first >= 2 and runs >= first + 2
    said = sweep(FAST + "[grid]\nseed = [1]\nsize = [2]\n").out
    assert said.startswith("1 point, 1 usable, 0 not (and 3 rows of other specifications or versions); solved by ")
    assert rows(tmp_path) == found and len(broken.started(books)) == runs


def test_points_that_make_no_sense_are_rows(sweep, tmp_path):
    """A combination that no circuit can have is an INVALID row with the reason; the others run, exit code 3."""
    outcome = sweep(FAST + 'size = 2\n[grid]\nkind = ["wishart", "spd"]\ncondition = [5]\ng_min = ["1u", "1m"]\n')
    assert outcome.code == 3
    assert "4 points, 1 usable, 3 not" in outcome.out
    found = rows(tmp_path)
    assert [row.status for row in found] == [INVALID, INVALID, "SETTLED", INVALID]
    assert "condition: got 5.0; wishart matrices are drawn as they come" in found[0].error
    assert "g_min: got 0.001; must be below g_max" in found[3].error


def test_unstable_points_are_rows(sweep, tmp_path):
    """A point without a usable result is a row with its status and the reason, exit code 3."""
    outcome = sweep('circuit = "inv"\n[fixed]\nsize = 4\nkind = "random"\n[grid]\nseed = [0, 1, 2, 3]\n')
    unusable = [row for row in rows(tmp_path) if not row.usable]
    assert outcome.code == 3
    assert {row.status for row in unusable} == {"UNSTABLE"}
    assert all("pole at" in row.error for row in unusable)


@pytest.fixture
def hanging(tmp_path):
    """A sweep in a process of its own that has stored three rows, while two simulations hang, and who they are."""
    books, spec = tmp_path / "books", tmp_path / "spec.toml"
    spec.write_text(FAST + "[grid]\nsize = [2, 3]\nseed = [0, 1, 2]\n")
    simulator = broken.program(books, HANGS_BEYOND_TWO)
    process = start("sweep", spec, "--out", tmp_path / "out", "--jobs", 2, "--no-progress", AMC_NGSPICE=simulator)
    wait_until(lambda: len(broken.started(books)) == 2 and len(rows(tmp_path)) == 3)
    yield process, books
    process.kill()
    process.communicate()


def wait_until(condition, within=60):
    """Waits until something holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_ctrl_c_keeps_the_finished_rows(sweep, tmp_path, hanging, temporary):
    """Ctrl-C ends every simulation at once; what is stored stays, nothing else is left, and the sweep goes on later."""
    process, books = hanging
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    assert not broken.still_running(books)
    assert not list(temporary.iterdir())
    found = rows(tmp_path)
    assert [(row.parameters["size"], row.status) for row in found] == [(2, "SETTLED")] * 3
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {MARKER, DATABASE, LOG, SPECIFICATION, RESOLVED, LOCK}
    assert sweep((tmp_path / "spec.toml").read_text()).out.startswith("6 points, 6 usable")
    assert rows(tmp_path)[:3] == found


def test_a_folder_is_one_process_s_until_it_ends(sweep, tmp_path, hanging):
    """A second sweep into it is refused and told by whom it is used, until that one ends, and be it by SIGKILL."""
    process, books = hanging
    text = (tmp_path / "spec.toml").read_text()
    sweep(text).refused("--out", str(tmp_path / "out"), f"in use by process {process.pid} on {socket.gethostname()}")
    found = rows(tmp_path)
    assert process.poll() is None and len(found) == 3
    process.kill()
    ended(process)
    wait_until(lambda: not broken.still_running(books))
    assert sweep(text).out.startswith("6 points, 6 usable")
    assert rows(tmp_path)[:3] == found


def test_many_sweeps_leave_no_file_open(tmp_path):
    """Folders, databases, logs and processes leave no open file behind."""
    for number in range(20):
        run(tmp_path / str(number), exact([0]))
        if number == 2:
            before = len(list(Path("/dev/fd").iterdir()))
    assert len(list(Path("/dev/fd").iterdir())) <= before


def test_foreign_folder_is_refused(sweep, tmp_path):
    """A folder with other files in it is not written to."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    sweep(GRID).refused("--out", str(tmp_path / "out"), "name a new folder")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
