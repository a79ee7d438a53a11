"""Columns that are read row by row: the values that whole rows have, in every layout."""

import csv
import io
import json
import shutil

import numpy as np
import pytest

from amc_circuits.sweep.rows import curves, table
from amc_circuits.sweep.rows.columns import columns_of, flat, newest, varied_options
from amc_circuits.sweep.rows.description import conditions_of
from amc_circuits.sweep.rows.source import known_columns
from amc_circuits.sweep.rows.stream import Rows, load
from amc_circuits.sweep.rows.values import BLOCK, Values
from amc_circuits.sweep.store import Store
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.record_sweep import RECORDS


@pytest.fixture(params=["layout-2", "layout-3", "layout-4"])
def store(request, tmp_path):
    """The recorded rows of a layout: engines, trials, failures."""
    folder = shutil.copytree(RECORDS / request.param, tmp_path / "copy")
    with pytest.warns(UserWarning) if request.param < "layout-4" else Store(folder), Store(folder) as opened:
        yield opened


def test_columns_are_those_of_whole_rows(store):
    """Every value of every column, with its type; and a few rows have the same columns and options as all."""
    whole = [flat(row) for row in store.each()]
    columns = columns_of(whole)
    rows = Rows(store, [column.name for column in columns])
    for column in columns:
        wanted = [row.get(column.name) for row in whole]
        assert [(type(value), value) for value in rows.values(column.name)] == [(type(one), one) for one in wanted]
    some = rows.some()
    assert columns_of(map(flat, some)) == columns and {column.name for column in columns} <= {
        column.name for column in known_columns(store)
    }
    assert varied_options(some) == varied_options(store.rows())
    assert conditions_of([flat(row) for row in some]) == conditions_of(whole)
    assert rows.usable.tolist() == [row.usable for row in store.each()]


def test_csv_and_json_are_those_of_whole_rows(store, amc):
    """Streamed text equals what the rows give in one piece."""
    whole = [flat(row) for row in store.each()]
    ordered = [{one.name: row[one.name] for one in columns_of(whole) if one.name in row} for row in whole]
    assert amc("table", store.folder, "--format", "json").out == json.dumps(ordered, indent=2) + "\n"
    found = list(csv.DictReader(io.StringIO(amc("table", store.folder, "--format", "csv", "--raw-csv").out)))
    for row, cells in zip(whole, found, strict=True):
        assert cells == {name: "" if row.get(name) is None else str(row[name]) for name in cells}
        assert cells.keys() >= row.keys()


def test_values_keep_their_types_over_blocks():
    """Numbers, texts and missing values of many rows come back one by one and in order."""
    blocks = [[1.5] * BLOCK, list(range(BLOCK)), [None, "a", True, 2**70, 0.5] + ["b"] * (BLOCK - 5), [7]]
    values = Values()
    for block in blocks:
        values.append(block)
    wanted = [value for block in blocks for value in block]
    assert [(type(one), one) for one in values] == [(type(one), one) for one in wanted]
    assert all(values[place] == wanted[place] for place in (0, BLOCK, 2 * BLOCK + 1, 2 * BLOCK + 3, 3 * BLOCK))
    numbers = values.numbers()
    assert np.isnan(numbers[2 * BLOCK : 2 * BLOCK + 3]).all() and numbers[-1] == 7.0


def test_newest_rows_are_those_of_whole_rows(tmp_path):
    """Points that ran again, under other names of versions and without an option that has its default now."""
    rows = [made(k, {"bits": 1.0}, seed=k % 3, engine_version=str(k)) for k in range(8)]
    lacking = {name: value for name, value in rows[0].parameters.items() if name != "cross_check"}
    rows[0] = type(rows[0])(**vars(rows[0]) | {"parameters": lacking})
    with Store(stored(tmp_path / "out", rows)) as store:
        found = [row.number for row in load(store).newest().rows()]
        assert found == [row.number for row in newest(store.rows())] == [5, 6, 7]


def test_a_long_table_says_how_much_it_shows(tmp_path, amc, monkeypatch):
    """The first rows by the order that is asked for, the number of all, and how to get them."""
    monkeypatch.setattr(table, "MOST_PRINTED", 3)
    folder = stored(tmp_path / "out", [made(k, {"settling_time_s": 1e-9 * k}, seed=k) for k in range(8)])
    out = amc("table", folder, "--sort", "-settling_time").out
    assert "3 of 8 points are shown; where and sort choose others, format csv gives all" in out
    assert [line.split()[0] for line in out.splitlines()[4:7]] == ["7", "6", "5"]
    assert "are shown" not in amc("table", folder, "--where", "seed<3").out
    assert len(amc("table", folder, "--format", "csv").out.splitlines()) == 9


def test_a_picture_of_many_points_says_how_many_it_draws(tmp_path, amc, monkeypatch):
    """Every k-th place of a curve; the medians are those of all rows."""
    rows = [made(k, {"settling_time_s": 1e-9 * (1 + k)}, seed=k % 2, gbwp=1e6 * (1 + k // 2)) for k in range(40)]
    whole = curves.chart_of(rows, "gbwp", "settling_time", "none")
    monkeypatch.setattr(curves, "MOST_DRAWN", 5)
    chart = curves.chart_of(rows, "gbwp", "settling_time", "none")
    assert (whole.thinned, chart.thinned) == ("", "5 of 20 points drawn")
    np.testing.assert_array_equal(chart.curves[0].middle, whole.curves[0].middle[::4])
    path = tmp_path / "p.svg"
    assert amc("plot", stored(tmp_path / "out", rows), "--x", "gbwp", "--hue", "none", "-o", path).code == 0
    assert "5 of 20 points drawn" in path.read_text()


def test_a_report_of_many_points_says_how_many_it_holds(tmp_path, amc, monkeypatch):
    """In the page and on the command line; numbers in its summary are those of all points."""
    pytest.importorskip("plotly")
    from amc_circuits.sweep.report import content

    monkeypatch.setattr(content, "MOST_DRAWN", 10)
    rows = [made(k, {"settling_time_s": 1e-9 * (1 + k)}, seed=k) for k in range(40)]
    rows.append(made(40, {}, "FAILED", seed=40, error="broken"))
    folder = stored(tmp_path / "out", rows)
    assert "9 of 41 points, 0 waveforms" in amc("report", folder).out
    page = (folder / "report.html").read_text()
    assert "9 of 41 points drawn and in the table." in page
    assert "<dt>usable</dt><dd>40</dd>" in page and "40 ns" in page and "broken" in page
