"""A user's script for `tests/test_typing.py`: what mypy reveals in a line is the comment at its end."""

from typing import reveal_type

import numpy as np

import amc_circuits
import netlists
import optimizer
from amc_circuits import Converters, Device, InvCircuit, MvmCircuit, Solution, Status, device_preset, draw_circuit
from netlists import PRESETS, MacroOpAmp, preset

matrix = np.array([[2.0, -0.5], [-0.5, 1.0]])
device = Device(levels=16)
circuit = InvCircuit.program(matrix, opamp=preset("cmos-100meg"), device=device, wire_resistance=1.0, seed=3)
product = MvmCircuit.program(matrix, engine="exact", converters=Converters(adc_bits=8))
solution = circuit.solve([1.0, 0.5])

reveal_type(circuit)  # InvCircuit
reveal_type(product)  # MvmCircuit
reveal_type(circuit.circuit)  # Circuit
reveal_type(circuit.design)  # InvDesign
reveal_type(solution)  # Solution
reveal_type(solution.value)  # ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.status)  # Status
reveal_type(solution.statuses)  # tuple[Status, ...]
reveal_type(solution.message)  # str
reveal_type(solution.usable)  # bool
reveal_type(solution.energy)  # Energy
reveal_type(solution.energy.total)  # float | ndarray[tuple[Any, ...], dtype[float64]] | None
reveal_type(solution.settling_time)  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.overshoot)  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.peak_output_current)  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.relative_error)  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.residual)  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.bits)  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.time_to_bits(8))  # float | ndarray[tuple[Any, ...], dtype[float64]]
reveal_type(solution.predicted_settling_time)  # float
reveal_type(solution.stability.stable)  # bool
reveal_type(solution.provenance.ngspice_version)  # str
reveal_type(solution.responses[0])  # Response | None
reveal_type(solution.budget())  # Budget
reveal_type(Status.SETTLED.advice)  # str
reveal_type(device.levels)  # int | None
reveal_type(device_preset("ideal"))  # Device
reveal_type(PRESETS)  # dict[str, SinglePoleOpAmp | MacroOpAmp | SubcircuitOpAmp]
reveal_type(draw_circuit)  # def (circuit: Circuit) -> Figure
reveal_type(amc_circuits.__version__)  # str
reveal_type(netlists.__version__)  # str
reveal_type(optimizer.__version__)  # str
reveal_type(optimizer.train(optimizer.preset("digits-demo")))  # TrainingResult


def supply(name: str) -> float:
    """Rail of a macro model; other op-amps have none."""
    opamp = preset(name)
    return opamp.supply_voltage if isinstance(opamp, MacroOpAmp) else 0.0


def finished(found: Solution) -> bool:
    """A status can be compared."""
    return found.status is Status.SETTLED
