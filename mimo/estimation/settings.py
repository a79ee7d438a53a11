"""Settings of a study of channel estimation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about
from mimo.radio.delay_lines import DELAY_LINES, DelaySpread
from mimo.radio.real_form import RealArray

Count = Annotated[int, Field(ge=1, le=100_000)]
ESTIMATORS = ("omp", "fista", "fista-ls", "recover", "recover-ls")
WITH_LEAST_SQUARES = ("omp", "fista-ls", "recover-ls")
"""Estimators that solve least squares over the chosen entries."""
MODELS = ("grid", "waves", *DELAY_LINES)


class EstimateSettings(Record):
    """Channels, pilots and estimators; the signal-to-noise ratio is that of one pilot."""

    size: Annotated[int, about("Entries of the channel: bins, antennas or subcarriers, N", ge=2, le=1024)] = 32
    pilots: Annotated[int, about("Pilots, fewer than entries or as many", ge=2, le=1024)] = 16
    taps: Annotated[int, about("Taps or waves that are drawn, and entries that omp and least squares take", ge=1)] = 3
    channel_model: Annotated[
        Literal["grid", "waves", "tdl-a", "tdl-b", "tdl-c", "tdl-d", "tdl-e"],
        about(f"Channels: {', '.join(MODELS)}"),
    ] = "grid"
    delay_spread: DelaySpread = 1.0
    channels: Annotated[
        str | None, about("Channels of your own, shape (channels, antennas, users), instead", "FILE.npy")
    ] = None
    pilot_matrix: Annotated[
        Literal["gaussian", "fourier"], about("Pilots: gaussian mixtures of entries, or rows of the fourier matrix")
    ] = "gaussian"
    snr: Annotated[str, about("Signal-to-noise ratios of a pilot, dB, such as 10,20,30", "LIST")] = "10,20,30"
    realizations: Annotated[Count, about("Channels that are drawn")] = 40
    estimators: Annotated[str, about(f"Estimators: {', '.join(ESTIMATORS)}", "LIST")] = "omp,fista,fista-ls,recover"
    least_squares: Annotated[
        Literal["digital", "ginv"], about("Least squares over the chosen entries: digital, or a ginv circuit")
    ] = "digital"
    iterations: Annotated[Count, about("Iterations of fista")] = 100
    solves: Annotated[Count, about("Channels among them that the recover circuit solves")] = 3
    seed: Annotated[int, about("Seed of channels, pilots, noise and cells", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        self._check_acting()
        for name in self.estimator_names:
            if name not in ESTIMATORS:
                raise ParameterError("estimators", name, f"must be among {', '.join(ESTIMATORS)}, with commas")
        if self.channels is None:
            self.check_size(self.size)
        if self.taps >= self.pilots:
            raise ParameterError("taps", self.taps, f"must be below the number of pilots, {self.pilots}")
        if self.channel_model in DELAY_LINES:
            DELAY_LINES[self.channel_model].check_reach(self.delay_spread, self.size)
        _ = self.decibels
        return self

    def _check_acting(self) -> None:
        """Refuse what has no effect."""
        names, fields = self.estimator_names, type(self).model_fields
        idle = {
            "delay_spread": ("without a tapped delay line", self.channel_model not in DELAY_LINES),
            "iterations": ("without fista", not {"fista", "fista-ls"} & set(names)),
            "solves": ("without the estimator recover", not {"recover", "recover-ls"} & set(names)),
            "least_squares": (f"without {', '.join(WITH_LEAST_SQUARES)}", not set(WITH_LEAST_SQUARES) & set(names)),
        }
        drawn = ("size", "channel_model", "delay_spread", "realizations") if self.channels is not None else ()
        idle |= {name: ("beside channels", True) for name in drawn}
        for name, (where, without) in idle.items():
            if without and getattr(self, name) != fields[name].default:
                raise ParameterError(name, getattr(self, name), f"has no effect {where}; leave it out")

    def check_size(self, size: int) -> None:
        """Refuse more pilots than entries.

        Raises:
            ParameterError: There are more.
        """
        if self.pilots > size:
            raise ParameterError("pilots", self.pilots, f"must be at most the number of entries, {size}")

    @property
    def estimator_names(self) -> tuple[str, ...]:
        """Names of the estimators, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.estimators.split(",")))

    @property
    def decibels(self) -> RealArray:
        """Signal-to-noise ratios, dB, in rising order.

        Raises:
            ParameterError: One is no finite number.
        """
        try:
            found = np.array([float(text) for text in self.snr.split(",")])
        except ValueError:
            found = np.array([np.nan])
        if not (np.isfinite(found).all() and np.abs(found).max() <= 200):
            raise ParameterError("snr", self.snr, "must be finite numbers of dB from -200 to 200, with commas")
        return np.unique(found)
