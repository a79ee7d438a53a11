"""Every assumption alone at both ends of its range, and the value of each at which a published ratio comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from scipy.optimize import brentq

from optimizer.step_cost.arrays import SimulatedArrays
from optimizer.step_cost.assumptions import assumptions
from optimizer.step_cost.costs import Ratios, array_side, digital_side, ratios
from optimizer.step_cost.networks import Blocks
from optimizer.step_cost.specification import StepCostSpec

PUBLISHED = {"throughput": 5.88, "energy": 6.9}
"""Ratios to a digital processor of second-order training with analog inversions (arXiv 2512.05342)."""
REACH = 1000.0
"""Factor by which an assumption is at most changed to reach a published ratio."""
CLOSE = 1e-6
"""Relative difference of a ratio from its target beyond which a found value is dropped."""


@dataclass(frozen=True)
class Swing:
    """Ratios with one assumption at the ends of its range, all others unchanged.

    Attributes:
        section: Section of the assumption, `digital` or `arrays`.
        name: Name of the assumption.
        unit: Unit of its values.
        value: Value as assumed.
        low: Lower end.
        high: Upper end.
        at_low: Ratios at the lower end.
        at_high: Ratios at the upper end.
    """

    section: str
    name: str
    unit: str
    value: float
    low: float
    high: float
    at_low: Ratios
    at_high: Ratios

    @property
    def width(self) -> float:
        """Sum of the logarithms by which both ratios change from end to end."""
        return sum(
            abs(math.log(getattr(self.at_high, name) / getattr(self.at_low, name))) for name in ("throughput", "energy")
        )


@dataclass(frozen=True)
class Needed:
    """Values of one assumption at which a published ratio comes out, all others unchanged; None if none does.

    Attributes:
        section: Section of the assumption.
        name: Name of the assumption.
        unit: Unit of its values.
        values: Value by the name of the ratio in `Ratios`.
    """

    section: str
    name: str
    unit: str
    values: dict[str, float | None]


def compared(spec: StepCostSpec, simulated: SimulatedArrays) -> Ratios:
    """Compare both sides of a specification."""
    return _compared(spec, simulated, (spec.digital_blocks, spec.array_blocks))


def _compared(spec: StepCostSpec, simulated: SimulatedArrays, blocks: tuple[Blocks, Blocks]) -> Ratios:
    """Compare both sides, whose blocks are known."""
    digital, arrays = blocks
    return ratios(digital_side(digital, spec.digital), array_side(arrays, spec.arrays, simulated))


def changed(spec: StepCostSpec, section: str, name: str, value: float) -> StepCostSpec:
    """Return a specification with another value of one assumption, inside its bounds; a block has it on both sides."""
    sections = {section: getattr(spec, section).model_copy(update={name: value})}
    if name == "block_size":
        sections["digital"] = spec.digital.model_copy(update={"block_size": None})
    return spec.model_copy(update=sections)


def tornado(spec: StepCostSpec, simulated: SimulatedArrays) -> list[Swing]:
    """Compare both sides with every assumption at both ends of its range, the widest change first."""
    swings = []
    for section, name, extra in _varied():
        at_low, at_high = (compared(changed(spec, section, name, end), simulated) for end in extra["span"])
        value = getattr(getattr(spec, section), name)
        low, high = extra["span"]
        swings.append(Swing(section, name, extra["unit"], value, low, high, at_low, at_high))
    return sorted(swings, key=lambda swing: -swing.width)


def needed(spec: StepCostSpec, simulated: SimulatedArrays) -> list[Needed]:
    """Find the value of each assumption that alone gives each published ratio, within a factor of `REACH`.

    The width of the blocks is left out, as another width is another inversion.
    """
    found = []
    for section, name, extra in _varied():
        if name != "block_size":
            values = {
                one.name: _value(spec, simulated, (section, name), extra["bounds"], one.name) for one in fields(Ratios)
            }
            found.append(Needed(section, name, extra["unit"], values))
    return [one for one in found if any(value is not None for value in one.values.values())]


def _varied() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for section, name, field in assumptions():
        if field.json_schema_extra["span"] is not None:
            yield section, name, field.json_schema_extra


def _value(
    spec: StepCostSpec, simulated: SimulatedArrays, place: tuple[str, str], bounds: dict[str, float], ratio: str
) -> float | None:
    """Value of one assumption at which a ratio is the published one; None without one."""
    value = float(getattr(getattr(spec, place[0]), place[1]))
    if value == 0:
        return None
    wanted, blocks = PUBLISHED[ratio.partition("_")[0]], (spec.digital_blocks, spec.array_blocks)

    def difference(logarithm: float) -> float:
        found = _compared(changed(spec, *place, math.exp(logarithm)), simulated, blocks)
        return math.log(getattr(found, ratio) / wanted)

    low, high = max(value / REACH, bounds.get("ge", 0.0)), min(value * REACH, bounds.get("le", math.inf))
    return _crossing(difference, math.log(low), math.log(high))


def _crossing(difference: Callable[[float], float], low: float, high: float) -> float | None:
    if low >= high or difference(low) * difference(high) > 0:
        return None
    found = float(brentq(difference, low, high, xtol=1e-12))
    return math.exp(found) if abs(difference(found)) < CLOSE else None
