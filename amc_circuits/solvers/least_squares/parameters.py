"""Parameters that only the GINV circuit has."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from amc_circuits.solvers.topologies import Topology, check_inverters
from netlists import Record
from netlists.circuits.inv import INVERTER_RESISTANCE, InputConductance, InverterResistance
from netlists.record import about

Automatic = Literal["auto", "formula"]


class GinvParameters(Record):
    """Parameters of the GINV circuit."""

    feedback_conductance: Annotated[
        InputConductance | Automatic,
        about("Feedback conductance of the row amplifiers (auto: by the poles; formula: the start of auto)", "S"),
    ] = "auto"
    input_conductance: Annotated[
        InputConductance | None, about("Input conductance instead of that of the largest entry", "S")
    ] = None
    ridge: Annotated[float, about("Added to A^T A, in units of A squared", ge=0)] = 0.0
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    topology: Topology = "paired"

    @model_validator(mode="after")
    def _acts(self) -> Self:
        check_inverters(self.topology, self.inverter_resistance)
        return self
