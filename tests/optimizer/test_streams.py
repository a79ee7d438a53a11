"""Simulated columns of an inverse: without a known energy as with one, and waveforms when they are needed."""

import numpy as np
import pytest

from optimizer.circuit_settings import CircuitSettings
from optimizer.ledger import Ledger
from optimizer.linear_solver import InvCircuitSolver
from tests.cases import spd_matrix

MATRIX = spd_matrix(5, 10, 4)


@pytest.mark.parametrize(("opamp", "known"), [("single-pole", False), ("cmos-100meg", True)])
def test_columns_have_the_inverse_their_times_and_waveforms(opamp, known):
    """Waveforms of all columns come with the slowest inversion; their last band is left at the settling time."""
    solver = InvCircuitSolver(CircuitSettings(engine="exact", opamp=opamp))
    found = solver.compute(solver.init(MATRIX), np.eye(5))
    assert np.linalg.norm(found.value @ MATRIX - np.eye(5)) < 1e-2
    assert (found.joules is not None) == known and found.statuses == ("settled",) * 5
    assert found.engines == ("exact",)
    ledger = Ledger()
    ledger.add(0, "dense.a_factor", 10.0, found)
    responses = ledger.slowest.responses
    assert len(responses) == 5 and ledger.slowest.settling_time == found.settling_times.max()
    for response, settled in zip(responses, found.settling_times, strict=True):
        away = np.abs(response.outputs - response.outputs[-1]).max(axis=1)
        outside = away > response.tolerance * np.abs(response.outputs[-1]).max()
        last = np.flatnonzero(outside)[-1]
        assert response.time[last] <= settled * (1 + 1e-9) and response.time[last + 1] >= settled * (1 - 1e-9)


@pytest.mark.parametrize(
    ("fields", "engine"),
    [({}, "exact"), ({"nonlinearity_voltage": 0.5, "wire_resistance": 1.0, "interconnect": "flat"}, "ngspice")],
)
def test_an_inversion_names_the_engine_that_simulated_it(fields, engine):
    """With auto cells that are not linear behind wires are solved by ngspice, the others exactly."""
    solver = InvCircuitSolver(CircuitSettings(engine="auto", **fields))
    found = solver.compute(solver.init(MATRIX[:2, :2]), np.eye(2))
    ledger = Ledger()
    ledger.add(0, "dense.a_factor", 10.0, found)
    assert found.engines == (engine,) and ledger.by_engine == {engine: 1}
    assert ledger.engines == f" (engine: {engine} 1)" and Ledger().engines == ""
