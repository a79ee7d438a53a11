"""The bank that all steps share: op-amps, energy of those that wait, area."""

import numpy as np
import pytest

from amc_circuits import BlockCircuit, Converters, SampleHold
from amc_circuits.results.cost import ComponentAreas
from amc_circuits.solvers.blocks.bank import amplifiers_of, bank_areas, quiescent_power
from netlists import SinglePoleOpAmp, preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

MATRIX, B = spd_matrix(8, 10, 1), vector(8, 1)


def test_in_one_stage_the_inverters_wait_while_mvm_works():
    """Those of a leaf of 4 rows, for the time of steps 2 and 4; a compensated circuit has none that could wait."""
    paired, compensated = (
        BlockCircuit.program(MATRIX, engine="exact", topology=topology) for topology in ("paired", "compensated")
    )
    assert (amplifiers_of(paired), amplifiers_of(compensated)) == (8, 4)
    solution = paired.solve(B)
    power = quiescent_power(preset("cmos-100meg"))
    waiting = 4 * power * (solution.steps[1].settling_time[0] + solution.steps[3].settling_time[0])
    assert solution.waiting_energy == pytest.approx(waiting, rel=1e-9)
    assert compensated.solve(B).waiting_energy == pytest.approx(0, abs=1e-20)


def test_op_amps_without_a_known_current_have_no_waiting_energy():
    """Nor have they an energy of their own."""
    solution = BlockCircuit.program(MATRIX, engine="exact", opamp=SinglePoleOpAmp()).solve(B)
    assert solution.waiting_energy is None and solution.energy.total is None


def test_the_area_is_that_of_all_cells_and_of_half_of_the_rest():
    """One stage of N = 8: 2 N^2 cells, 2 k op-amps, 5 k resistors, lines for k = 4 rows."""
    table = ComponentAreas(cell=1.0, op_amp=1.0, resistor=1.0, sample_and_hold=1.0, switch=1.0, dac=1.0, adc=1.0)
    blocks = BlockCircuit.program(MATRIX, hold=SampleHold(hold_capacitance=1e-12))
    found = bank_areas(blocks, Converters(dac_bits=8, adc_bits=8, adc_share=2), table)
    wanted = {"cells": 128, "op_amps": 8, "resistors": 20, "sample_and_holds": 8, "switches": 48, "dacs": 4, "adcs": 2}
    assert found.keys() == wanted.keys()
    assert_close(np.array([found[name] for name in wanted]), np.array(list(wanted.values())), relative=1e-8)
