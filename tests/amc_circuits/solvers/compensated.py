"""Compensated INV and MVM circuits, for the tests of their laws."""

import numpy as np

from amc_circuits import InvCircuit, MvmCircuit
from netlists import SinglePoleOpAmp

GAIN, G0 = 1e5, 100e-6
POLE = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6)
W_T = POLE.unity_gain_frequency
STEEP = np.array([[0.5, -1.0, -0.9], [0.1, 0.8, 0.2], [0.05, -0.1, 0.6]])
"""Its first row needs compensating cells at the inverting input, the others at the non-inverting one."""


def inv(matrix, **fields):
    """A compensated INV circuit, in the exact engine unless it says otherwise."""
    return InvCircuit.program(matrix, **{"topology": "compensated", "engine": "exact", "opamp": POLE, **fields})


def mvm(matrix, **fields):
    """A compensated MVM circuit."""
    return MvmCircuit.program(matrix, **{"topology": "compensated", "engine": "exact", "opamp": POLE, **fields})


def sums(design, beside):
    """Sums of all conductances at both inputs, by hand, S."""
    minus = beside + design.conductance_positive.sum(axis=1) + design.balance_inverting.sum(axis=1)
    return minus, design.conductance_negative.sum(axis=1) + design.balance_noninverting.sum(axis=1)


def difference(design):
    """A in siemens."""
    return design.conductance_positive - design.conductance_negative
