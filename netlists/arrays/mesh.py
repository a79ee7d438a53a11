"""State inside the mesh of an array: voltages, currents and powers from the voltages at its terminals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from netlists.arrays.blocks import Block
from netlists.arrays.reduction import (
    Contacts,
    check_ideal,
    dissect,
    end_turns,
    matrix_of_cells,
    peak_bytes,
    terminal_order,
)
from netlists.errors import real_array, real_number
from netlists.memory import check_memory
from netlists.record import FloatArray, ParameterError
from netlists.short_text import short_repr


@dataclass(frozen=True)
class ArrayState:
    """Voltages and currents in an array of N x M cells, for each of the states (...) of its terminals.

    Each line has S segments: between its terminal and its first cell, between its cells, and, if it is contacted at
    both ends, between its last cell and its far end. Currents in lines count away from the near terminal.

    Attributes:
        word_voltage: Word line voltage at each cell, shape (..., N, M), V.
        bit_voltage: Bit line voltage at each cell, shape (..., N, M), V.
        cell_current: Current from bit line to word line, shape (..., N, M), A.
        word_current: Current in the segments of the word lines, shape (..., N, S), A.
        bit_current: Current in the segments of the bit lines, shape (..., S, M), A.
        terminal_current: Current into the array, shape (..., T), A.
        wire_resistance: Resistance of a segment, ohm.
    """

    word_voltage: FloatArray
    bit_voltage: FloatArray
    cell_current: FloatArray
    word_current: FloatArray
    bit_current: FloatArray
    terminal_current: FloatArray
    wire_resistance: float

    __repr__ = short_repr

    @property
    def cell_voltage(self) -> FloatArray:
        """Bit line voltage less word line voltage, shape (..., N, M), V."""
        return self.bit_voltage - self.word_voltage

    @property
    def cell_power(self) -> FloatArray:
        """Power dissipated in each cell, shape (..., N, M), W."""
        return self.cell_voltage * self.cell_current

    @property
    def wire_power(self) -> FloatArray:
        """Power dissipated in all segments, shape (...), W."""
        squares = (self.word_current**2).sum(axis=(-2, -1)) + (self.bit_current**2).sum(axis=(-2, -1))
        return np.asarray(self.wire_resistance * squares)


def array_state(
    cells: FloatArray, wire_resistance: float, terminal_voltage: FloatArray, contacts: Contacts = "one"
) -> ArrayState:
    """Compute all voltages and currents in an array from its terminal voltages; no simulation is needed.

    Voltages of nodes are means of terminal voltages. Currents in wires are sums of cell currents: differences of the
    voltages at both ends of a segment would lose their common digits. If a line is contacted at both ends, Ohm's law
    over its whole length gives the share of each end.

    Args:
        cells: Conductances of the cells, siemens; row i is word line i, column j bit line j, shape (N, M).
        wire_resistance: Resistance of each segment, ohm.
        terminal_voltage: Voltage of word lines, then bit lines, and with separate contacts, of their far ends in the
            same order, shape (..., T), V; all states are computed at once.
        contacts: Contacted ends of the lines, as for `reduce_array`.

    Raises:
        ParameterError: If the mesh needs more memory than there is, or has no finite solution.
    """
    cells, wire_resistance = matrix_of_cells(cells), real_number("wire_resistance", wire_resistance)
    terminal_voltage = real_array("terminal_voltage", terminal_voltage)
    n, m = cells.shape
    if terminal_voltage.shape[-1:] != ((n + m) * (1 + (contacts == "separate")),):
        raise ParameterError("terminal_voltage", f"shape {terminal_voltage.shape}", "give one value for each terminal")
    near = terminal_voltage[..., : n + m]
    if wire_resistance == 0:
        check_ideal(contacts)
        word, bit = (np.broadcast_to(v, (*v.shape[:-2], n, m)) for v in (near[..., :n, None], near[..., None, n:]))
    else:
        check_memory(f"{n} x {m}", "its mesh", peak_bytes(n, m, False, states=near.size // (n + m)))
        far = {"one": near[..., :0], "both": near, "separate": terminal_voltage[..., n + m :]}[contacts]
        word, bit = _node_voltages(cells, wire_resistance, np.concatenate([near, far], axis=-1))
    current = cells * (bit - word)
    fall = (near - terminal_voltage[..., n + m :]) / wire_resistance if contacts == "separate" else np.zeros_like(near)
    word_current = line_current(-current, fall[..., :n], contacts != "one")
    bit_current = line_current(current.swapaxes(-2, -1), fall[..., n:], contacts != "one")
    lines = np.concatenate([word_current[..., 0], bit_current[..., 0]], axis=-1)
    ends = -np.concatenate([word_current[..., -1], bit_current[..., -1]], axis=-1)
    terminal = {"one": lines, "both": lines + ends, "separate": np.concatenate([lines, ends], axis=-1)}[contacts]
    return ArrayState(word, bit, current, word_current, bit_current.swapaxes(-2, -1), terminal, wire_resistance)


def line_current(taken: FloatArray, fall: FloatArray, far: bool) -> FloatArray:
    """Compute currents in the segments of lines from the currents into the cells, shape (..., lines, cells), A.

    With K cells and `f` from the far end, segment k carries `I_k = sum(taken beyond it) - f`; the K + 1 of them must
    add up to `fall`, the voltage between near and far end over the resistance of a segment.
    """
    beyond: FloatArray = np.cumsum(taken[..., ::-1], axis=-1)[..., ::-1]
    if not far:
        return beyond
    from_far = (beyond.sum(axis=-1) - fall) / (taken.shape[-1] + 1)
    return np.asarray(np.concatenate([beyond, np.zeros_like(beyond[..., :1])], axis=-1) - from_far[..., None])


def _node_voltages(cells: FloatArray, wire_resistance: float, terminal_voltage: FloatArray) -> FloatArray:
    """Voltages of word and of bit lines at the cells, shape (2, ..., N, M), V, by reversing the dissection."""
    n, m = cells.shape
    states = terminal_voltage.shape[:-1]
    far = terminal_voltage.shape[-1] > n + m
    weights: list[FloatArray] = []
    dissect(cells, wire_resistance, 0.0, far, weights)
    steps = reversed(weights)
    ports = terminal_voltage.reshape(-1, terminal_voltage.shape[-1]).T[None, terminal_order(n, m, far)]
    for lines, turn in zip((m, n), end_turns(n, m)[::-1], strict=True):
        kept = ports[:, : ports.shape[1] - lines * far]
        ports = np.roll(np.concatenate([kept, next(steps) @ ports], axis=1), turn, axis=1)
    nodes = _undone(Block(n, m), ports, steps)
    return np.moveaxis(nodes[:, 0], -1, 1).reshape(2, *states, n, m)


def _undone(block: Block, ports: FloatArray, steps: Iterator[FloatArray]) -> FloatArray:
    """Compute the voltages inside a stack of blocks from those at its ports, (stack, ports, states).

    Returns:
        Voltages of word lines, then of bit lines, shape (2, stack, height, width, states), V.
    """
    if block == (1, 1):
        _, bottom, right, _ = ports.swapaxes(0, 1)
        return np.stack([right, bottom])[:, :, None, None]
    first, second = block.halves
    turn, other_turn = block.turns
    stay = 2 * (first.height + first.width) - block.shared
    removed = next(steps) @ ports
    last = np.roll(np.concatenate([removed[:, ::-1], ports[:, stay:]], axis=1), other_turn, axis=1)
    ports = np.roll(np.concatenate([ports[:, :stay], removed], axis=1), turn, axis=1)
    if first == second:
        halves = np.split(_undone(first, np.concatenate([ports, last]), steps), 2, axis=1)
    else:
        halves = [_undone(second, last, steps), _undone(first, ports, steps)][::-1]
    return np.concatenate(halves, axis=2 + block.axis)
