"""Simulated arrays as numbers, for tests of what is computed from them."""

import numpy as np

from optimizer.step_cost import SimulatedArrays


def arrays_of(sizes, times, energies):
    """Arrays with these means and no spread."""
    columns = [np.array(values, dtype=float) for values in (sizes, times, energies)]
    return SimulatedArrays(*columns, np.zeros(len(sizes)), np.zeros(len(sizes)))


def constant(time, energy):
    """Arrays with the same settling time and energy at every width."""
    return arrays_of((16, 128), (time, time), (energy, energy))


STATED = arrays_of((16, 32, 64, 128), (125e-9, 137e-9, 175e-9, 247e-9), (12.5e-9, 27.4e-9, 69.8e-9, 198e-9))
"""Inputs of the published table's recomputation: cmos-100meg, condition 10, all columns."""
