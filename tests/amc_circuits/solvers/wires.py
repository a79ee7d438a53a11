"""Circuits with wires, and op-amps of low gain for them."""

import numpy as np

from amc_circuits.solvers.inv import InvCircuit
from netlists import SinglePoleOpAmp, preset
from tests.cases import spd_matrix, vector

STIFF = SinglePoleOpAmp(open_loop_gain=1e12, gbwp=100e6)
"""Its finite gain changes an MVM by some 1e-12."""
MACRO = preset("cmos-100meg").replace(open_loop_gain=3e3, output_resistance=300.0, input_offset=1e-3)
UNLIMITED = MACRO.replace(output_current_limit=1.0, slew_rate=1e12, output_swing=5.0, supply_voltage=5.0)
OPAMPS = {
    "single-pole": (SinglePoleOpAmp(open_loop_gain=3e3, gbwp=100e6), 1e-9),
    "macro": (MACRO, 5e-6),
    "unlimited": (UNLIMITED, 1e-9),
}
"""Op-amps of low gain, so that the gain matters, and the bound of each on the error of ngspice."""
FINE = {"tolerance": 1e-7}
"""Slots until 1e-9 of the step is left, and a simulator tolerance of 1e-9."""


def inv_of(size, signed, **options):
    """An INV circuit of a positive definite matrix, with negative entries or without, and its input voltages (N,)."""
    matrix, b = spd_matrix(size, 5, size), vector(size, size)
    if signed:
        signs = np.where(np.arange(size) == 0, -np.sign(matrix[0, 1]), 1)
        matrix *= np.outer(signs, signs)
    else:
        matrix = np.abs(matrix) + 0.5 * np.eye(size)
    circuit = InvCircuit.program(matrix, inverter_resistance=1e3, **options)
    assert circuit.design.signed is signed
    return circuit, 0.1 * b / np.abs(b).max()
