"""Rows of the loops of GINV: the two ways round, finite gain as a ridge, second poles, poles with uniform sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from amc_circuits.linear.equations import linear_circuit
from benchmarks.family.compensated import slow
from benchmarks.family.ginv import G0, GAIN, NAMES, gaussian, programmed
from benchmarks.family.rows import ENGINES, Row, difference, distance, rest, stated, within
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray

W_T = 2 * np.pi * 100e6
BOUNDS = {"exact": 1e-9, "ngspice": 1e-6}


def push_through() -> Iterator[Row]:
    """`(X^T X + lambda)^-1 X^T = X^T (X X^T + lambda)^-1`: a square X with inputs at its rows, or at its columns."""
    left = programmed(gaussian(5, 5, 7), 1e12, ridge=0.3, feedback_conductance=4 * G0).design
    right = left.replace(
        inputs="columns",
        conductance=left.conductance_transposed,
        conductance_transposed=left.conductance,
        conductance_negative=left.conductance_transposed_negative,
        conductance_transposed_negative=left.conductance_negative,
    )
    inputs = np.linspace(-0.02, 0.03, 5)
    for engine in ENGINES:
        one, other = (rest(design.circuit, inputs, engine) for design in (left, right))
        yield within("GINV", "left ridge = right ridge, A0 = 1e12", engine, difference(other, one), BOUNDS[engine])


def gains() -> Iterator[Row]:
    """The error falls as 1/A0; at A0 = 1e3 the rest is that of a ridge `g_f S_col/A0`, and not least squares."""
    inputs = np.linspace(-0.1, 0.1, 12)
    for topology, name in NAMES.items():
        circuits = [programmed(gaussian(12, 5, 1), gain, topology=topology) for gain in (1e4, GAIN)]
        wanted = _ridge(circuits[0].design, inputs, 0.0)
        for engine in ENGINES:
            errors = [difference(rest(one.circuit, inputs, engine), wanted) for one in circuits]
            seen, holds = f"{errors[0] / errors[1]:.2f}", bool(abs(errors[0] / errors[1] / 10 - 1) < 0.02)
            yield Row(name, "error at A0 = 1e4 over A0 = 1e5", engine, seen, "9.8 to 10.2", holds)
    low = programmed(gaussian(12, 5, 1), 1e3, topology="compensated")
    for engine in ENGINES:
        found = rest(low.circuit, inputs, engine)
        worst = difference(found, _ridge(low.design, inputs, 1e-3))
        yield within("CC-GINV", "rest at A0 = 1e3 is that of a ridge g_f S_col/A0", engine, worst, 1e-3)
        away = difference(found, _ridge(low.design, inputs, 0.0))
        seen, holds = f"{away / worst:.0f} times as far", bool(away >= 10 * worst)
        yield Row("CC-GINV", "and not least squares", engine, seen, ">= 10 times", holds)


def _ridge(design: GinvDesign, inputs: FloatArray, inverse_gain: float) -> FloatArray:
    """Solve `(X^T X + g_f S_col/A0) c = X^T g_in v`."""
    assert design.conductance_negative is not None
    x, columns = design.conductance - design.conductance_negative, _sums(design)[1]
    normal = x.T @ x + design.feedback_conductance * np.diag(columns) * inverse_gain
    return np.asarray(np.linalg.solve(normal, x.T @ (design.input_conductance * inputs)))


def _sums(design: GinvDesign) -> tuple[FloatArray, FloatArray]:
    """Sums at the inverting inputs of the row, and at the non-inverting ones of the column amplifiers, S."""
    rows, columns = design.conductance.sum(axis=1), design.conductance_transposed.sum(axis=1)
    if design.balance_rows_inverting is not None and design.balance_columns_noninverting is not None:
        rows = rows + design.balance_rows_inverting.sum(axis=1)
        columns = columns + design.balance_columns_noninverting.sum(axis=1)
    return rows + design.input_conductance + design.feedback_conductance, columns


def second_poles() -> Iterator[Row]:
    """Stable above `max Im^2/|Re|` of the poles with one-pole op-amps: ngspice grows at 0.8 of it, decays at 1.25."""
    matrix, b = gaussian(8, 4, 5), np.ones(8)
    fields: dict[str, Any] = {"topology": "compensated", "feedback_conductance": G0}
    one_pole = linear_circuit(programmed(matrix, **fields).circuit).poles
    limit = float((one_pole.imag**2 / np.abs(one_pole.real)).max()) / W_T
    for factor, wanted in ((0.8, "grows"), (1.25, "decays")):
        given = {**fields, "opamp": slow(factor * limit, 0.0), "g_min": 1e-9, "force": True}
        for engine in ENGINES:
            solver = type(programmed(matrix, **fields)).program(matrix, engine=engine, **given)
            grows = solver.solve(b).relative_error > 10 if engine == "ngspice" else not solver.stability.stable
            seen = "grows" if grows else "decays"
            yield stated("CC-GINV", f"p2 = {factor:g} max Im^2/|Re| = {factor * limit:.2f} w_T", engine, seen, wanted)


def uniform() -> Iterator[Row]:
    """With the same sums in all rows and all columns, poles are the roots of `s^2 + t s + t L`, s in units of w_T."""
    design = programmed(gaussian(6, 3, 0), 1e12, topology="compensated", feedback_conductance=2 * G0).design
    assert design.conductance_negative is not None
    rows, columns = _sums(design)
    more = {"rows": rows.max() - rows, "columns": columns.max() - columns}
    names = [f"balance_{place}_{end}" for place in more for end in ("inverting", "noninverting")]
    even = design.replace(
        **{name: np.column_stack([getattr(design, name), more[name.split("_")[1]]]) for name in names}
    )
    x, ratio = design.conductance - design.conductance_negative, 2 * G0 / rows.max()
    loops = np.linalg.eigvalsh(x.T @ x) / (columns.max() * 2 * G0)
    wanted = np.array([root for loop in loops for root in np.roots([1, ratio, ratio * loop])] + [-ratio] * 3)
    found = linear_circuit(even.circuit).poles / W_T
    yield within("CC-GINV", "uniform sums: poles = roots of s^2 + t s + t L", "exact", distance(found, wanted), 1e-9)


ROWS = (push_through, gains, second_poles, uniform)
"""Functions that yield the rows."""
