"""Sweeps whose points are many trials, and points that read files."""

import tomllib

import numpy as np
import pytest

from amc_circuits.cases.options import parse_options
from amc_circuits.studies.monte_carlo import study_of
from amc_circuits.studies.statistics import spreads, yields
from amc_circuits.sweep.store import INVALID
from tests.amc_circuits.sweep.sweeps import programmed, rows, rows_in, run

TRIALS = """
circuit = "inv"
[fixed]
engine = "exact"
programming_error = "1u"
monte_carlo = 20
spec = "relative_error<0.1,settling_time<1u"
[grid]
size = [3, 4, 6]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of a sweep of trials."""
    path = tmp_path_factory.mktemp("trials")
    run(path, tomllib.loads(TRIALS))
    return path


def test_rows_hold_what_the_trials_say_together(folder):
    """Medians by the figures' own names, spread and yield beside them, as the same study says in Python."""
    for row in rows_in(folder):
        options = {name: value for name, value in row.parameters.items() if name != "circuit"}
        study = study_of("inv", parse_options("inv", options))
        trials = study.run(1)
        found = spreads(trials)["settling_time"]
        assert (row.status, row.figures["trials"], row.figures["usable_trials"]) == ("SETTLED", 20, 20)
        assert row.figures["settling_time_s"] == found.median
        assert (row.figures["settling_time_s_q05"], row.figures["settling_time_s_std"]) == (found.q05, found.std)
        errors = np.array([trial.figures["relative_error"] for trial in trials])
        assert row.figures["yield"] == pytest.approx(np.mean(errors < 0.1))
        (usable,) = yields(trials, ())
        assert row.figures["yield_low"] < row.figures["yield"] <= usable.share


def test_table_shows_spread_and_yield(amc, folder):
    """A column for each end of the error's band and one for the yield."""
    table = amc("table", folder).out
    heading, shown = table.split("──", 1)
    assert heading.count("trials") == 2 and "yield" in heading
    assert [line.split()[2] for line in shown.splitlines() if "SETTLED" in line] == ["SETTLED"] * 3


@pytest.mark.parametrize("spec", ['"speed<1"', '"relative_error<"', '"relative_noise<1"'])
def test_unusable_limits_are_told(sweep, tmp_path, spec):
    """A limit that cannot be read stops the sweep; one on what is not known makes its points invalid."""
    outcome = sweep(TRIALS.replace('"relative_error<0.1,settling_time<1u"', spec))
    if "noise" in spec:
        assert outcome.code == 3 and {row.status for row in rows(tmp_path)} == {"INVALID"}
    else:
        assert outcome.code == 2 and "spec" in outcome.err


def test_a_point_is_another_when_its_file_has_changed(sweep, tmp_path):
    """The same path with other conductances in it: a row of its own, whose error is the file's."""
    spec = f'circuit = "inv"\n[fixed]\nsize = 3\nengine = "exact"\nconductances = "{tmp_path}/c.npz"\n'
    for error in (1e-6, 1e-7):
        programmed(tmp_path / "c.npz", 3, error)
        assert sweep(spec).code == 0
    worse, better = rows(tmp_path)
    assert worse.key != better.key and worse.parameters == better.parameters
    assert better.figures["relative_error"] == pytest.approx(worse.figures["relative_error"] / 10, rel=0.2)


def test_a_file_that_changes_meanwhile_makes_no_row_of_the_old_one(tmp_path):
    """A result of the new conductances is not stored under the key of the old ones."""
    programmed(tmp_path / "c.npz", 3, 1e-6)
    spec = f'circuit = "inv"\n[fixed]\nsize = 3\nengine = "exact"\nconductances = "{tmp_path}/c.npz"\n'

    def changed(found, plan):
        if not found:
            programmed(tmp_path / "c.npz", 3, 1e-7)

    assert run(tmp_path / "out", tomllib.loads(spec), on_rows=changed).usable == 0
    (row,) = rows(tmp_path)
    assert row.status == INVALID and "changed while the sweep ran" in row.error
