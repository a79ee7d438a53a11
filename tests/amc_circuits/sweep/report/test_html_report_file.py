"""The file that `amc report` writes: its size, what is left out of it, what is refused."""

import dataclasses
import hashlib
import random
import re
import sys

import numpy as np

from amc_circuits.pictures.traces import pack_traces
from amc_circuits.results.response import Response
from amc_circuits.sweep.report import page
from amc_circuits.sweep.store import Store
from tests.amc_circuits.sweep.reports import ringing


def many(rows, count, waveforms):
    """As many rows, whose figures and hashes are as different as those of real ones."""
    chance = random.Random(0)
    for number in range(count):
        row = rows[number % 32]
        figures = {
            name: value * chance.uniform(0.9, 1.1) if isinstance(value, float) else value
            for name, value in row.figures.items()
        }
        names = [hashlib.sha256(f"{number}{what}".encode()).hexdigest() for what in ("key", "design", "deck")]
        fresh = {"key": names[0], "design_sha256": names[1], "deck_sha256": names[2]}
        fresh |= {"parameters": row.parameters | {"seed": number}}
        yield dataclasses.replace(row, number=number, figures=figures, **fresh), waveforms


def test_thousand_points_stay_below_5_megabytes(rows, tmp_path):
    """With a ringing waveform of 16 outputs at every point; how many had room is told."""
    with Store(tmp_path, create=True) as store:
        store.put(many(rows, 1000, ringing()))
    said = page.write_report(tmp_path, tmp_path / "report.html")
    assert 3_000_000 < (tmp_path / "report.html").stat().st_size < 5_000_000
    assert 100 < int(re.search(r"1000 points, (\d+) waveforms", said)[1]) <= 1000


def test_damaged_waveforms_are_left_out(amc, rows, tmp_path):
    """One line a row says so; the others are in the page."""
    infinite = pack_traces([Response(np.array([0.0, 1e-9]), np.array([[0.0], [np.inf]]), 0.01, np.nan)])
    with Store(tmp_path, create=True) as store:
        store.put(zip(rows, (ringing(), b"damaged", infinite), strict=False))
    outcome = amc("report", tmp_path)
    assert "3 points, 1 waveform," in outcome.out and outcome.code == 0
    assert len(outcome.err.splitlines()) == 2
    for number in (1, 2):
        assert f"amc: warning: the waveforms of row {number} are left out" in outcome.err


def test_unusable_arguments_are_refused(amc, folder, rows, tmp_path):
    """One line each, and nothing is written: no sweep, no HTML, no folder."""
    amc("report", tmp_path).refused(f"DIR: got {tmp_path}", "amc sweep")
    amc("report", folder, "-o", tmp_path / "r.pdf").refused("--output", ".html")
    amc("report", folder, "-o", tmp_path / "none" / "r.html").refused("--output", "does not exist")
    assert {path.name for path in tmp_path.iterdir()} == {"temporary"}


def test_missing_plotly_is_told(amc, folder, rows, tmp_path, monkeypatch):
    """Without the extra, one line that says what to install, exit code 2."""
    monkeypatch.setitem(sys.modules, "plotly", None)
    page._plotly.cache_clear()
    amc("report", folder, "-o", tmp_path / "r.html").refused("plotly", "pip install 'amc[report]'")
    assert not (tmp_path / "r.html").exists()
