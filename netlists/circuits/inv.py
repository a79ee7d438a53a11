"""Closed-loop INV circuit, `x = A^-1 b` in one step (Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116)."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator
from PySpice.Spice.Netlist import Circuit as SpiceCircuit

from netlists.circuit import Circuit
from netlists.circuits.array_design import ArrayDesign
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
        inverter_resistance: Resistance of the two equal resistors of each analog inverter, ohm; unused without a
            negative array.
        inverter_offset: Offsets of the inverters' op-amps, like `amplifier_offset`; unused without a negative array.
    """

    input_conductance: InputConductance
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    inverter_offset: Vector | None = None

    @model_validator(mode="after")
    def _square(self) -> Self:
        rows, columns = self.conductance_positive.shape
        if rows != columns:
            raise ParameterError("conductance_positive", f"shape ({rows}, {columns})", "INV needs a square array")
        self._check_length("inverter_offset", self.inverter_offset, columns)
        return self

    @property
    def size(self) -> int:
        """Number of equations, N."""
        return int(self.conductance_positive.shape[0])

    @property
    def row_conductance(self) -> FloatArray:
        """Sum S_i of all conductances at sum node i: input and cells, shape (N,), siemens."""
        total = np.full(self.size, self.input_conductance)
        for array in self.arrays:
            total = total + array.sum(axis=1)
        return total

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
    sum node through `input_conductance`.
    """
    check_type("p", p, InvDesign)
    n = p.size
    groups = {"in": n, "v": n, "c": n}
    parts: list[Part] = [
        Conductors("in", "in", "v", p.input_conductance, account="inputs"),
        p._array("p", "v", "c", p.conductance_positive),
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


def inv_circuit(design: InvDesign, drive: Drive | None = None) -> SpiceCircuit:
    """Return the INV circuit of a record as a PySpice circuit that accepts further elements.

    Args:
        design: Record of the circuit.
        drive: Drive of its input sources; None leaves `in1..inN` open for your own sources.
    """
    check_type("design", design, InvDesign)
    return spice_circuit(design.circuit, drive)
