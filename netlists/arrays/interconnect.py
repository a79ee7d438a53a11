"""Wires of arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from netlists.record import Record, about

WireResistance = Annotated[float, about("Resistance of each wire segment between cells", "ohm", ge=0, le=1e6)]
LineCapacitance = Annotated[float, about("Capacitance of each line per cell", "F", ge=0, le=1e-9)]
Form = Annotated[
    Literal["reduced", "flat"],
    about("Wires in the deck, reduced to the array's terminals or as the flat mesh"),
]
Contacts = Annotated[Literal["one", "both"], about("Contacted ends of each line")]
LineModel = Annotated[
    Literal["reduced", "lumped"],
    about("Line capacitance of a reduced array, reduced with the mesh or lumped at the terminals"),
]


class Interconnect(Record):
    """Wires of an array.

    Segments are between neighbouring cells, and between a terminal and its first cell, equal on word and bit lines.
    With contacts at one end, word lines are contacted at column 1 and bit lines at row 1; with both, the two ends of a
    line are connected. The network that is reduced to the terminals is equal to the mesh; the flat mesh has the
    capacitance at every cell.

    Attributes:
        wire_resistance: Resistance of each segment, ohm.
        line_capacitance: Capacitance of each line per cell, F.
        form: Network of the terminals, or the flat mesh.
        contacts: Contacted ends of each line.
        line_model: Line capacitance of the network of the terminals.
        grid: True if every cell has its own contact to its bit line, as to a grid of ground: only the word lines then
            have segments.
    """

    wire_resistance: WireResistance = 0.0
    line_capacitance: LineCapacitance = 0.0
    form: Form = "reduced"
    contacts: Contacts = "one"
    line_model: LineModel = "reduced"
    grid: bool = Field(False, exclude_if=lambda value: not value)
