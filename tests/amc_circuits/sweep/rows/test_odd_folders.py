"""Folders with rows of two circuits or versions, without rows yet, or damaged: shown, or refused by one line."""

import sqlite3
from dataclasses import replace

import pytest

from amc_circuits import open_sweep
from amc_circuits.cases.options import parse_options
from amc_circuits.sweep.rows.columns import newest
from amc_circuits.sweep.rows.curves import chart_of
from amc_circuits.sweep.store import DATABASE, Store
from tests.amc_circuits.sweep.made_rows import made, stored

FIGURES = {"circuit": "inv", "size": 2, "status": "SETTLED", "settling_time_s": 1e-7}


def of_mvm(number, **options):
    """A row of the other circuit, whose options are others."""
    return replace(made(number, FIGURES), parameters={"circuit": "mvm", **parse_options("mvm", options)})


def without(row, name):
    """The row as a version that had no such option would have stored it."""
    return replace(row, parameters={key: value for key, value in row.parameters.items() if key != name})


def of_newer(number, circuit, **options):
    """A row of a version that knows an option and perhaps a circuit more."""
    row = made(number, FIGURES | {"circuit": circuit}, **options)
    return replace(
        row, parameters=row.parameters | {"circuit": circuit, "phase_of_moon": "full"}, package_version="9.1"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [made(0, FIGURES, size=2), made(1, FIGURES, size=3), of_mvm(2, size=4)],
        [of_mvm(0, size=2), made(1, FIGURES, size=3), made(2, FIGURES, size=4)],
        [made(0, FIGURES, size=2), without(made(1, FIGURES, size=3), "gbwp"), made(2, FIGURES, size=4)],
        [without(made(0, FIGURES, size=2), "gbwp"), made(1, FIGURES, size=3), made(2, FIGURES, size=4)],
        [made(0, FIGURES, size=2), of_newer(1, "inv", size=3), made(2, FIGURES, size=4)],
        [made(0, FIGURES, size=2), of_newer(1, "oracle", size=3), of_newer(2, "oracle", size=4)],
    ],
    ids=["inv first", "mvm first", "an option lacks", "in the first row", "an option more", "another circuit"],
)
def test_rows_may_have_other_options(amc, tmp_path, figures, rows):
    """Tables, pictures, reports and notebooks show rows that do not all have the same options."""
    folder = stored(tmp_path / "out", rows)
    assert amc("table", folder).out.splitlines()[0] == "3 points"
    assert amc("plot", folder, "-o", tmp_path / "p.png").code == 0
    assert {x for line in figures[0].axes[0].lines for x in line.get_xdata()} == {2, 3, 4}
    assert amc("report", folder).code == 0
    assert "size: 3 values" in repr(open_sweep(folder))
    assert len(open_sweep(folder).to_pandas()) == open_sweep(folder).to_xarray()["settling_time_s"].count() == 3


def test_points_that_ran_again_are_drawn_once(amc, tmp_path):
    """A curve goes through the later of two rows of a point by two versions; the table shows both."""
    old = [made(k, FIGURES | {"settling_time_s": 9e-6}, size=2 + k, engine_version="1") for k in range(2)]
    new = [made(2 + k, FIGURES, size=2 + k, engine_version="2") for k in range(2)]
    # The clock was set back in between.
    rows = [replace(row, finished="2026-01-03") for row in old] + [replace(row, finished="2026-01-02") for row in new]
    folder = stored(tmp_path / "out", rows)
    rows = list(open_sweep(folder))
    chart = chart_of(rows, "size", "settling_time", None)
    assert chart.curves[0].middle.tolist() == [1e-7, 1e-7]
    assert chart.left_out == "not drawn: 2 of 4 rows (2 older, of points that ran again)"
    # A row that another folder lent may stand behind the later one.
    assert chart_of(rows[::-1], "size", "settling_time", None).curves[0].middle.tolist() == [1e-7, 1e-7]
    assert chart_of(rows[:2], "size", "settling_time", None).left_out == ""
    told = amc("table", folder).out
    assert told.startswith("4 points\n") and "2 of these points ran again later" in told
    assert "ran again" not in amc("table", folder, "--where", "engine_version=2").out
    assert amc("report", folder).out.startswith(f"wrote {folder / 'report.html'}: 2 points")
    assert "2 older, of points that ran again" in (folder / "report.html").read_text()


def test_what_a_row_of_another_version_has_is_told(amc, tmp_path):
    """An option that lacks is said where the row is run again; an unknown option or circuit, and who knows it."""
    rows = [without(made(0, FIGURES, size=2, engine="exact"), "levels"), *(
        of_newer(1 + k, circuit, size=2) for k, circuit in enumerate(("inv", "oracle")))]  # fmt: skip
    folder = stored(tmp_path / "out", rows)
    assert "the row is of a version without levels; the defaults are taken" in amc("replay", folder, 0).out
    amc("replay", folder, 1).refused("ROW: got 1", "option phase_of_moon", "9.1")
    amc("replay", folder, 2).refused("ROW: got 2", "circuit 'oracle'", "9.1")
    assert amc("merge", folder, "--out", tmp_path / "all").code == 0
    with Store(tmp_path / "all") as store:
        assert store.rows() == rows


def test_a_version_without_an_option_ran_the_same_points(tmp_path):
    """A row without it is older than one that has it at its default, not beside it."""
    rows = [without(made(0, FIGURES, size=2), "levels"), made(1, FIGURES, size=2), made(2, FIGURES, size=2, levels=4)]
    assert [row.number for row in newest(list(open_sweep(stored(tmp_path / "out", rows))))] == [1, 2]


def test_a_sweep_without_rows_is_no_error(amc, tmp_path):
    """It has a table of nothing and a report; one whose database is just being made is told so."""
    folder = stored(tmp_path / "out", [])
    assert amc("table", folder).out == "0 points\n"
    assert amc("report", folder).code == 0
    amc("plot", folder, "-o", tmp_path / "p.png").refused("settling_time", "none of 0 rows")
    (tmp_path / "new").mkdir()
    sqlite3.connect(tmp_path / "new" / DATABASE).execute("pragma journal_mode=wal")
    amc("table", tmp_path / "new").refused("new", "holds no rows yet")


def damaged(folder, part, by):
    """The folder with a part of its database replaced."""
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    content = (folder / DATABASE).read_bytes()
    place = content.rindex(part)
    (folder / DATABASE).write_bytes(content[:place] + by + content[place + len(by) :])
    return folder


@pytest.mark.parametrize(("part", "by"), [(b"SETTLED", b"\xff"), (b"ngspice 46", b"\x1b[2J"), (b'"size"', b"[[")])
@pytest.mark.parametrize("command", ["table", "report", "merge", "replay"])
def test_damage_is_told_with_the_folder(amc, tmp_path, command, part, by):
    """One line with the folder, without what stands in the row, and nothing is made."""
    folder = damaged(stored(tmp_path / "out", [made(0, FIGURES, size=2, engine_version="ngspice 46")]), part, by)
    more = {"merge": ("--out", tmp_path / "merged"), "replay": ("0",)}.get(command, ())
    outcome = amc(command, folder, *more)
    outcome.refused("DIR", str(folder), "bring back a copy")
    assert "settling_time_s" not in outcome.err
    assert not (tmp_path / "merged").exists() and not (folder / "report.html").exists()


@pytest.mark.parametrize("command", [("table",), ("replay", "0")])
def test_no_text_of_a_row_moves_the_cursor(amc, tmp_path, command):
    """The error of a row is shown without control characters: the folder may come from anywhere."""
    folder = stored(tmp_path / "out", [made(0, {}, "FAILED", size=2, error="gone \x1b[2J\a and back\n")])
    outcome = amc(command[0], folder, *command[1:])
    assert "gone ?[2J? and back" in " ".join(outcome.out.split()) and "\x1b" not in outcome.out


def test_a_database_with_a_lost_page_is_not_merged(amc, tmp_path):
    """The line names the folder that is damaged, and the other is not begun."""
    folder = stored(tmp_path / "out", [made(k, FIGURES, size=2 + k) for k in range(20)])
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    content = (folder / DATABASE).read_bytes()
    (folder / DATABASE).write_bytes(content[:-4096] + bytes(4096))
    amc("merge", folder, "--out", tmp_path / "merged").refused("DIR", str(folder), "bring back a copy")
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize("number", [1, 2**63, 10**25])
def test_no_row_has_such_a_number(amc, tmp_path, number):
    """Also where it is larger than any that a database can hold."""
    folder = stored(tmp_path / "out", [made(0, FIGURES)])
    amc("replay", folder, number).refused("ROW", "there is no such row")
    amc("plot", folder, "--row", number, "-o", tmp_path / "p.png").refused("ROW", "there is no such row")
    with Store(folder) as store:
        assert store.row(0).number == 0
