"""Currents of an array with wires for a few vectors of voltages, without its reduction.

With the word lines eliminated, the voltages `b` of the bit lines at the cells satisfy `S b = r`, where

    S = T_b + G - G (T_w + G)^-1 G,

`T_w` and `T_b` are the chains of segments of all lines (tridiagonal) and G the cells (diagonal). S is symmetric and
positive definite: the method of conjugate gradients (M. R. Hestenes, E. Stiefel, J. Res. Natl. Bur. Stand. 49, 409,
1952) with the preconditioner `T_b + G`. An iteration is two solves of tridiagonal systems, O(N M).
"""

from __future__ import annotations

import numpy as np

from netlists.arrays.mesh import line_current
from netlists.arrays.reduction import Contacts, check_ideal, matrix_of_cells
from netlists.errors import real_array, real_number
from netlists.record import FloatArray, ParameterError

TOLERANCE = 1e-6
"""Largest error of a terminal current, relative to the largest one."""
MOST_ITERATIONS = 2000
TINY = np.finfo(float).tiny


class _Chains:
    """Lines of K cells: segments to the terminal, between cells, and with `far` to the far end; and the cells.

    Args:
        cells: Conductances, a row for each line, shape (L, K), S.
        wire: Conductance of a segment, S.
        far: True if the last cell of a line has a segment to a far end.
    """

    def __init__(self, cells: FloatArray, wire: float, far: bool) -> None:
        from scipy.linalg import lapack  # here, since descriptions of circuits need no SciPy

        self.cells, self._wire, self._solve = np.ascontiguousarray(cells), wire, lapack.dpttrs
        own = np.full(cells.shape, 2 * wire)
        own[:, -1] -= 0 if far else wire
        self.own = own + self.cells
        between = np.full(cells.shape, -wire)
        between[:, -1] = 0
        *self._factors, failed = lapack.dpttrf(self.own.ravel(), between.ravel()[: max(1, between.size - 1)])
        if failed or not np.isfinite(self._factors[0]).all():
            raise ParameterError("wire_resistance", 1 / wire, "the mesh has no finite solution in 64-bit numbers")

    def solve(self, current: FloatArray) -> FloatArray:
        """Voltages at the cells for currents into these nodes, with all other ends at 0 V; shape (..., L, K)."""
        found: FloatArray = self._solve(*self._factors, current.reshape(-1, self.own.size).T)[0].T
        return found.reshape(current.shape)

    def product(self, voltage: FloatArray) -> FloatArray:
        """Currents into the nodes at the cells for their voltages, shape (..., L, K)."""
        found = self.own * voltage
        found[..., 1:] -= self._wire * voltage[..., :-1]
        found[..., :-1] -= self._wire * voltage[..., 1:]
        return found

    def driven(self, near: FloatArray, far: FloatArray) -> FloatArray:
        """Currents from the terminals into the nodes at the cells, shape (..., L, K)."""
        found = np.zeros((*near.shape, self.own.shape[1]))
        found[..., 0] = self._wire * near
        found[..., -1] += self._wire * far if far.size else 0
        return found


def array_currents(
    cells: FloatArray,
    wire_resistance: float,
    terminal_voltage: FloatArray,
    contacts: Contacts = "one",
    tolerance: float = TOLERANCE,
) -> FloatArray:
    """Compute the currents into an array from its terminal voltages by iteration.

    For one vector this is far faster than `reduce_array`, which pays from some dozen vectors on. The residual is what
    Kirchhoff's current law misses at each node; each terminal gets a part between 0 and 1 of such a current, so their
    sum bounds the error of every terminal current.

    Args:
        cells: Conductances of the cells, siemens; row i is word line i, column j bit line j, shape (N, M).
        wire_resistance: Resistance of each segment, ohm.
        terminal_voltage: Voltages as for `array_state`, shape (..., T), V.
        contacts: Contacted ends of the lines, as for `reduce_array`.
        tolerance: Largest error of a current, relative to the largest current of the same vector.

    Returns:
        Currents into the array, shape (..., T), A.

    Raises:
        ParameterError: If an argument cannot be used, or the iteration does not reach the tolerance; `reduce_array`
            needs no iteration.
    """
    cells, wire_resistance = matrix_of_cells(cells), real_number("wire_resistance", wire_resistance)
    voltage = real_array("terminal_voltage", terminal_voltage)
    _check(cells, wire_resistance, voltage, contacts, tolerance)
    lines = sum(cells.shape)
    near = voltage[..., :lines]
    if wire_resistance == 0:
        check_ideal(contacts)
        return _with_ideal_wires(cells, near)
    far = {"one": near[..., :0], "both": near, "separate": voltage[..., lines:]}[contacts]
    flat = near.reshape(-1, lines), far.reshape(near.size // lines, far.shape[-1])
    current = _cell_currents(cells, 1 / wire_resistance, *flat, tolerance).reshape(*voltage.shape[:-1], *cells.shape)
    return _at_terminals(current, (near - far) / wire_resistance if far.size else np.zeros_like(near), contacts)


def _with_ideal_wires(cells: FloatArray, voltage: FloatArray) -> FloatArray:
    word, bit = np.split(voltage, [len(cells)], axis=-1)
    pairs = word * cells.sum(axis=1) - bit @ cells.T, bit * cells.sum(axis=0) - word @ cells
    return np.concatenate(pairs, axis=-1)


def _at_terminals(current: FloatArray, fall: FloatArray, contacts: Contacts) -> FloatArray:
    """Currents into the terminals, shape (..., T), from those in the cells, shape (..., N, M), A.

    Args:
        current: Currents from bit lines to word lines.
        fall: Voltage between both ends of each line over the resistance of a segment, shape (..., N + M), A.
        contacts: Contacted ends of the lines.
    """
    n = current.shape[-2]
    chains = (-current, fall[..., :n]), (current.swapaxes(-2, -1), fall[..., n:])
    segments = [line_current(taken, fallen, contacts != "one") for taken, fallen in chains]
    first = np.concatenate([line[..., 0] for line in segments], axis=-1)
    last = -np.concatenate([line[..., -1] for line in segments], axis=-1)
    ends = {"one": first, "both": first + last, "separate": np.concatenate([first, last], axis=-1)}
    return np.asarray(ends[contacts])


def _check(cells: FloatArray, resistance: float, voltage: FloatArray, contacts: Contacts, tolerance: float) -> None:
    if not (cells.size and np.isfinite(cells).all() and cells.min() >= 0):
        raise ParameterError("cells", "a value", "conductances must be finite numbers from 0 S on")
    if not 0 <= resistance < np.inf:
        raise ParameterError("wire_resistance", resistance, "must be a number of ohms from 0 on")
    if voltage.shape[-1:] != (sum(cells.shape) * (1 + (contacts == "separate")),):
        raise ParameterError("terminal_voltage", f"shape {voltage.shape}", "give one value for each terminal")
    if not 0 < tolerance < 1:
        raise ParameterError("tolerance", tolerance, "must be a share between 0 and 1")


def _cell_currents(cells: FloatArray, wire: float, near: FloatArray, far: FloatArray, tolerance: float) -> FloatArray:
    """Currents from bit lines to word lines in the cells, shape (K, N, M), A, for K states of the terminals."""
    n = len(cells)
    words, bits = (_Chains(some, wire, far.size > 0) for some in (cells, cells.T))

    def reaction(voltage: FloatArray) -> FloatArray:
        """Voltages of the word lines for those of the bit lines, with their own terminals at 0 V, shape (K, M, N)."""
        return words.solve(cells * voltage.swapaxes(1, 2)).swapaxes(1, 2)

    by_words = words.solve(words.driven(near[:, :n], far[:, :n])).swapaxes(1, 2)
    voltage = bits.solve(bits.driven(near[:, n:], far[:, n:]) + bits.cells * by_words)
    reacted = reaction(voltage)
    taken = bits.cells * (voltage - by_words - reacted)
    largest = np.maximum(*(np.abs(taken.sum(axis=axis)).max(axis=1) for axis in (1, 2)))
    residual, bound = bits.cells * reacted, tolerance * largest
    direction = step = bits.solve(residual)
    power = _inner(residual, step)
    for _ in range(MOST_ITERATIONS):
        if (np.abs(residual).sum(axis=(1, 2)) <= bound).all():
            found: FloatArray = cells * (voltage - by_words - reaction(voltage)).swapaxes(1, 2)
            return found
        image = bits.product(direction) - bits.cells * reaction(direction)
        length = power / np.maximum(_inner(direction, image), TINY)
        voltage, residual = voltage + length * direction, residual - length * image
        step = bits.solve(residual)
        before, power = power, _inner(residual, step)
        direction = step + power / np.maximum(before, TINY) * direction
    raise ParameterError("tolerance", tolerance, "the iteration does not reach it; reduce_array needs none")


def _inner(one: FloatArray, other: FloatArray) -> FloatArray:
    """Inner product for each state, shape (K, 1, 1)."""
    return np.asarray(np.einsum("kij,kij->k", one, other)[:, None, None])
