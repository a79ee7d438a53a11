"""`amc sweep`: rows, resuming, failures as rows."""

import time

import pytest

from amc_circuits.run_folder import MARKER
from amc_circuits.sweep.store import DATABASE
from amc_circuits.sweep.store import FAILED, INVALID
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.sweeps import FAST, GRID, rows
from tests.command_line import ended, start


@pytest.fixture
def books(tmp_path, monkeypatch):
    """The real simulator, which now keeps books: a folder with a file for every run."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "books", broken.BOOKKEEPING))
    return tmp_path / "books"


def figures(row):
    """All of a row that must not depend on how it was run."""
    return row.key, row.number, row.parameters, row.status, row.figures | {"wall_time_s": 0}, row.error


def test_grid_gives_every_combination_in_order(sweep, tmp_path):
    """The last axis changes fastest, every row is usable, and the exit code is 0."""
    outcome = sweep(GRID)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("8 points, 8 usable, 0 not")
    found = rows(tmp_path)
    assert [row.number for row in found] == list(range(8))
    points = [(row.parameters["size"], row.parameters["gbwp"], row.parameters["seed"]) for row in found]
    assert points == [(size, gbwp, seed) for size in (2, 3) for gbwp in (16e6, 1e8) for seed in (0, 1)]
    assert {row.status for row in found} == {"SETTLED"}


def test_rows_do_not_depend_on_the_number_of_jobs(sweep, tmp_path):
    """One point after the other or two at a time: every figure is the same, bit for bit."""
    assert sweep(GRID, "--jobs", 1).code == 0
    one = [figures(row) for row in rows(tmp_path)]
    (tmp_path / "out").rename(tmp_path / "first")
    assert sweep(GRID, "--jobs", 2).code == 0
    assert [figures(row) for row in rows(tmp_path)] == one


def test_second_run_simulates_nothing(sweep, tmp_path, books):
    """A sweep that is complete is not run again: no simulation, no new row, the same answer."""
    first = sweep(GRID)
    stored, runs = rows(tmp_path), len(broken.started(books))
    second = sweep(GRID)
    assert second == first
    assert rows(tmp_path) == stored
    assert runs == len(broken.started(books)) == 8


def test_larger_grid_adds_its_new_points(sweep, tmp_path, books):
    """A grid that has grown runs its new points only, and their rows follow the old ones."""
    sweep(FAST + "[grid]\nseed = [0, 2]\nsize = [2]\n")
    old = rows(tmp_path)
    assert sweep(FAST + "[grid]\nseed = {range = [0, 4]}\nsize = [2]\n", "--jobs", 2).out.startswith(
        "4 points, 4 usable"
    )
    found = rows(tmp_path)
    assert found[:2] == old
    assert [(row.number, row.parameters["seed"]) for row in found] == [(0, 0), (1, 2), (2, 1), (3, 3)]
    assert len(broken.started(books)) == 4


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


@pytest.mark.parametrize(
    "script", [broken.FAILS, broken.GARBAGE, broken.TRUNCATED, broken.NOT_A_NUMBER, broken.STOPS_EARLY, broken.HANGS]
)
def test_failed_simulations_are_rows_and_the_sweep_goes_on(sweep, tmp_path, monkeypatch, script):
    """Where the simulator fails, the row says why and where deck and log are; the other points are run, exit code 3."""
    works_for_two_rows = f'if grep -q "^Vin3 " deck.cir; then {script}\nelse exec "$real" "$@"\nfi'
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", works_for_two_rows))
    outcome = sweep(FAST + "timeout = 1\n[grid]\nsize = [2, 3]\n", "--jobs", 2)
    assert (outcome.code, outcome.err) == (3, "")
    good, bad = rows(tmp_path)
    assert (good.status, bad.status) == ("SETTLED", FAILED)
    assert bad.error.startswith("ngspice: ")
    (kept,) = (tmp_path / "out" / "failures").iterdir()
    assert str(kept) in bad.error
    assert {path.name for path in kept.iterdir()} == {"deck.cir", "ngspice.log"}


def test_failed_points_are_run_again(sweep, tmp_path, monkeypatch):
    """The next run of the sweep tries the points again whose simulator failed, and keeps their numbers."""
    simulator = tmp_path / "simulator"
    monkeypatch.setenv("AMC_NGSPICE", broken.program(simulator, broken.FAILS_ONCE))
    text = FAST + "size = 2\n[grid]\nseed = [0, 1]\n"
    assert sweep(text).code == 3
    assert sorted(row.status for row in rows(tmp_path)) == sorted([FAILED, "SETTLED"])
    assert sweep(text).code == 0
    assert [(row.number, row.status) for row in rows(tmp_path)] == [(0, "SETTLED"), (1, "SETTLED")]


def test_ctrl_c_keeps_the_finished_rows(tmp_path, temporary):
    """Ctrl-C in a sweep ends every simulation at once; finished rows stay, and the sweep can be taken up again."""
    books, spec = tmp_path / "books", tmp_path / "spec.toml"
    spec.write_text('circuit = "inv"\n[grid]\nsize = [2, 3, 64]\nseed = [0, 1, 2]\n')
    simulator = broken.program(books, broken.BOOKKEEPING)
    process = start("sweep", spec, "--out", tmp_path / "out", "--jobs", 2, AMC_NGSPICE=simulator)
    end = time.monotonic() + 60
    while len(broken.started(books)) < 7 and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(2)
    outcome = ended(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n")
    assert not broken.still_running(books)
    assert not list(temporary.iterdir())
    # Two at a time: when the seventh begins, five have ended, and the last of them may just be on its way to the disk.
    found = rows(tmp_path)
    assert 4 <= len(found) < 9 and all(row.usable for row in found)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {MARKER, DATABASE}


def test_foreign_folder_is_refused(sweep, tmp_path):
    """A folder with other files in it is not written to."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    sweep(GRID).refused("--out", str(tmp_path / "out"), "name a new folder")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
