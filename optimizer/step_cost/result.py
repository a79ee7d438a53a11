"""Cost of an inversion as one result: both sides, ratios, whole steps, tornado; as plain data for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from amc_circuits import package_version, short_repr
from optimizer.step_cost.arrays import SimulatedArrays
from optimizer.step_cost.costs import Ratios, Side, array_side, break_even_cell_time, digital_side, ratios
from optimizer.step_cost.networks import factor_widths
from optimizer.step_cost.specification import StepCostSpec
from optimizer.step_cost.tornado import PUBLISHED, Needed, Swing, needed, tornado
from optimizer.step_cost.whole_step import WholeStep, whole_steps


@dataclass(frozen=True)
class StepCost:
    """Cost of second-order training steps on a digital processor and with arrays.

    Attributes:
        spec: Network and assumptions.
        simulated: Simulated arrays.
        digital: One inversion of all factors by the processor.
        arrays: The same by arrays.
        ratios: Ratios of both.
        break_even_cell_time: Time to write a cell at which a block is programmed as long as it solves, s.
        steps: Whole training steps.
        tornado: Every assumption at both ends of its range.
        needed: Values of assumptions that give the published ratios.
    """

    spec: StepCostSpec
    simulated: SimulatedArrays
    digital: Side
    arrays: Side
    ratios: Ratios
    break_even_cell_time: float
    steps: list[WholeStep]
    tornado: list[Swing]
    needed: list[Needed]

    __repr__ = short_repr

    @property
    def extrapolated(self) -> tuple[int, int] | None:
        """Narrowest and widest block if one is beyond the simulated sizes, else None."""
        ends = min(self.arrays.blocks), max(self.arrays.blocks)
        return None if self.simulated.sizes[0] <= ends[0] and ends[1] <= self.simulated.sizes[-1] else ends

    @property
    def record(self) -> dict[str, Any]:
        """Result as plain data, in SI units."""
        widths = factor_widths(self.spec.layers)
        return {
            "command": "step-cost",
            "version": package_version(),
            "spec": self.spec.model_dump(mode="json"),
            "layers": sum(layer.repeat for layer in self.spec.layers),
            "factors": {str(width): count for width, count in sorted(widths.items())},
            "blocks": {str(width): count for width, count in sorted(self.arrays.blocks.items())},
            "simulated": {name: _plain(values) for name, values in asdict(self.simulated).items()},
            "digital": _side(self.digital),
            "arrays": _side(self.arrays),
            "ratios": asdict(self.ratios),
            "break_even_cell_time_s": self.break_even_cell_time,
            "whole_steps": [asdict(step) | {"share": step.share} for step in self.steps],
            "tornado": [asdict(swing) for swing in self.tornado],
            "published": PUBLISHED,
            "needed": [asdict(one) for one in self.needed],
        }


def step_cost(spec: StepCostSpec, simulated: SimulatedArrays) -> StepCost:
    """Compute all costs and ratios of a specification from simulated arrays."""
    digital = digital_side(spec.digital_blocks, spec.digital)
    arrays = array_side(spec.array_blocks, spec.arrays, simulated)
    found = ratios(digital, arrays)
    return StepCost(
        spec, simulated, digital, arrays, found,
        break_even_cell_time(max(spec.array_blocks), spec.arrays, simulated),
        whole_steps(spec, found), tornado(spec, simulated), needed(spec, simulated),
    )  # fmt: skip


def _side(side: Side) -> dict[str, float]:
    return {
        "time_s": side.total_time,
        "energy_j": side.total_energy,
        "programming_time_s": side.programming_time,
        "programming_energy_j": side.programming_energy,
    }


def _plain(values: Any) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
