"""Recovery circuit: `min 1/2 ||F x - y||^2 + lambda ||x||_1` in one step, by a dead zone behind each output of GINV.

It is the locally competitive algorithm (Rozell et al., Neural Computation 2008, doi 10.1162/neco.2008.03-07-486) on a
GINV circuit with compensating cells; the equations are in docs/recover.md.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from netlists.circuit import Circuit
from netlists.circuits.balance import ground_lines
from netlists.circuits.inv import InputConductance
from netlists.circuits.two_copies import TwoCopiesDesign
from netlists.driving import Source
from netlists.errors import check_type
from netlists.opamps.records import MacroOpAmp
from netlists.parts import GROUND, ClippingOpAmps, Conductors, Limiter, OpAmps, Part
from netlists.record import ParameterError, Vector


def _absent(value: object) -> bool:
    """Return True for what a record with ideal dead zones leaves out, so that its hash stays."""
    return value is None


class RecoverDesign(TwoCopiesDesign):
    """Recovery circuit with two arrays, or two pairs of arrays, that hold the matrix F and its transpose.

    Attributes:
        leak_conductance: Conductance of each of the two resistors that draw the part of q within the dead zone from a
            column amplifier, siemens.
        dead_zone: Level of the dead zones, V.
        difference_resistance: Resistance of each of the four resistors of a difference amplifier, ohm, if the dead
            zones are made of op-amps; None for ideal dead zones.
        clip_offset: Offsets of the op-amps that clip, in addition to that of their record, shape (M,), V.
        difference_offset: The same of the difference amplifiers.
    """

    leak_conductance: InputConductance
    dead_zone: Annotated[float, Field(gt=0, le=1e3)]
    difference_resistance: Annotated[float | None, Field(gt=0, le=1e12, exclude_if=_absent)] = None
    clip_offset: Annotated[Vector | None, Field(exclude_if=_absent)] = None
    difference_offset: Annotated[Vector | None, Field(exclude_if=_absent)] = None

    @model_validator(mode="after")
    def _compensates(self) -> Self:
        if not self.compensated:
            raise ParameterError("balance_columns_inverting", None, "recovery needs compensated columns")
        if self.difference_resistance is not None and not isinstance(self.opamp, MacroOpAmp):
            raise ParameterError("opamp", self.opamp.model, "dead zones of op-amps need a swing: take a macro model")
        return self

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
    rows, columns = p.balance()
    groups = {"in": n, "r": n, "e": n, "t": m, "tm": m, "q": m, "x": m, "bt": columns[0].conductance.shape[1]}
    if p.difference_resistance is not None:
        groups |= {"z": m, "w": m, "u": m}
    if rows:
        groups |= {"rp": n, "b": rows[0].conductance.shape[1]}
    parts: tuple[Part, ...] = (
        Conductors("in", "in", "r", p.input_conductance, account="inputs"),
        Conductors("f", "e", "r", p.feedback_conductance),
        *p.arrays("rp", ("x", "e"), "tm"),
        *rows,
        *columns,
        Conductors("leakm", "q", "tm", p.leak_conductance),
        Conductors("leakp", "x", "t", p.leak_conductance),
        OpAmps("row", "r", "e", p.opamp, noninverting="rp" if rows else GROUND, offset=p.row_offset,
               label="row amplifier"),
        OpAmps("column", "tm", "q", p.opamp, noninverting="t", offset=p.column_offset, label="column amplifier"),
        *dead_zones(p),
    )  # fmt: skip
    grounds = (ground_lines(groups[lines], n, lines) for lines in ("b", "bt") if lines in groups)
    title = f"RECOVER {n} x {m} {p.sha256[:12]}"
    return Circuit(title, groups, parts, (Source("in", -1.0), *grounds), "x", temperature=p.temperature)


def dead_zones(p: RecoverDesign) -> tuple[Part, ...]:
    """Return the dead zones between q and x: ideal ones, or two op-amps each.

    A follower whose swing is the level clips q to z, and a difference amplifier with four equal resistors makes
    `x = q - z`.
    """
    if p.difference_resistance is None:
        return (Limiter("dead", "q", "x", "dead-zone", p.dead_zone),)
    assert isinstance(p.opamp, MacroOpAmp)
    siemens, follower = 1 / p.difference_resistance, p.opamp.replace(output_swing=p.dead_zone)
    return (
        ClippingOpAmps("clip", "z", "z", follower, noninverting="q", offset=p.clip_offset, label="clipping amplifier"),
        Conductors("minus", "z", "w", siemens),
        Conductors("back", "x", "w", siemens),
        Conductors("plus", "q", "u", siemens),
        Conductors("ground", "u", GROUND, siemens),
        OpAmps("difference", "w", "x", p.opamp, noninverting="u", offset=p.difference_offset,
               label="difference amplifier"),
    )  # fmt: skip
