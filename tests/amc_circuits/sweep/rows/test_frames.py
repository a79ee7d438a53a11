"""Rows in pandas and xarray, in files, and in a notebook."""

import csv
import io
import itertools
import json
import sqlite3
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from amc_circuits import open_sweep
from amc_circuits.sweep.rows.columns import flat
from amc_circuits.sweep.store import DATABASE
from netlists import ParameterError
from tests.amc_circuits.sweep.made_rows import made, stored

GRID = [
    made(number, {"settling_time_s": 1e-9 * number, "relative_error": 0.01, "warning": ""}, size=size, gbwp=gbwp)
    for number, (size, gbwp) in enumerate(itertools.product((8, 2, 4), ("1G", "16M")))
]


@pytest.fixture
def grid(tmp_path):
    """A grid of 3 x 2 rows, the fourth of which failed."""
    failed = made(3, {"settling_time_s": None}, "FAILED", size=2, gbwp="16M", error="ngspice: <b>stopped</b> [s]")
    return stored(tmp_path / "grid", [*GRID[:3], failed, *GRID[4:]])


def test_all_formats_hold_the_same(sweep, amc, tmp_path):
    """CSV, JSON, Parquet, pandas and xarray agree on every value of a sweep that was simulated."""
    spec = (
        '[fixed]\nengine = "exact"\n[grid]\nsize = [2, 3]\nseed = [7, 4]\nprogramming_error = ["1u", "wan-2022"]'
    )
    assert sweep(f'circuit = "inv"\n{spec}\n').code == 0
    for suffix in ("csv", "json", "parquet"):
        amc("table", tmp_path / "out", "-o", tmp_path / f"rows.{suffix}")
    found = json.loads((tmp_path / "rows.json").read_text())
    results = open_sweep(tmp_path / "out")
    assert found == [flat(row) for row in results.rows]
    written = list(csv.DictReader(io.StringIO((tmp_path / "rows.csv").read_text())))
    parquet = pd.read_parquet(tmp_path / "rows.parquet")
    frame = results.to_pandas()
    pd.testing.assert_frame_equal(parquet.set_index("number"), frame)
    assert parquet.attrs == frame.attrs
    data = results.to_xarray()
    for row, as_csv, as_parquet in zip(found, written, parquet.to_dict("records"), strict=True):
        place = data.sel(size=row["size"], seed=row["seed"], programming_error=str(row["programming_error"]))
        for name, value in row.items():
            assert as_csv[name] == ("" if value is None else str(value))
            mixed = name == "programming_error"
            assert as_parquet[name] == (str(value) if mixed else value) or (value is None and pd.isna(as_parquet[name]))
            if name in data.data_vars:
                np.testing.assert_equal(place[name].item(), np.nan if value is None else value)


def test_frames_have_one_line_a_row_and_units(grid):
    """The index is the number; numbers that are not known are nan; units of what is stored are beside the frame."""
    frame = open_sweep(grid).to_pandas()
    assert frame.index.name == "number" and frame.index.tolist() == list(range(6))
    assert frame["size"].tolist() == [8, 8, 2, 2, 4, 4] and frame["size"].dtype == np.int64
    assert frame["gbwp"].tolist() == [1e9, 16e6] * 3
    np.testing.assert_array_equal(frame["settling_time_s"], [0, 1e-9, 2e-9, np.nan, 4e-9, 5e-9])
    assert frame["slew_rate"].dtype == np.float64 and frame["slew_rate"].isna().all()
    units = frame.attrs["units"]
    assert (units["gbwp"], units["settling_time_s"], units["relative_error"]) == ("Hz", "s", "1")
    assert "size" not in units and "opamp_file" not in units


def test_datasets_have_the_varied_options_as_dimensions(grid):
    """Coordinates rise, figures stand at their options, a failed point is nan; units and constants are attributes."""
    results = open_sweep(grid)
    data = results.to_xarray()
    assert dict(data.sizes) == {"size": 3, "gbwp": 2}
    assert data["size"].values.tolist() == [2, 4, 8] and data["gbwp"].values.tolist() == [16e6, 1e9]
    for row in results.rows:
        place = data.sel(size=row.parameters["size"], gbwp=row.parameters["gbwp"])
        assert place["number"] == row.number and place["status"] == row.status and place["error"] == row.error
        wanted = row.figures["settling_time_s"]
        np.testing.assert_equal(place["settling_time_s"].item(), np.nan if wanted is None else wanted)
    assert data["settling_time_s"].attrs == {"units": "s"} and data["gbwp"].attrs == {"units": "Hz"}
    assert data.attrs["opamp"] == "cmos-100meg" and data.attrs["circuit"] == "inv" and "gbwp" not in data.attrs
    means = data["settling_time_s"].mean("gbwp")
    frame = results.to_pandas().groupby("size")["settling_time_s"].mean()
    np.testing.assert_allclose(means, frame, rtol=1e-15)


def test_places_without_a_row_are_empty(tmp_path):
    """Points that do not fill the grid are nan, and texts there empty; what is not given is nan or `none`."""
    rows = [made(0, {"bits": 4.0}, size=2, opamp_file="a b.lib"), made(1, {"bits": 5.0}, size=3, gbwp="1G")]
    data = open_sweep(stored(tmp_path / "out", rows)).to_xarray()
    assert dict(data.sizes) == {"size": 2, "gbwp": 2, "opamp_file": 2}
    assert np.isfinite(data["bits"].values).sum() == 2 and (data["status"].values == "").sum() == 6
    assert data["bits"].sel(size=3, gbwp=1e9, opamp_file="none") == 5
    assert data["bits"].sel(size=2, opamp_file="a b.lib").isel(gbwp=1) == 4 and np.isnan(data["gbwp"].values[1])


def test_one_row_has_no_dimension(tmp_path):
    """A sweep in which nothing varies is a dataset of scalars; one without rows is empty."""
    results = open_sweep(stored(tmp_path / "out", [made(0, {"bits": 4.0})]))
    assert results.to_xarray()["bits"].shape == () and results.to_xarray()["bits"] == 4
    empty = results.where("number>0")
    assert not empty.to_xarray().sizes and len(empty) == 0
    assert len(empty.to_pandas()) == 0 and list(empty.to_pandas()) == list(results.to_pandas())


def test_rows_in_one_place_are_refused(tmp_path):
    """Rows that only their engine's version tells apart are named with the mend, and the mend works."""
    rows = [made(k, {"bits": 4.0 + k}, size=2 + k % 2, engine_version=f"ngspice {45 + k // 2}") for k in range(4)]
    results = open_sweep(stored(tmp_path / "out", rows))
    with pytest.raises(ParameterError, match=r"rows 0 and 2; .* same options.* where\(.*to_pandas"):
        results.to_xarray()
    assert results.where("engine_version=ngspice 46").to_xarray()["bits"].values.tolist() == [6.0, 7.0]


def test_points_that_are_no_grid_are_refused(tmp_path):
    """A list of points that would fill a vast grid is refused, before any memory is taken."""
    rows = [made(k, {}, size=k + 1, gbwp=1e6 * (k + 1), seed=k, slew_rate=1e6 + k) for k in range(50)]
    with pytest.raises(ParameterError, match=r"50 x 50 x 50 x 50 .*to_pandas"):
        open_sweep(stored(tmp_path / "out", rows)).to_xarray()


def test_long_seeds_are_exact(tmp_path, amc):
    """A whole number that 64 bits do not hold is text in pandas and Parquet, with all of its digits."""
    folder = stored(tmp_path / "out", [made(0, {}, seed=2**70 + 1), made(1, {}, seed=2**62 + 1)])
    assert open_sweep(folder).to_pandas()["seed"].tolist() == [str(2**70 + 1), str(2**62 + 1)]
    assert amc("table", folder, "-o", tmp_path / "r.parquet").code == 0
    assert pd.read_parquet(tmp_path / "r.parquet")["seed"].tolist() == [str(2**70 + 1), str(2**62 + 1)]


def test_a_running_sweep_can_be_read(grid):
    """While another process writes, the rows that are done are read, and nothing in the folder changes."""
    with sqlite3.connect(grid / DATABASE) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from points where number = 5")
        content = (grid / DATABASE).read_bytes()
        assert len(open_sweep(str(grid))) == 6
        assert (grid / DATABASE).read_bytes() == content
        writer.rollback()


def test_a_sweep_says_what_it_is(grid):
    """Its repr tells rows, statuses and what varies; a notebook gets a table, without script or colour."""
    results = open_sweep(grid)
    assert len(results) == 6 and [row.number for row in results] == list(range(6))
    text = " ".join(repr(results).split())
    assert (
        text == f"SweepResults folder {grid} status 6 rows, 5 SETTLED, 1 FAILED options size: 3 values, gbwp: 2 values"
    )
    page = results._repr_html_()
    root = ElementTree.fromstring(page)
    cells = [["".join(cell.itertext()) for cell in line] for line in root.iter("tr")]
    assert cells[0] == ["number", "size", "gbwp [Hz]", "status", "settling time [s]", "relative error [%]"]
    assert cells[4] == ["3", "2", "16M", "FAILED", "-", "-"] and cells[6] == ["5", "4", "16M", "SETTLED", "5n", "1"]
    assert "<script" not in page and "color" not in page and "style" not in page


def test_a_notebook_escapes_and_shows_the_first_rows(tmp_path):
    """Names with markup stay text; of many rows ten are shown, with the number of the others."""
    rows = [made(k, {}, opamp_file=f"<script>{k}</script>&") for k in range(25)]
    folder = stored(tmp_path / "a<b>&", rows)
    root = ElementTree.fromstring(open_sweep(folder)._repr_html_())
    assert len(list(root.iter("tr"))) == 11 and not list(root.iter("script"))
    text = "".join(root.itertext())
    assert "<script>0</script>&" in text and "a<b>&" in text and "and 15 more rows" in text


@pytest.mark.parametrize("package", ["pandas", "pyarrow", "xarray"])
def test_a_missing_package_is_told_in_one_line(grid, amc, tmp_path, monkeypatch, package):
    """Without the optional packages one line says how to get them, exit code 2, and no file is left."""
    monkeypatch.setitem(sys.modules, package, None)
    mend = "pip install 'amc[tables]'"
    if package != "xarray":
        outcome = amc("table", grid, "--format", "parquet", "-o", tmp_path / "r.parquet")
        outcome.refused("--format", package, "needs pandas and pyarrow", mend)
        assert not list(tmp_path.glob("*r.parquet"))
    if package != "pyarrow":
        with pytest.raises(ParameterError, match=r"amc\[tables\]"):
            getattr(open_sweep(grid), f"to_{package}")()


def test_a_folder_without_a_sweep_is_refused(tmp_path):
    """open_sweep makes nothing where there is no sweep."""
    with pytest.raises(ParameterError, match="holds no sweep"):
        open_sweep(tmp_path)
    assert not list(tmp_path.iterdir())
