"""A whole training step: the share of the inversions, and what faster inversions are worth (Amdahl's law)."""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.step_cost.costs import Ratios, digital_side
from optimizer.step_cost.networks import blocks_of, entries_of
from optimizer.step_cost.specification import StepCostSpec


@dataclass(frozen=True)
class WholeStep:
    """Mean time of a training step of which the digital processor does all but the inversions.

    Attributes:
        interval: Steps from one inversion of all factors to the next.
        block_size: Widest block of a factor; None for whole factors, which the arrays do not invert.
        gradient_time: Forward and backward pass, s.
        factor_time: Update of the factors, s.
        preconditioning_time: Products of the gradients with the inverses, s.
        inversion_time: Inversions by the digital processor, s.
        limit: Ratio of throughput if inversions took no time.
        throughput: The same with inversions by arrays, programming counted; None if these invert other matrices.
        throughput_programmed: The same, programming not counted.
    """

    interval: int
    block_size: int | None
    gradient_time: float
    factor_time: float
    preconditioning_time: float
    inversion_time: float
    limit: float
    throughput: float | None
    throughput_programmed: float | None

    @property
    def time(self) -> float:
        """Mean time of a step on the digital processor alone, s."""
        return self.gradient_time + self.factor_time + self.preconditioning_time + self.inversion_time

    @property
    def share(self) -> float:
        """Share of the inversions in the time of a step."""
        return self.inversion_time / self.time


def accelerated(time: float, part: float, ratio: float) -> float:
    """Ratio of throughput if a part of the time becomes shorter by a ratio: `T / (T - part + part/ratio)` (Amdahl)."""
    return time / (time - part + part / ratio)


def whole_steps(spec: StepCostSpec, found: Ratios) -> list[WholeStep]:
    """Compute the step at every interval, with the blocks of the arrays and with whole factors."""
    return [
        _step(spec, interval, block_size, found if block_size else None)
        for block_size in (spec.arrays.block_size, None)
        for interval in spec.inverse_intervals
    ]


def _step(spec: StepCostSpec, interval: int, block_size: int | None, found: Ratios | None) -> WholeStep:
    """One row; ratios only where the arrays invert the same matrices."""
    digital = spec.digital
    gradient, factors, preconditioning = (
        operations / (digital.gemm_peak * digital.gemm_share) for operations in _operations(spec, block_size)
    )
    factors *= min(1.0, spec.factor_updates / interval)
    inversion = digital_side(blocks_of(spec.layers, block_size), digital).total_time / interval
    rest = gradient + factors + preconditioning
    time = rest + inversion
    ratios = (None, None) if found is None else (found.throughput, found.throughput_programmed)
    return WholeStep(
        interval, block_size, gradient, factors, preconditioning, inversion, time / rest,
        *(None if ratio is None else accelerated(time, inversion, ratio) for ratio in ratios),
    )  # fmt: skip


def _operations(spec: StepCostSpec, block_size: int | None) -> tuple[float, float, float]:
    """Operations of gradients, of one update of the factors, and of preconditioning.

    A layer with factors a and g wide and p positions multiplies `a g p` numbers a sample in the forward pass and twice
    as many in the backward pass, each with an addition. Factors take an outer product a position and sample, of the
    entries inside blocks. Preconditioning multiplies the g x a gradient by both inverses.
    """
    gradient = factors = preconditioning = 0.0
    for layer in spec.layers:
        (a, g), samples = layer.widths, layer.positions * spec.batch_size
        inside = entries_of(a, block_size), entries_of(g, block_size)
        gradient += layer.repeat * 6.0 * a * g * samples
        factors += layer.repeat * 2.0 * sum(inside) * samples
        preconditioning += layer.repeat * 2.0 * (g * inside[0] + a * inside[1])
    return gradient, factors, preconditioning
