"""Device whose weight moves by pulses: a power-law response between soft bounds, with spreads and noise.

    up    w <- w + d (1 + a) (1 - w/upper)^p + d c z
    down  w <- w - d (1 - a) (1 - w/lower)^m + d c z          d = (upper - lower)/states,  z normal

With p = m = 1 these are the soft bounds of aihwkit (`SoftBoundsReferenceDevice` with additive noise, docs of version
1.1.0); general response functions are those of arXiv 2502.06309. Tables replace the powers of measured cells. A weight
is `w - w_ref`: the conductance of a reference cell, which is at the symmetric point, where both pulses have the same
size, is subtracted.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about

Table = Annotated[tuple[Annotated[float, Field(ge=0, le=1e3)], ...], Field(min_length=2, max_length=10_000)]
Spread = Annotated[float, Field(ge=0, le=10)]
LARGEST_ASYMMETRY = 0.9


class PulsedDevice(Record):
    """Response of a device to pulses; weights are in units of half its range.

    Spreads from device to device are relative and normal; a factor is at least 0.05. Not modelled: drift and retention,
    noise that a write leaves on the read weight alone, devices that do not respond. `up_table` and `down_table` are
    sizes of steps, in steps at weight 0, at equally spaced weights from the lower to the upper bound; between them the
    response is linear, and the powers have no effect.
    """

    states: Annotated[float, about("Range over the step at weight 0", gt=1, le=1e9)] = 4.0
    upper: Annotated[float, about("Upper bound of the weight", gt=0, le=100)] = 1.0
    lower: Annotated[float, about("Lower bound of the weight", lt=0, ge=-100)] = -1.0
    up_power: Annotated[
        float, about("Power of the response of an up pulse: 1 for soft bounds, 0 for equal steps", ge=0, le=5)
    ] = 1.0
    down_power: Annotated[float, about("Power of the response of a down pulse", ge=0, le=5)] = 1.0
    asymmetry: Annotated[
        float,
        about(
            "Relative excess a of up steps; those of down pulses lack it", ge=-LARGEST_ASYMMETRY, le=LARGEST_ASYMMETRY
        ),
    ] = 0.0
    step_spread: Annotated[Spread, about("Spread of the step from device to device")] = 0.0
    step_law: Annotated[Literal["normal", "log-normal"], about("Distribution of the step from device to device")] = (
        "normal"
    )
    bound_spread: Annotated[Spread, about("Spread of the upper bound from device to device")] = 0.0
    lower_spread: Annotated[Spread | None, about("Spread of the lower bound; that of the upper one unless given")] = (
        None
    )
    asymmetry_spread: Annotated[float, about("Spread of the asymmetry, absolute", ge=0, le=1)] = 0.0
    cycle_noise: Annotated[Spread, about("Spread of each pulse, in steps")] = 0.0
    reference_spread: Annotated[
        float, about("Deviation of the reference from the symmetric point, absolute", ge=0, le=1)
    ] = 0.0

    up_table: Table | None = None
    down_table: Table | None = None

    @model_validator(mode="after")
    def _effective(self) -> Self:
        if (self.up_table is None) != (self.down_table is None):
            raise ParameterError("up_table", "one table", "give both or none")
        if self.up_table and self.down_table and len(self.up_table) != len(self.down_table):
            raise ParameterError("up_table", f"{len(self.up_table)} steps", "must be as many as in down_table")
        if self.step_law != "normal" and self.step_spread == 0:
            raise ParameterError("step_law", self.step_law, "has no effect without step_spread; add step_spread")
        return self

    @property
    def step(self) -> float:
        """Step d at weight 0."""
        return (self.upper - self.lower) / self.states

    @property
    def spreads(self) -> dict[str, float]:
        """Names and values of the spreads from device to device."""
        lower = self.bound_spread if self.lower_spread is None else self.lower_spread
        return {
            "step_spread": self.step_spread,
            "bound_spread": self.bound_spread,
            "lower_spread": lower,
            "asymmetry_spread": self.asymmetry_spread,
            "reference_spread": self.reference_spread,
        }
