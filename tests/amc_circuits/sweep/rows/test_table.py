"""`amc table`: which rows and columns, in which order, for people and for files."""

import csv
import io
import itertools
import json
import re

import pytest

from amc_circuits.sweep.store import DATABASE
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.sweeps import FAST

FIGURES = {"settling_time_s": 98.7654e-9, "relative_error": 0.01234, "bits": 6.34, "residual": 0.5}


@pytest.fixture
def mixed(tmp_path):
    """Six rows, of which one failed with its deck kept, two are invalid and one is unstable."""
    return stored(
        tmp_path / "mixed",
        [
            made(0, FIGURES | {"settling_time_s": 3e-7}, size=2),
            made(1, {}, "INVALID", size=3, error="g_min: got 1; must be below g_max"),
            made(2, FIGURES, size=4, wire_resistance=1.73),
            made(3, {}, "INVALID", size=5, error="g_min: got 1; must be below g_max"),
            made(4, {}, "FAILED", size=6, error="ngspice: no [convergence]", kept="failures/4"),
            made(5, {"settling_time_s": None}, "UNSTABLE", size=7, error="pole at 1M grows"),
        ],
    )


def numbers(outcome):
    """Numbers of the rows that were printed as JSON."""
    return [row["number"] for row in outcome.json]


def test_tables_in_every_format_agree(amc, tmp_path):
    """JSON, CSV and the table for people show the same rows, without escape codes or broken lines."""
    points = itertools.product((2, 3), (0, 1), ("16M", "100MEG"))
    rows = [
        made(k, FIGURES | {"settling_time_s": 1.2345e-9 * (k + 1)}, size=size, seed=seed, gbwp=gbwp)
        for k, (size, seed, gbwp) in enumerate(points)
    ]
    folder = stored(tmp_path / "out", rows)
    as_json = amc("table", folder, "--format", "json").json
    as_csv = list(csv.DictReader(io.StringIO(amc("table", folder, "--format", "csv").out)))
    as_table = amc("table", folder).out
    assert [row["number"] for row in as_json] == list(range(8))
    for mine, theirs in zip(as_json, as_csv, strict=True):
        assert {name: "" if value is None else str(value) for name, value in mine.items()} == theirs
    assert "\x1b" not in as_table
    lines = [line.split() for line in as_table.splitlines() if "SETTLED" in line]
    assert [int(line[0]) for line in lines] == list(range(8))
    for line, row in zip(lines, as_json, strict=True):
        assert line[1:5] == [str(row["size"]), str(row["seed"]), {16e6: "16M", 1e8: "100M"}[row["gbwp"]], "SETTLED"]
        assert float(line[5].removesuffix("n")) == pytest.approx(1e9 * row["settling_time_s"], rel=1e-3)


def test_people_see_units_reasons_and_where_the_deck_is(amc, mixed):
    """Headings have units, cells are short; equal reasons share a line, and failures come first, with their deck."""
    text = amc("table", mixed).out
    (line,) = [line for line in text.splitlines() if line.split()[:2] == ["2", "4"]]
    assert line.split() == ["2", "4", "1.73", "SETTLED", "98.77n", "1.23", "6.34"]
    head = " ".join(text[: text.index("──")].split())
    assert head.startswith("6 points") and "[ohm]" in head and "time [s]" in head and "error [%]" in head
    rows, reasons = text.split("UNSTABLE         -", 1)
    assert reasons.splitlines()[1:] == [
        "rows 1, 3: INVALID: g_min: got 1; must be below g_max",
        f"row 4: FAILED: ngspice: no [convergence]; deck and log: {mixed / 'failures/4'}",
        "row 5: UNSTABLE: pole at 1M grows",
    ]
    assert "[convergence]" not in rows


def test_many_reasons_are_counted(amc, tmp_path):
    """Ten of many different reasons are shown, with the way to see the others."""
    rows = [made(k, {}, "UNSTABLE", seed=k, error=f"pole at {k}") for k in range(25)]
    text = amc("table", stored(tmp_path / "out", rows)).out
    assert text.count("UNSTABLE: pole") == 10 and "15 more reasons; columns number,status" in text


@pytest.mark.parametrize("width", [80, 140])
def test_a_table_fits_its_terminal(amc, tmp_path, monkeypatch, width):
    """Where there is no room the least important figures are left out and named; no cell is broken."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    figures = FIGURES | {"energy_j": {"total": 1e-9}, "predicted_settling_time_s": 1e-7}
    options = {"gbwp": "123.4M", "wire_resistance": 1.73}
    rows = [made(k, figures, size=10**k, seed=k, condition=k + 2, **(options if k else {})) for k in range(4)]
    text = re.sub(r"\x1b\[[\d;]*m", "", amc("table", stored(tmp_path / "out", rows)).out)
    assert max(map(len, text.splitlines())) <= width
    lines = [line.split() for line in text.splitlines() if "SETTLED" in line]
    assert [line[:2] for line in lines] == [["0", "1"], ["1", "10"], ["2", "100"], ["3", "1000"]]
    assert all(len(line) == len(lines[0]) and "98.77n" in line for line in lines)
    assert ("no room for" in text) == (width == 80)
    if width == 80:
        assert "predicted settling time; columns shows what it names" in " ".join(text.split())
    else:
        assert lines[0][-1] == "100n"


def test_long_texts_take_several_lines(amc, mixed, monkeypatch):
    """A column of sentences is folded; the numbers beside it are not."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    text = re.sub(
        r"\x1b\[[\d;]*m", "", amc("table", mixed, "--columns", "number,error,size", "--where", "number=1").out
    )
    lines = text[text.index("──") : text.index("row 1")].splitlines()
    assert max(map(len, lines)) <= 40 and len(lines) > 2
    assert lines[1].split()[0] == "1" and lines[1].split()[-1] == "3"
    assert "must be below" in " ".join(text.split())


def test_rows_and_columns_are_chosen(amc, mixed):
    """--where, several times, --columns in their order and each once, --sort both ways with the unknown last."""
    shown = amc("table", mixed, "--format", "json", "--where", "size>=3", "--where", "status!=INVALID")
    assert numbers(shown) == [2, 4, 5]
    shown = amc("table", mixed, "--columns", "size,settling_time,size", "--format", "json", "--where", "status=SETTLED")
    assert [list(row.items()) for row in shown.json] == [
        [("size", 2), ("settling_time_s", 3e-7)],
        [("size", 4), ("settling_time_s", 98.7654e-9)],
    ]
    assert amc("table", mixed, "--columns", "number,status", "--format", "csv", "--where", "size<4").out == (
        "number,status\n0,SETTLED\n1,INVALID\n"
    )
    assert numbers(amc("table", mixed, "--sort", "settling_time", "--format", "json")) == [2, 0, 1, 3, 4, 5]
    assert numbers(amc("table", mixed, "--sort", "-settling_time", "--format", "json")) == [0, 2, 1, 3, 4, 5]
    assert numbers(amc("table", mixed, "--sort", "-size", "--format", "json")) == [5, 4, 3, 2, 1, 0]
    assert amc("table", mixed, "--where", "size>100").out.startswith("0 of 6 points")
    assert amc("table", mixed, "--where", "size>100", "--format", "csv", "--columns", "size,bits").out == "size,bits\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "xml"), ("--format", "table, csv, json, parquet")),
        (("--format", "parquet"), ("--format: got parquet", "-o FILE.parquet")),
        (("-o", "r.txt"), ("--output: got r.txt", ".csv, .json or .parquet")),
        (("-o", "none/r.csv"), ("--output", "does not exist")),
        (("--where", "sise=1"), ("where: got 'sise'", "size")),
        (("--columns", "size,sped"), ("--columns: got 'sped'", "seed")),
        (("--columns", ""), ("--columns: got ''",)),
        (("--sort", "-sped"), ("sort: got '-sped'", "seed")),
    ],
)
def test_unusable_requests_are_refused(amc, mixed, arguments, words):
    """One line with close names; nothing is printed."""
    amc("table", mixed, *arguments).refused(*words)


def test_files_are_written_whole_or_not_at_all(amc, mixed, tmp_path):
    """-o says what was written, by its suffix or --format; what is refused leaves the old file as it was."""
    for name, extra in (("r.csv", ()), ("r.json", ()), ("r.parquet", ()), ("rows", ("--format", "csv"))):
        outcome = amc("table", mixed, "-o", tmp_path / name, *extra)
        assert (outcome.code, outcome.out) == (0, f"wrote {tmp_path / name}\n")
    assert (tmp_path / "rows").read_text() == (tmp_path / "r.csv").read_text() == amc(
        "table", mixed, "--format", "csv"
    ).out  # fmt: skip
    assert json.loads((tmp_path / "r.json").read_text()) == amc("table", mixed, "--format", "json").json
    content = (tmp_path / "r.csv").read_bytes()
    amc("table", mixed, "-o", tmp_path / "r.csv", "--where", "sise=1").refused("where")
    amc("table", mixed, "-o", tmp_path / "r.csv", "--format", "json").refused("--format: got json", "not that of r.csv")
    assert (tmp_path / "r.csv").read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {"mixed", "temporary", "r.csv", "r.json", "r.parquet", "rows"}


def test_table_of_a_folder_without_a_sweep_is_refused(amc, tmp_path):
    """Both table and plot want the folder of a sweep, and do not make one."""
    (tmp_path / "empty").mkdir()
    for folder in ("none", "empty"):
        amc("table", tmp_path / folder).refused(f"DIR: got {tmp_path / folder}", "amc sweep")
    amc("plot", tmp_path / "empty", "-o", tmp_path / "p.png").refused("DIR", "amc sweep")
    assert not list((tmp_path / "empty").iterdir())


def test_damaged_database_is_refused(sweep, amc, tmp_path):
    """A database that is none is refused in one line by sweep, table and plot, and left as it is."""
    sweep(FAST + "size = 2\n")
    (tmp_path / "out" / DATABASE).write_bytes(b"no database" * 100)
    sweep(FAST + "size = 2\n").refused(DATABASE, "cannot be read")
    amc("table", tmp_path / "out").refused(DATABASE, "cannot be read")
    amc("plot", tmp_path / "out", "-o", tmp_path / "p.png").refused(DATABASE, "cannot be read")
    assert (tmp_path / "out" / DATABASE).read_bytes() == b"no database" * 100
