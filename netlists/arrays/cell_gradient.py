"""Adjoint of the reduction of an array: derivatives with respect to its cells from those of its reduced network.

A cell of conductance g joins two nodes of the mesh. With x the voltage across it for a volt at each terminal,
Kirchhoff's laws give `dL/dg = x x^T` for the reduced Laplacian L (Tellegen's theorem: S. W. Director, R. A. Rohrer,
IEEE Trans. Circuit Theory 16, 318, 1969). For a function with the derivatives M with respect to L, that of every cell
is `x^T M x`. Its matrices are taken backwards through the dissection, so N x N cells take O(N^3), as the reduction
does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netlists.arrays.interconnect import Interconnect
from netlists.arrays.reduction import Block, dissect, end_turns, terminal_order
from netlists.record import FloatArray


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
    # Of a symmetric network the symmetric part of the derivatives is enough.
    symmetric = (of_laplacian + of_laplacian.T) / 2
    at_terminals = np.tile(symmetric, (2, 2)) if far else symmetric
    order = terminal_order(n, m, far)
    ports = at_terminals[None, order[:, None], order]
    for lines, turn in zip((m, n), end_turns(n, m)[::-1], strict=True):
        stay = ports.shape[-1] - lines * far
        ports = _turned(ports[:, :stay, :stay], *_removed(ports, next(steps), slice(stay)), turn)
    return np.asarray(_inside(Block(n, m), ports, steps)[0])


def _removed(ports: FloatArray, step: FloatArray, kept: slice) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of removed ports with some kept ones, and with each other."""
    across = step @ ports
    return across[:, :, kept], across @ step.mT


def _turned(kept: FloatArray, across: FloatArray, removed: FloatArray, turn: int) -> FloatArray:
    """Join kept ports and removed ones behind them to one symmetric matrix, and rotate its ports."""
    stay = kept.shape[-1]
    found = np.empty((len(kept), *[stay + removed.shape[-1]] * 2))
    found[:, :stay, :stay], found[:, stay:, stay:] = kept, removed
    found[:, stay:, :stay], found[:, :stay, stay:] = across, across.mT
    return np.roll(found, (turn, turn), axis=(1, 2))


def _inside(block: Block, ports: FloatArray, steps: Iterator[FloatArray]) -> FloatArray:
    """Compute the derivatives of a stack of blocks from those at its ports, (stack, ports, ports), as in `mesh.py`.

    Returns:
        Shape (stack, height, width).
    """
    if block == (1, 1):
        _, bottom, right, _ = range(4)
        return np.asarray(ports[:, right, right] + ports[:, bottom, bottom] - 2 * ports[:, right, bottom])[
            :, None, None
        ]
    first, second = block.halves
    turn, other_turn = block.turns
    stay = 2 * (first.height + first.width) - block.shared
    across, removed = _removed(ports, next(steps), slice(None))
    # The removed ports end the first half, and begin the second one in reverse: here they end it, and turn further.
    last = _turned(ports[:, stay:, stay:], across[:, ::-1, stay:], removed[:, ::-1, ::-1], other_turn + block.shared)
    ports = _turned(ports[:, :stay, :stay], across[:, :, :stay], removed, turn)
    if first == second:
        halves = np.split(_inside(first, np.concatenate([ports, last]), steps), 2, axis=0)
    else:
        halves = [_inside(second, last, steps), _inside(first, ports, steps)][::-1]
    return np.concatenate(halves, axis=1 + block.axis)
