"""Settings of a study of leakage precoding."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about

Count = Annotated[int, Field(ge=1, le=100_000)]
METHODS = ("egv", "inv")


class LeakageSettings(Record):
    """Users, antennas, channels; the signal-to-noise ratio is that of a user's power over the noise of its antenna."""

    antennas: Annotated[Count, about("Antennas of the base station")] = 64
    users: Annotated[Count, about("Users, two or more")] = 8
    user_antennas: Annotated[int, about("Antennas of each user", ge=1, le=16)] = 2
    snr: Annotated[float, about("Transmitted power of a user over the noise of its antenna, dB", ge=-50, le=100)] = 10.0
    channels: Annotated[
        str | None,
        about("Channels of your own, shape (channels, antennas, antennas of all users in turn), instead", "FILE.npy"),
    ] = None
    correlation: Annotated[float, about("Correlation of neighbouring antennas of the base station", ge=0, lt=1)] = 0.0
    user_correlation: Annotated[float, about("Correlation of neighbouring antennas of a user", ge=0, lt=1)] = 0.0
    realizations: Annotated[Count, about("Channels that are drawn")] = 10
    methods: Annotated[str, about("Methods: egv, inv, with commas; auto: both, inv for users with one antenna")] = (
        "auto"
    )
    iterations: Annotated[Count, about("Solves of the method inv for the strongest direction of a user")] = 6
    diagonal: Annotated[
        Literal["cells", "resistors"],
        about("Diagonal of the matrix G of all users: in cells, or in resistors beside them"),
    ] = "cells"
    seed: Annotated[int, about("Seed of channels and cells", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        fields = type(self).model_fields
        drawn = ("antennas", "users", "realizations", "correlation", "user_correlation")
        for name in drawn if self.channels is not None else ():
            if getattr(self, name) != fields[name].default:
                raise ParameterError(name, getattr(self, name), "has no effect beside channels; leave it out")
        for name in self.method_names:
            if name not in METHODS:
                raise ParameterError("methods", name, f"must be among {', '.join(METHODS)}, with commas, or auto")
        if self.user_antennas == 1 and "egv" in self.method_names:
            raise ParameterError("methods", "egv", "users with one antenna need no eigenvector; take inv")
        if self.user_antennas == 1 and self.user_correlation:
            mend = "has no effect on users with one antenna; leave it out"
            raise ParameterError("user_correlation", self.user_correlation, mend)
        if self.iterations != fields["iterations"].default and not self.iterates:
            mend = "has no effect without the method inv for users with several antennas; leave it out"
            raise ParameterError("iterations", self.iterations, mend)
        if self.channels is None:
            self.users_of(self.antennas, self.users * self.user_antennas)
        return self

    @property
    def method_names(self) -> tuple[str, ...]:
        """Names of the methods, each once."""
        if self.methods == "auto":
            return METHODS if self.user_antennas > 1 else ("inv",)
        return tuple(dict.fromkeys(name.strip() for name in self.methods.split(",")))

    @property
    def iterates(self) -> bool:
        """True if a method solves several times."""
        return self.user_antennas > 1 and "inv" in self.method_names

    def users_of(self, antennas: int, streams: int) -> int:
        """Return the number of users with so many antennas in all.

        Raises:
            ParameterError: They are not those of whole users, of two or more, or more than those of the base station.
        """
        if streams % self.user_antennas:
            mend = f"must divide the {streams} antennas of all users"
            raise ParameterError("user_antennas", self.user_antennas, mend)
        users = streams // self.user_antennas
        if users < 2:
            raise ParameterError("users", users, "must be two or more: one user has nobody to leak to")
        if streams > antennas:
            mend = f"have {streams} antennas in all; must be at most those of the base station, {antennas}"
            raise ParameterError("users", users, mend)
        return users
