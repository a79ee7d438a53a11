"""Settling time and energy from simulated arrays."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, ParameterError, draw_matrix
from netlists import preset
from optimizer.solve_result import SolveError
from optimizer.step_cost import simulate
from optimizer.step_cost.assumptions import ArraySettings, SimulatedCircuit

SMALL = ArraySettings(sizes=(2, 4), seeds=3)


def test_means_are_those_of_solves_one_by_one():
    """Over the columns of the inverse and over matrices; each column is a right-hand side of its own."""
    seen = []
    found = simulate(SMALL, SimulatedCircuit(gbwp="50M"), seen.append)
    assert seen == [2, 2, 2, 4, 4, 4]
    for place, size in enumerate(SMALL.sizes):
        times, joules = [], []
        for seed in range(3):
            matrix = draw_matrix("spd", size, size, 10, np.random.default_rng(seed))
            circuit = InvCircuit.program(matrix, opamp=preset("cmos-100meg").replace(gbwp=50e6), engine="exact")
            columns = [circuit.solve(column) for column in np.eye(size)]
            times.append(np.mean([column.settling_time for column in columns]))
            joules.append(np.mean([column.energy.total for column in columns]))
        assert found.settling_times[place] == pytest.approx(np.mean(times), rel=1e-6)
        assert found.energies[place] == pytest.approx(np.mean(joules), rel=1e-6)
        assert found.settling_spreads[place] == pytest.approx(np.std(times, ddof=1), rel=1e-4)


def test_one_matrix_has_no_spread():
    """It is not known rather than 0."""
    assert np.isnan(simulate(SMALL.model_copy(update={"seeds": 1}), SimulatedCircuit()).energy_spreads).all()


def test_unusable_arrays_are_refused():
    """What does not settle has no cost, and op-amps without a supply have no energy."""
    with pytest.raises(SolveError, match=r"2 x 2, seed 0: CLIPPED"):
        simulate(SMALL, SimulatedCircuit(adc_bits=8, adc_range=1e-6))
    with pytest.raises(ParameterError, match=r"circuit.opamp: got single-pole; has no supply"):
        simulate(SMALL, SimulatedCircuit(opamp="single-pole"))
