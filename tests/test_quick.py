"""A design of each circuit by each engine, a sweep and a training, for `scripts/test --quick`."""

import csv
import io
import json

import numpy as np
import pytest

from tests.command_line import ended, start

pytestmark = pytest.mark.quick
MATRIX = np.array([[2.0, -0.5, 0.3], [-0.5, 1.0, 0.2], [0.3, 0.2, 1.5]])
VECTOR = np.array([1.0, -0.4, 0.7])
RIGHT = {"inv": ("x", np.linalg.solve(MATRIX, VECTOR)), "mvm": ("y", MATRIX @ VECTOR)}
ENGINES = ("ngspice", "exact", "auto")
TRAINING = 'epochs = 1\nbatch_size = 100\ntarget_accuracy = 0.3\n[optimizer]\nname = "momentum"\n'


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("circuit", RIGHT)
def test_a_design_is_solved(tmp_path, circuit, engine):
    """The answer is NumPy's, within the tolerance of the largest entry."""
    np.save(tmp_path / "A.npy", MATRIX)
    np.save(tmp_path / "b.npy", VECTOR)
    checked = ("--cross-check", "1") if engine == "auto" else ()
    options = ("--opamp", "single-pole", "--engine", engine, *checked, "--format", "json")
    outcome = ended(start(circuit, tmp_path / "A.npy", tmp_path / "b.npy", *options))
    assert (outcome.code, outcome.err) == (0, "")
    name, right = RIGHT[circuit]
    found = outcome.json
    assert found["status"] == "SETTLED" and found["settling_time_s"] > 0
    assert np.abs(np.array(found[name]) - right).max() < 0.01 * np.abs(right).max()
    assert (found["cross_checked"] == 1) == (engine == "auto")


def test_a_sweep_has_a_row_for_each_engine(tmp_path):
    """They agree on what is the same circuit."""
    text = f'circuit = "inv"\n[fixed]\nsize = 2\nopamp = "single-pole"\n[grid]\nengine = {json.dumps(ENGINES)}\n'
    (tmp_path / "spec.toml").write_text(text)
    assert ended(start("sweep", tmp_path / "spec.toml", "--out", tmp_path / "out")).code == 0
    table = ended(start("table", tmp_path / "out", "--format", "csv"))
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert [(row["engine"], row["status"]) for row in rows] == [(engine, "SETTLED") for engine in ENGINES]
    times = [float(row["settling_time_s"]) for row in rows]
    assert max(times) < 1.03 * min(times)


def test_a_network_learns(tmp_path):
    """Digits, in one epoch, better than by chance."""
    (tmp_path / "spec.toml").write_text(TRAINING)
    outcome = ended(start("train", tmp_path / "spec.toml", "--out", tmp_path / "out"))
    assert outcome.code in (0, 3) and "best accuracy" in outcome.out
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["best_accuracy"] > 0.15
