"""Layout: a circuit that a plan may take, as data, and its programming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits.cells.devices import Device
from amc_circuits.solvers.blocks.blocks import BlockCircuit
from amc_circuits.solvers.blocks.shifted_inv import ShiftedInv
from amc_circuits.solvers.blocks.tree import Leaf, Node
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from amc_circuits.solvers.planning.parameters import Choices, CircuitName, LeafName
from amc_circuits.solvers.precision.normal import NormalCircuit, NormalProblem
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.solver import Solver
from amc_circuits.values.quantities import counted, format_quantity
from netlists.short_text import short_repr

PlannedProblem = SquareProblem | NormalProblem
PlannedCircuit = Solver | BlockCircuit


@dataclass(frozen=True)
class Layout:
    """A circuit that a plan may take.

    Attributes:
        circuit: Name of the circuit.
        shift: Multiple of I besides A, in units of the largest entry of A: in resistors, of GINV leaves in the arrays.
        levels: Levels of the cells; None for continuous ones.
        stages: Number of times that the matrix is cut in two.
        leaf: Circuit of the leaves of blocks.
    """

    circuit: CircuitName
    shift: float = 0.0
    levels: int | None = None
    stages: int = 0
    leaf: LeafName = "inv"

    __repr__ = short_repr

    def __str__(self) -> str:
        stages = f" of {counted(self.stages, 'stage')}" * (self.stages > 0)
        leaf = " with GINV leaves" * (self.leaf == "ginv")
        shift = f" of A + {format_quantity(self.shift, digits=3)} max|A| I" * bool(self.shift)
        levels = f", {self.levels} levels" if self.levels else ", continuous cells"
        return f"{self.circuit.upper()}{stages}{leaf}{shift}{levels}"

    def program(self, problem: PlannedProblem, choices: Choices, fields: Mapping[str, Any]) -> PlannedCircuit:
        """Program the circuit of the problem's scaled matrix.

        Args:
            problem: System of equations.
            choices: Choices, of which a circuit takes pivoting and ridge.
            fields: Keywords of `Solver.program`, with the device as a record.

        Raises:
            ParameterError: A field cannot be used, or a block of the matrix is singular.
        """
        held, own = problem.held, {**fields, "scaling": "none", "device": fields["device"].replace(levels=self.levels)}
        if self.shift:
            shift = self.shift * float(np.abs(held).max())
            held = held + shift * np.eye(len(held))
            own |= {"shift": shift} if self.leaf == "inv" else {}  # GINV holds it in cells
        if isinstance(problem, NormalProblem):
            return NormalCircuit.program(held.T, ridge=choices.ridge, **own)
        if self.circuit == "blocks":
            own = {name: value for name, value in own.items() if (name, value) != ("pair", "auto")}
            return BlockCircuit.program(held, stages=self.stages, leaf=self.leaf, pivoting=choices.pivoting, **own)
        return (ShiftedInv if self.circuit == "inv" else GinvCircuit).program(held, **own)


def uses(circuit: PlannedCircuit) -> Iterator[tuple[ProgrammedArray, int]]:
    """Yield the circuits of which a programmed one consists, each with the number of times that a solve uses it."""
    if isinstance(circuit, BlockCircuit):
        yield from _node_uses(circuit.root, 1)
    else:
        yield circuit, 1


def _node_uses(node: Node, count: int) -> Iterator[tuple[ProgrammedArray, int]]:
    """Yield the circuits of a block: that of A1 is used twice."""
    if isinstance(node, Leaf):
        yield node.circuit, count
        return
    yield from _node_uses(node.first, 2 * count)
    yield from _node_uses(node.last, count)
    for tiles in (node.lower, node.upper):
        yield from ((tile, count) for tile in tiles.circuits.values())


def device_of(fields: Mapping[str, Any]) -> Device:
    """Return the device of keywords of `Solver.program`."""
    found: Device = Hardware(device=fields.get("device", Device())).device
    return found
