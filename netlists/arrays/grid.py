"""Array whose bit lines are a grid, such as one of ground: every cell has its own contact to its bit line.

Only the word lines have segments then, and each of them is a ladder of its own. With T the tridiagonal matrix of a
ladder (segments and cells), w its segments to the terminal of the word line and g its cells, its nodes have the
voltages

    v = T^-1 (w v_word + diag(g) v_bit).

From there, the reduction, its derivatives and the state inside follow as for an array with all wires.
"""

from __future__ import annotations

import numpy as np

from netlists.arrays.interconnect import Interconnect
from netlists.arrays.mesh import ArrayState, line_current
from netlists.arrays.reduction import ReducedArray
from netlists.errors import ParameterError
from netlists.memory import check_memory
from netlists.record import FloatArray


def reduce_grid(cells: FloatArray, wires: Interconnect) -> ReducedArray:
    """Reduce an array to the network between its terminals: word lines, then bit lines.

    Args:
        cells: Conductances of the cells, shape (N, K), siemens.
        wires: Wires of the array, with resistance.

    Raises:
        ParameterError: If the machine has less memory, or no finite network is equal to the array.
    """
    (n, k), (_, nodes) = cells.shape, _nodes(cells, wires)
    conductance = np.zeros((n + k, n + k))
    joined = cells * nodes[:, :, 0]
    conductance[:n, n:], conductance[n:, :n] = joined, joined.T
    conductance[n:, n:] = (cells[:, :, None] * nodes[:, :, 1:]).sum(axis=0)
    np.fill_diagonal(conductance, 0.0)
    capacitance = wires.line_capacitance * np.diag(np.repeat([float(k), float(n)], [n, k]))
    if wires.line_model == "reduced":
        own = wires.line_capacitance * nodes.mT @ nodes
        capacitance[:n, :n] = np.diag(own[:, 0, 0])
        capacitance[:n, n:], capacitance[n:, :n] = own[:, 0, 1:], own[:, 0, 1:].T
        capacitance[n:, n:] += own[:, 1:, 1:].sum(axis=0)
    return ReducedArray(conductance, capacitance)


def grid_state(cells: FloatArray, wires: Interconnect, terminal_voltage: FloatArray) -> ArrayState:
    """Compute all voltages and currents in an array from its terminal voltages; its bit lines have no segments.

    Args:
        cells: Conductances of the cells, shape (N, K), siemens.
        wires: Wires of the array, with resistance.
        terminal_voltage: Voltages of word lines, then bit lines, shape (..., N + K), V.
    """
    n, k = cells.shape
    _, nodes = _nodes(cells, wires)
    word_end, bit_end = terminal_voltage[..., :n], terminal_voltage[..., n:]
    word = nodes[:, :, 0] * word_end[..., None] + np.einsum("nkj,...j->...nk", nodes[:, :, 1:], bit_end)
    bit = np.broadcast_to(bit_end[..., None, :], word.shape)
    current = cells * (bit - word)
    segments = line_current(-current, np.zeros_like(word_end), wires.contacts == "both")
    ends = segments[..., 0] - (segments[..., -1] if wires.contacts == "both" else 0.0)
    none = np.zeros((*word_end.shape[:-1], 0, k))
    terminal = np.concatenate([ends, current.sum(axis=-2)], axis=-1)
    return ArrayState(word, bit, current, segments, none, terminal, wires.wire_resistance)


def grid_gradient(
    cells: FloatArray, wires: Interconnect, of_laplacian: FloatArray, of_capacitance: FloatArray | None
) -> FloatArray:
    """Compute the derivatives of cells as `netlists.arrays.cell_gradient.cell_gradient` does.

    A cell k of a ladder has the voltages `d_k` across it per volt at the terminals, and `dX/dg = -T^-1 e_k d_k` for the
    voltages X of the nodes, on which the reduced capacitance `X^T C X` depends.
    """
    (n, k), (ladders, nodes) = cells.shape, _nodes(cells, wires)
    across = nodes.copy()
    across[:, :, 1:] -= np.eye(k)
    ports = np.hstack([np.arange(n)[:, None], np.tile(np.arange(n, n + k), (n, 1))])
    at = ports[:, :, None], ports[:, None, :]
    found: FloatArray = np.einsum("nkp,npq,nkq->nk", across, of_laplacian[at], across)
    if of_capacitance is not None and wires.line_model == "reduced" and wires.line_capacitance > 0:
        both = (of_capacitance + of_capacitance.T)[at]
        moved = np.linalg.solve(ladders, nodes)  # T is symmetric: X^T T^-1 = (T^-1 X)^T
        found -= wires.line_capacitance * np.einsum("nkp,npq,nkq->nk", across, both, moved)
    return found


def _nodes(cells: FloatArray, wires: Interconnect) -> tuple[FloatArray, FloatArray]:
    """Return T of each ladder, (N, K, K), and the voltages of its nodes per volt at its word line and each bit line.

    Returns:
        T, S; and X, shape (N, K, 1 + K).
    """
    n, k = cells.shape
    check_memory(f"{n} x {k}", "its ladders", 8 * 4 * n * k * (k + 1))
    wire, far = 1 / wires.wire_resistance, wires.contacts == "both"
    if not np.isfinite(2 * wire):
        mend = "too far from the cells' resistance for numbers of double precision; 0 means ideal wires"
        raise ParameterError("wire_resistance", wires.wire_resistance, mend)
    own = np.full(k, 2 * wire)
    own[-1] -= 0.0 if far else wire
    ladders = np.zeros((n, k, k))
    places = np.arange(k)
    ladders[:, places, places] = own + cells
    ladders[:, places[1:], places[:-1]] = ladders[:, places[:-1], places[1:]] = -wire
    driven = np.zeros((n, k, 1 + k))
    driven[:, 0, 0] = wire
    driven[:, -1, 0] += wire if far else 0.0
    driven[:, places, 1 + places] = cells
    return ladders, np.asarray(np.linalg.solve(ladders, driven), dtype=np.float64)
