"""INV of `A + shift I`, whose shift is in equal resistors: the cells keep their whole range for A."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import model_validator

from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.solvers.inv import InvCircuit, InvParameters
from netlists import ParameterError, Record
from netlists.record import FloatArray, about


class ShiftedInvParameters(InvParameters):
    """Parameters of INV, and the part of the diagonal that resistors hold."""

    shift: Annotated[float, about("Multiple of I in the matrix that resistors hold instead of cells", ge=0)] = 0.0

    @model_validator(mode="after")
    def _one_diagonal(self) -> Self:
        if self.shift and self.diagonal != "cells":
            raise ParameterError("shift", self.shift, "is part of a diagonal in resistors; take diagonal = cells")
        return self


class ShiftedInv(InvCircuit):
    """INV whose cells hold the matrix without a multiple of I, which is in a resistor at each sum node.

    In cells a shift would be in the largest entry. With a few levels, the errors of all entries would grow with it, and
    wide arrays would need ever larger shifts.
    """

    Parameters = ShiftedInvParameters
    parameters: ShiftedInvParameters

    @classmethod
    def matrices_of(cls, system: System, parameters: Record) -> tuple[FloatArray, ...]:
        """The matrix of the cells: without the shift."""
        assert isinstance(parameters, ShiftedInvParameters)
        (cells,) = super().matrices_of(system, parameters)
        return (cells - parameters.shift * np.eye(len(cells)),) if parameters.shift else (cells,)

    @classmethod
    def resistors_of(cls, system: System, held: Mapping, parameters: Record) -> FloatArray | None:
        """Conductances of the resistors from the outputs to their own sum nodes, S; None without a shift."""
        assert isinstance(parameters, ShiftedInvParameters)
        if not parameters.shift:
            return super().resistors_of(system, held, parameters)
        return np.full(len(system.programmed), parameters.shift * held.unit / held.alpha)
