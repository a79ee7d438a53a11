"""Derivatives of the metrics of one right-hand side of a programmed circuit.

All are those of the linear circuit, of one solve by its exact response. What acts beyond the linear range alone, such
as a current limit, has no derivative there. Swing and slew rate have one by what they set in it (`swing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.gradients.energy import EnergySlot
from amc_circuits.engines.exact.gradients.settling import OneSlot, settling_points
from amc_circuits.engines.exact.slots import slots_of
from amc_circuits.linear.adjoint import Adjoint, Points
from amc_circuits.results.solution import Solution, UnusableSolutionError
from amc_circuits.results.status import Status
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.sensitivities.input_gradients import gradients
from amc_circuits.solvers.sensitivities.input_scale import peak_points
from amc_circuits.solvers.sensitivities.record import METRICS, PartFields, Sensitivity
from amc_circuits.solvers.sensitivities.swing import of_scale, of_slewing
from amc_circuits.solvers.sensitivities.values import values_of
from amc_circuits.solvers.streaming import SLOT, slot_of_time_constant
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError, StepTrain
from netlists.errors import check_name
from netlists.record import FloatArray
from netlists.short_text import short_repr

STEEPEST = 10.0
"""Largest share of an element in a relative error for which a change of 1 % is small; a choice of this package."""


@dataclass(frozen=True)
class Differentiation:
    """A solved right-hand side, with the adjoint of its circuit.

    Attributes:
        circuit: Programmed circuit.
        exact: Its exact circuit.
        question: Right-hand side.
        solution: Its solution by the exact engine.

    Raises:
        ParameterError: If there is not exactly one column, or it is zero.
    """

    circuit: ProgrammedArray
    exact: ExactCircuit
    question: Question
    solution: Solution

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _check_one(self.question)

    def of(self, metric: str) -> Sensitivity:
        """Compute the derivatives of a metric with respect to all parts.

        Raises:
            ParameterError: If there is no such metric, or it is not defined for this circuit.
            UnusableSolutionError: If the circuit is unstable or did not settle.
        """
        self._check_metric(metric)
        found: Sensitivity = getattr(self, f"_{metric}")()
        if found.of_level and self._reduced:
            found = self._with_peak(found)
        return replace(found, notes=(*found.notes, *_short_range(found)))

    def _with_peak(self, found: Sensitivity) -> Sensitivity:
        """Add the inputs' share: they are made smaller as the peak grows."""
        # The inputs are in proportion to the swing over the peak.
        share, parts = self._peak
        moved = {
            name: {field: -found.of_level * one for field, one in fields.items()} for name, fields in parts.items()
        }
        both = _sum(moved, of_scale(self.circuit.circuit, found.of_level))
        return replace(found, derivatives=_sum(found.derivatives, both), of_level=share * found.of_level)

    def value(self, metric: str) -> float:
        """Compute a metric without derivatives.

        Raises:
            ParameterError: If there is no such metric, or it is not defined for this circuit.
            UnusableSolutionError: If the circuit is unstable or did not settle.
        """
        self._check_metric(metric)
        if metric == "growth_rate":
            return self.exact.linear.growth_rate
        self._check_settled()
        if metric == "relative_error":
            wrong, wanted, _ = self._wrong(
                self.exact.linear.steady(self.exact.linear.outputs, self.levels[:, None])[:, 0]
            )
            return float(np.linalg.norm(wrong) / np.linalg.norm(wanted))
        return float(self.solution.settling_time) if metric == "settling_time" else self._total()

    @cached_property
    def adjoint(self) -> Adjoint:
        """Adjoint of the circuit."""
        return Adjoint(self.circuit.circuit, self.exact.linear)

    @cached_property
    def levels(self) -> FloatArray:
        """Input voltages, shape (inputs,), V."""
        return (
            self.circuit.driven_levels(self.question.columns)[:, 0] * self.solution.attempts[0][-1].scale / self._unit
        )

    @property
    def _unit(self) -> float:
        return float(self.circuit.input_levels(self.question.columns)[1][0])

    @cached_property
    def slot(self) -> OneSlot:
        """Slot of the last reading."""
        return self._slot(self.levels)

    def _slot(self, levels: FloatArray) -> OneSlot:
        slot_time, rise = self.solution.attempts[0][-1].slot_time, self.circuit.settings.rise_time
        drive = StepTrain(levels=levels[:, None], slot_time=slot_time, return_time=0.0, rise_time=rise, fall_time=rise)
        return OneSlot(self.adjoint, slots_of(self.exact, drive, True))

    @property
    def _reduced(self) -> bool:
        """True if the inputs were made smaller, for an output would pass 0.8 of its swing."""
        return self.solution.attempts[0][-1].scale < self._unit

    @cached_property
    def _peak(self) -> tuple[float, PartFields]:
        """Part at rest of the peak at full scale, and derivatives of the logarithm of the peak by part and field."""
        levels = self.circuit.driven_levels(self.question.columns)[:, 0]
        peak, at_rest, points = peak_points(self._slot(levels), levels)
        return at_rest / peak, gradients(self.adjoint, points.times(1 / peak))

    def _record(self, metric: str, value: float, points: Points, **other: float) -> Sensitivity:
        return Sensitivity(
            metric, value, gradients(self.adjoint, points), values_of(self.circuit.circuit), notes=self._notes, **other
        )

    @property
    def beyond(self) -> str:
        """Status and reason if the linear circuit is not all that acts; empty if it is."""
        if self.circuit.growing or self.solution.status is Status.SETTLED:
            return ""
        # What follows says which engine knows the limits, which is no mend here.
        return f"{self.solution.status.name}: {self.solution.message.partition(';')[0]}"

    @property
    def _notes(self) -> tuple[str, ...]:
        return (f"{self.beyond}; the derivatives are those of the linear circuit",) if self.beyond else ()

    def _growth_rate(self) -> Sensitivity:
        return self._record("growth_rate", *self.adjoint.of_slowest())

    def _relative_error(self) -> Sensitivity:
        """Error of the steady outputs, without converters: `||x - A^-1 b|| / ||A^-1 b||`, 2-norm."""
        self._check_settled()
        adjoint = self.adjoint
        place = adjoint.at[adjoint.linear.outputs]
        wrong, wanted, factor = self._wrong(adjoint.steady(self.levels)[place])
        size, scale = float(np.linalg.norm(wrong)), float(np.linalg.norm(wanted))
        if size == 0 or scale == 0:
            raise ParameterError("metric", "relative_error", "has no derivative where it is 0; take another metric")
        weights = np.zeros(adjoint.count)
        weights[place] = factor * wrong / (size * scale)
        points = adjoint.of_steady(weights, self.levels)
        of_gain = float((wanted + wrong) @ wrong) / (size * scale)
        # Of a multiple of the input the read-out is divided by it, so that the offsets' part alone changes.
        of_level = -float(weights[place] @ adjoint.linear.rest[place])
        return self._record("relative_error", size / scale, points, of_gain=of_gain, of_level=of_level)

    def _wrong(self, outputs: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the error of the answer at steady outputs (N,), V, the exact answer, and answers per volt."""
        circuit = self.circuit
        if type(circuit).error is not ProgrammedArray.error:
            mend = "has no derivative for the error measure of this circuit; take another metric"
            raise ParameterError("metric", "relative_error", mend)
        factor = circuit.gain / self.solution.attempts[0][-1].scale * circuit.system.output_factors
        wanted = self.question.target[:, 0] * circuit.system.output_factors
        return factor * outputs - wanted, wanted, factor

    @cached_property
    def _settling(self) -> tuple[float, Points, float, float]:
        """Settling time, s, its points, and its derivatives by the logarithm of the inputs and by the slewing time."""
        self._check_settled()
        settled, tolerance = float(self.solution.settling_time), self.circuit.settings.tolerance
        slot, step = self.slot, self.slot.slots.step
        if settled == 0:
            mend = "has no derivative where the outputs settle with the step; take another metric"
            raise ParameterError("metric", "settling_time", mend)
        ratio = slot.slots.hold.stop / self.circuit.timing.slot_time
        crossing = slot.crossing(settled + step, tolerance)
        found, of_end = settling_points(slot, crossing, tolerance, ratio * slot_of_time_constant(tolerance))
        # The band has the offsets, the distance from the final value has not.
        rest = float(self.exact.linear.rest[slot.outputs][crossing.largest])
        of_level = -tolerance * crossing.sides[1] * rest / crossing.slope
        return float(crossing.time - step), found, of_level, ratio * SLOT * of_end

    def _settling_time(self) -> Sensitivity:
        value, points, of_level, of_time = self._settling
        made = self._record("settling_time", value, points, of_level=of_level)
        return replace(made, derivatives=_sum(made.derivatives, of_slewing(self.circuit.circuit, of_time)))

    def _energy(self) -> Sensitivity:
        self._check_settled()
        self._total()
        settled, moved, of_level, of_time = self._settling
        slot = EnergySlot(self.exact, self.slot, settled + self.slot.slots.step)
        found = slot.energy()
        points = found.points.and_(moved.times(found.last))
        made = self._record("energy", found.value, points, of_level=found.of_level + found.last * of_level)
        explicit = _sum(found.explicit, of_slewing(self.circuit.circuit, found.last * of_time))
        return replace(made, derivatives=_sum(made.derivatives, explicit))

    def _total(self) -> float:
        """Energy, J."""
        total = self.solution.energy.total
        if total is None:
            raise ParameterError("metric", "energy", "this op-amp has no supply, so no energy; take another")
        return float(total)

    def _check_metric(self, metric: str) -> None:
        """Refuse a metric that there is not, or of settled outputs where these are meant to grow."""
        check_name("metric", metric, METRICS)
        if self.circuit.growing and metric != "growth_rate":
            raise ParameterError("metric", metric, "this circuit grows and does not settle; take growth_rate")

    def _check_settled(self) -> None:
        """Refuse a circuit that is unstable or did not settle."""
        usable = (Status.SETTLED, Status.CLIPPED, Status.NONLINEAR, Status.SATURATED)
        if self.solution.status not in usable or not np.isfinite(self.solution.settling_time):
            raise UnusableSolutionError(f"{self.solution.status.name}: {self.solution.message}")


def _short_range(found: Sensitivity) -> Iterator[str]:
    """Yield a note if 1 % more of an element moves the answer by more than a tenth of its error.

    Such an error is a minimum or near one, and no change of an element makes it negative.
    """
    one = found.largest(1)[0]
    if found.metric == "relative_error" and abs(one.share) > STEEPEST:
        yield (
            f"the answer is so near the exact one that the derivatives of {found.metric} hold for small changes only: "
            f"those of {one.part} {one.field} far below {format_quantity(1 / abs(one.share), '%')}"
        )


def _check_one(question: Question) -> None:
    """Refuse several right-hand sides, or one of zeros.

    Raises:
        ParameterError: There is not exactly one column, or it is zero.
    """
    if question.columns.shape[1] != 1:
        mend = "derivatives are those of one right-hand side, real for a real matrix; give one"
        raise ParameterError("vectors", f"{question.columns.shape[1]} columns", mend)
    if not question.columns.any():
        raise ParameterError("vectors", "zeros", "a circuit at rest has no metrics; give another right-hand side")


def _sum(first: PartFields, other: PartFields) -> PartFields:
    """Add derivatives by part and field."""
    found = {name: dict(fields) for name, fields in first.items()}
    for name, fields in other.items():
        for field, derivative in fields.items():
            found[name][field] = np.asarray(found[name].get(field, 0.0) + derivative)
    return found
