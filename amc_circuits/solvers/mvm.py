"""The MVM circuit as a multiplier: program A once, multiply many x."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.system import System
from amc_circuits.linear.equations import check_room
from amc_circuits.results.converters import Converters
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.solver import ProgrammedCircuit, parts_and_settings
from amc_circuits.values.checks import Numbers, numeric_array, right_hand_sides
from netlists import MvmDesign


class MvmCircuit(ProgrammedCircuit):
    """An array programmed with A and read by transimpedance amplifiers: `matvec(x)` gives y = A x."""

    design: MvmDesign

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Any,
    ) -> Self:
        """Maps A to conductances and makes the circuit's design; the feedback is the largest row sum of |G+ - G-|.

        Args:
            matrix: A, shape (N, M), real or complex, any units; NumPy's, SciPy's (sparse), or lists.
            engine: What simulates.
            converters: DACs and ADCs; None has none.
            **fields: Of `Hardware` (`opamp`, `device`, `g_min`, `g_max`, `wire_resistance`, `seed` ...) and of
                `Settings` (`input_voltage`, `tolerance`, `jobs` ...).

        Raises:
            ParameterError: Something cannot be used; it names the parameter, the value and the mend.
        """
        hardware, settings = parts_and_settings(fields)
        system = System.product(numeric_array("A", matrix, (2,)), hardware.scaling)
        check_room(len(system.programmed), len(system.programmed))
        mapping = hardware.mapping(system.programmed)
        design = MvmDesign(
            **hardware.parts(mapping),
            feedback_conductance=float(np.abs(mapping.difference).sum(axis=1).max()),
        )
        return cls._programmed(system, hardware, mapping, design, engine, settings, converters)

    def matvec(self, x: ArrayLike) -> Solution:
        """Multiplies one vector (M,) or the columns of a matrix (M, K), streamed through the array.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed; deck and log are kept.
        """
        return self.answer(self.question(x))

    def question(self, vector: ArrayLike) -> Question:
        """Vectors x, and y of the wanted matrix."""
        vectors, single = right_hand_sides("x", vector, self.matrix.shape[1])
        columns = self.system.columns(vectors)
        return Question.of(self.system, vectors, columns, self.system.programmed @ columns, single)

    def steady(self, x: ArrayLike) -> Numbers:
        """What y settles to in the linear circuit, without transient and converters; shapes as in `matvec`.

        What does not depend on x is worked out once: each further input is a product of matrices.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """
        return self._steady(*right_hand_sides("x", x, self.matrix.shape[1]))

    @property
    def gain(self) -> float:
        """Output volts to units of D_r y for an input of 1 V per unit of D_c^-1 x: D_r y = gain out / k."""
        return -self.design.feedback_conductance * self.mapping.alpha / self.mapping.unit
