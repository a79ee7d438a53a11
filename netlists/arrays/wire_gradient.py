"""Derivatives with respect to the wires of an array, from those of its cells and its reduced network.

A reduced Laplacian L is in proportion to all conductances together, a reduced capacitance C depends on their ratios
alone. By Euler's theorem on homogeneous functions, the resistance R of all segments has

    R dL/dR = sum g dL/dg - L,    R dC/dR = sum g dC/dg

with the sums over the cells. Of very short wires that is a small difference. Then the currents I in the segments for a
volt at each terminal give `dL/dR = -sum I I^T` (Tellegen's theorem: S. W. Director, R. A. Rohrer, IEEE Trans. Circuit
Theory 16, 318, 1969): they are sums of cell currents and keep their digits, but take longer. C is in proportion to the
line capacitance.
"""

from __future__ import annotations

import numpy as np

from netlists.arrays.array import Array, state_of
from netlists.arrays.cell_gradient import cell_gradient
from netlists.record import FloatArray

ROUNDING = 1e-9
"""Largest permitted rounding error of the difference, relative to it."""
TOGETHER = 64
"""Most terminal voltages of which the currents are computed at once; more take their memory alone."""


def wire_gradient(
    array: Array, of_cells: FloatArray, of_laplacian: FloatArray, of_capacitance: FloatArray
) -> dict[str, FloatArray]:
    """Compute the derivatives with respect to the wires.

    Args:
        array: The array.
        of_cells: Derivative with respect to every cell, from both of the following (`cell_gradient`), shape (N, M).
        of_laplacian: Derivative with respect to every entry of the Laplacian, word lines first, shape (N + M, N + M).
        of_capacitance: The same for the capacitance.

    Returns:
        Derivatives by the `wire_resistance` of all segments together and by `line_capacitance`, shape () each, in units
        of the function per ohm and per farad. A value of 0 has none.

    Raises:
        ParameterError: If the mesh needs more memory than there is, or has no finite solution.
    """
    wires, found = array.interconnect, {}
    if wires.wire_resistance > 0:
        total = _of_resistance(array, of_cells, of_laplacian, of_capacitance)
        found["wire_resistance"] = np.asarray(total / wires.wire_resistance)
    if wires.line_capacitance > 0:
        total = float((of_capacitance * array.reduced.capacitance).sum())
        found["line_capacitance"] = np.asarray(total / wires.line_capacitance)
    return found


def _of_resistance(array: Array, of_cells: FloatArray, of_laplacian: FloatArray, of_capacitance: FloatArray) -> float:
    """Compute the derivative with respect to the logarithm of the resistance."""
    cells, network = array.conductance * of_cells, of_laplacian * array.reduced.laplacian
    total = float(cells.sum() - network.sum())
    rounding = np.finfo(float).eps * float(np.abs(cells).sum() + np.abs(network).sum())
    return total if rounding <= ROUNDING * abs(total) else _by_currents(array, of_laplacian, of_capacitance)


def _by_currents(array: Array, of_laplacian: FloatArray, of_capacitance: FloatArray) -> float:
    """Compute the same by the currents: the power in the wires at the eigenvectors of `of_laplacian` as voltages."""
    cells, wires = array.conductance, array.interconnect
    weights, voltages = np.linalg.eigh((of_laplacian + of_laplacian.T) / 2)
    total = 0.0
    for first in range(0, len(weights), TOGETHER):
        here = slice(first, first + TOGETHER)
        total -= float(weights[here] @ state_of(cells, wires, voltages.T[here]).wire_power)
    if wires.line_capacitance > 0 and wires.line_model == "reduced":
        total += float((cells * cell_gradient(cells, wires, np.zeros_like(of_laplacian), of_capacitance)).sum())
    return total
