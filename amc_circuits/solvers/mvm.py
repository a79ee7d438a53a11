"""The MVM circuit as a multiplier: program A once, then multiply many x."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.system import System
from amc_circuits.linear.equations import check_room
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.programmed import Varied
from amc_circuits.solvers.solver import Solver
from amc_circuits.values.checks import Numbers
from netlists import Circuit, MvmDesign, Record
from netlists.record import FloatArray, Positive, about


class MvmParameters(Record):
    """Parameters of the MVM circuit. The feedback conductance is the largest row sum of |G+ - G-| if it is None."""

    feedback_conductance: Annotated[
        Positive | None, about("Feedback conductance instead of the largest row sum of |G+ - G-|", "S", le=1e3)
    ] = None


class MvmCircuit(Solver):
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

    @cached_property
    def design(self) -> MvmDesign:
        """Parameter record of the circuit."""
        mapping, given = self.mapping, self.parameters.feedback_conductance
        return self.hardware.design(
            MvmDesign,
            conductance_positive=mapping.positive,
            conductance_negative=mapping.negative,
            amplifier_offset=self.hardware.offsets("offset", len(mapping.positive)),
            feedback_conductance=self._row_sum if given is None else given,
        )

    @property
    def _row_sum(self) -> float:
        """Largest row sum of |G+ - G-|, S."""
        return float(np.abs(self.mapping.difference).sum(axis=1).max())

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    def varied(self, arrays: Sequence[FloatArray]) -> Varied:
        """Return the circuits with other cells: the feedback depends on them."""
        difference = arrays[0] if len(arrays) == 1 else arrays[0] - arrays[1]
        feedback = np.abs(difference).sum(axis=2).max(axis=1)
        fields = dict(zip(("conductance_positive", "conductance_negative"), arrays, strict=False))
        conductances = dict(zip("pn", arrays, strict=False)) | {"f": feedback}
        gain = -feedback * self.mapping.alpha / self.mapping.unit
        return Varied(conductances, gain, self.design, fields | {"feedback_conductance": feedback})

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
        return self.full_scale * self._row_sum / self.design.feedback_conductance
