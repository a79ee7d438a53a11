"""The MVM circuit as a multiplier: program A once, multiply many x."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.checks import real_array, right_hand_sides
from amc_circuits.linear_circuit import check_room
from amc_circuits.mapping import map_matrix
from amc_circuits.programmed import ProgrammedCircuit, opamp_record
from amc_circuits.solution import Solution
from netlists import Interconnect, MvmDesign, OpAmp
from netlists.presets import DEFAULT
from netlists.record import FloatArray


class MvmCircuit(ProgrammedCircuit):
    """An array programmed with A and read by transimpedance amplifiers: `matvec(x)` gives y = A x."""

    design: MvmDesign

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        opamp: str | OpAmp = DEFAULT,
        g_min: float = 1e-6,
        g_max: float = 100e-6,
        wire_resistance: float = 0.0,
        line_capacitance: float = 0.0,
        interconnect: Literal["reduced", "flat"] = "reduced",
        contacts: Literal["one", "both"] = "one",
        line_model: Literal["reduced", "lumped"] = "reduced",
        engine: str = "ngspice",
        **settings: Any,
    ) -> Self:
        """Maps A to conductances and makes the circuit's design; the feedback is the largest row sum of |G+ - G-|.

        Args:
            matrix: A, shape (N, M), real, any units.
            opamp: A preset's name or a record.
            g_min: Lowest conductance of a cell, siemens.
            g_max: Highest conductance of a cell, siemens.
            wire_resistance: Of each wire segment, ohm.
            line_capacitance: Of each line per cell, F.
            interconnect: Wires in the deck: reduced to the array's terminals, or the flat mesh.
            contacts: Of each line: at one end, or at both.
            line_model: Line capacitance of a reduced array: reduced with the mesh, or lumped at the terminals.
            engine: What simulates.
            **settings: Fields of `Settings`.

        Raises:
            ParameterError: Something cannot be used; it names the parameter, the value and the mend.
        """
        wanted = real_array("A", matrix, (2,))
        check_room(len(wanted), len(wanted))
        mapping = map_matrix(wanted, g_min, g_max)
        design = MvmDesign(
            conductance_positive=mapping.positive,
            conductance_negative=mapping.negative,
            opamp=opamp_record(opamp),
            interconnect=Interconnect(
                wire_resistance=wire_resistance,
                line_capacitance=line_capacitance,
                form=interconnect,
                contacts=contacts,
                line_model=line_model,
            ),
            feedback_conductance=float(np.abs(mapping.difference).sum(axis=1).max()),
        )
        return cls._programmed(wanted, mapping, design, engine, settings)

    def matvec(self, x: ArrayLike) -> Solution:
        """Multiplies one vector (M,) or the columns of a matrix (M, K), streamed through the array.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed; deck and log are kept.
        """
        columns, single = right_hand_sides("x", x, self.design.shape[1])
        return self._answer(columns, self.matrix @ columns, single)

    def steady(self, x: ArrayLike) -> FloatArray:
        """What y settles to in the linear circuit, without a transient; shapes as in `matvec`.

        What does not depend on x is worked out once: each further input is a product of matrices.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """
        return self._steady(*right_hand_sides("x", x, self.design.shape[1]))

    @property
    def gain(self) -> float:
        """Output volts to units of y for an input of 1 V per unit of x: y = gain out / k."""
        return -self.design.feedback_conductance * self.mapping.alpha / self.mapping.unit
