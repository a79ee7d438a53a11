"""GINV circuit: the least-squares or the least-norm solution of `A x = b` in one step.

Reference: Sun et al., Science Advances 2020, doi 10.1126/sciadv.aay2378.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from netlists.circuit import Circuit
from netlists.circuits.balance import ground_lines
from netlists.circuits.inv import INVERTER_RESISTANCE, InverterResistance
from netlists.circuits.two_copies import TwoCopiesDesign
from netlists.driving import Source
from netlists.errors import check_type
from netlists.parts import GROUND, Conductors, OpAmps, Part
from netlists.record import FloatArray, Positive, Vector

Inputs = Literal["rows", "columns"]


class GinvDesign(TwoCopiesDesign):
    """GINV circuit with two arrays, or two pairs of arrays, that hold the matrix X and its transpose.

    At infinite gain the result depends on the feedback conductance only by the ridge.

    Attributes:
        ridge_conductance: Conductance from the inverted outputs to the sum nodes of the column amplifiers, or with
            compensating cells from the outputs to the inverting inputs, siemens; None for no ridge.
        inputs: Sum nodes of the inputs: rows gives the left inverse of X, columns the right inverse of X^T.
        inverter_resistance: Resistance of the two equal resistors of each inverter, ohm; unused without inverters.
        row_inverter_offset: Offsets of the inverters of row outputs, shape (N,), V; None has none.
        column_inverter_offset: The same of the inverters of column outputs, shape (M,), V.
    """

    ridge_conductance: Annotated[Positive | None, Field(le=1e3, exclude_if=lambda value: value is None)] = None
    inputs: Annotated[Inputs, Field(exclude_if=lambda value: value == "rows")] = "rows"
    inverter_resistance: Annotated[InverterResistance, Field(exclude_if=lambda value: value == INVERTER_RESISTANCE)] = (
        INVERTER_RESISTANCE
    )
    row_inverter_offset: Annotated[Vector | None, Field(exclude_if=lambda value: value is None)] = None
    column_inverter_offset: Annotated[Vector | None, Field(exclude_if=lambda value: value is None)] = None

    @property
    def inverts(self) -> bool:
        """True if there are inverters."""
        return not self.compensated and (self.signed or self.ridge_conductance is not None)

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return ginv(self)

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
        *p.arrays("r", ("xn", "en"), "t"),
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
    rows, columns = p.balance()
    groups = {"tm": m, "bt": columns[0].conductance.shape[1]}
    if rows:
        groups |= {"rp": n, "b": rows[0].conductance.shape[1]}
    plus = "rp" if rows else GROUND
    parts: tuple[Part, ...] = (
        *p.arrays("rp", ("x", "e"), "tm"),
        *rows,
        *columns,
        OpAmps("row", "r", "e", p.opamp, noninverting=plus, offset=p.row_offset, label="row amplifier"),
        OpAmps("column", "tm", "x", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
    )
    if p.ridge_conductance is not None:
        parts = (*parts, Conductors("ridge", "x", "tm", p.ridge_conductance))
    return groups, parts, tuple(ground_lines(groups[lines], inputs, lines) for lines in ("b", "bt") if lines in groups)
