"""Probe of a programmed circuit: its poles, and the loop with a drawn right-hand side, all without a transient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amc_circuits.results.measurement import bits, relative_error
from amc_circuits.solvers.blocks.bank import quiescent_power
from amc_circuits.solvers.planning.layout import Layout, PlannedCircuit, PlannedProblem, uses
from amc_circuits.solvers.precision.inverse import CircuitInverse
from amc_circuits.solvers.precision.loop import Trace, refine_columns
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.products import DigitalProduct
from amc_circuits.values.checks import Numbers
from amc_circuits.values.matrices import draw_vector
from amc_circuits.values.quantities import counted, format_quantity
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Probe:
    """A programmed circuit with its poles, and its loop for a drawn right-hand side.

    Attributes:
        layout: Layout of the circuit.
        circuit: Programmed circuit.
        problem: System of equations.
        refinement: Parameters of the loop.
    """

    layout: Layout
    circuit: PlannedCircuit
    problem: PlannedProblem
    refinement: Refinement

    __repr__ = short_repr

    @property
    def stable(self) -> bool:
        """True if no pole of the programmed circuit grows."""
        return self.circuit.stability.stable

    @cached_property
    def _vectors(self) -> Numbers:
        """Right-hand side of the probe in the user's units, shape (n, 1), uniform in -1 .. 1."""
        generator = np.random.default_rng([self.circuit.hardware.seed, 1])
        return draw_vector(len(self.problem.matrix), generator)[:, None]

    @cached_property
    def _columns(self) -> FloatArray:
        """The same for the loop, shape (size, 1)."""
        return self.problem.columns(self._vectors)

    @cached_property
    def trace(self) -> Trace:
        """Loop with values of the circuit at rest."""
        parameters = self.refinement.replace(cycles_by="static")
        inverse, product = CircuitInverse(self.circuit, parameters), DigitalProduct(self.problem)
        return refine_columns(self._columns, inverse, product, self.problem.weights, parameters)

    @property
    def converges(self) -> bool:
        """True if the circuit is stable and the loop reaches its bits."""
        return self.stable and self.trace.statuses[0].usable

    @cached_property
    def first_error(self) -> float:
        """Relative error of the answer of one pass, for a drawn right-hand side."""
        found = np.asarray(self.circuit.steady(self._columns), dtype=np.float64)
        wanted = self.problem.reference(self._vectors)
        return float(relative_error(self.problem.values(found, 1), wanted)[0])

    @property
    def cycles(self) -> int:
        """Predicted number of cycles."""
        return len(self.trace.residuals) - 1

    @property
    def circuit_energy(self) -> float | None:
        """Predicted energy of the circuit in a cycle, J; None if the op-amps do not state their supply current.

        Quiescent power of every op-amp of each array for the settling time of this array. What cells and loads take is
        left out.
        """
        power = quiescent_power(self.circuit.hardware.opamp_in_use)
        if power is None:
            return None
        busy = (count * len(one.circuit.amplifiers) * one.predicted_time for one, count in uses(self.circuit))
        return power * sum(busy)

    def __str__(self) -> str:
        if not self.stable:
            return f"{self.layout}: unstable, {self.circuit.stability.growing}"
        status = self.trace.statuses[0]
        if not status.usable:
            return f"{self.layout}: stable, but the loop is {status.name} after {counted(self.cycles, 'cycle')}"
        reached = f"{format_quantity(float(bits(np.array(self.first_error))), digits=2)} bits in one pass"
        return f"{self.layout}: stable, {reached}, {counted(self.cycles, 'cycle')} to {self.refinement.bits:g} bits"
