"""Recovery circuit: `min 1/2 ||F x - y||^2 + lambda ||x||_1` in one step, by a dead zone behind each output of GINV.

It is the locally competitive algorithm (Rozell et al., Neural Computation 2008, doi 10.1162/neco.2008.03-07-486) on a
GINV circuit with compensating cells; the equations are in docs/recover.md.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from netlists.arrays.array import Array, NonlinearityVoltage
from netlists.arrays.interconnect import Interconnect
from netlists.circuit import Circuit
from netlists.circuits.balance import BalanceCells, balance_arrays, check_balance, ground_lines
from netlists.driving import Source
from netlists.errors import check_type
from netlists.opamps.records import OpAmp
from netlists.parts import GROUND, Conductors, Limiter, OpAmps
from netlists.record import Matrix, ParameterError, Record, Vector
from netlists.temperature import NOMINAL_TEMPERATURE, Kelvin


class RecoverDesign(Record):
    """Recovery circuit with two arrays, or two pairs of arrays, that hold the matrix F and its transpose.

    Attributes:
        conductance: Conductances of the positive array of F, shape (N, M), siemens.
        conductance_transposed: Conductances of the positive array of F^T, shape (M, N), siemens.
        conductance_negative: The same of the negative array of F; None if no entry of F is negative.
        conductance_transposed_negative: The same of the negative array of F^T.
        input_conductance: Conductance from each input source to its row, siemens.
        feedback_conductance: Feedback conductance of the row amplifiers, siemens.
        leak_conductance: Conductance of each of the two resistors that draw the part of q within the dead zone from a
            column amplifier, siemens.
        dead_zone: Level of the dead zones, V.
        balance_rows_inverting: Compensating cells from the inverting inputs of the row amplifiers to ground, shape
            (N, K), siemens, 0 for no cell; None without negative arrays.
        balance_rows_noninverting: The same from the non-inverting inputs.
        balance_columns_inverting: The same from the inverting inputs of the column amplifiers, shape (M, K).
        balance_columns_noninverting: The same from the non-inverting inputs.
        opamp: Record of every op-amp of the circuit.
        interconnect: Wires of all arrays.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        row_offset: Offsets of the row op-amps in addition to that of their record, shape (N,), V; None has none.
        column_offset: The same of the column op-amps, shape (M,), V.
        temperature: Temperature of the whole circuit, K.
    """

    conductance: Matrix
    conductance_transposed: Matrix
    conductance_negative: Matrix | None = None
    conductance_transposed_negative: Matrix | None = None
    input_conductance: Annotated[float, Field(gt=0, le=1e3)]
    feedback_conductance: Annotated[float, Field(gt=0, le=1e3)]
    leak_conductance: Annotated[float, Field(gt=0, le=1e3)]
    dead_zone: Annotated[float, Field(gt=0, le=1e3)]
    balance_rows_inverting: BalanceCells = None
    balance_rows_noninverting: BalanceCells = None
    balance_columns_inverting: Matrix
    balance_columns_noninverting: Matrix
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: NonlinearityVoltage = None
    row_offset: Vector | None = None
    column_offset: Vector | None = None
    temperature: Kelvin = NOMINAL_TEMPERATURE

    @model_validator(mode="after")
    def _arrays_fit(self) -> Self:
        shape, turned = self.conductance.shape, self.conductance.shape[::-1]
        for name, wanted in (("conductance_transposed", turned), ("conductance_negative", shape),
                             ("conductance_transposed_negative", turned)):  # fmt: skip
            array = getattr(self, name)
            if array is not None and array.shape != wanted:
                raise ParameterError(name, f"shape {array.shape}", f"must be {wanted}, to fit to {shape}")
        given = [
            getattr(self, name) is not None
            for name in ("conductance_negative", "conductance_transposed_negative", "balance_rows_inverting")
        ]
        if len(set(given)) > 1:
            mend = "give the negative arrays of F and of F^T and the compensating cells of the rows, or none of them"
            raise ParameterError("conductance_negative", "some of three", mend)
        for row, length in zip(("rows", "columns"), shape, strict=True):
            names = f"balance_{row}_inverting", f"balance_{row}_noninverting"
            for name, other in (names, names[::-1]):
                check_balance(name, getattr(self, name), getattr(self, other), length)
        return self

    @property
    def signed(self) -> bool:
        """True for pairs of arrays."""
        return self.conductance_negative is not None

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return recover(self)


def recover(p: RecoverDesign) -> Circuit:
    """Return the recovery circuit of a record.

    Row amplifiers compute the residual, `G_f e + F x + G_in v_in = 0` with `v_in = -k y`. Column amplifiers integrate
    `F^T e + G_l x - G_l q` until it is 0, where `x` is the part of `q` beyond the dead zone. So at rest
    `F^T e = G_l clip(q, theta)`, the optimality condition of the penalty, with `lambda` at `G_f G_l theta`.

    Negative arrays are at the other inputs of the op-amps, `rp` and `tm`.
    """
    check_type("p", p, RecoverDesign)
    n, m = p.conductance.shape
    columns = _balance(p, "columns", ("tm", "t"), "bt")
    rows = _balance(p, "rows", ("r", "rp"), "b") if p.signed else ()
    groups = {"in": n, "r": n, "e": n, "t": m, "tm": m, "q": m, "x": m, "bt": columns[0].conductance.shape[1]}
    if rows:
        groups |= {"rp": n, "b": rows[0].conductance.shape[1]}
    parts = (
        Conductors("in", "in", "r", p.input_conductance, account="inputs"),
        Conductors("f", "e", "r", p.feedback_conductance),
        *_arrays(p),
        *rows,
        *columns,
        Conductors("leakm", "q", "tm", p.leak_conductance),
        Conductors("leakp", "x", "t", p.leak_conductance),
        OpAmps("row", "r", "e", p.opamp, noninverting="rp" if rows else GROUND, offset=p.row_offset,
               label="row amplifier"),
        OpAmps("column", "tm", "q", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
        Limiter("dead", "q", "x", "dead-zone", p.dead_zone),
    )  # fmt: skip
    grounds = (ground_lines(groups[lines], n, lines) for lines in ("b", "bt") if lines in groups)
    title = f"RECOVER {n} x {m} {p.sha256[:12]}"
    return Circuit(title, groups, parts, (Source("in", -1.0), *grounds), "x", temperature=p.temperature)


def _arrays(p: RecoverDesign) -> tuple[Array, ...]:
    """Arrays of F, then of F^T, positive before negative."""
    cells = (
        ("first", "r", "x", p.conductance),
        ("firstn", "rp", "x", p.conductance_negative),
        ("second", "t", "e", p.conductance_transposed),
        ("secondn", "tm", "e", p.conductance_transposed_negative),
    )
    return tuple(
        Array(name, word_lines, bit_lines, held, p.interconnect, p.nonlinearity_voltage)
        for name, word_lines, bit_lines, held in cells
        if held is not None
    )


def _balance(p: RecoverDesign, row: str, inputs: tuple[str, str], lines: str) -> tuple[Array, Array]:
    """Compensating cells of a row of op-amps."""
    cells = getattr(p, f"balance_{row}_inverting"), getattr(p, f"balance_{row}_noninverting")
    return balance_arrays(lines, inputs, cells, p.interconnect, p.nonlinearity_voltage, lines)
