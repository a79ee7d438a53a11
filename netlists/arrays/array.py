"""Crossbar as a part: its cells, its wires, and the two groups of nodes that it connects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from netlists.arrays.grid import grid_state, reduce_grid
from netlists.arrays.interconnect import Interconnect
from netlists.arrays.mesh import ArrayState, array_state
from netlists.arrays.reduction import ReducedArray, dissect, lumped, peak_bytes, reduce_array, tied
from netlists.errors import ParameterError, check_type, real_array, real_number
from netlists.memory import check_memory
from netlists.record import FloatArray, Positive, about
from netlists.short_text import short_repr

NonlinearityVoltage = Annotated[Positive | None, about("V0 of cells with the current G V0 sinh(V/V0)", "V")]
"""None for linear cells."""
TOGETHER = 1024
"""Most cells of an array that is reduced in a stack with others; larger ones take their time for arithmetic alone."""
IDEAL = Interconnect()
"""Wires without resistance and capacitance."""


@dataclass(frozen=True, eq=False)
class Array:
    """Crossbar of cells between word lines (its rows) and bit lines (its columns).

    Attributes:
        name: Prefix of the names of its elements.
        word_lines: Group of N nodes.
        bit_lines: Group of M nodes.
        conductance: Conductances of the cells, shape (N, M), siemens; 0 where there is no cell.
        interconnect: Wires of the array.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        account: Account of its energy.
    """

    name: str
    word_lines: str
    bit_lines: str
    conductance: FloatArray
    interconnect: Interconnect = IDEAL
    nonlinearity_voltage: float | None = None
    account: str = "array"

    __repr__ = short_repr

    def __post_init__(self) -> None:
        object.__setattr__(self, "conductance", real_array("conductance", self.conductance))
        check_type("interconnect", self.interconnect, Interconnect)
        if self.conductance.ndim != 2 or not (np.isfinite(self.conductance).all() and (self.conductance >= 0).all()):
            mend = "every cell needs a finite conductance, 0 siemens for none, or above"
            raise ParameterError("conductance", f"cells of array {self.name}", mend)
        wires = self.interconnect
        if self.nonlinearity_voltage is not None:
            real_number("nonlinearity_voltage", self.nonlinearity_voltage)
        if self.nonlinearity_voltage is not None and wires.wire_resistance > 0 and wires.form == "reduced":
            mend = "only a network of linear cells can be reduced; with a nonlinearity_voltage take flat"
            raise ParameterError("interconnect", "reduced", mend)

    @property
    def flat(self) -> bool:
        """True if the deck holds the mesh itself."""
        return self.interconnect.wire_resistance > 0 and self.interconnect.form == "flat"

    @cached_property
    def reduced(self) -> ReducedArray:
        """Network of cells and wires between the terminals, word lines first; computed at first use."""
        return network_of(self.conductance, self.interconnect)


def network_of(cells: FloatArray, wires: Interconnect) -> ReducedArray:
    """Reduce cells (N, M), siemens, and their wires to the network between the terminals.

    Raises:
        ParameterError: If the mesh needs more memory than there is, or no finite network is equal to it.
    """
    if wires.grid and wires.wire_resistance > 0:
        return reduce_grid(cells, wires)
    return reduce_array(cells, wires.wire_resistance, wires.line_capacitance, wires.contacts, wires.line_model)


def networks_of(cells: FloatArray, wires: Interconnect) -> ReducedArray:
    """Reduce many arrays (P, N, M), siemens, with wires that have a resistance, as `network_of`.

    Each network is computed on its own, so it does not depend, bit for bit, on the others.

    Returns:
        Matrices of shape (P, T, T); the capacitances (T, T) if they are equal.

    Raises:
        ParameterError: If the meshes need more memory than there is, or no finite network is equal to one.
    """
    if wires.grid:
        each = [reduce_grid(one, wires) for one in cells]
        return ReducedArray(
            *(np.stack([getattr(one, name) for one in each]) for name in ("conductance", "capacitance"))
        )
    count, n, m = cells.shape
    inner = wires.line_capacitance if wires.line_model == "reduced" else 0.0
    check_memory(f"{count} x {n} x {m}", "their meshes", count * peak_bytes(n, m, inner > 0))
    far = wires.contacts == "both"
    conductance, *charge = dissect(cells, wires.wire_resistance, inner, far, None)
    whole = lumped(n, m, wires.line_capacitance, "separate" if far else "one")
    found = ReducedArray(conductance, charge[0] if charge else whole)
    return tied(found) if far else found


def networks_together(cells: Sequence[FloatArray], wires: Interconnect) -> list[ReducedArray]:
    """Reduce arrays of one shape, siemens, as `network_of` each, bit for bit: small ones in one stack.

    Raises:
        ParameterError: As `network_of`, of any of them.
    """
    small = len(cells) > 1 and cells[0].size <= TOGETHER
    if wires.grid or wires.wire_resistance == 0 or not small:
        return [network_of(one, wires) for one in cells]
    found = networks_of(np.stack(cells), wires)
    charges = np.broadcast_to(found.capacitance, found.conductance.shape)
    return [ReducedArray(one.copy(), charge.copy()) for one, charge in zip(found.conductance, charges, strict=True)]


def reduce_together(arrays: Iterable[Array]) -> None:
    """Compute `reduced` of small arrays with wires, those of one shape with equal wires from one stack.

    Arrays of a stack that cannot be reduced are left: one of them spoils it, and each says by itself what is wrong.
    """
    groups: dict[tuple[object, ...], list[Array]] = {}
    for array in arrays:
        wires = array.interconnect
        if wires.wire_resistance > 0 and array.conductance.size <= TOGETHER and "reduced" not in vars(array):
            groups.setdefault((array.conductance.shape, *wires), []).append(array)
    for several in (group for group in groups.values() if len(group) > 1):
        try:
            networks = networks_together([array.conductance for array in several], several[0].interconnect)
        except ParameterError:
            continue
        for array, network in zip(several, networks, strict=True):
            vars(array)["reduced"] = network


def state_of(cells: FloatArray, wires: Interconnect, terminal_voltage: FloatArray) -> ArrayState:
    """Compute voltages and currents in cells (N, M), siemens, and wires from the voltages of the terminals.

    Raises:
        ParameterError: If the mesh needs more memory than there is, or has no finite solution.
    """
    if wires.grid and wires.wire_resistance > 0:
        return grid_state(cells, wires, terminal_voltage)
    return array_state(cells, wires.wire_resistance, terminal_voltage, wires.contacts)
