"""Peaks of circuits that are read together."""

import pytest

from amc_circuits.studies.batch import stacked_trials
from tests.amc_circuits.random_circuits import study

RINGING = {"opamp": "cmos-1g", "input_capacitance": "200f", "inverter_resistance": "500"}


def test_peaks_in_the_linear_range_are_looked_for_behind_the_settling_time_too():
    """At a tolerance of 0.1 a ring settles before its highest current; a circuit alone is read by closed forms."""
    given = study(**RINGING | {"tolerance": "0.1", "input_voltage": "1m", "offset_spread": "0", "monte_carlo": 8})
    found = stacked_trials(given.circuit(0), given.problem.vector, range(8))
    assert len(found) > 4
    for number, trial in found.items():
        alone = given.circuit(number).solve(given.problem.vector).peak_output_current
        assert trial.figures["peak_output_current"] == pytest.approx(alone, rel=1e-4)
