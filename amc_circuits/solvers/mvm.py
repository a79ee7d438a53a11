"""The MVM circuit as a multiplier: program A once, then multiply many x."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.linear.equations import check_room
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.topologies import Topology, TwoTopologies
from amc_circuits.solvers.varied import Varied, varied_offsets
from amc_circuits.values.checks import Numbers
from netlists import Circuit, MvmDesign, Record
from netlists.record import FloatArray, Positive, about


class MvmParameters(Record):
    """Parameters of the MVM circuit. The feedback conductance is the largest row sum of |G+ - G-| if it is None."""

    feedback_conductance: Annotated[
        Positive | None, about("Feedback conductance instead of the largest row sum of |G+ - G-|", "S", le=1e3)
    ] = None
    topology: Topology = "paired"


class MvmCircuit(TwoTopologies):
    """An array programmed with A and read by transimpedance amplifiers: `matvec(x)` gives y = A x."""

    Parameters = MvmParameters
    parameters: MvmParameters
    takes, gives, square = "x", "y", False

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Scale A and make it real.

        Raises:
            ParameterError: The machine has no memory for its circuit.
        """
        system = System.product(matrix, hardware.scaling)
        check_room(len(system.programmed), len(system.programmed))
        return system

    @classmethod
    def length_of(cls, matrix: Numbers) -> int:
        """Number M of entries of x."""
        return int(matrix.shape[1])

    def matvec(self, x: ArrayLike) -> Solution:
        """Multiply one vector (M,), or the columns of a matrix (M, K), streamed through the array.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed; deck and log are kept.
        """
        return self.solve(x)

    @classmethod
    def beside(cls, system: System, wanted: Mapping, parameters: Record) -> float:
        """Feedback conductance, S."""
        assert isinstance(parameters, MvmParameters)
        return row_sum(wanted) if parameters.feedback_conductance is None else parameters.feedback_conductance

    @cached_property
    def design(self) -> MvmDesign:
        """Parameter record of the circuit."""
        mapping = self.mapping
        return self.hardware.design(
            MvmDesign,
            conductance_positive=mapping.positive,
            conductance_negative=mapping.negative,
            amplifier_offset=self.hardware.offsets("offset", len(mapping.positive)),
            feedback_conductance=self.beside(self.system, self.designed_for, self.parameters),
            **self.balance,
        )

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    def varied(self, arrays: Sequence[FloatArray], draws: Sequence[Draws]) -> Varied:
        """Return the circuits with other cells and offsets; the feedback of a paired topology depends on the cells."""
        conductances, fields = self.varied_cells(arrays)
        offsets, drawn = varied_offsets(self.design, self.hardware, draws)
        fields = fields | drawn
        if self.design.compensated:
            return Varied(conductances, offsets, np.full(len(arrays[0]), self.gain), self.design, fields)
        difference = arrays[0] if len(arrays) == 1 else arrays[0] - arrays[1]
        feedback = np.abs(difference).sum(axis=2).max(axis=1)
        gain = -feedback * self.mapping.alpha / self.mapping.unit
        fields = fields | {"feedback_conductance": feedback}
        return Varied(conductances | {"f": feedback}, offsets, gain, self.design, fields)

    @property
    def sha256(self) -> str:
        """Hash of the parameter record."""
        return self.design.sha256

    def reference(self, columns: FloatArray) -> FloatArray:
        """Product with the programmed matrix, shape (N, K)."""
        return np.asarray(self.system.programmed @ columns)

    @property
    def gain(self) -> float:
        """Factor from output volts to units of D_r y for an input of 1 V per unit of D_c^-1 x: D_r y = gain out / k."""
        return -self.design.feedback_conductance * self.mapping.alpha / self.mapping.unit

    @property
    def natural_range(self) -> float:
        """Voltage that no output exceeds, V: the input full scale, unless the feedback conductance is given."""
        return self.full_scale * row_sum(self.mapping) / self.design.feedback_conductance


def row_sum(mapping: Mapping) -> float:
    """Return the largest row sum of |G+ - G-|, S."""
    return float(np.abs(mapping.difference).sum(axis=1).max())
