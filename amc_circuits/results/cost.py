"""What a solve costs as a whole: DACs, settling, ADCs, and its part of the programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from amc_circuits.results.converters import Converters
from amc_circuits.results.solution import Energy, Solution
from netlists import Record
from netlists.record import NonNegative

MULTIPLY_ADD = 3.7e-12 + 0.9e-12
"""Energy of a multiplication and an addition, 32-bit floating point, 45 nm, 0.9 V, arithmetic alone, J (Horowitz, ISSCC
2014, doi 10.1109/ISSCC.2014.6757323)."""


class Programming(Record):
    """What it took to program the array.

    Attributes:
        programming_energy: Of programming once, J.
        programming_time: Likewise, s.
        solves: How many right-hand sides are solved before the next programming; each bears an equal part.
    """

    programming_energy: NonNegative = 0.0
    programming_time: NonNegative = 0.0
    solves: Annotated[int, Field(ge=1)] = 1


UNCHARGED = Programming()


@dataclass(frozen=True)
class EnergyCost:
    """Joules of each right-hand side.

    Attributes:
        dac: Of all inputs.
        settling: As the solution has it, shape (K,) or scalars: nan where nothing settled, None where not known.
        adc: Of all outputs.
        programming: This solve's part.
    """

    dac: float
    settling: Energy
    adc: float
    programming: float

    @property
    def total(self) -> Any:
        """The sum; nan and None as in `settling`."""
        settling = self.settling.total
        return None if settling is None else self.dac + settling + self.adc + self.programming


@dataclass(frozen=True)
class TimeCost:
    """Seconds of each right-hand side: the steps follow each other.

    Attributes:
        dac: All inputs at once.
        settling: Shape (K,) or a scalar; nan where nothing settled.
        adc: One conversion for each line that shares an ADC.
        programming: This solve's part.
    """

    dac: float
    settling: Any
    adc: float
    programming: float

    @property
    def total(self) -> Any:
        """The sum; nan as in `settling`."""
        return self.dac + self.settling + self.adc + self.programming


@dataclass(frozen=True)
class Cost:
    """What each right-hand side costs.

    Attributes:
        energy: Joules.
        time: Seconds.
        digital_energy: J that the multiply-adds of the same task take in 32-bit floating point, 45 nm, without memory
            and control.
        converters: Around the circuit.
        programming: Of its arrays.
    """

    energy: EnergyCost
    time: TimeCost
    digital_energy: float
    converters: Converters
    programming: Programming


def cost(
    solution: Solution,
    lines: tuple[int, int],
    multiply_adds: float,
    converters: Converters,
    programming: Programming = UNCHARGED,
) -> Cost:
    """What each right-hand side of a solution costs.

    A sample-and-hold takes the outputs at the settling time: what amplifiers draw while ADCs convert is not charged.

    Args:
        solution: What the circuit gave.
        lines: Inputs and outputs of the circuit.
        multiply_adds: Multiply-adds of the same task on a digital computer, real ones.
        converters: Around it.
        programming: Of its arrays; free unless said otherwise.
    """
    inputs, outputs = lines
    dac_energy, dac_time = converters.dac_cost(inputs)
    adc_energy, adc_time = converters.adc_cost(outputs)
    return Cost(
        energy=EnergyCost(dac_energy, solution.energy, adc_energy, programming.programming_energy / programming.solves),
        time=TimeCost(dac_time, solution.settling_time, adc_time, programming.programming_time / programming.solves),
        digital_energy=MULTIPLY_ADD * multiply_adds,
        converters=converters,
        programming=programming,
    )
