"""Samples of stacked circuits, and the largest magnitudes in them."""

from dataclasses import replace

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.linear_stack.together import read_linear_circuits
from amc_circuits.engines.exact.reading import read_slots
from amc_circuits.engines.exact.slots import slots_of
from netlists import Capacitors, StepTrain
from tests.amc_circuits.engines.exact.circuits import OPAMP, programmed
from tests.cases import spd_matrix, vector
from tests.comparators import assert_within


def test_a_current_that_jumps_at_the_end_of_the_edge_is_seen():
    """Capacitors from inputs to outputs draw `C du/dt` on the edge alone; against the response in many places.

    The largest current is at the very end of the edge, which windows around it reach but for rounding.
    """
    plain = programmed(spd_matrix(2, 5, 1), opamp=OPAMP).circuit
    circuit = ExactCircuit(replace(plain, parts=(*plain.parts, Capacitors("k", "in", "c", 1e-12))))
    probe, time_constant = circuit.observed.of("current"), 1 / abs(circuit.linear.poles[0].real)
    for rise in time_constant * 10 ** np.random.default_rng(0).uniform(-3, 0.3, 20):
        drive = StepTrain(
            levels=vector(2, 0)[:, None],
            slot_time=10 * time_constant + 2 * rise,
            return_time=0.0,
            rise_time=rise,
            fall_time=rise,
        )
        slots = slots_of(circuit, drive, True)
        ends = ((slots.edge, 0.0, rise), (slots.hold, rise, slots.hold.stop))
        largest = max(
            np.abs(circuit.response.at(piece, probe, np.linspace(*span, 5001))).max() for piece, *span in ends
        )
        for (reading,) in (read_slots(circuit, drive, True, 0.01), read_linear_circuits([circuit], [drive], 0.01)[0]):
            assert_within(reading.peak_output_current, largest, 1e-6)
