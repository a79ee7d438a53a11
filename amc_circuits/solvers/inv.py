"""The INV circuit as a solver: program A once, solve for many b."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.system import System
from amc_circuits.linear.equations import check_room
from amc_circuits.results.converters import Converters
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.solver import ProgrammedCircuit, parts_and_settings
from amc_circuits.values.checks import Numbers, check_invertible, right_hand_sides, square_matrix
from netlists import InvDesign, MacroOpAmp


class SlowInverterWarning(UserWarning):
    """The inverters' own pole is too near to the bandwidth of the op-amps."""


class InvCircuit(ProgrammedCircuit):
    """An array programmed with A in the feedback of op-amps: `solve(b)` gives x of A x = b."""

    design: InvDesign

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        input_conductance: float | None = None,
        inverter_resistance: float = 10e3,
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Any,
    ) -> Self:
        """Maps A to conductances and makes the circuit's design.

        Args:
            matrix: A, shape (N, N), real or complex, invertible, any units; NumPy's, SciPy's (sparse), or lists.
            input_conductance: G_in, siemens; None takes the conductance that stands for max|A|.
            inverter_resistance: Of the inverters' two equal resistors, ohm.
            engine: What simulates.
            converters: DACs and ADCs; None has none.
            **fields: Of `Hardware` (`opamp`, `device`, `g_min`, `g_max`, `wire_resistance`, `seed` ...) and of
                `Settings` (`input_voltage`, `tolerance`, `jobs` ...).

        Raises:
            ParameterError: Something cannot be used; it names the parameter, the value and the mend.
        """
        hardware, settings = parts_and_settings(fields)
        wanted = square_matrix("A", matrix)
        check_room(len(wanted), len(wanted) * (2 if np.iscomplexobj(wanted) else 1))
        system = System.inverse(wanted, hardware.scaling)
        check_invertible("A", system.programmed)
        mapping = hardware.mapping(system.programmed)
        size = len(system.programmed)
        check_room(size, size * (1 if mapping.negative is None else 2))
        design = InvDesign(
            **hardware.parts(mapping),
            input_conductance=mapping.unit if input_conductance is None else input_conductance,
            inverter_resistance=inverter_resistance,
            inverter_offset=None if mapping.negative is None else hardware.offsets("inverter_offset", size),
        )
        if problem := slow_inverters(design):
            warnings.warn(problem, SlowInverterWarning, stacklevel=2)
        return cls._programmed(system, hardware, mapping, design, engine, settings, converters)

    def solve(self, b: ArrayLike) -> Solution:
        """Solves A x = b for one vector (N,) or for the columns of a matrix (N, K), streamed through the array.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed; deck and log are kept.
        """
        return self.answer(self.question(b))

    def question(self, vector: ArrayLike) -> Question:
        """Right-hand sides b, and x of the wanted system."""
        vectors, single = right_hand_sides("b", vector, len(self.matrix))
        columns = self.system.columns(vectors)
        target: Any = np.linalg.solve(self.system.programmed, columns)
        return Question.of(self.system, vectors, columns, target, single)

    def steady(self, b: ArrayLike) -> Numbers:
        """What x settles to in the linear circuit, without transient and converters; shapes as in `solve`.

        What does not depend on b is worked out once: each further right-hand side is a product of matrices.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """
        return self._steady(*right_hand_sides("b", b, len(self.matrix)))

    @property
    def gain(self) -> float:
        """Output volts to units of y, the solution of S y = D_r b, for 1 V per unit of D_r b: y = gain c / k."""
        return -self.mapping.unit / (self.design.input_conductance * self.mapping.alpha)


def slow_inverters(design: InvDesign) -> str:
    """What is wrong with inverters whose own pole, 2/(R C_in), is below twice w_T; empty where nothing is."""
    opamp = design.opamp.equivalent
    if not (design.signed and isinstance(opamp, MacroOpAmp) and opamp.input_capacitance > 0):
        return ""
    pole = 2 / (design.inverter_resistance * opamp.input_capacitance)
    wanted = 2 * opamp.unity_gain_frequency
    if pole >= wanted:
        return ""
    largest = 2 / (wanted * opamp.input_capacitance)
    return (
        f"inverter_resistance: {design.inverter_resistance:g} ohm with {opamp.input_capacitance:g} F of input "
        f"capacitance is slower than twice the op-amp's bandwidth; take at most {largest:.3g} ohm"
    )
