"""The closed-loop INV circuit, `x = A^-1 b` in one step (Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116)."""

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
from netlists.parts import Conductors, OpAmps, Part
from netlists.record import FloatArray, ParameterError, Vector
from netlists.sources import Drive


class InvDesign(ArrayDesign):
    """A closed-loop INV circuit, `G_in v_in + (G+ - G-) c = 0` at ideal sum nodes.

    Reference: Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116.

    Attributes:
        input_conductance: From each input source to its sum node, siemens.
        inverter_resistance: The two equal resistors of each analog inverter, ohm; unused without a negative array.
        inverter_offset: As `amplifier_offset`, of the inverters' op-amps; unused without a negative array.
    """

    input_conductance: Annotated[float, Field(gt=0, le=1e3)]
    inverter_resistance: Annotated[float, Field(gt=0, le=1e12)] = 10e3
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
        """N, the number of equations."""
        return int(self.conductance_positive.shape[0])

    @property
    def row_conductance(self) -> FloatArray:
        """S_i, all that meets in sum node i: input and cells, shape (N,), siemens."""
        total = np.full(self.size, self.input_conductance)
        for array in self.arrays:
            total = total + array.sum(axis=1)
        return total

    @cached_property
    def circuit(self) -> Circuit:
        """The circuit that the record describes; kept, with what it has worked out."""
        return inv(self)


INVERTERS = ("inva", "invb")
"""Names of the resistors of the inverters."""


def inv(p: InvDesign) -> Circuit:
    """The INV circuit of a record.

    Sum node `v_i` is the inverting input of op-amp i, whose output `c_i` drives bit line i of the positive array; an
    analog inverter makes `d_i = -c_i` for the negative array; input `in_i` reaches the sum node through
    `input_conductance`; `w_i` are the sum nodes of the inverters.
    """
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
    """The INV circuit of a record, as a PySpice circuit that can still be added to.

    Args:
        design: What the circuit is.
        drive: Its input sources; None leaves `in1..inN` open for sources of your own.
    """
    return spice_circuit(design.circuit, drive)
