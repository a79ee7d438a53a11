"""Time and energy to invert all factors once, on both sides, and their ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amc_circuits import ParameterError, short_repr
from optimizer.step_cost.arrays import SimulatedArrays
from optimizer.step_cost.assumptions import ArraySettings, DigitalSettings
from optimizer.step_cost.networks import Blocks


@dataclass(frozen=True)
class Side:
    """Cost of one inversion of all factors.

    Attributes:
        blocks: Matrices that are inverted, by width.
        time: Time without programming, s.
        energy: Energy without programming, J.
        programming_time: Time to program all blocks, s.
        programming_energy: Energy to program all blocks, J.
    """

    blocks: Blocks
    time: float
    energy: float
    programming_time: float = 0.0
    programming_energy: float = 0.0

    __repr__ = short_repr

    @property
    def total_time(self) -> float:
        """Time with programming, s."""
        return self.time + self.programming_time

    @property
    def total_energy(self) -> float:
        """Energy with programming, J."""
        return self.energy + self.programming_energy


@dataclass(frozen=True)
class Ratios:
    """Cost of the digital processor over that of the arrays, for the same inversion.

    Attributes:
        throughput: Ratio of the times, programming counted.
        energy: Ratio of the energies, programming counted.
        throughput_programmed: Ratio of the times, programming not counted.
        energy_programmed: Ratio of the energies, programming not counted.
    """

    throughput: float
    energy: float
    throughput_programmed: float
    energy_programmed: float


def digital_side(blocks: Blocks, digital: DigitalSettings) -> Side:
    """Cost of the digital processor: `n^3` operations a matrix, Cholesky and the inverse from it.

    LAPACK's potrf takes n^3/3 and potri 2 n^3/3 operations (LAPACK Working Note 41, appendix C).
    """
    operations = sum(count * float(width) ** 3 for width, count in blocks.items())
    seconds = operations / (digital.peak * digital.share)
    return Side(blocks, seconds, digital.power * seconds)


def array_side(blocks: Blocks, arrays: ArraySettings, simulated: SimulatedArrays) -> Side:
    """Cost of the arrays; `parallel` of them work at the same time, each with one block.

    A block of width n takes, with c cycles, L cells written at a time and s = `slowest`,

        time         n c (settling + conversion),         programming  n^2 cell_time s / min(L, n)
        energy       n c (energy + n (dac + adc)),        programming  arrays n^2 cell_energy

    The arrays of a block are written at the same time. Cells written one after the other have no slowest one: s = 1.
    """

    def sum_of(cost: Callable[[int], float]) -> float:
        return sum(count * cost(width) for width, count in blocks.items())

    def solving_time(width: int) -> float:
        settling = arrays.settling_factor * simulated.settling_time(width)
        return width * arrays.cycles * (settling + arrays.conversion_time)

    def solving_energy(width: int) -> float:
        circuit = arrays.energy_factor * simulated.energy(width)
        return width * arrays.cycles * (circuit + width * (arrays.dac_energy + arrays.adc_energy))

    return Side(
        blocks,
        sum_of(solving_time) / arrays.parallel,
        sum_of(solving_energy),
        sum_of(lambda n: n**2 * arrays.cell_time * arrays.slowdown / min(arrays.written_cells, n)) / arrays.parallel,
        sum_of(lambda n: arrays.arrays * n**2 * arrays.cell_energy),
    )


def check_same_mathematics(digital: Blocks, arrays: Blocks) -> None:
    """Refuse a comparison of two sides that invert different matrices.

    If the processor inverted whole factors and the arrays their diagonal blocks only, most of the ratio would be that
    of two algorithms, and not of two machines.

    Raises:
        ParameterError: The matrices differ.
    """
    if dict(digital) != dict(arrays):
        texts = [f"{sum(blocks.values())} of at most {max(blocks)}" for blocks in (digital, arrays)]
        mend = f"the arrays invert {texts[1]}; both sides must invert the same matrices, or a ratio says nothing"
        raise ParameterError("digital.block_size", f"matrices to invert: {texts[0]}", mend)


def ratios(digital: Side, arrays: Side) -> Ratios:
    """Compare both sides.

    Raises:
        ParameterError: They invert different matrices.
    """
    check_same_mathematics(digital.blocks, arrays.blocks)
    return Ratios(
        digital.total_time / arrays.total_time,
        digital.total_energy / arrays.total_energy,
        digital.total_time / arrays.time,
        digital.total_energy / arrays.energy,
    )


def break_even_cell_time(width: int, arrays: ArraySettings, simulated: SimulatedArrays) -> float:
    """Time to write a cell at which a block of this width is programmed as long as it solves, s."""
    solving = arrays.cycles * (arrays.settling_factor * simulated.settling_time(width) + arrays.conversion_time)
    return min(arrays.written_cells, width) * solving / (width * arrays.slowdown)
