"""GINV circuit, `x = (A^T A)^-1 A^T b` in one step.

Reference: Sun et al., Science Advances 2020, doi 10.1126/sciadv.aay2378.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from netlists.arrays.array import Array, NonlinearityVoltage
from netlists.arrays.interconnect import Interconnect
from netlists.circuit import Circuit
from netlists.driving import Source
from netlists.errors import check_type
from netlists.opamps.records import OpAmp
from netlists.parts import GROUND, Conductors, OpAmps
from netlists.record import Matrix, ParameterError, Record, Vector
from netlists.temperature import NOMINAL_TEMPERATURE, Kelvin


class GinvDesign(Record):
    """GINV circuit with two arrays of positive entries.

    Attributes:
        conductance: Conductances of the first array, A, shape (N, M), siemens.
        conductance_transposed: Conductances of the second array, A^T, shape (M, N), siemens.
        input_conductance: Conductance from each input source to its row node, siemens.
        feedback_conductance: Feedback conductance of the row amplifiers, siemens. At infinite gain the result does not
            depend on it.
        opamp: Record of every op-amp of the circuit.
        interconnect: Wires of both arrays.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        row_offset: Offsets of the row op-amps in addition to that of their record, shape (N,), V; None has none.
        column_offset: Offsets of the column op-amps in addition to that of their record, shape (M,), V; None has none.
        temperature: Temperature of the whole circuit, K.
    """

    conductance: Matrix
    conductance_transposed: Matrix
    input_conductance: Annotated[float, Field(gt=0, le=1e3)]
    feedback_conductance: Annotated[float, Field(gt=0, le=1e3)]
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: NonlinearityVoltage = None
    row_offset: Vector | None = None
    column_offset: Vector | None = None
    temperature: Kelvin = NOMINAL_TEMPERATURE

    @model_validator(mode="after")
    def _arrays_fit(self) -> Self:
        rows, columns = self.conductance.shape
        if self.conductance_transposed.shape != (columns, rows):
            mend = f"must be the transpose of {self.conductance.shape}"
            raise ParameterError("conductance_transposed", f"shape {self.conductance_transposed.shape}", mend)
        return self

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return ginv(self)


def ginv(p: GinvDesign) -> Circuit:
    """Return the GINV circuit of a record.

    Row amplifiers hold `r` at ground and compute the error `e = -(A x - b)`, in units of input and feedback. The second
    array adds up `A^T e` at `t`, the non-inverting inputs of the op-amps whose outputs `x` drive the first array. At
    rest `A^T e = 0`, which is the normal equation.
    """
    check_type("p", p, GinvDesign)
    n, m = p.conductance.shape
    wires, bend = p.interconnect, p.nonlinearity_voltage
    parts = (
        Conductors("in", "in", "r", p.input_conductance, account="inputs"),
        Conductors("f", "e", "r", p.feedback_conductance),
        Array("first", "r", "x", p.conductance, wires, bend),
        Array("second", "t", "e", p.conductance_transposed, wires, bend),
        OpAmps("row", "r", "e", p.opamp, offset=p.row_offset, label="row amplifier"),
        OpAmps("column", GROUND, "x", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
    )
    groups, title = {"in": n, "r": n, "e": n, "t": m, "x": m}, f"GINV {n} x {m} {p.sha256[:12]}"
    return Circuit(title, groups, parts, (Source("in", -1.0),), "x", temperature=p.temperature)
