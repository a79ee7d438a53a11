"""Settings of a study of precoding."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about
from mimo.radio.constellation import ORDERS, Constellation
from mimo.radio.real_form import RealArray

Count = Annotated[int, Field(ge=1, le=100_000)]


class PrecodeSettings(Record):
    """Users, antennas, channels; the signal-to-noise ratio is the whole transmitted power over the noise of a user."""

    antennas: Annotated[Count, about("Antennas of the base station")] = 64
    users: Annotated[Count, about("Users with one antenna each")] = 8
    order: Annotated[int, about(f"Points of the constellation: {', '.join(map(str, ORDERS))}")] = 16
    snr: Annotated[float, about("Transmitted power over the noise of a user, dB", ge=-50, le=100)] = 9.0
    channels: Annotated[
        str | None, about("Channels of your own, shape (channels, antennas, users), instead", "FILE.npy")
    ] = None
    precoder: Annotated[
        Literal["ginv", "cascade"], about("Circuit (cascade: INV of the Gram matrix drives MVM of the channel)")
    ] = "ginv"
    regularised: Annotated[bool, about("Regularised zero forcing, with the ridge K/g, instead of zero forcing")] = False
    input_ratio: Annotated[
        float | None,
        about("Input conductance in units of g_max - g_min (4 for ginv, 1 for cascade)", gt=0, le=1000),
    ] = None
    realizations: Annotated[Count, about("Channels that are drawn")] = 20
    vectors: Annotated[Count, about("Symbol vectors of each channel")] = 16
    transients: Annotated[Count, about("Channels among them whose settling is simulated")] = 3
    engine: Annotated[Literal["exact", "ngspice"], about("Engine of the transients")] = "exact"
    times: Annotated[str, about("Times of reading before it has settled, in units of the settling time", "LIST")] = (
        "0.3,0.5,0.7,1,1.5"
    )
    seed: Annotated[int, about("Seed of channels, symbols and cells", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        fields = type(self).model_fields
        for name in ("antennas", "users", "realizations") if self.channels is not None else ():
            if getattr(self, name) != fields[name].default:
                raise ParameterError(name, getattr(self, name), "has no effect beside channels; leave it out")
        if self.users > self.antennas and not self.regularised:
            mend = f"must be at most the number of antennas, {self.antennas}; more of them need regularised"
            raise ParameterError("users", self.users, mend)
        _ = self.constellation, self.parts_of_settling
        return self

    @property
    def constellation(self) -> Constellation:
        """Constellation of every user."""
        return Constellation(self.order)

    @property
    def exact_name(self) -> str:
        """Name of the exact precoder."""
        return "regularised zero forcing" if self.regularised else "zero forcing"

    @property
    def inputs(self) -> float:
        """Input conductance in units of that of the largest entry.

        The signal grows with it, and the noise of the op-amps does not: GINV needs it, and its loop bears it.
        """
        if self.input_ratio is not None:
            return self.input_ratio
        return {"ginv": 4.0, "cascade": 1.0}[self.precoder]

    @property
    def parts_of_settling(self) -> RealArray:
        """Times of reading in units of the settling time, in rising order.

        Raises:
            ParameterError: One is no positive number.
        """
        try:
            found = np.array([float(text) for text in self.times.split(",")])
        except ValueError:
            found = np.array([np.nan])
        if not (np.isfinite(found).all() and (found > 0).all() and (found <= 100).all()):
            raise ParameterError("times", self.times, "must be numbers above 0 and up to 100, with commas")
        return np.unique(found)
