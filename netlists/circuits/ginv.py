"""GINV circuit: the least-squares or the least-norm solution of `A x = b` in one step.

Reference: Sun et al., Science Advances 2020, doi 10.1126/sciadv.aay2378.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from netlists.arrays.array import Array, NonlinearityVoltage
from netlists.arrays.interconnect import Interconnect
from netlists.circuit import Circuit
from netlists.circuits.inv import INVERTER_RESISTANCE, InverterResistance
from netlists.driving import Source
from netlists.errors import check_type
from netlists.opamps.records import OpAmp
from netlists.parts import GROUND, Conductors, OpAmps, Part
from netlists.record import FloatArray, Matrix, ParameterError, Positive, Record, Vector
from netlists.temperature import NOMINAL_TEMPERATURE, Kelvin

Inputs = Literal["rows", "columns"]


class GinvDesign(Record):
    """GINV circuit with two arrays, or two pairs of arrays, that hold the matrix X and its transpose.

    Attributes:
        conductance: Conductances of the positive array of X, shape (N, M), siemens.
        conductance_transposed: Conductances of the positive array of X^T, shape (M, N), siemens.
        conductance_negative: The same of the negative array of X; None if no entry of X is negative.
        conductance_transposed_negative: The same of the negative array of X^T.
        input_conductance: Conductance from each input source to its sum node, siemens.
        feedback_conductance: Feedback conductance of the row amplifiers, siemens. At infinite gain the result depends
            on it only by the ridge.
        ridge_conductance: Conductance from the inverted outputs to the sum nodes of the column amplifiers, siemens;
            None for no ridge.
        inputs: Sum nodes of the inputs: rows gives the left inverse of X, columns the right inverse of X^T.
        inverter_resistance: Resistance of the two equal resistors of each inverter, ohm; unused without inverters.
        opamp: Record of every op-amp of the circuit.
        interconnect: Wires of all arrays.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        row_offset: Offsets of the row op-amps in addition to that of their record, shape (N,), V; None has none.
        column_offset: The same of the column op-amps, shape (M,), V.
        row_inverter_offset: The same of the inverters of row outputs, shape (N,), V.
        column_inverter_offset: The same of the inverters of column outputs, shape (M,), V.
        temperature: Temperature of the whole circuit, K.
    """

    conductance: Matrix
    conductance_transposed: Matrix
    conductance_negative: Annotated[Matrix | None, Field(exclude_if=lambda value: value is None)] = None
    conductance_transposed_negative: Annotated[Matrix | None, Field(exclude_if=lambda value: value is None)] = None
    input_conductance: Annotated[float, Field(gt=0, le=1e3)]
    feedback_conductance: Annotated[float, Field(gt=0, le=1e3)]
    ridge_conductance: Annotated[Positive | None, Field(le=1e3, exclude_if=lambda value: value is None)] = None
    inputs: Annotated[Inputs, Field(exclude_if=lambda value: value == "rows")] = "rows"
    inverter_resistance: Annotated[InverterResistance, Field(exclude_if=lambda value: value == INVERTER_RESISTANCE)] = (
        INVERTER_RESISTANCE
    )
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: NonlinearityVoltage = None
    row_offset: Vector | None = None
    column_offset: Vector | None = None
    row_inverter_offset: Annotated[Vector | None, Field(exclude_if=lambda value: value is None)] = None
    column_inverter_offset: Annotated[Vector | None, Field(exclude_if=lambda value: value is None)] = None
    temperature: Kelvin = NOMINAL_TEMPERATURE

    @model_validator(mode="after")
    def _arrays_fit(self) -> Self:
        shape, turned = self.conductance.shape, self.conductance.shape[::-1]
        for name, wanted in (("conductance_transposed", turned), ("conductance_negative", shape),
                             ("conductance_transposed_negative", turned)):  # fmt: skip
            array = getattr(self, name)
            if array is not None and array.shape != wanted:
                raise ParameterError(name, f"shape {array.shape}", f"must be {wanted}, to fit to {shape}")
        if (self.conductance_negative is None) != (self.conductance_transposed_negative is None):
            name = "conductance_transposed_negative"
            raise ParameterError(name, "one of two", "give the negative arrays of X and of X^T, or neither")
        return self

    @property
    def signed(self) -> bool:
        """True for pairs of arrays."""
        return self.conductance_negative is not None

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return ginv(self)

    def _array(self, name: str, word_lines: str, bit_lines: str, cells: FloatArray) -> Array:
        return Array(name, word_lines, bit_lines, cells, self.interconnect, self.nonlinearity_voltage)

    def _inverters(self, of: str, offset: FloatArray | None, label: str) -> tuple[Part, ...]:
        """Inverters of the outputs `of`; sum nodes and outputs have an i and an n behind this name."""
        middle, output = f"{of}i", f"{of}n"
        return (
            *(
                Conductors(f"inv{of}{k}", end, middle, 1 / self.inverter_resistance)
                for k, end in zip("ab", (of, output), strict=True)
            ),
            OpAmps(f"inv{of}", middle, output, self.opamp, offset=offset, label=label),
        )


INVERTERS = ("invea", "inveb", "invxa", "invxb")
"""Names of the resistors of the inverters, those that there are."""


def ginv(p: GinvDesign) -> Circuit:
    """Return the GINV circuit of a record.

    Row amplifiers hold `r` at ground: `G_f e + X x + G_in v_in = 0`. The second array adds up `X^T e` at `t`, the
    non-inverting inputs of the op-amps whose outputs `x` drive the first array. With inputs at the rows, at rest
    `X^T e = 0` is the normal equation, and `x` the answer. With inputs at the columns, `X^T e + G_in v_in = 0`, and
    `e = -X x / G_f` is the answer of least norm. Negative arrays are driven by inverters, `en = -e` and `xn = -x`. The
    ridge draws `G_r x` from `t`, so that `X^T X + G_r G_f` stands in the normal equation.
    """
    check_type("p", p, GinvDesign)
    n, m = p.conductance.shape
    at, count = ("r", n) if p.inputs == "rows" else ("t", m)
    groups = {"in": count, "r": n, "e": n, "t": m, "x": m}
    parts: list[Part] = [
        Conductors("in", "in", at, p.input_conductance, account="inputs"),
        Conductors("f", "e", "r", p.feedback_conductance),
        p._array("first", "r", "x", p.conductance),
        p._array("second", "t", "e", p.conductance_transposed),
        OpAmps("row", "r", "e", p.opamp, offset=p.row_offset, label="row amplifier"),
        OpAmps("column", GROUND, "x", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
    ]
    if p.conductance_negative is not None and p.conductance_transposed_negative is not None:
        groups |= {"ei": n, "en": n}
        parts += [
            p._array("firstn", "r", "xn", p.conductance_negative),
            p._array("secondn", "t", "en", p.conductance_transposed_negative),
            *p._inverters("e", p.row_inverter_offset, "row inverter"),
        ]
    if p.ridge_conductance is not None:
        parts.append(Conductors("ridge", "xn", "t", p.ridge_conductance))
    if p.signed or p.ridge_conductance is not None:
        groups |= {"xi": m, "xn": m}
        parts += p._inverters("x", p.column_inverter_offset, "column inverter")
    title, answer = f"GINV {n} x {m} {p.sha256[:12]}", "x" if p.inputs == "rows" else "e"
    return Circuit(title, groups, tuple(parts), (Source("in", -1.0),), answer, temperature=p.temperature)
