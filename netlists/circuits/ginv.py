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
from netlists.circuits.balance import BalanceCells, balance_arrays, check_balance, ground_lines
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
        balance_rows_inverting: Compensating cells from the inverting inputs of the row amplifiers to ground, shape
            (N, K), siemens, 0 for no cell. With them, the negative array of X is at the non-inverting inputs.
        balance_rows_noninverting: The same from the non-inverting inputs.
        balance_columns_inverting: The same from the inverting inputs of the column amplifiers, shape (M, K). With them,
            the negative array of X^T and the ridge are at the inverting inputs.
        balance_columns_noninverting: The same from the non-inverting inputs.
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
    balance_rows_inverting: BalanceCells = None
    balance_rows_noninverting: BalanceCells = None
    balance_columns_inverting: BalanceCells = None
    balance_columns_noninverting: BalanceCells = None
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

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        for row, length in zip(("rows", "columns"), self.conductance.shape, strict=True):
            names = f"balance_{row}_inverting", f"balance_{row}_noninverting"
            for name, other in (names, names[::-1]):
                check_balance(name, getattr(self, name), getattr(self, other), length)
        if self.balance_columns_inverting is not None:
            wanted = self.signed
            if wanted != (self.balance_rows_inverting is not None):
                name, mend = "balance_rows_inverting", "goes with negative arrays and compensated columns"
                raise ParameterError(name, "given" if not wanted else None, mend)
        elif self.balance_rows_inverting is not None:
            raise ParameterError("balance_columns_inverting", None, "goes with compensated rows")
        return self

    @property
    def signed(self) -> bool:
        """True for pairs of arrays."""
        return self.conductance_negative is not None

    @property
    def compensated(self) -> bool:
        """True if op-amps use both inputs, with compensating cells, instead of inverters."""
        return self.balance_columns_inverting is not None

    @property
    def inverts(self) -> bool:
        """True if there are inverters."""
        return not self.compensated and (self.signed or self.ridge_conductance is not None)

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return ginv(self)

    def _arrays(self, negative_rows: str, driven: tuple[str, str], negative_columns: str) -> tuple[Array, ...]:
        """Arrays of X, then of X^T: word lines of the negative ones, and their bit lines."""
        cells = (
            ("first", "r", "x", self.conductance),
            ("firstn", negative_rows, driven[0], self.conductance_negative),
            ("second", "t", "e", self.conductance_transposed),
            ("secondn", negative_columns, driven[1], self.conductance_transposed_negative),
        )
        return tuple(
            Array(name, word_lines, bit_lines, held, self.interconnect, self.nonlinearity_voltage)
            for name, word_lines, bit_lines, held in cells
            if held is not None
        )

    def _balance(self, row: str, inputs: tuple[str, str], lines: str) -> tuple[Array, ...]:
        minus, plus = (getattr(self, f"balance_{row}_{end}") for end in ("inverting", "noninverting"))
        if minus is None or plus is None:
            return ()
        return balance_arrays(lines, inputs, (minus, plus), self.interconnect, self.nonlinearity_voltage, lines)

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
    `e = -X x / G_f` is the answer of least norm. The ridge draws `G_r x` from `t`, so that `X^T X + G_r G_f` stands in
    the normal equation.

    Negative arrays are driven by inverters, `en = -e` and `xn = -x`, or, with compensating cells, they are at the other
    inputs of the op-amps, `rp` and `tm`.
    """
    check_type("p", p, GinvDesign)
    n, m = p.conductance.shape
    at, count = ("r", n) if p.inputs == "rows" else ("t", m)
    groups = {"in": count, "r": n, "e": n, "t": m, "x": m}
    conductors = (
        Conductors("in", "in", at, p.input_conductance, account="inputs"),
        Conductors("f", "e", "r", p.feedback_conductance),
    )
    further, parts, sources = (_compensated if p.compensated else _paired)(p, count)
    title, answer = f"GINV {n} x {m} {p.sha256[:12]}", "x" if p.inputs == "rows" else "e"
    every = (Source("in", -1.0), *sources)
    return Circuit(title, groups | further, (*conductors, *parts), every, answer, temperature=p.temperature)


Rest = tuple[dict[str, int], tuple[Part, ...], tuple[Source, ...]]
"""Further groups, parts and sources of a topology."""


def _paired(p: GinvDesign, inputs: int) -> Rest:
    """Negative arrays and ridge are driven by inverters."""
    n, m = p.conductance.shape
    groups: dict[str, int] = {}
    parts: list[Part] = [
        *p._arrays("r", ("xn", "en"), "t"),
        OpAmps("row", "r", "e", p.opamp, offset=p.row_offset, label="row amplifier"),
        OpAmps("column", GROUND, "x", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
    ]
    if p.ridge_conductance is not None:
        parts.append(Conductors("ridge", "xn", "t", p.ridge_conductance))
    if p.signed:
        groups |= {"ei": n, "en": n}
        parts += p._inverters("e", p.row_inverter_offset, "row inverter")
    if p.inverts:
        groups |= {"xi": m, "xn": m}
        parts += p._inverters("x", p.column_inverter_offset, "column inverter")
    return groups, tuple(parts), ()


def _compensated(p: GinvDesign, inputs: int) -> Rest:
    """Negative arrays are at the other inputs: `rp` of the row amplifiers, `tm` of the column amplifiers."""
    n, m = p.conductance.shape
    rows, columns = p._balance("rows", ("r", "rp"), "b"), p._balance("columns", ("tm", "t"), "bt")
    groups = {"tm": m, "bt": columns[0].conductance.shape[1]}
    if rows:
        groups |= {"rp": n, "b": rows[0].conductance.shape[1]}
    plus = "rp" if rows else GROUND
    parts: tuple[Part, ...] = (
        *p._arrays("rp", ("x", "e"), "tm"),
        *rows,
        *columns,
        OpAmps("row", "r", "e", p.opamp, noninverting=plus, offset=p.row_offset, label="row amplifier"),
        OpAmps("column", "tm", "x", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
    )
    if p.ridge_conductance is not None:
        parts = (*parts, Conductors("ridge", "x", "tm", p.ridge_conductance))
    return groups, parts, tuple(ground_lines(groups[lines], inputs, lines) for lines in ("b", "bt") if lines in groups)
