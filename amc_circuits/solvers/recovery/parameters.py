"""Parameters of the recovery circuit, and those of other circuits that it has no use for."""

from __future__ import annotations

from typing import Annotated, Literal

from netlists import Record
from netlists.circuits.inv import InputConductance
from netlists.record import about

MEANINGLESS = {
    "fixed_scale": "the scale of the inputs sets lambda, so that it is never reduced",
    "scaling": "a scaled matrix has another penalty",
}
"""Options of other circuits without a meaning here, each with the reason."""
DeadZoneType = Literal["ideal", "op-amps"]


class RecoverParameters(Record):
    """Parameters of the recovery circuit."""

    weight: Annotated[
        float, about("lambda of the penalty in units of the largest entries, max|F| max|y|", gt=0, le=1e3)
    ] = 0.1
    dead_zone: Annotated[float, about("Level of the dead zone behind every column amplifier", "V", gt=0, le=1e3)] = 0.2
    dead_zone_type: Annotated[
        DeadZoneType, about("Dead zones: ideal sources, or two op-amps each, whose clamps are soft")
    ] = "ideal"
    feedback_conductance: Annotated[
        InputConductance | Literal["auto"],
        about("Feedback conductance of the row amplifiers (auto: in closed form)", "S"),
    ] = "auto"
