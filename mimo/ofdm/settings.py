"""Settings of a study of Fourier transforms by arrays."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about
from mimo.radio.constellation import ORDERS, Constellation
from mimo.radio.delay_lines import DELAY_LINES, DelaySpread

VARIED = ("levels", "programming_error", "dac_bits", "adc_bits", "size", "wire_resistance")
STAGES = (1, 2)
LARGEST_SIZE = 256
"""Largest number of subcarriers: a real array of 512 x 512 cells in a pair."""
FLAT = "flat"
SENDER = "transmitter"
Bits = Annotated[int, Field(ge=2, le=16)]


class OfdmSettings(Record):
    """Subcarriers, constellation, converters, and the parameter that a curve varies."""

    size: Annotated[int, about("Subcarriers, N", ge=2, le=LARGEST_SIZE)] = 64
    order: Annotated[int, about(f"Points of the constellation: {', '.join(map(str, ORDERS))}")] = 64
    snr: Annotated[float, about("Es/N0 of a subcarrier, dB", ge=-50, le=100)] = 22.0
    side: Annotated[Literal["receiver", "transmitter"],
                    about("Side of the circuit: receiver (DFT), transmitter (its inverse)")] = "receiver"  # fmt: skip
    channel_model: Annotated[
        Literal["flat", "tdl-a", "tdl-b", "tdl-c", "tdl-d", "tdl-e"],
        about(f"Channel over the subcarriers: {', '.join((FLAT, *DELAY_LINES))}"),
    ] = "flat"
    delay_spread: DelaySpread = 1.0
    channels: Annotated[
        str | None, about("Channels of your own, shape (channels, subcarriers), instead", "FILE.npy")
    ] = None
    dac_bits: Annotated[Bits | None, about("Resolution of the DACs")] = None
    dac_range: Annotated[
        float, about("Full scale of converters at the signal over time, in its standard deviations", gt=0, le=20)
    ] = 4.0
    adc_bits: Annotated[Bits | None, about("Resolution of the ADCs")] = None
    vary: Annotated[Literal["levels", "programming_error", "dac_bits", "adc_bits", "size", "wire_resistance"],
                    about("Parameter along the curve")] = "levels"  # fmt: skip
    values: Annotated[str, about("Values of this parameter, with commas", "LIST")] = "4,8,16,32,64"
    frames: Annotated[int, about("OFDM symbols", ge=1, le=100_000)] = 100
    seed: Annotated[int, about("Seed of symbols and cells", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        _ = self.constellation
        field = type(self).model_fields.get(self.vary)
        if field is not None and getattr(self, self.vary) != field.default:
            given = getattr(self, self.vary)
            raise ParameterError(self.vary, given, "is what varies; leave it out, or vary another")
        self._check_acting([self.point(value).size for value in self.varied])
        return self

    def _check_acting(self, sizes: list[int]) -> None:
        """Refuse what has no effect on transforms of these sizes, and delays beyond one of them."""
        dac, adc = (getattr(self, name) is not None or self.vary == name for name in ("dac_bits", "adc_bits"))
        staged = any(radix(size) is not None for size in sizes)
        between = staged and (dac or adc)
        idle = {
            "channel_model": ("beside channels", self.channels is not None),
            "delay_spread": ("without a tapped delay line", not self.fading),
            "adc_bits": ("at a transmitter in one array", self.sends and not staged),
            "dac_range": ("without converters at the signal over time", not (between or (dac and not self.sends))),
        }
        for name, (where, without) in idle.items():
            if without and getattr(self, name) != type(self).model_fields[name].default:
                raise ParameterError(name, getattr(self, name), f"has no effect {where}; leave it out")
        if self.fading:
            DELAY_LINES[self.channel_model].check_reach(self.delay_spread, min(sizes))

    @property
    def sends(self) -> bool:
        """True for the transform of a transmitter."""
        return self.side == SENDER

    @property
    def fading(self) -> bool:
        """True for a tapped delay line."""
        return self.channel_model != FLAT

    @property
    def flat(self) -> bool:
        """True if all subcarriers have the same channel, 1."""
        return not self.fading and self.channels is None

    @property
    def constellation(self) -> Constellation:
        """Constellation of every subcarrier."""
        return Constellation(self.order)

    @property
    def varied(self) -> tuple[str, ...]:
        """Values of the varied parameter, as they were written."""
        found = tuple(text.strip() for text in self.values.split(","))
        if not all(found):
            raise ParameterError("values", repr(self.values), "must be values with commas between them")
        return found

    def point(self, value: str) -> OfdmSettings:
        """Return the settings of one point; those of a parameter of the circuits are the same.

        Raises:
            ParameterError: The value cannot be used.
        """
        if self.vary not in type(self).model_fields:
            return self
        if not value.isdecimal():
            raise ParameterError("values", value, f"must be whole numbers with commas, for {self.vary}")
        changes: dict[str, Any] = {self.vary: int(value), "vary": "levels"}
        return self.replace(**changes)

    def parts(self, given: dict[str, Any], value: str) -> dict[str, Any]:
        """Return the options of the parts at one point."""
        return given if self.vary in type(self).model_fields else {**given, self.vary: value}


def radix(size: int) -> int | None:
    """Return the radix of a transform in two equal stages, the root of N; None if it is no whole number."""
    root = int(np.sqrt(size) + 0.5)
    return root if root * root == size and root > 1 else None
