"""Refinement of the answers of a programmed circuit to a wanted number of bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.measurement import relative_error
from amc_circuits.results.status import Status
from amc_circuits.solvers.precision.cost import cycle_cost, digital_energy
from amc_circuits.solvers.precision.inverse import CircuitInverse, ProgrammedInverse, Transients
from amc_circuits.solvers.precision.loop import Trace, refine_columns
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.problem import Problem
from amc_circuits.solvers.precision.products import DigitalProduct, ExactProduct
from amc_circuits.solvers.precision.refined import Refined
from amc_circuits.solvers.precision.statuses import CONVERGED, STALLED
from amc_circuits.values.checks import Numbers, right_hand_sides
from netlists.record import FloatArray
from netlists.short_text import short_repr

Places = NDArray[np.intp]
"""Places of columns."""
ROUNDING = 1.01
"""Factor between the residual of the loop and the one computed again from x that rounding may explain."""


def refine(
    circuit: ProgrammedInverse,
    problem: Problem,
    vectors: Numbers,
    parameters: Refinement,
    product: ExactProduct | None = None,
    measured: bool = True,
) -> Refined:
    """Solve for right-hand sides, (n,) or (n, K), to the wanted bits.

    Args:
        circuit: Programmed circuit, an approximate inverse of `problem.held`.
        problem: System of equations.
        vectors: Right-hand sides, real or complex.
        parameters: Parameters of the loop.
        product: Exact product; None for digital arithmetic.
        measured: False leaves out transients of static cycles, and with them time and energy.

    Raises:
        ParameterError: The shape does not match, or an entry is not finite.
        SimulationError: The simulator failed.
    """
    given, single = right_hand_sides("b", vectors, len(problem.matrix))
    columns, product = problem.columns(given), product or DigitalProduct(problem)
    units = _units(columns, given.shape[1])
    columns = columns / units
    driven = np.flatnonzero(columns.any(axis=0))
    found = _Outcome(circuit, problem, parameters, product, (given, single), columns, units)
    if not circuit.stability.stable:
        return found.record(_without(columns, Status.UNSTABLE), None, 0)
    inverse = CircuitInverse(circuit, parameters)
    trace = refine_columns(columns[:, driven], inverse, product, problem.weights, parameters)
    simulated = driven.size and (measured or parameters.cycles_by == "engine")
    return found.record(_filled(trace, driven, columns), inverse.transients() if simulated else None, inverse.count)


def _units(columns: FloatArray, count: int) -> FloatArray:
    """Return the power of two near the largest entry of each of `count` right-hand sides, for all of its columns, (C,).

    In these units no square of a residual is lost or too large.
    """
    largest = np.abs(columns).max(axis=0).reshape(count, -1).max(axis=1)
    units = np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
    return np.repeat(units, columns.shape[1] // count)


def _without(columns: FloatArray, status: Status) -> Trace:
    """Return the trace of columns without a cycle."""
    nothing, count = np.full(columns.shape, np.nan), columns.shape[1]
    return Trace(nothing, np.full((1, count), np.nan), (status,) * count)


def _filled(trace: Trace, driven: Places, columns: FloatArray) -> Trace:
    """Return the trace of all columns; x of those that are zero is 0."""
    value, statuses = np.zeros(columns.shape), [CONVERGED] * columns.shape[1]
    residuals = np.full((len(trace.residuals), columns.shape[1]), np.nan)
    value[:, driven], residuals[:, driven] = trace.value, trace.residuals
    for place, status in zip(driven, trace.statuses, strict=True):
        statuses[place] = status
    return Trace(value, residuals, tuple(statuses))


@dataclass(frozen=True)
class _Outcome:
    """What a result is assembled from, besides the loop.

    Attributes:
        circuit: Programmed circuit.
        problem: System of equations.
        parameters: Parameters of the loop.
        product: Exact product.
        vectors: Right-hand sides of the user, (n, K), and True for a single one.
        columns: Right-hand sides of the loop in units of each, (N, C).
        units: These units, (C,).
    """

    circuit: ProgrammedInverse
    problem: Problem
    parameters: Refinement
    product: ExactProduct
    vectors: tuple[Numbers, bool]
    columns: FloatArray
    units: FloatArray

    __repr__ = short_repr

    @cached_property
    def groups(self) -> Places:
        """Places of the columns of each right-hand side, shape (K, 1), or (K, 2) for complex ones of a real matrix."""
        return np.arange(self.columns.shape[1]).reshape(self.vectors[0].shape[1], -1)

    def record(self, trace: Trace, transients: Transients | None, count: int) -> Refined:
        """Assemble the result; `count` is the number of cycles of all columns."""
        (given, single), problem, parameters = self.vectors, self.problem, self.parameters
        values = problem.values(trace.value * self.units, given.shape[1])
        residual = self._residual(trace.value)
        statuses = tuple(max(trace.statuses[k] for k in group) for group in self.groups)
        statuses, message = self._judged(statuses, residual, transients)
        cycles = np.isfinite(trace.residuals[1:]).sum(axis=0)[self.groups].sum(axis=1)
        cost = None
        if transients is not None:
            of_product = self.product.cost(2 ** (parameters.adc_bits - 1) - 1)
            cost = cycle_cost(transients, problem.size, of_product, parameters)
        return Refined(
            value=values[:, 0] if single else values,
            statuses=statuses,
            message=message,
            notes=(*self.product.notes, *_notes(transients, count, parameters)),
            cycles=cycles.astype(np.float64),
            residual=residual,
            relative_error=relative_error(values, problem.reference(given)),
            history=_largest(trace.residuals[:, self.groups]),
            stability=self.circuit.stability,
            transients=transients,
            cost=cost,
            digital_energy=digital_energy(problem, given.shape[1]),
            parameters=parameters,
        )

    def _residual(self, found: FloatArray) -> FloatArray:
        """Residuals of the right-hand sides, computed from the solutions of the loop, in the user's units."""
        weights = self.problem.weights[:, None]
        left, whole = weights * (self.columns - self.problem.product(found)), weights * self.columns
        left, whole = (np.linalg.norm(one[:, self.groups], axis=(0, 2)) for one in (left, whole))
        return np.asarray(np.divide(left, whole, out=0.0 * left, where=whole > 0))

    def _judged(
        self, statuses: tuple[Status, ...], residual: FloatArray, transients: Transients | None
    ) -> tuple[tuple[Status, ...], str]:
        """Check the statuses by the residuals and the transients; return them with a sentence on the worst one."""
        if Status.UNSTABLE in statuses:
            return statuses, self.circuit.stability.cause
        wrong = ~(residual <= ROUNDING * 2.0**-self.parameters.bits)
        again = tuple(
            STALLED if status is CONVERGED and bad else status for status, bad in zip(statuses, wrong, strict=True)
        )
        worst = max(again)
        if transients is not None and self.parameters.cycles_by == "static" and not all(
            status.usable for status in transients.statuses
        ):  # fmt: skip
            real = max(transients.statuses)
            return tuple(max(status, real) for status in again), f"a transient of a cycle: {transients.message}"
        if again != statuses and worst is STALLED:
            return again, f"the product of the loop is not exact enough for these bits: {self.product.mend}"
        return again, worst.advice


def _largest(residuals: FloatArray) -> FloatArray:
    """Return the largest residual of the columns of each right-hand side; nan where all have ended."""
    known = np.where(np.isnan(residuals), -np.inf, residuals).max(axis=-1)
    return np.where(np.isinf(known), np.nan, known)


def _notes(transients: Transients | None, count: int, parameters: Refinement) -> tuple[str, ...]:
    """Return sentences on the measured cycles."""
    if transients is None:
        return ()
    unusable = sorted({status.name for status in transients.statuses if not status.usable})
    seen, engines = len(transients.statuses), " and ".join(transients.engines)
    found = []
    if parameters.cycles_by == "static" and seen < count:
        of = f"{seen} transients by {engines}, of {count} cycles"
        found.append(f"time and energy are those of {of}; values are at rest")
    elif engines:
        found.append(f"transients by {engines}")
    if parameters.cycles_by == "engine" and unusable:
        found.append(f"the loop made up for transients that are {', '.join(unusable)}")
    return tuple(found)
