"""Sweeps whose points are many trials, and points that read files."""

import numpy as np
import pytest

from amc_circuits.matrices import draw_matrix
from amc_circuits.monte_carlo import study_of
from amc_circuits.options import parse_options
from amc_circuits.trial_statistics import spreads, yields
from tests.amc_circuits.sweep.sweeps import rows

TRIALS = """
circuit = "inv"
[fixed]
engine = "state-space"
programming_error = "1u"
monte_carlo = 20
spec = "relative_error<0.1,settling_time<1u"
[grid]
size = [3, 4, 6]
"""


def test_rows_hold_what_the_trials_say_together(sweep, tmp_path):
    """Medians by the figures' own names, spread and yield beside them, as the same study says in Python."""
    assert sweep(TRIALS).code == 0
    for row in rows(tmp_path):
        options = {name: value for name, value in row.parameters.items() if name != "circuit"}
        study = study_of("inv", parse_options("inv", options), (None, None))
        trials = study.run(1)
        found = spreads(trials)["settling_time"]
        assert (row.status, row.figures["trials"], row.figures["usable_trials"]) == ("SETTLED", 20, 20)
        assert row.figures["settling_time_s"] == found.median
        assert (row.figures["settling_time_s_q05"], row.figures["settling_time_s_std"]) == (found.q05, found.std)
        errors = np.array([trial.figures["relative_error"] for trial in trials])
        assert row.figures["yield"] == pytest.approx(np.mean(errors < 0.1))
        (usable,) = yields(trials, ())
        assert row.figures["yield_low"] < row.figures["yield"] <= usable.share


def test_table_shows_spread_and_yield(sweep, amc, tmp_path):
    """A column for each end of the error's band and one for the yield."""
    assert sweep(TRIALS).code == 0
    table = amc("table", tmp_path / "out").out
    heading, rows = table.split("──", 1)
    assert heading.count("trials") == 2 and "yield" in heading
    assert [line.split()[2] for line in rows.splitlines() if "SETTLED" in line] == ["SETTLED"] * 3


@pytest.mark.parametrize("spec", ['"speed<1"', '"relative_error<"', '"relative_noise<1"'])
def test_unusable_limits_are_told(sweep, tmp_path, spec):
    """A limit that cannot be read stops the sweep; one on what is not known makes its points invalid."""
    outcome = sweep(TRIALS.replace('"relative_error<0.1,settling_time<1u"', spec))
    if "noise" in spec:
        assert outcome.code == 3 and {row.status for row in rows(tmp_path)} == {"INVALID"}
    else:
        assert outcome.code == 2 and "spec" in outcome.err


def test_a_point_is_another_when_its_file_has_changed(sweep, amc, tmp_path):
    """The same path with other conductances in it: the row is not the old one."""
    matrix = draw_matrix("spd", 3, 3, None, np.random.default_rng(0))
    np.save(tmp_path / "A.npy", matrix)
    spec = f'circuit = "inv"\n[fixed]\nsize = 3\nengine = "state-space"\nconductances = "{tmp_path}/c.npz"\n'
    found = []
    for tolerance in ("5u", "0.5u"):
        assert amc("program", tmp_path / "A.npy", "-o", tmp_path / "c.npz", "--tolerance", tolerance).code == 0
        assert sweep(spec).code == 0
        found.append(rows(tmp_path)[-1])
    assert found[0].key != found[1].key
    assert found[1].figures["relative_error"] < found[0].figures["relative_error"]
