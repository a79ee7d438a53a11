"""CSV for spreadsheets: no text of a row is a formula there, numbers are numbers, and all of it can be read back."""

import csv
import io

import pytest

from tests.amc_circuits.sweep.made_rows import made, stored

TEXTS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "'=1",
    "'",
    "''",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "a=1",
    "-",
    "no luck",
    "",
]


@pytest.fixture
def folder(tmp_path):
    """Rows whose reasons are these texts, with a negative metric, and a metric with an odd name."""
    figures = {"settling_time_s": -1.5e-9, "=cmd": 1.0, "bits": -3}
    return stored(tmp_path / "out", [made(k, figures, "UNSTABLE", error=text) for k, text in enumerate(TEXTS)])


def read(text):
    """Headings and rows."""
    headings, *rows = csv.reader(io.StringIO(text, newline=""))
    return headings, [dict(zip(headings, row, strict=True)) for row in rows]


def test_no_cell_is_a_formula(amc, folder):
    """Texts and headings that begin as one have an apostrophe before them, which a spreadsheet takes for text."""
    headings, rows = read(amc("table", folder, "--format", "csv").out)
    assert "'=cmd" in headings and "=cmd" not in headings
    for row in rows:
        for cell in (*row, *row.values()):
            first = cell.lstrip(" ")[:1]
            assert first not in "=+@\t\r\n\N{FULLWIDTH EQUALS SIGN}" or first == ""
            assert first != "-" or float(cell) < 0


def test_numbers_stay_numbers(amc, folder):
    """Negative ones, too."""
    _, rows = read(amc("table", folder, "--format", "csv").out)
    assert {(row["settling_time_s"], row["bits"], row["'=cmd"]) for row in rows} == {("-1.5e-09", "-3", "1.0")}


def test_texts_can_be_read_back(amc, folder, tmp_path):
    """One apostrophe is taken away where there is one; what is left is what `--raw-csv` and JSON have."""
    assert amc("table", folder, "-o", tmp_path / "rows.csv").code == 0
    _, rows = read((tmp_path / "rows.csv").read_bytes().decode())
    _, raw = read(amc("table", folder, "--format", "csv", "--raw-csv").out)
    as_json = amc("table", folder, "--format", "json").json
    assert [row["error"].removeprefix("'") for row in rows] == TEXTS
    assert [row["error"] for row in raw] == [row["error"] for row in as_json] == TEXTS
    assert "=cmd" in raw[0]


def test_raw_goes_with_csv(amc, folder):
    """Elsewhere it would do nothing."""
    amc("table", folder, "--raw-csv").refused("--raw-csv", "format csv")
    amc("table", folder, "--raw-csv", "--format", "json").refused("--raw-csv", "has no effect on json")
