"""Settings of a study of iterative detection."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about
from mimo.iteration.methods import METHODS
from mimo.radio.constellation import ORDERS, Constellation

Count = Annotated[int, Field(ge=1, le=100_000)]
TARGET = 1e-3
"""Error rate of zero forcing at the automatic signal-to-noise ratio."""


class IterateSettings(Record):
    """Users, antennas, channels and methods; the signal-to-noise ratio is Es/N0 of a user at an antenna."""

    antennas: Annotated[Count, about("Antennas of the base station")] = 64
    users: Annotated[Count, about("Users with one antenna each")] = 8
    order: Annotated[int, about(f"Points of the constellation: {', '.join(map(str, ORDERS))}")] = 16
    snr: Annotated[float | None, Field(ge=-50, le=100), about("Es/N0, dB, instead of that of ZF's 1e-3")] = None
    channels: Annotated[
        str | None, about("Channels of your own, shape (channels, antennas, users), instead", "FILE.npy")
    ] = None
    realizations: Annotated[Count, about("Channels that are drawn")] = 20
    vectors: Annotated[Count, about("Symbol vectors of each channel")] = 100
    methods: Annotated[str, about(f"Methods: {', '.join(METHODS)}", "LIST")] = ",".join(METHODS)
    iterations: Annotated[int, about("Iterations", ge=1, le=200)] = 12
    seed: Annotated[int, about("Seed of channels, symbols and cells", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name in ("antennas", "users", "realizations") if self.channels is not None else ():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ParameterError(name, getattr(self, name), "has no effect beside channels; leave it out")
        if self.users > self.antennas:
            raise ParameterError("users", self.users, f"must be at most the number of antennas, {self.antennas}")
        for name in self.method_names:
            if name not in METHODS:
                raise ParameterError("methods", name, f"must be among {', '.join(METHODS)}, with commas")
        _ = self.constellation
        return self

    @property
    def constellation(self) -> Constellation:
        """Constellation of every user."""
        return Constellation(self.order)

    @property
    def method_names(self) -> tuple[str, ...]:
        """Names of the methods."""
        return tuple(name.strip() for name in self.methods.split(","))
