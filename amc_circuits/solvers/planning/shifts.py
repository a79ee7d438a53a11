"""Shift of a symmetric matrix that makes up for the errors of the cells that hold it."""

from __future__ import annotations

import numpy as np

from amc_circuits.solvers.planning.layout import PlannedCircuit, uses
from amc_circuits.solvers.programmed import ProgrammedArray
from netlists.record import FloatArray

EPSILON = float(np.finfo(float).eps)
ROOM = 2.0
"""Norms of the errors that a shift makes up for; a choice of this package.

One norm takes up to a quarter fewer cycles, which are 1.5 to 10 times longer.
"""


def first_shift(matrix: FloatArray, circuit: PlannedCircuit) -> float:
    """Shift that keeps the cells of a symmetric matrix well definite in most draws, in units of its largest entry.

    Independent errors of standard deviation s in the entries have a norm near `2 s sqrt(N)` (Wigner's semicircle law
    for symmetric errors). With `2 s sqrt(N) - lambda_min` the lowest eigenvalue would be near 0: the circuit slow, and
    its answer large. So the shift makes up for twice this norm. The standard deviation is that of the drawn cells. Of
    blocks, the leaf with the largest norm decides: its lowest eigenvalue is not below that of the whole.

    0 if the cells have no errors but rounding: no shift is of use then.

    Args:
        matrix: Symmetric matrix, shape (N, N).
        circuit: Circuit that was programmed with it.
    """
    leaves = [one for one, _ in uses(circuit) if one.square]
    spread = max(_norm_of_errors(one) for one in leaves)
    eigenvalues = np.linalg.eigvalsh(matrix)
    if spread <= len(matrix) * EPSILON * eigenvalues[-1]:
        return 0.0
    wanted = float(ROOM * spread - eigenvalues[0])
    return max(wanted, spread / 4) / float(np.abs(matrix).max())


def _norm_of_errors(circuit: ProgrammedArray) -> float:
    """Estimate the norm of the errors of the cells of a circuit, in units of its matrix."""
    mapping, wanted = circuit.mapping, circuit.system.programmed
    errors = mapping.difference / mapping.unit * mapping.alpha - wanted
    return float(2 * np.sqrt(np.mean(errors**2) * len(wanted)))
