"""Parameters of BlockAMC, and those of other circuits that it has no use for."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from amc_circuits.solvers.topologies import Topology, check_inverters
from netlists import ParameterError, Record
from netlists.circuits.inv import INVERTER_RESISTANCE, InverterResistance
from netlists.record import about

MEANINGLESS = {
    "conductances": "every block has cells of its own",
    "start": "every circuit has another task in every step",
}
"""Options of other circuits without a meaning here, each with the reason."""


class BlockParameters(Record):
    """Parameters of BlockAMC."""

    stages: Annotated[int, about("Number of times that a matrix and its blocks are cut in two", ge=0, le=16)] = 1
    pivoting: Annotated[
        Literal["auto", "none", "partial"],
        about("Order and signs of the rows as in LU (auto: if A is not positive definite and a leaf grows or is GINV)"),
    ] = "auto"
    leaf: Annotated[
        Literal["inv", "ginv"], about("Circuit that inverts the blocks (ginv: stable for any block, slower)")
    ] = "inv"
    inputs: Annotated[
        Literal["two", "one"],
        about("Input resistors of a sum node (one: the sample-and-hold adds what the DAC converts)"),
    ] = "two"
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    topology: Topology = "paired"
    shift: Annotated[
        float, about("Multiple of I in A that resistors at the leaves hold instead of cells (inv)", ge=0)
    ] = 0.0

    @model_validator(mode="after")
    def _acts(self) -> Self:
        check_inverters(self.topology, self.inverter_resistance)
        if self.shift and self.leaf != "inv":
            raise ParameterError("shift", self.shift, "is in resistors of INV; take leaf = inv, or leave it out")
        return self


def check_stages(size: int, stages: int) -> None:
    """Refuse stages beyond those that leave blocks of one row, which cannot be cut.

    Raises:
        ParameterError: There are more than `ceil(log2 N)`.
    """
    most = stages_for(size, 1)
    if stages > most:
        raise ParameterError(
            "stages", stages, f"must be at most {most}, after which {size} rows are cut to single ones"
        )


def stages_for(size: int, array_limit: int) -> int:
    """Return the least number of stages with which no array is larger than `array_limit` rows."""
    stages = 0
    while -(-size // 2**stages) > array_limit:
        stages += 1
    return stages
