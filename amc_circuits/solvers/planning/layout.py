"""Layout: a circuit that a plan may take, as data, and its programming."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits.cells.devices import Device
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from amc_circuits.solvers.planning.parameters import CircuitName
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.solvers.solver import Solver
from amc_circuits.values.quantities import format_quantity
from netlists.short_text import short_repr

CIRCUITS: Mapping[str, type[Solver]] = {"inv": InvCircuit, "ginv": GinvCircuit}


@dataclass(frozen=True)
class Layout:
    """A circuit that a plan may take.

    Attributes:
        circuit: Name of the circuit.
        shift: Multiple of I in the arrays besides A, in units of the largest entry of A.
        levels: Levels of the cells; None for continuous ones.
    """

    circuit: CircuitName
    shift: float = 0.0
    levels: int | None = None

    __repr__ = short_repr

    def __str__(self) -> str:
        shift = f" of A + {format_quantity(self.shift, digits=3)} max|A| I" * bool(self.shift)
        levels = f", {self.levels} levels" if self.levels else ", continuous cells"
        return f"{self.circuit.upper()}{shift}{levels}"

    def program(self, problem: SquareProblem, fields: Mapping[str, Any]) -> Solver:
        """Program the circuit of the problem's scaled matrix.

        Args:
            problem: System of equations.
            fields: Keywords of `Solver.program`, with the device as a record.

        Raises:
            ParameterError: A field cannot be used.
        """
        held = problem.held
        if self.shift:
            held = held + self.shift * np.abs(held).max() * np.eye(len(held))
        device = fields["device"].replace(levels=self.levels)
        return CIRCUITS[self.circuit].program(held, **{**fields, "device": device, "scaling": "none"})


def device_of(fields: Mapping[str, Any]) -> Device:
    """Return the device of keywords of `Solver.program`."""
    found: Device = Hardware(device=fields.get("device", Device())).device
    return found
