"""Total cost of a solve: DACs, settling, ADCs, and its share of the programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from amc_circuits.results.converters import Converters
from amc_circuits.results.measurement import Energy
from amc_circuits.results.solution import Solution
from amc_circuits.values.quantities import format_quantities
from netlists import Record
from netlists.record import NonNegative, about
from netlists.short_text import rows_text, short_repr

MULTIPLY_ADD = 3.7e-12 + 0.9e-12
"""Energy of a multiplication and an addition, 32-bit floating point, 45 nm, 0.9 V, arithmetic alone, J (Horowitz, ISSCC
2014, doi 10.1109/ISSCC.2014.6757323)."""


class Programming(Record):
    """Cost of programming the array. Each of the right-hand sides before the next programming bears an equal share."""

    programming_energy: Annotated[NonNegative, about("Energy to program the array once", "J")] = 0.0
    programming_time: Annotated[NonNegative, about("Time to program the array once", "s")] = 0.0
    solves: Annotated[int, about("Number of right-hand sides before the array is programmed again", ge=1)] = 1


UNCHARGED = Programming()


@dataclass(frozen=True)
class EnergyCost:
    """Energy of each right-hand side, J.

    Attributes:
        dac: Energy of the DACs of all inputs, J.
        settling: Energy of the solution, shape (K,) or a scalar, J; nan where nothing settled, None if it is not known.
        adc: Energy of the ADCs of all outputs, J.
        programming: Share of the programming energy, J.
    """

    dac: float
    settling: Energy
    adc: float
    programming: float

    __repr__ = short_repr

    @property
    def total(self) -> Any:
        """Sum of all energies, J; nan and None as in `settling`."""
        settling = self.settling.total
        return None if settling is None else self.dac + settling + self.adc + self.programming


@dataclass(frozen=True)
class TimeCost:
    """Time of each right-hand side, s; the steps follow each other.

    Attributes:
        dac: Time of the DACs, which convert all inputs at once, s.
        settling: Settling time, shape (K,) or a scalar, s; nan where nothing settled.
        adc: Time of one conversion for each line that shares an ADC, s.
        programming: Share of the programming time, s.
    """

    dac: float
    settling: Any
    adc: float
    programming: float

    __repr__ = short_repr

    @property
    def total(self) -> Any:
        """Sum of all times, s; nan as in `settling`."""
        return self.dac + self.settling + self.adc + self.programming


@dataclass(frozen=True)
class Cost:
    """Cost of each right-hand side.

    Attributes:
        energy: Energy by step, J.
        time: Time by step, s.
        digital_energy: Energy of the multiply-adds of the same task in 32-bit floating point, 45 nm, without memory
            and control, J.
        converters: Converters around the circuit.
        programming: Programming of its arrays.
    """

    energy: EnergyCost
    time: TimeCost
    digital_energy: float
    converters: Converters
    programming: Programming

    def __repr__(self) -> str:
        rows = {}
        for name, part, unit in (("energy", self.energy, "J"), ("time", self.time, "s")):
            settling = self.energy.settling.total if unit == "J" else self.time.settling
            steps = {"DACs": part.dac, "settling": settling, "ADCs": part.adc, "programming": part.programming}
            texts = (f"{step} {format_quantities(value, unit)}" for step, value in steps.items())
            rows[name] = f"{format_quantities(part.total, unit)}: {', '.join(texts)}"
        return rows_text("Cost of a right-hand side", rows | {"digital": format_quantities(self.digital_energy, "J")})


def cost(
    solution: Solution,
    lines: tuple[int, int],
    multiply_adds: float,
    converters: Converters,
    programming: Programming = UNCHARGED,
) -> Cost:
    """Compute the cost of each right-hand side of a solution.

    A sample-and-hold stores the outputs at the settling time. So the energy of the amplifiers during the
    conversion by ADCs is not included.

    Args:
        solution: Solution of the circuit.
        lines: Numbers of inputs and outputs of the circuit.
        multiply_adds: Number of real multiply-adds of the same task on a digital computer.
        converters: Converters around the circuit.
        programming: Programming of its arrays; free by default.
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
