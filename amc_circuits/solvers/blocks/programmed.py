"""A matrix programmed in blocks: all properties that do not depend on right-hand sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.cells.system import System
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.stability import Stability
from amc_circuits.results.converters import HEADROOM, Converters
from amc_circuits.solvers.blocks.hold import SampleHold
from amc_circuits.solvers.blocks.parameters import BlockParameters
from amc_circuits.solvers.blocks.steps import InVolts
from amc_circuits.solvers.blocks.tree import Leaf, Node, first_leaves, leaves, products
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray
from netlists.short_text import rows_text

IntArray = NDArray[np.int64]


@dataclass(frozen=True, repr=False)
class ProgrammedBlocks:
    """A matrix whose blocks are programmed.

    Attributes:
        system: Matrix as wanted, and the scaled real matrix that is programmed.
        order: Place of every row of the programmed matrix before it was cut, shape (N,).
        signs: 1 or -1 for every row, shape (N,).
        root: Programmed blocks.
        hardware: Parts of every circuit, and the seed.
        settings: Settings of drive and measurement.
        engine: Name of the engine.
        parameters: Stages, pivoting, and parameters of all leaves and tiles.
        hold: Sample-and-holds between the steps.
        converters: DACs before the first inputs and ADCs behind the last outputs.
    """

    system: System
    order: IntArray
    signs: FloatArray
    root: Node
    hardware: Hardware
    settings: Settings
    engine: str
    parameters: BlockParameters
    hold: SampleHold
    converters: Converters

    def __repr__(self) -> str:
        size = len(self.matrix)
        sizes = [leaf.size for leaf in leaves(self.root)]
        texts = {
            "leaves": f"{len(sizes)} of {min(sizes)}..{max(sizes)} rows, topology {self.parameters.topology}",
            "tiles": str(sum(len(tiles.circuits) for tiles in products(self.root))),
            "engine": self.engine,
        }
        return rows_text(f"BlockCircuit: {size} x {size} matrix, {self.parameters.stages} stages, b -> x", texts)

    @property
    def matrix(self) -> Numbers:
        """A as wanted, shape (N, N), real or complex."""
        return self.system.matrix

    @property
    def circuits(self) -> Iterator[tuple[str, InVolts]]:
        """All circuits, each with a text for messages; leaves also without held inputs, where they work so."""
        if self.switched and self.parameters.inputs == "two":
            yield from ((leaf.text, leaf.alone) for leaf in first_leaves(self.root))
        for leaf in leaves(self.root):
            yield leaf.text, leaf.circuit
        for tiles in products(self.root):
            yield from ((tiles.text, tile) for tile in tiles.circuits.values())

    @cached_property
    def stability(self) -> Stability:
        """Poles of the circuit with the slowest or growing pole; the cause of an instability names its block."""
        text, worst = max(
            ((text, circuit.stability) for text, circuit in self.circuits), key=lambda one: one[1].slowest.real
        )
        return worst if worst.stable else Stability(worst.poles, f"{text}: {worst.cause}")

    @cached_property
    def predicted_time(self) -> float:
        """Sum of the predicted settling times of all steps, s; nan if a pole grows."""
        return _predicted(self.root, self.switched)

    @property
    def cell_count(self) -> int:
        """Number of cells that are written."""
        circuits = [leaf.circuit for leaf in leaves(self.root)]
        tiles = [tile for part in products(self.root) for tile in part.circuits.values()]
        return sum(one.cell_count for one in (*circuits, *tiles))

    @property
    def conversions(self) -> int:
        """Conversions of one right-hand side: by DACs at the inputs of every use of a leaf, by ADCs for each x once."""
        return _converted(self.root) + self.root.size

    @property
    def switched(self) -> bool:
        """True if resistors of inputs and feedback are switched: compensating cells are programmed for given ones."""
        return self.parameters.topology == "paired"

    @property
    def output_range(self) -> float:
        """Range of the ADCs, V."""
        swing = min(record.swing for _, circuit in self.circuits for record in circuit.circuit.opamps)
        return self.converters.output_range(HEADROOM * swing)

    @property
    def acts(self) -> bool:
        """True if no pole grows."""
        return self.stability.stable

    def columns(self, vectors: Numbers) -> FloatArray:
        """Convert right-hand sides (N, K) to those of the programmed rows: scaled, real, in their order, with signs."""
        return np.asarray(self.signs[:, None] * self.system.columns(vectors)[self.order])

    def scale(self, columns: FloatArray) -> FloatArray:
        """Compute k of every column, at which its largest entry is the input full scale, V per unit; 1 for zeros."""
        largest = np.abs(columns).max(axis=0)
        found: FloatArray = np.divide(
            self.settings.input_voltage, largest, out=np.ones_like(largest), where=largest > 0
        )
        return found

    def reduction(self, peaks: FloatArray) -> FloatArray:
        """Compute the factor on k for the largest voltages of any stage, in units of 0.8 of its swing, shape (K,)."""
        return np.ones_like(peaks) if self.settings.fixed_scale else 1 / np.maximum(peaks, 1.0)


def _predicted(node: Node, alone: bool) -> float:
    """Sum of the predicted settling times of all steps of a node, s; `alone`: it takes no held values."""
    if isinstance(node, Leaf):
        return (node.alone if alone else node.circuit).predicted_time
    tiles = (
        max((one.predicted_time for one in part.circuits.values()), default=0.0) for part in (node.lower, node.upper)
    )
    return _predicted(node.first, alone) + _predicted(node.first, False) + _predicted(node.last, False) + sum(tiles)


def _converted(node: Node) -> int:
    """Number of inputs that DACs convert for one right-hand side; the first part of a block is used twice."""
    return node.size if isinstance(node, Leaf) else 2 * _converted(node.first) + _converted(node.last)
