"""Inputs that are reduced: their scale follows the parts and the swing."""

import numpy as np
import pytest

from amc_circuits import InvCircuit
from netlists import preset
from tests.amc_circuits.solvers.sensitivities.slopes import slope, solved


@pytest.mark.parametrize("field", ["gbwp", "second_pole", "output_swing", "slew_rate"])
def test_inputs_reduced_for_a_crest_follow_it(field):
    """An output rings far beyond its final value: its crest sets the scale of the inputs, beside the swing."""
    record, matrix, b = preset("cmos-100meg").replace(second_pole=4e7), np.eye(2) + 0.2, [1.0, -0.4]

    def circuit(share):
        changed = record.replace(**{field: getattr(record, field) * (1 + share)})
        return InvCircuit.program(matrix, engine="exact", opamp=changed, input_voltage=0.6)

    linear = solved(circuit(0.0), b)
    assert linear.attempts[0][-1].scale < linear.attempts[0][0].scale
    for metric in ("settling_time", "energy"):
        found = circuit(0.0).sensitivity(b, metric)

        def of(share, metric=metric):
            solution = solved(circuit(share), b)
            return solution.settling_time if metric == "settling_time" else solution.energy.total

        assert found.shares("amp", field).sum() == pytest.approx(slope(of) / found.value, rel=1e-6)
