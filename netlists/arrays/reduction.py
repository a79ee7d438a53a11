"""Exact reduction of the mesh of cells and wires of an array to its terminals.

Removing nodes from a network of conductances gives another one, equal to it at all other nodes (G. Kron, Tensor
Analysis of Networks, 1939). The order sets the cost; here it is nested dissection (A. George, SIAM J. Numer. Anal. 10,
345, 1973): blocks of cells are networks between the ports on their perimeter; two neighbours are joined and the ports
that they share removed. All blocks of one shape are one stack, and N x N cells take O(N^3). Only conductances between
different nodes are kept and diagonals are sums of them, so nothing cancels: each is accurate, however small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netlists.arrays.blocks import Block
from netlists.errors import real_array, real_number
from netlists.memory import check_memory
from netlists.record import FloatArray, ParameterError
from netlists.short_text import short_repr

Contacts = Literal["one", "both", "separate"]


@dataclass(frozen=True)
class ReducedArray:
    """Network between the terminals of an array, equivalent to its mesh.

    Terminals are the N word lines, then the M bit lines: T = N + M. If both ends of a line are separate terminals, far
    ends follow in the same order: T = 2 (N + M). Networks of P arrays have matrices (P, T, T).

    Attributes:
        conductance: Conductance between every two terminals, shape (T, T), symmetric, never negative, 0 on the
            diagonal, siemens.
        capacitance: Charge at a terminal per volt at another (all capacitors go to ground), shape (T, T), F.
    """

    conductance: FloatArray
    capacitance: FloatArray

    __repr__ = short_repr

    @cached_property
    def laplacian(self) -> FloatArray:
        """Currents into the terminals per volt at each, shape (T, T), siemens."""
        own = self.conductance.sum(axis=-1)[..., None]
        return np.asarray(np.eye(own.shape[-2]) * own - self.conductance)


def reduce_array(
    cells: FloatArray,
    wire_resistance: float,
    line_capacitance: float = 0.0,
    contacts: Contacts = "one",
    line_model: Literal["reduced", "lumped"] = "reduced",
) -> ReducedArray:
    """Reduce an array with wires to the network between its terminals.

    Args:
        cells: Conductances of the cells, siemens; row i is word line i, column j bit line j, shape (N, M).
        wire_resistance: Resistance of each segment between neighbouring cells, and between a terminal and its first
            cell, ohm. 0 means ideal wires, which leaves only cells.
        line_capacitance: Capacitance of each line per cell, to ground, F.
        contacts: `one`: word lines at column 1, bit lines at row 1. `both`: a further segment leads from the last cell
            of each line to its far end, which is tied to the near one. `separate`: the far ends are terminals.
        line_model: `reduced` with the mesh: `X^T C X`, X the voltages of its nodes per terminal volt (R. J. Guyan, AIAA
            J. 3, 380, 1965); or `lumped`, a line's capacitance on its terminals. With ideal wires both are the same.

    Raises:
        ParameterError: If the mesh needs more memory than there is, or no finite network is equal to it.
    """
    cells, wire_resistance = matrix_of_cells(cells), real_number("wire_resistance", wire_resistance)
    n, m = cells.shape
    if contacts == "both" and wire_resistance > 0:
        return tied(reduce_array(cells, wire_resistance, line_capacitance, "separate", line_model))
    if wire_resistance == 0:
        check_ideal(contacts)
        check_memory(f"{n} x {m}", "its network", 8 * 4 * (n + m) ** 2)
        conductance = np.zeros((n + m, n + m))
        conductance[:n, n:], conductance[n:, :n] = cells, cells.T
        return ReducedArray(conductance, lumped(n, m, line_capacitance, contacts))
    inner = line_capacitance if line_model == "reduced" else 0.0
    check_memory(f"{n} x {m}", "its mesh", peak_bytes(n, m, inner > 0))
    conductance, *reduced = dissect(cells, wire_resistance, inner, contacts == "separate", None)
    return ReducedArray(conductance, reduced[0] if reduced else lumped(n, m, line_capacitance, contacts))


def matrix_of_cells(cells: FloatArray) -> FloatArray:
    """Convert conductances of cells to an array, shape (N, M), S.

    Raises:
        ParameterError: If they are no matrix of real numbers.
    """
    found = real_array("cells", cells)
    if found.ndim != 2:
        raise ParameterError("cells", f"shape {found.shape}", "must be a matrix of conductances")
    return found


def check_ideal(contacts: Contacts) -> None:
    """Raise `ParameterError` if ideal wires would make two terminals one node."""
    if contacts == "separate":
        raise ParameterError("wire_resistance", 0, "both ends of an ideal line are one node: contact one or both, tied")


def lumped(n: int, m: int, line_capacitance: float, contacts: Contacts) -> FloatArray:
    """Capacitance of each whole line on its terminal, or half of it on either of two."""
    line = line_capacitance * np.repeat([float(m), float(n)], [n, m])
    return np.diag(np.tile(line / 2, 2) if contacts == "separate" else line)


def tied(separate: ReducedArray) -> ReducedArray:
    """Join near and far end of each line to one node: parallel conductances add up, and so do charges."""
    t = separate.conductance.shape[-1] // 2
    conductance, capacitance = (
        (between[..., :t, :t] + between[..., t:, t:]) + (between[..., :t, t:] + between[..., t:, :t])
        for between in (separate.conductance, separate.capacitance)
    )
    conductance[..., range(t), range(t)] = 0
    return ReducedArray(conductance, capacitance)


def dissect(
    cells: FloatArray, wire_resistance: float, line_capacitance: float, far: bool, weights: list[FloatArray] | None
) -> FloatArray:
    """Compute conductances between the terminals and, with line capacitance, capacitances, shape (1 or 2, [P,] T, T).

    Args:
        cells: Conductances, shape (N, M), or (P, N, M) of many arrays, siemens.
        wire_resistance: Resistance of a segment, greater than 0, ohm.
        line_capacitance: Capacitance of each inner node to ground, F.
        far: True if a segment leads from the last cell of each line to a further terminal.
        weights: List that receives, from each step, the voltages of the E removed nodes per volt at the K kept ones,
            shape (stack, E, K), then with line capacitance `L^-1 (C_EK + C_EE X)`, s, same shape; None for none.

    Raises:
        ParameterError: If no finite network is equal to the mesh.
    """
    (*several, n, m), siemens = cells.shape, 1 / wire_resistance
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            network = _blocks(cells.reshape(-1, n, m), siemens, line_capacitance, weights)
            for lines, turn in zip((n, m), end_turns(n, m), strict=True):
                ends = np.zeros((*network.shape[:2], *[lines * (1 + far)] * 2))
                if far:
                    ends[0, :, :lines, lines:] = ends[0, :, lines:, :lines] = siemens * np.eye(lines)
                network = _join(_turned(network, turn), ends, lines, weights)
    except np.linalg.LinAlgError:
        network = np.full((1, 1, 1, 1), np.nan)
    if not (np.isfinite(network).all() and (network >= 0).all()):
        mend = "too far from the cells' resistance for numbers of double precision; 0 means ideal wires"
        raise ParameterError("wire_resistance", wire_resistance, mend)
    order = np.argsort(terminal_order(n, m, far))
    found = np.ascontiguousarray(network[..., order[:, None], order])  # sums add in the same order in any company
    return found.reshape(len(network), *several, len(order), len(order))


def end_turns(n: int, m: int) -> tuple[int, int]:
    """First ports of a whole array such that its right side, and then its bottom, comes last."""
    return Block(n, m).top, 2 * m + n


def terminal_order(n: int, m: int, far: bool) -> NDArray[np.int_]:
    """Terminals of the remaining ports: far right ones, top, left, far bottom ones."""
    rows, columns = np.split(np.arange(n + m), [n])
    inner = np.concatenate([columns[::-1], rows])
    return np.concatenate([rows + n + m, inner, columns[::-1] + n + m]) if far else inner


def _turned(networks: FloatArray, first: int) -> FloatArray:
    """Rotate networks so that another port is first."""
    first %= networks.shape[-1]
    found, rest = np.empty_like(networks), networks.shape[-1] - first  # quicker than `np.roll`
    for to, rows in ((slice(rest), slice(first, None)), (slice(rest, None), slice(first))):
        found[..., to, :rest] = networks[..., rows, first:]
        found[..., to, rest:] = networks[..., rows, :first]
    return found


def _blocks(cells: FloatArray, siemens: float, line_capacitance: float, weights: list[FloatArray] | None) -> FloatArray:
    """Reduce equally large blocks of cells, shape (stack, height, width), to networks between their ports.

    Returns:
        Shape (1 or 2, stack, ports, ports): conductances, siemens, and with line capacitance, capacitances, F.
    """
    block = Block(*cells.shape[1:])
    if block == (1, 1):
        single = np.zeros((1 + (line_capacitance > 0), len(cells), 4, 4))
        left, bottom, right, top = range(4)
        single[0, :, [left, right, bottom, top], [right, left, top, bottom]] = siemens
        single[0, :, [right, bottom], [bottom, right]] = cells[:, 0, 0]
        single[1:, :, [right, bottom], [right, bottom]] = line_capacitance
        return single
    cut = block.halves[0][block.axis]
    halves = (cells[:, :, :cut], cells[:, :, cut:]) if block.axis else (cells[:, :cut], cells[:, cut:])
    if halves[0].shape == halves[1].shape:
        both = _blocks(np.concatenate(halves), siemens, line_capacitance, weights)
        networks = [both[:, : len(cells)], both[:, len(cells) :]]
    else:
        networks = [_blocks(half, siemens, line_capacitance, weights) for half in halves]
    first, second = (_turned(half, turn) for half, turn in zip(networks, block.turns, strict=True))
    return _join(first, second, block.shared, weights)


def _join(first: FloatArray, second: FloatArray, shared: int, weights: list[FloatArray] | None) -> FloatArray:
    """Join the last ports of one network to the first of another, the last to the first, and remove them.

    Kirchhoff's current law at the removed nodes E is `L v_E = W v_K`: W between them and the kept nodes K, L the
    Laplacian of E with all that leads to K on its diagonal. So `v_E = X v_K` with `X = L^-1 W`, and `W^T L^-1 W` adds
    to the conductances between kept nodes; charges `C v` become `[I X^T] C [I; X] v_K`. L is positive definite without
    positive entries off its diagonal: its Cholesky factor has none there either, the factor's inverse has no negative
    ones, and all that is added up is positive.
    """
    stay, seam = first.shape[-1] - shared, second[..., shared - 1 :: -1, :]
    across = np.concatenate([first[..., stay:, :stay], seam[..., shared:]], axis=-1)
    inner = first[..., stay:, stay:] + seam[..., :shared][..., ::-1]
    laplacian = -inner[0]
    np.einsum("sii->si", laplacian)[:] = across[0].sum(axis=-1) + inner[0].sum(axis=-1)
    factor = np.linalg.inv(np.linalg.cholesky(laplacian))
    half = factor @ across[0]
    joined = np.empty((*across.shape[:2], across.shape[-1], across.shape[-1]))
    np.matmul(half.mT, half, out=joined[0])
    if weights is not None or len(joined) > 1:
        x = factor.mT @ half
        if weights is not None:
            weights.append(x)
        for charge, c_across, c_inner in zip(joined[1:], across[1:], inner[1:], strict=True):
            np.matmul((c_across + c_inner @ x / 2).mT, x, out=charge)
            charge += charge.mT.copy()
            if weights is not None:
                weights.append(factor.mT @ (factor @ (c_across + c_inner @ x)))
    joined[..., :stay, :stay] += first[..., :stay, :stay]
    joined[..., stay:, stay:] += second[..., shared:, shared:]
    np.einsum("sii->si", joined[0])[:] = 0
    return joined


def peak_bytes(n: int, m: int, capacitance: bool, states: int = 0) -> int:
    """Estimate the peak memory of the reduction of N x M cells, bytes; with states, including their voltages.

    N M / (h w) blocks of h x w cells hold `(2 h + 2 w)^2` conductances each. If no side is longer than twice the other,
    these are at most 18 N M, so 4.5 (N + M)^2, in a stack; the few long blocks of a long array hold no more. A join
    holds its halves, the same rotated, its result, and matrices between removed and kept nodes: less than six stacks,
    and with capacitance as many again. The weights of all joins, kept for voltages, take less than 2 (N + M)^2 for each
    halving of a side, the voltages themselves up to 24 numbers a cell and state.
    """
    numbers = 6 * 4.5 * (1 + capacitance) + 2 * max(n, m).bit_length() * (states > 0)
    return int(8 * (numbers * (n + m) ** 2 + 24 * n * m * states))
