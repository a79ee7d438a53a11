"""`amc sweep --dry-run`: what there is to do, how long it takes and what it writes, without doing it."""

import dataclasses
import math
import sqlite3

import pytest

from amc_circuits.cases.options import parse_options
from amc_circuits.sweep.plan.plan import Handling
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.run import estimate as estimates
from amc_circuits.sweep.run.estimate import BUDGET, ROW_TIME, SAMPLES, START, TRIALS, Measured, estimate
from amc_circuits.sweep.run.outcome import Outcome, run_point
from amc_circuits.sweep.store import DATABASE
from tests.amc_circuits.sweep.made_rows import made, stored

EXACT = 'circuit = "inv"\n[fixed]\nengine = "exact"\ninput_voltage = 0.02\n'


@pytest.fixture
def clockwork(monkeypatch):
    """Points that are not run: each takes a microsecond times the cube of its size, and is written down."""
    ran = []

    def took(point):
        return Outcome("SETTLED", {"residual": 0.5}, wall_time_s=1e-6 * point.options["size"] ** 3)

    def run(point):
        ran.append(point.options)
        return took(point)

    monkeypatch.setattr(estimates, "run_point", run)
    monkeypatch.setattr(estimates, "run_points", lambda points: [took(point) for point in points])
    return ran


@pytest.fixture
def dry_run(amc, tmp_path):
    """`amc sweep --dry-run` of a specification."""

    def call(text, *arguments):
        (tmp_path / "dry.toml").write_text(text)
        return amc("sweep", tmp_path / "dry.toml", "--dry-run", *arguments)

    return call


def estimated(folder=None, jobs=1, handling=None, circuit="inv", **sections):
    """The estimate of a sweep of exact points."""
    fixed = {"engine": "exact"} | sections.pop("fixed", {})
    return estimate(sweep_from({"circuit": circuit, "fixed": fixed, **sections}), folder, jobs, handling or Handling())


def contents(folder):
    """All files below a folder, with what they hold."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_tells_new_cached_and_failed_points_and_writes_nothing(sweep, dry_run, tmp_path, temporary):
    """A sweep that has grown has new, cached and failed points; the folder stays as it is."""
    text = EXACT + 'size = 2\n[grid]\nkind = ["spd", "wishart"]\ncondition = [10]\nseed = {range = [0, 3]}\n'
    assert sweep(text).code == 3
    larger = text.replace("3]}", "5]}")
    before = contents(tmp_path / "out")
    first = dry_run(larger, "--out", tmp_path / "out", "--jobs", 2)
    again = dry_run(larger, "--out", tmp_path / "out", "--retry-failed")
    shard = dry_run(larger, "--out", tmp_path / "out", "--shard", "1/5")
    nothing = dry_run(text, "--out", tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert not list(temporary.iterdir())
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("10 points: 4 new, 3 cached, 3 failed before (--retry-failed runs them again)\nabout ")
    assert again.out.startswith("10 points: 4 new, 3 cached, 3 failed before (to be run again)\nabout ")
    assert shard.out.startswith("2 points: 0 new, 1 cached, 1 failed before")
    assert nothing.out.endswith("failed before (--retry-failed runs them again)\nnothing to run\n")


def test_it_needs_no_folder_and_makes_none(dry_run, tmp_path, temporary):
    """Without --out, or with one that is not there, all points are new; nothing appears anywhere."""
    text = EXACT + "[grid]\nsize = [2, 3]\nseed = [0, 1]\n"
    for arguments in ((), ("--out", tmp_path / "out")):
        outcome = dry_run(text, *arguments)
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("4 points: 4 new, 0 cached, 0 failed before\nabout ")
        assert "with 1 job (from 4 sample points), about " in outcome.out
    assert {path.name for path in tmp_path.iterdir()} == {"dry.toml", temporary.name}


def test_without_folder_and_dry_run_it_is_refused(amc, dry_run, tmp_path):
    """A sweep needs --out, a dry run a folder that a sweep may use and no cluster: one line each."""
    (tmp_path / "dry.toml").write_text(EXACT)
    amc("sweep", tmp_path / "dry.toml").refused("--out: got nothing", "--dry-run")
    dry_run(EXACT, "--out", tmp_path).refused("--out", "name a new folder")
    dry_run(EXACT, "--scheduler", "tcp://localhost:1").refused("--jobs")
    dry_run(EXACT + "gbw = 1\n").refused("line 5, [fixed] gbw", "gbwp")


def test_a_damaged_database_is_refused(dry_run, tmp_path):
    """A file that is no database is refused in one line, as by a sweep."""
    folder = stored(tmp_path / "out", [])
    (folder / "amc-run.json").write_text('{"command": "sweep"}')
    (folder / DATABASE).write_bytes(b"no database" * 100)
    dry_run(EXACT + "size = 2\n", "--out", folder).refused(DATABASE, "cannot be read")


def test_points_that_cannot_be_run_are_told_at_once(dry_run):
    """A sample point that makes no sense is shown with its reason, before hours are spent."""
    outcome = dry_run(EXACT + 'size = 3\nkind = "wishart"\ncondition = 5\n')
    assert outcome.code == 0
    assert "a point of size 3 is INVALID: condition: got 5.0; wishart matrices" in outcome.out


@pytest.mark.parametrize("power", [2.0, 3.0, 4.0])
def test_time_between_and_beyond_sizes_follows_the_power_law(power):
    """A time that grows as a power of the size is exact between and beyond the sizes that were run."""
    measured = Measured()
    for size in (20.0, 50.0, 300.0):
        measured.add(("kind",), size, 1e-3 * size**power, 10 * size)
    for size in (20.0, 37.0, 150.0, 300.0, 2000.0):
        seconds, _ = measured.expected(("kind",), size)
        assert seconds == pytest.approx(1e-3 * size**power)
    assert measured.expected(("kind",), 35.0)[1] == pytest.approx(350)
    assert measured.expected(("other",), 50.0) == measured.expected(("kind",), 50.0)


def test_time_beyond_sizes_grows_at_least_as_the_cells_do():
    """From sizes that take equally long, a thousand-fold size is not said to take as long: there are its cells."""
    measured = Measured()
    measured.add((), 32.0, 0.01, 1)
    measured.add((), 64.0, 0.01, 1)
    assert measured.expected((), 640.0)[0] == pytest.approx(0.01 * 10**2)


def test_samples_stop_when_their_time_is_spent(clockwork):
    """Sizes are run in order as long as there is time; beyond, the sum is that of the law that the samples follow."""
    sizes = [16, 32, 64, 128, 256, 512, 1024]
    found = estimated(grid={"size": sizes, "seed": {"range": [0, 100]}})
    run = [options["size"] for options in clockwork]
    # Of seven sizes five are chosen, the middle one among them; 256 would take 17 s and 1024 1074 s.
    assert set(run) == {16, 64, 128} and found.largest == 128
    assert max(run.count(size) for size in run) <= SAMPLES + 1
    assert sum(1e-6 * size**3 for size in run) <= BUDGET + 1e-3
    exact = sum(100 * 1e-6 * size**3 for size in sizes)
    assert found.seconds == pytest.approx(START + 700 * ROW_TIME + exact)
    assert "extrapolated beyond size 128" in found.lines(1)[0]


def test_a_large_size_is_tried_smaller_first(clockwork):
    """A single size of 18 minutes is estimated from the law of smaller ones that are run."""
    found = estimated(fixed={"size": 1024})
    assert {options["size"] for options in clockwork} == {64, 256}
    assert found.seconds == pytest.approx(START + ROW_TIME + 1e-6 * 1024**3)
    assert found.lines(1)[0].startswith("about 18 min with 1 job (from 2 sample points, extrapolated beyond size 256)")
    clockwork.clear()
    found = estimated(fixed={"size": 128}, circuit="mvm", grid={"columns": [128, 512]})
    assert [(options["size"], options["columns"]) for options in clockwork][:4] == [
        (8, 8),
        (8, 8),
        (32, 32),
        (128, 128),
    ]


def test_kinds_for_which_there_is_no_time_are_guessed_and_told(clockwork):
    """38 of 64 types of points of 0.262 s each are run in 10 s; the others are taken to be like them."""
    grid = {"monte_carlo": {"range": [1, 17]}, "noise": [True, False], "wire_resistance": [0, 1]}
    found = estimated(fixed={"size": 64}, grid=grid)
    assert (found.measured.points, found.unknown) == (38, 26)
    assert "26 kinds of points guessed from others" in found.lines(1)[0]
    assert found.seconds == pytest.approx(START + 64 * (1e-6 * 64**3 + ROW_TIME))


def test_quick_points_are_run_in_chunks_too(clockwork, monkeypatch):
    """Eight copies of a quick point, if a sweep has so many and runs them in chunks, each a tenth of it alone."""

    def together(points):
        made.append(len(points))
        return [Outcome("SETTLED", wall_time_s=1e-7 * point.options["size"] ** 3) for point in points]

    made = []
    monkeypatch.setattr(estimates, "run_points", together)
    grid = {"seed": {"range": [0, 100]}}
    assert estimated(fixed={"size": 20}, grid=grid).seconds == pytest.approx(START + 100 * (0.8e-3 + ROW_TIME))
    assert made == [8] * SAMPLES
    for how, given in (
        ({"max_failures": 1}, {"fixed": {"size": 20}, "grid": grid}),
        ({}, {"fixed": {"size": 20}}),
        ({}, {"fixed": {"size": 60}, "grid": grid}),
    ):
        alone = 1e-6 * given["fixed"]["size"] ** 3
        count = 100 if "grid" in given else 1
        found = estimated(handling=Handling(**how), **given)
        assert found.seconds == pytest.approx(START + count * (alone + ROW_TIME))
    assert len(made) == SAMPLES


def test_many_trials_are_not_all_run(clockwork):
    """A few trials of a point of many are run; it takes as many times longer as it has more."""
    found = estimated(fixed={"size": 10, "monte_carlo": 100 * TRIALS})
    assert {options["monte_carlo"] for options in clockwork} == {TRIALS}
    assert found.seconds == pytest.approx(START + ROW_TIME + 100 * 1e-3)
    assert found.lines(1)[0].startswith("about 5 s with 1 job (from 1 sample point)")


def test_rows_that_are_there_are_taken_for_samples(tmp_path, clockwork):
    """Times come from rows of the same size and engine; only sizes of which there is none are run."""
    options = {"engine": "exact", "size": 8}
    rows = [
        *(dataclasses.replace(made(k, seed=1000 + k, **options), wall_time_s=2.0) for k in range(3)),
        dataclasses.replace(made(3, seed=0, **options | {"engine": "auto"}), wall_time_s=500.0),
        dataclasses.replace(made(4, seed=0, status="FAILED", error="no", **options), wall_time_s=500.0),
    ]
    folder = stored(tmp_path / "out", rows)
    found = estimated(folder, 1, grid={"size": [8], "seed": {"range": [0, 10]}})
    assert not clockwork
    assert (found.measured.rows, found.measured.points) == (3, 0)
    assert found.seconds == pytest.approx(START + 10 * (2 + ROW_TIME))
    assert "(from 3 rows)" in found.lines(1)[0]
    found = estimated(folder, 1, grid={"size": [8, 20], "seed": {"range": [0, 10]}})
    assert {options["size"] for options in clockwork} == {20}
    assert found.seconds == pytest.approx(START + 10 * (2 + 8e-3) + 20 * ROW_TIME)


def test_more_jobs_take_less_time_but_never_less_than_the_longest_point(clockwork, monkeypatch):
    """Time is shared among processes, as many as there are points and processors, except for that of one point."""
    monkeypatch.setattr(estimates.os, "cpu_count", lambda: 4)
    grid = {"size": [40], "seed": {"range": [0, 100]}}
    one, two, many = (estimated(None, jobs, grid=grid).seconds - START for jobs in (1, 2, 400))
    assert one == pytest.approx(100 * (0.064 + ROW_TIME))
    assert (two, many) == pytest.approx((one / 2, one / 4))
    alone = estimated(None, 4, fixed={"size": 40}).seconds - START
    assert alone == pytest.approx(0.064 + ROW_TIME)


def changed(value, factor):
    """The figures of another point: all floats are other ones, with as many digits."""
    if isinstance(value, dict):
        return {name: changed(one, factor) for name, one in value.items()}
    if isinstance(value, list):
        return [changed(one, factor) for one in value]
    return value * factor if isinstance(value, float) else value


@pytest.mark.parametrize("with_waveforms", [False, True])
@pytest.mark.parametrize("size", [3, 24])
def test_stored_bytes_are_those_of_a_real_database(tmp_path, size, with_waveforms):
    """The database that SQLite makes of 240 such points is as large as was told, to 30 %."""
    found = estimated(
        handling=Handling(with_waveforms=with_waveforms),
        fixed={"size": size, "input_voltage": 0.02},
        grid={"seed": {"range": [0, 240]}},
    )
    options = parse_options("inv", {"engine": "exact", "size": size, "input_voltage": 0.02})
    outcome = run_point(Point("", 0, "inv", options, with_waveforms))
    rows = [
        dataclasses.replace(
            made(k, changed(outcome.figures, 1 + k / 7000), **options),
            key=f"{k * 7919 % 240:064x}", finished="2026-01-01T00:00:00+00:00",
            host="a-machine", engine="exact", engine_version="amc 0.1.0", design_sha256="0" * 64,
            deck_sha256="", package_version="0.1.0",
        )
        for k in range(240)
    ]  # fmt: skip
    waveforms = dict.fromkeys(range(240), outcome.waveforms) if with_waveforms else None
    folder = stored(tmp_path / "out", rows, waveforms)
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    assert found.stored == pytest.approx((folder / DATABASE).stat().st_size, rel=0.3)
    assert not math.isnan(found.seconds)
