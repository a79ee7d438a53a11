"""Cost of a circuit: its components, their area, and energy and time of its solves."""

from amc_circuits.results.cost.area import TABLE, ComponentAreas, areas, total_area
from amc_circuits.results.cost.components import COMPONENTS, component_counts
from amc_circuits.results.cost.solves import UNCHARGED, Cost, EnergyCost, Programming, TimeCost, cost

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
