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

from netlists.arrays.blocks import Block
from netlists.arrays.grid import grid_gradient
from netlists.arrays.interconnect import Interconnect
from netlists.arrays.reduction import dissect, end_turns, terminal_order
from netlists.record import FloatArray


def cell_gradient(
    cells: FloatArray,
    interconnect: Interconnect,
    of_laplacian: FloatArray,
    of_capacitance: FloatArray | None = None,
) -> FloatArray:
    """Compute derivatives with respect to all cells from those with respect to the reduced network.

    Args:
        cells: Conductances of the cells, shape (N, M), S.
        interconnect: Wires of the array.
        of_laplacian: Derivative with respect to every entry of the Laplacian, word lines first, shape (N + M, N + M).
        of_capacitance: The same for the capacitance, which depends on the cells if it is reduced with the mesh; None
            for none.

    Returns:
        Shape (N, M), in units of the derivative.

    Raises:
        ParameterError: If no finite network is equal to the mesh.
    """
    n = len(cells)
    if interconnect.wire_resistance == 0:
        own = np.diag(of_laplacian)
        across = of_laplacian[:n, n:] + of_laplacian[n:, :n].T
        return np.asarray(own[:n, None] + own[None, n:] - across)
    if interconnect.grid:
        return grid_gradient(cells, interconnect, of_laplacian, of_capacitance)
    return _in_mesh(cells, interconnect, of_laplacian, of_capacitance)


def _in_mesh(
    cells: FloatArray, interconnect: Interconnect, of_laplacian: FloatArray, of_capacitance: FloatArray | None
) -> FloatArray:
    """Compute the derivatives of cells with wires, as `cell_gradient` does."""
    (n, m), far = cells.shape, interconnect.contacts == "both"
    given = [of_laplacian]
    if of_capacitance is not None and interconnect.line_model == "reduced" and interconnect.line_capacitance > 0:
        given.append(of_capacitance)
    weights: list[FloatArray] = []
    capacitance = interconnect.line_capacitance if len(given) > 1 else 0.0
    dissect(cells, interconnect.wire_resistance, capacitance, far, weights)
    steps = reversed(weights)
    # Of a symmetric network the symmetric part of the derivatives is enough.
    both = np.stack([(one + one.T) / 2 for one in given])
    at_terminals = np.tile(both, (1, 2, 2)) if far else both
    order = terminal_order(n, m, far)
    ports = at_terminals[:, None, order[:, None], order]
    for lines, turn in zip((m, n), end_turns(n, m)[::-1], strict=True):
        stay = ports.shape[-1] - lines * far
        across, removed = _removed(ports, steps)
        ports = _turned(ports[..., :stay, :stay], across[..., :stay], removed, turn)
    return np.asarray(_inside(Block(n, m), ports, steps)[0])


def _removed(ports: FloatArray, steps: Iterator[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of the ports that a step removed: with the kept ones, and with each other.

    With `v_E = X v_K` and `X = -L_EE^-1 L_EK`, the reduced capacitance `[I X^T] C [I; X]` changes by `2 (C_EK + C_EE
    X)^T dX`, and `dX = -L_EE^-1 (dL_EK + dL_EE X)`: so derivatives of capacitances give some of the Laplacian, too.
    """
    moved = -next(steps) @ ports[1] if len(ports) > 1 else None
    step = next(steps)
    across = step @ ports
    removed = across @ step.mT
    if moved is not None:
        across[0] += moved
        more = moved @ step.mT
        removed[0] += more + more.mT
    return across, removed


def _turned(kept: FloatArray, across: FloatArray, removed: FloatArray, turn: int) -> FloatArray:
    """Join kept ports and removed ones behind them to one symmetric matrix, and rotate its ports."""
    stay = kept.shape[-1]
    found = np.empty((*kept.shape[:-2], *[stay + removed.shape[-1]] * 2))
    found[..., :stay, :stay], found[..., stay:, stay:] = kept, removed
    found[..., stay:, :stay], found[..., :stay, stay:] = across, across.mT
    return np.roll(found, (turn, turn), axis=(-2, -1))


def _inside(block: Block, ports: FloatArray, steps: Iterator[FloatArray]) -> FloatArray:
    """Compute the derivatives of a stack of blocks from those at its ports, as in `mesh.py`.

    Args:
        block: Their shape.
        ports: Derivatives with respect to Laplacians and, if any, capacitances, shape (1 or 2, stack, ports, ports).
        steps: Weights of the dissection, the last one first.

    Returns:
        Shape (stack, height, width).
    """
    if block == (1, 1):
        _, bottom, right, _ = range(4)
        of = ports[0]
        return np.asarray(of[:, right, right] + of[:, bottom, bottom] - 2 * of[:, right, bottom])[:, None, None]
    first, second = block.halves
    turn, other_turn = block.turns
    stay = 2 * (first.height + first.width) - block.shared
    across, removed = _removed(ports, steps)
    # The removed ports end the first half, and begin the second one in reverse: here they end it, and turn further.
    others = across[..., ::-1, stay:], removed[..., ::-1, ::-1], other_turn + block.shared
    last = _turned(ports[..., stay:, stay:], *others)
    ports = _turned(ports[..., :stay, :stay], across[..., :stay], removed, turn)
    if first == second:
        halves = np.split(_inside(first, np.concatenate([ports, last], axis=1), steps), 2, axis=0)
    else:
        halves = [_inside(second, last, steps), _inside(first, ports, steps)][::-1]
    return np.concatenate(halves, axis=1 + block.axis)
