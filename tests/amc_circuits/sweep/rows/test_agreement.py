"""One row, whoever shows it: table, CSV, JSON, pandas and the command that made it agree to the last digit."""

import csv
import io
import re
from decimal import Decimal

import pytest

from amc_circuits import open_sweep
from amc_circuits.values.quantities import format_quantity
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.command_line import SMALL

SUFFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12}
ENGINES = """circuit = "inv"
[fixed]
size = 2
opamp = "single-pole"
[[points]]
engine = "exact"
wire_resistance = 1.73
[[points]]
engine = "ngspice"
temperature = 350
noise = true
[[points]]
engine = "auto"
seed = 3
[[points]]
engine = "exact"
programming_error = "1u"
monte_carlo = 12
spec = "relative_error<0.05"
"""


def said(text):
    """A number as people read it, and half a unit of its last digit."""
    number, suffix = (text[:-1], text[-1]) if text[-1] in SUFFIXES else (text, "")
    shown = Decimal(number).scaleb(SUFFIXES.get(suffix, 0))
    digits = re.sub(r"e.*|[-.]", "", number).lstrip("0")
    unit = Decimal(1).scaleb(shown.adjusted() - max(len(digits), 1) + 1)
    return shown, unit / 2


def test_every_column_agrees(sweep, amc, tmp_path):
    """Cells of the table are roundings of the numbers that JSON has; CSV and pandas have these to the last bit."""
    assert sweep(ENGINES).code == 0
    folder = tmp_path / "out"
    as_json = amc("table", folder, "--format", "json").json
    as_csv = list(csv.DictReader(io.StringIO(amc("table", folder, "--format", "csv").out)))
    frame = open_sweep(folder).to_pandas()
    shares = {name for name, unit in frame.attrs["units"].items() if unit == "1"}
    compared = 0
    for name in as_json[0].keys() | as_json[3].keys():
        lines = amc("table", folder, "--columns", f"number,{name}").out.splitlines()
        start = next(k for k, line in enumerate(lines) if line.startswith("─"))
        for number, row in enumerate(as_json):
            value = row.get(name)
            if name == "number" or not isinstance(value, (int, float)) or isinstance(value, bool):
                continue
            assert float(as_csv[number][name]) == value == frame[name][number]
            cell = lines[start + 1 + number].split()[1]
            shown, half = said(cell)
            exact = Decimal(value) * (100 if name in shares else 1)
            assert abs(shown - exact) <= half * (1 + Decimal("1e-12")), (name, value, cell)
            assert isinstance(value, float) or shown == value
            compared += 1
    assert compared > 150


@pytest.mark.parametrize("value", [0.9705, 0.00006045, 4.895e-05, 88.45, 0.24950000000000003, -0.0123450000001])
def test_a_share_is_rounded_once(amc, tmp_path, value):
    """Not after it was multiplied by 100, which is a rounding of its own: 97.05 is more than 0.9705 is."""
    folder = stored(tmp_path / "out", [made(0, {"relative_error": value, "settling_time_s": value})])
    (line,) = amc("table", folder, "--columns", "settling_time,relative_error").out.splitlines()[-1:]
    time, share = (said(cell)[0] for cell in line.split())
    assert share == Decimal(f"{value:.2e}") * 100
    assert time == Decimal(f"{value:.3e}")
    assert format_quantity(value, "%").removesuffix(" %") == line.split()[1]


OPTIONS = [
    ("--engine", "exact", "--wire-resistance", "1.73"),
    ("--engine", "ngspice", "--temperature", "350", "--noise"),
]


@pytest.mark.parametrize("options", OPTIONS, ids=["exact", "ngspice"])
def test_a_row_is_what_its_command_prints(sweep, amc, tmp_path, options):
    """The stored numbers are those of `amc inv --format json`, and its table has roundings of them."""
    pairs = dict(zip(options[::2], options[1::2], strict=False)) | ({"--noise": None} if "--noise" in options else {})
    lines = [f'{name[2:].replace("-", "_")} = "{value}"' for name, value in pairs.items() if value is not None]
    lines += ["noise = true"] * ("--noise" in pairs)
    fixed = "\n".join(["[fixed]", "size = 2", 'opamp = "single-pole"', *lines])
    assert sweep(f'circuit = "inv"\n{fixed}\n').code == 0
    (row,) = amc("table", tmp_path / "out", "--format", "json").json
    printed = amc("inv", *SMALL, *options, "--format", "json").json
    joules = {f"energy_{name}_j": value for name, value in printed.pop("energy_j").items()}
    numbers = {name: value for name, value in (printed | joules).items() if isinstance(value, (int, float))}
    del numbers["wall_time_s"]
    assert {name: row[name] for name in numbers} == numbers and len(numbers) > 15
    text = amc("inv", *SMALL, *options).out
    for title, name, scale in (("settling time", "settling_time_s", 1), ("relative error", "relative_error", 100)):
        cell = re.search(rf"│ {title} +│ +([\d.e+-]+) ?([a-z%]*) │", text)
        shown, half = said(cell[1] + cell[2].removesuffix("s").removesuffix("%"))
        assert abs(shown - Decimal(row[name]) * scale) <= half * (1 + Decimal("1e-12"))
