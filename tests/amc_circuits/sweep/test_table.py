"""`amc table` and `amc plot` of a sweep."""

import csv
import io
import json
import sqlite3

from amc_circuits.sweep.store import DATABASE
from tests.amc_circuits.sweep.sweeps import FAST, GRID


def test_tables_in_every_format_agree(sweep, amc, tmp_path):
    """JSON, CSV and the table for people show the same rows, without escape codes or broken lines."""
    sweep(GRID)
    as_json = json.loads(amc("table", tmp_path / "out", "--format", "json").out)
    as_csv = list(csv.DictReader(io.StringIO(amc("table", tmp_path / "out", "--format", "csv").out)))
    as_table = amc("table", tmp_path / "out").out
    assert [row["number"] for row in as_json] == list(range(8))
    for mine, theirs in zip(as_json, as_csv, strict=True):
        assert {name: "" if value is None else str(value) for name, value in mine.items()} == theirs
    assert "\x1b" not in as_table
    assert [line.count("SETTLED") for line in as_table.splitlines()].count(1) == 8
    for heading in ("size", "gbwp", "seed", "settling time", "energy", "bits"):
        assert heading in as_table


def test_table_of_a_folder_without_a_sweep_is_refused(amc, tmp_path):
    """Both table and plot want the folder of a sweep, and do not make one."""
    (tmp_path / "empty").mkdir()
    for folder in ("none", "empty"):
        amc("table", tmp_path / folder).refused(f"DIR: got {tmp_path / folder}", "amc sweep")
    amc("plot", tmp_path / "empty", "-o", tmp_path / "p.png").refused("DIR", "amc sweep")
    amc("table", tmp_path / "empty", "--format", "xml").refused("--format", "table, csv, json")
    assert not list((tmp_path / "empty").iterdir())


def test_sweep_can_be_plotted(sweep, amc, tmp_path):
    """`amc plot DIR` draws the usable rows; a sweep in which nothing varies, or nothing is usable, is refused."""
    sweep(GRID)
    assert amc("plot", tmp_path / "out", "-o", tmp_path / "p.png").code == 0
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with sqlite3.connect(tmp_path / "out" / DATABASE) as connection:
        connection.execute("update points set status = 'UNSTABLE' where number > 0")
    amc("plot", tmp_path / "out", "-o", tmp_path / "q.png").refused("DIR", "1 usable rows", "no numeric option varies")
    with sqlite3.connect(tmp_path / "out" / DATABASE) as connection:
        connection.execute("update points set status = 'UNSTABLE'")
    amc("plot", tmp_path / "out", "-o", tmp_path / "q.png").refused("DIR", "8 rows", "none of them is usable")
    assert not (tmp_path / "q.png").exists()


def test_damaged_database_is_refused(sweep, amc, tmp_path):
    """A database that is none is refused in one line by sweep, table and plot, and left as it is."""
    sweep(FAST + "size = 2\n")
    (tmp_path / "out" / DATABASE).write_bytes(b"no database" * 100)
    sweep(FAST + "size = 2\n").refused(DATABASE, "cannot be read")
    amc("table", tmp_path / "out").refused(DATABASE, "cannot be read")
    amc("plot", tmp_path / "out", "-o", tmp_path / "p.png").refused(DATABASE, "cannot be read")
    assert (tmp_path / "out" / DATABASE).read_bytes() == b"no database" * 100
