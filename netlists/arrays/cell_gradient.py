"""Adjoint of the reduction of an array: derivatives with respect to its cells from those of its reduced network.

A cell of conductance g joins two nodes of the mesh. With x the voltage across it for a volt at each terminal,
Kirchhoff's laws give `dL/dg = x x^T` for the reduced Laplacian L (Tellegen's theorem: S. W. Director, R. A. Rohrer,
IEEE Trans. Circuit Theory 16, 318, 1969). For a function with the derivatives M with respect to L, that of every cell
is `x^T M x`. Its matrices are taken backwards through the dissection, so N x N cells take O(N^3), as the reduction
does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from netlists.arrays.interconnect import Interconnect
from netlists.arrays.reduction import Block, dissect, end_turns, terminal_order
from netlists.record import FloatArray

Ports = Callable[[FloatArray], FloatArray]
"""Linear map along axis 1: from values at ports, (stack, ports, ...), to those at other ports."""


def cell_gradient(cells: FloatArray, interconnect: Interconnect, of_laplacian: FloatArray) -> FloatArray:
    """Compute derivatives with respect to all cells from those with respect to the reduced Laplacian.

    Args:
        cells: Conductances of the cells, shape (N, M), S.
        interconnect: Wires of the array.
        of_laplacian: Derivative with respect to every entry of the Laplacian, word lines first, shape (N + M, N + M).

    Returns:
        Shape (N, M), in units of the derivative.

    Raises:
        ParameterError: If no finite network is equal to the mesh.
    """
    n, m = cells.shape
    if interconnect.wire_resistance == 0:
        own = np.diag(of_laplacian)
        across = of_laplacian[:n, n:] + of_laplacian[n:, :n].T
        return np.asarray(own[:n, None] + own[None, n:] - across)
    far = interconnect.contacts == "both"
    weights: list[FloatArray] = []
    dissect(cells, interconnect.wire_resistance, 0.0, far, weights)
    steps = reversed(weights)
    at_terminals = np.tile(of_laplacian, (2, 2)) if far else of_laplacian
    order = terminal_order(n, m, far)
    ports = at_terminals[None, order[:, None], order]
    for lines, turn in zip((m, n), end_turns(n, m)[::-1], strict=True):
        ports = _both(ports, _ends(next(steps), lines * far, turn))
    return np.asarray(_inside(Block(n, m), ports, steps)[0])


def _both(matrix: FloatArray, change: Ports) -> FloatArray:
    """Apply a map to both sides of matrices, (stack, ports, ports)."""
    return np.asarray(change(change(matrix).swapaxes(1, 2)).swapaxes(1, 2))


def _ends(step: FloatArray, far: int, turn: int) -> Ports:
    """Return the map from terminals to the ports of a whole array at one of its ends."""

    def change(ports: FloatArray) -> FloatArray:
        kept = ports[:, : ports.shape[1] - far]
        return np.asarray(np.roll(np.concatenate([kept, step @ ports], axis=1), turn, axis=1))

    return change


def _halves(block: Block, step: FloatArray) -> tuple[Ports, Ports]:
    """Return the maps from the ports of a block to those of its halves."""
    first, _ = block.halves
    turn, other_turn = block.turns
    stay = 2 * (first.height + first.width) - block.shared

    def to_first(ports: FloatArray) -> FloatArray:
        return np.roll(np.concatenate([ports[:, :stay], step @ ports], axis=1), turn, axis=1)

    def to_second(ports: FloatArray) -> FloatArray:
        return np.roll(np.concatenate([(step @ ports)[:, ::-1], ports[:, stay:]], axis=1), other_turn, axis=1)

    return to_first, to_second


def _inside(block: Block, ports: FloatArray, steps: Iterator[FloatArray]) -> FloatArray:
    """Compute the derivatives of a stack of blocks from those at its ports, (stack, ports, ports), as in `mesh.py`.

    Returns:
        Shape (stack, height, width).
    """
    if block == (1, 1):
        _, bottom, right, _ = range(4)
        across = ports[:, right, right] + ports[:, bottom, bottom] - ports[:, right, bottom] - ports[:, bottom, right]
        return np.asarray(across[:, None, None])
    first, second = block.halves
    ports, last = (_both(ports, change) for change in _halves(block, next(steps)))
    if first == second:
        halves = np.split(_inside(first, np.concatenate([ports, last]), steps), 2, axis=0)
    else:
        halves = [_inside(second, last, steps), _inside(first, ports, steps)][::-1]
    return np.concatenate(halves, axis=1 + block.axis)
