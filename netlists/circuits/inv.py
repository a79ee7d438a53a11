"""Closed-loop INV circuit, `x = A^-1 b` in one step (Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116)."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator
from PySpice.Spice.Netlist import Circuit as SpiceCircuit

from netlists.circuit import Circuit
from netlists.circuits.array_design import ArrayDesign
from netlists.circuits.balance import ground_lines
from netlists.deck import spice_circuit
from netlists.driving import Source
from netlists.errors import check_type
from netlists.parts import Conductors, OpAmps, Part
from netlists.record import FloatArray, ParameterError, Vector, about
from netlists.sources import Drive

InputConductance = Annotated[float, Field(gt=0, le=1e3)]
InverterResistance = Annotated[
    float, about("Resistance of the two equal resistors of each inverter", "ohm", gt=0, le=1e12)
]
INVERTER_RESISTANCE = 10e3
"""Resistance of the inverters' resistors unless another one is given, ohm."""


class InvDesign(ArrayDesign):
    """Closed-loop INV circuit, `G_in v_in + (G+ - G-) c = 0` at ideal sum nodes.

    Reference: Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116.

    Attributes:
        input_conductance: Conductance from each input source to its sum node, siemens.
        inverter_resistance: Resistance of the two equal resistors of each analog inverter, ohm; unused without
            inverters.
        inverter_offset: Offsets of the inverters' op-amps, like `amplifier_offset`; unused without inverters.
        diagonal_conductance: Conductance of a resistor from each output to its own sum node, beside the cells, shape
            (N,), siemens; None has no such resistors.
    """

    input_conductance: InputConductance
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    inverter_offset: Vector | None = None
    diagonal_conductance: Annotated[Vector | None, Field(exclude_if=lambda value: value is None)] = None

    @model_validator(mode="after")
    def _square(self) -> Self:
        rows, columns = self.conductance_positive.shape
        if rows != columns:
            raise ParameterError("conductance_positive", f"shape ({rows}, {columns})", "INV needs a square array")
        self._check_length("inverter_offset", self.inverter_offset, columns)
        self._check_length("diagonal_conductance", self.diagonal_conductance, columns)
        if (held := self.diagonal_conductance) is not None and held.min() <= 0:
            raise ParameterError("diagonal_conductance", f"{held.min():g}", "every resistor must be above 0 S")
        return self

    @property
    def size(self) -> int:
        """Number of equations, N."""
        return int(self.conductance_positive.shape[0])

    @property
    def row_conductance(self) -> FloatArray:
        """Sum S_i of all conductances at sum node i, the inverting input: input and cells, shape (N,), siemens."""
        total = np.full(self.size, self.input_conductance)
        if self.diagonal_conductance is not None:
            total = total + self.diagonal_conductance
        for array in (self.conductance_positive, self.balance[0]) if self.compensated else self.arrays:
            total = total + array.sum(axis=1)
        return total

    @property
    def inverts(self) -> bool:
        """True if inverters drive the negative array."""
        return self.signed and not self.compensated

    @property
    def diagonal(self) -> tuple[Conductors, ...]:
        """Resistors from the outputs to their own sum nodes, those that there are."""
        held = self.diagonal_conductance
        return () if held is None else (Conductors("diag", "c", "v", held),)

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return inv(self)


INVERTERS = ("inva", "invb")
"""Names of the resistors of the inverters."""


def inv(p: InvDesign) -> Circuit:
    """Return the INV circuit of a record.

    Sum node `v_i` is the inverting input of op-amp i. Its output `c_i` drives bit line i of the positive array. An
    analog inverter drives the negative array with `d_i = -c_i`; `w_i` is its sum node. Input `in_i` is connected to the
    sum node through `input_conductance`. With compensating cells there are no inverters, see `_compensated`.
    """
    check_type("p", p, InvDesign)
    if p.compensated:
        return _compensated(p)
    n = p.size
    groups = {"in": n, "v": n, "c": n}
    parts: list[Part] = [
        Conductors("in", "in", "v", p.input_conductance, account="inputs"),
        p._array("p", "v", "c", p.conductance_positive),
        *p.diagonal,
    ]
    amplifiers = OpAmps("amp", "v", "c", p.opamp, offset=p.amplifier_offset, label="amplifier")
    if p.conductance_negative is None:
        parts.append(amplifiers)
    else:
        groups |= {"d": n, "w": n}
        parts += [
            p._array("n", "v", "d", p.conductance_negative),
            amplifiers,
            *(
                Conductors(name, group, "w", 1 / p.inverter_resistance)
                for name, group in zip(INVERTERS, "cd", strict=True)
            ),
            OpAmps("inv", "w", "d", p.opamp, offset=p.inverter_offset, label="inverter"),
        ]
    title = f"INV {n} x {n} {p.sha256[:12]}"
    return Circuit(title, groups, tuple(parts), (Source("in"),), "c", temperature=p.temperature)


def _compensated(p: InvDesign) -> Circuit:
    """Return the circuit with both arrays at the inputs of the same op-amps, driven by the same outputs `c`.

    The positive array and the inputs are at the inverting inputs `v`, so that their feedback is negative, the negative
    array is at the non-inverting inputs `p`. Compensating cells to ground, `b`, make the sums at both inputs equal:
    `dc_i/dt = -(w_T/S_i) ((G+ - G-) c + G_in v_in)_i - (w_T/A0) c_i`.
    """
    n, columns = p.size, p.balance[0].shape[1]
    inputs = Conductors("in", "in", "v", p.input_conductance, account="inputs")
    parts = (inputs, *p._compensated("c"), *p.diagonal)
    groups, title = {"in": n, "v": n, "p": n, "c": n, "b": columns}, f"INV {n} x {n} {p.sha256[:12]}"
    return Circuit(title, groups, parts, (Source("in"), ground_lines(columns, n)), "c", temperature=p.temperature)


def inv_circuit(design: InvDesign, drive: Drive | None = None) -> SpiceCircuit:
    """Return the INV circuit of a record as a PySpice circuit that accepts further elements.

    Args:
        design: Record of the circuit.
        drive: Drive of its input sources; None leaves `in1..inN` open for your own sources.
    """
    check_type("design", design, InvDesign)
    return spice_circuit(design.circuit, drive)
