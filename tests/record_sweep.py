"""Records a small sweep by the code that is here: its folder, and what its table and its waveforms were.

The tests read the record of every layout that the database of a sweep ever had. After a change of the layout, and
before the next, make that of the new one:

    .venv/bin/python -m tests.record_sweep          # writes tests/recorded/sweeps/layout-N/

The rows: both engines and `auto`, trials, one that failed with its deck kept, one that makes no sense; with waveforms.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from amc_circuits.cli import app as cli
from amc_circuits.sweep.store import DATABASE, LAYOUT, Store

RECORDS = Path(__file__).parent / "recorded" / "sweeps"
EXPECTED = "expected.json"
SPECIFICATION = """\
circuit = "inv"

[fixed]
size = 2
input_voltage = 0.02
opamp = "single-pole"

[[points]]
engine = "exact"

[[points]]
engine = "ngspice"
gbwp = "50MEG"

[[points]]
engine = "ngspice"
timeout = "1m"
seed = 1

[[points]]
engine = "exact"
g_min = "1m"

[[points]]
engine = "exact"
programming_error = "1u"
monte_carlo = 4

[[points]]
engine = "auto"
seed = 2
wire_resistance = 1.73
"""


def main() -> None:
    """Runs the sweep and keeps what lasts of its folder."""
    with tempfile.TemporaryDirectory() as name:
        spec, folder = Path(name, "spec.toml"), Path(name, "out")
        spec.write_text(SPECIFICATION)
        cli.run(["sweep", str(spec), "--out", str(folder), "--waveforms"])
        (folder / EXPECTED).write_text(json.dumps({"rows": _table(folder), "waveforms": _waveforms(folder)}, indent=1))
        for passing in ("owner.lock", "sweep.log"):
            (folder / passing).unlink()
        # A file on its own, whatever becomes of the log beside it.
        with contextlib.closing(sqlite3.connect(folder / DATABASE)) as connection:
            connection.execute("pragma journal_mode=delete")
        shutil.copytree(folder, RECORDS / f"layout-{LAYOUT}", dirs_exist_ok=True)


def _table(folder: Path) -> object:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        cli.run(["table", str(folder), "--format", "json"])
    return json.loads(text.getvalue())


def _waveforms(folder: Path) -> dict[int, str]:
    """SHA-256 of the waveforms by the number of their row."""
    with Store(folder) as store:
        found = {number: store.waveforms(number) for number in store.with_waveforms()}
    return {number: hashlib.sha256(content or b"").hexdigest() for number, content in found.items()}


if __name__ == "__main__":
    sys.exit(main())
