"""Cost of a circuit: its components, their area, and energy and time of its solves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlists.lazy_names import lazy_names

if TYPE_CHECKING:
    from amc_circuits.results.cost.area import TABLE, ComponentAreas, areas, total_area
    from amc_circuits.results.cost.components import COMPONENTS, component_counts
    from amc_circuits.results.cost.solves import UNCHARGED, Cost, EnergyCost, Programming, TimeCost, cost

_HOMES = {
    **dict.fromkeys(("TABLE", "ComponentAreas", "areas", "total_area"), "amc_circuits.results.cost.area"),
    **dict.fromkeys(("COMPONENTS", "component_counts"), "amc_circuits.results.cost.components"),
    **dict.fromkeys(
        ("UNCHARGED", "Cost", "EnergyCost", "Programming", "TimeCost", "cost"), "amc_circuits.results.cost.solves"
    ),
}

__all__ = [
    "COMPONENTS",
    "TABLE",
    "UNCHARGED",
    "ComponentAreas",
    "Cost",
    "EnergyCost",
    "Programming",
    "TimeCost",
    "areas",
    "component_counts",
    "cost",
    "total_area",
]

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
