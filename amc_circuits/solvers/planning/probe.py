"""Probe of a programmed circuit: its poles, and the loop with some right-hand sides, all without a transient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amc_circuits.results.measurement import bits, relative_error
from amc_circuits.solvers.blocks.bank import quiescent_power
from amc_circuits.solvers.planning.layout import Layout, PlannedCircuit, PlannedProblem, uses
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.refine import refine
from amc_circuits.solvers.precision.refined import Refined
from amc_circuits.values.checks import Numbers
from amc_circuits.values.matrices import draw_vector
from amc_circuits.values.quantities import counted, format_quantity
from netlists.short_text import short_repr

PROBED = 16
"""Most right-hand sides of a probe; a choice of this package."""


@dataclass(frozen=True)
class Probe:
    """A programmed circuit with its poles, and its loop for right-hand sides: those to be solved, or a drawn one.

    Attributes:
        layout: Layout of the circuit.
        circuit: Programmed circuit.
        problem: System of equations.
        refinement: Parameters of the loop.
        vectors: Right-hand sides, shape (n, K), in the user's units; None draws one, uniform in -1 .. 1.
    """

    layout: Layout
    circuit: PlannedCircuit
    problem: PlannedProblem
    refinement: Refinement
    vectors: Numbers | None = None

    __repr__ = short_repr

    @property
    def stable(self) -> bool:
        """True if no pole of the programmed circuit grows."""
        return self.circuit.stability.stable

    @cached_property
    def probed(self) -> Numbers:
        """Right-hand sides of the probe, shape (n, P): of more than `PROBED` those with the largest residuals.

        These residuals are those after one cycle.
        """
        given = self.vectors
        if given is None or not given.any():
            generator = np.random.default_rng([self.circuit.hardware.seed, 1])
            return draw_vector(len(self.problem.matrix), generator)[:, None]
        driven: Numbers = given[:, given.any(axis=0)]
        driven = np.asarray(driven / np.abs(driven).max(axis=0))
        if driven.shape[1] <= PROBED:
            return driven
        left = self._refined(driven, max_cycles=1).residual
        return driven[:, np.sort(np.argsort(-left, kind="stable")[:PROBED])]

    def _refined(self, vectors: Numbers, **changes: Any) -> Refined:
        """Refine with values of the circuit at rest, without a transient."""
        parameters = self.refinement.replace(cycles_by="static", **changes)
        return refine(self.circuit, self.problem, vectors, parameters, measured=False)

    @cached_property
    def refined(self) -> Refined:
        """Loop with values of the circuit at rest."""
        return self._refined(self.probed)

    @property
    def converges(self) -> bool:
        """True if the circuit is stable and the loop reaches its bits."""
        return self.stable and self.refined.usable

    @cached_property
    def first_error(self) -> float:
        """Relative error of the answer of one pass, the largest of all probed right-hand sides."""
        found = np.asarray(self.circuit.steady(self.problem.columns(self.probed)), dtype=np.float64)
        values = self.problem.values(found, self.probed.shape[1])
        return float(np.max(relative_error(values, self.problem.reference(self.probed))))

    @property
    def cycles(self) -> int:
        """Predicted number of cycles, the largest of all probed right-hand sides."""
        return int(self.refined.cycles.max())

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
        found = self.refined
        if not found.usable:
            bad, every = sum(not one.usable for one in found.statuses), len(found.statuses)
            part = f" for {bad} of {every} right-hand sides" * (every > 1)
            left = float(bits(found.residual).min())
            reached = f"at {format_quantity(left, digits=3)} bits of {self.refinement.bits:g}"
            return f"{self.layout}: stable, but the loop is {found.status.name}{part} after {self._counted}, {reached}"
        reached = f"{format_quantity(float(bits(np.array(self.first_error))), digits=2)} bits in one pass"
        return f"{self.layout}: stable, {reached}, {self._counted} to {self.refinement.bits:g} bits"

    @property
    def _counted(self) -> str:
        return counted(self.cycles, "cycle")
