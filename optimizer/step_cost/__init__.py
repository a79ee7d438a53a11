"""What an inversion of all Kronecker factors costs: a digital processor against arrays, on the same mathematics."""

from optimizer.step_cost.arrays import SimulatedArrays, simulate
from optimizer.step_cost.costs import Ratios
from optimizer.step_cost.result import StepCost, step_cost
from optimizer.step_cost.specification import StepCostSpec, make_spec, preset, preset_names, read_spec

__all__ = [
    "Ratios",
    "SimulatedArrays",
    "StepCost",
    "StepCostSpec",
    "make_spec",
    "preset",
    "preset_names",
    "read_spec",
    "simulate",
    "step_cost",
]
