"""Wires of arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from netlists.record import Record


class Interconnect(Record):
    """Wires of an array.

    Attributes:
        wire_resistance: Resistance of each segment between neighbouring cells, and between a terminal and its first
            cell, equal on word and bit lines, ohm. 0 means ideal wires.
        line_capacitance: Capacitance of each line per cell, F.
        form: Form of the wires in a deck: `reduced`, the network between the terminals that is equal to the mesh, or
            `flat`, the mesh itself, with the capacitance at every cell.
        contacts: Contacted ends of the lines. `one`: word lines at column 1, bit lines at row 1; `both`: each line at
            both ends, which are connected.
        line_model: Model of the line capacitance of a reduced array: `reduced` with the mesh, or `lumped` at the
            terminals.
    """

    wire_resistance: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    line_capacitance: Annotated[float, Field(ge=0, le=1e-9)] = 0.0
    form: Literal["reduced", "flat"] = "reduced"
    contacts: Literal["one", "both"] = "one"
    line_model: Literal["reduced", "lumped"] = "reduced"
