"""Time and energy of a cycle of a refinement, and the energy of the same task in digital arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from amc_circuits.results.converters import Converters
from amc_circuits.results.cost.solves import MULTIPLY_ADD
from amc_circuits.solvers.precision.inverse import Transients
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.problem import Problem
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class CycleCost:
    """Cost of one cycle of one right-hand side.

    Time of digital arithmetic, and energy of memory and control, are not counted.

    Attributes:
        settling_time: Settling time of each measured transient, shape (T,), s.
        circuit_energy: Energy of each, shape (T,), J; None if the op-amps do not state their supply current.
        dac_energy: Energy of the DACs, J.
        adc_energy: Energy of the ADCs, J.
        converter_time: Time of both, s.
        product_energy: Energy of the exact product, J.
        product_time: Time of the exact product if circuits do it, s; 0 for digital arithmetic.
        arithmetic_energy: Energy of the other multiply-adds of the loop, J.
    """

    settling_time: FloatArray
    circuit_energy: FloatArray | None
    dac_energy: float
    adc_energy: float
    converter_time: float
    product_energy: float
    product_time: float
    arithmetic_energy: float

    __repr__ = short_repr

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the measured transients of several runs of one circuit together."""
        known = [part.circuit_energy for part in parts if part.circuit_energy is not None]
        times = np.concatenate([part.settling_time for part in parts])
        energy = np.concatenate(known) if len(known) == len(parts) else None
        return replace(parts[0], settling_time=times, circuit_energy=energy)

    @property
    def time(self) -> float:
        """Mean time of a cycle, s."""
        return _mean(self.settling_time) + self.converter_time + self.product_time

    @property
    def energy(self) -> float | None:
        """Mean energy of a cycle, J."""
        if self.circuit_energy is None:
            return None
        digital = self.product_energy + self.arithmetic_energy
        return _mean(self.circuit_energy) + self.dac_energy + self.adc_energy + digital


def cycle_cost(transients: Transients, size: int, product: tuple[float, float], parameters: Refinement) -> CycleCost:
    """Compute the cost of a cycle.

    Args:
        transients: Measured transients.
        size: Number of unknowns of the loop, which the circuit has as inputs and as outputs.
        product: Energy, J, and time, s, of an exact product.
        parameters: Bits of the converters, method and memory.
    """
    converters = Converters(dac_bits=parameters.dac_bits, adc_bits=parameters.adc_bits)
    (dac_energy, dac_time), (adc_energy, adc_time) = converters.dac_cost(size), converters.adc_cost(size)
    return CycleCost(
        transients.settling_time,
        transients.energy,
        dac_energy,
        adc_energy,
        dac_time + adc_time,
        *product,
        MULTIPLY_ADD * loop_multiply_adds(size, parameters),
    )


def loop_multiply_adds(size: int, parameters: Refinement) -> float:
    """Multiply-adds of a cycle besides the product, for vectors of `size` entries.

    Plain refinement: 2 vectors are updated. `gcr` with m directions: m projections of `A z` and of z (3 N each), the
    length and the step (2 N), two scaled and two updated vectors (4 N).
    """
    return float((3 * parameters.memory + 6) * size if parameters.method == "gcr" else 2 * size)


def digital_energy(problem: Problem, count: int) -> float:
    """Energy of the arithmetic of one of `count` right-hand sides by a direct solver in FP32, J.

    The factorization is shared among all.
    """
    _, factors, solve = problem.multiply_adds
    return MULTIPLY_ADD * (factors / count + solve)


def _mean(values: FloatArray) -> float:
    """Mean of the finite values; nan if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
