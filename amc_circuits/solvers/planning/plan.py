"""Plan of a solve: the chosen circuit with the reasons, predictions, and its run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amc_circuits.results.measurement import bits
from amc_circuits.solvers.planning.layout import PlannedProblem
from amc_circuits.solvers.planning.probe import Probe
from amc_circuits.solvers.precision.cost import CycleCost, cycle_cost
from amc_circuits.solvers.precision.inverse import Transients
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.products import DigitalProduct
from amc_circuits.solvers.precision.refine import refine
from amc_circuits.solvers.precision.refined import Refined
from amc_circuits.solvers.precision.slices import SlicedProduct
from amc_circuits.values.quantities import format_quantity
from netlists.short_text import rows_text


@dataclass(frozen=True)
class Plan:
    """Plan of a solve. Predictions are those of the circuit at rest with the probed right-hand sides, and of its poles.

    Attributes:
        problem: System of equations, scaled.
        probe: Chosen layout with its programmed circuit.
        refinement: Parameters of the loop.
        reasons: Sentences on every choice.
        product: Product by slices; None for digital arithmetic.
        tried: Number of layouts that were programmed until one was taken.
    """

    problem: PlannedProblem
    probe: Probe
    refinement: Refinement
    reasons: tuple[str, ...]
    product: SlicedProduct | None = None
    tried: int = 1

    def __repr__(self) -> str:
        return rows_text(
            f"Plan: {self.probe.layout}",
            {
                "first error": format_quantity(self.first_error, "%"),
                "cycles": str(self.cycles),
                "time": format_quantity(self.time, "s"),
                "energy": format_quantity(self.energy, "J"),
                **{f"reason {place}": text for place, text in enumerate(self.reasons, 1)},
            },
        )

    @property
    def first_error(self) -> float:
        """Predicted relative error of one pass."""
        return self.probe.first_error

    @property
    def cycles(self) -> int:
        """Predicted number of cycles."""
        return self.probe.cycles

    @cached_property
    def cycle(self) -> CycleCost:
        """Predicted cost of a cycle: circuit, converters, exact product and loop.

        Of a product by circuits two passes of every slice are simulated.
        """
        probe, parameters = self.probe, self.refinement
        energy, time = probe.circuit_energy, np.array([probe.circuit.predicted_time])
        seen = Transients(time, None if energy is None else np.array([energy]), (), "")
        product = self.product or DigitalProduct(self.problem)
        return cycle_cost(seen, self.problem.size, product.cost(2 ** (parameters.adc_bits - 1) - 1), parameters)

    @property
    def time(self) -> float:
        """Predicted time of a right-hand side, s."""
        return self.cycles * self.cycle.time

    @property
    def energy(self) -> float | None:
        """Predicted energy of a right-hand side, J; None if it is not known."""
        energy = self.cycle.energy
        return None if energy is None else self.cycles * energy

    @property
    def prediction(self) -> str:
        """Sentence on what a right-hand side takes."""
        energy = "energy unknown" if self.energy is None else format_quantity(self.energy, "J")
        reached = format_quantity(self.first_error, "%")
        return (
            f"predicted: error of one pass {reached}, {self.cycles} cycles, {format_quantity(self.time, 's')}, {energy}"
        )

    @property
    def record(self) -> dict[str, Any]:
        """The plan as JSON accepts it."""
        layout = self.probe.layout
        return {
            "circuit": layout.circuit,
            "stages": layout.stages,
            "leaf": layout.leaf if layout.circuit == "blocks" else None,
            "shift": layout.shift,
            "levels": layout.levels,
            "reasons": list(self.reasons),
            "first_error": self.first_error,
            "first_bits": float(bits(np.array(self.first_error))),
            "cycles": self.cycles,
            "time_s": self.time,
            "energy_j": self.energy,
        }

    def solve(self, vectors: Any, measured: bool = True) -> Refined:
        """Solve for right-hand sides, (n,) or (n, K).

        Args:
            vectors: Right-hand sides.
            measured: False leaves out transients of static cycles, and with them time and energy.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed.
        """
        return refine(self.probe.circuit, self.problem, vectors, self.refinement, self.product, measured)
