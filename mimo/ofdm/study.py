"""Study of Fourier transforms: error vector magnitude and bit error rate, by one array and by two stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits import Converters, short_repr
from mimo.ofdm.closed_forms import of_dac, of_levels, of_programming
from mimo.ofdm.link import Link, link_of
from mimo.ofdm.settings import FLAT, STAGES, OfdmSettings, radix
from mimo.ofdm.transform import Transform
from mimo.parts import Parts
from mimo.radio.closed_forms import ratio, zero_forcing_rayleigh
from mimo.radio.delay_lines import DELAY_LINES

LIMITS = {4: 0.175, 16: 0.125, 64: 0.08, 256: 0.035}
"""Largest error vector magnitude of a base station, by the order (3GPP TS 38.104, table 6.5.2.2-1)."""


@dataclass(frozen=True)
class Point:
    """One transform.

    Attributes:
        value: Value of the varied parameter.
        stages: 1 for one array, 2 for two stages.
        evm: Error vector magnitude without noise, with the common gain undone; a ratio. That of the transmitted
            symbols, or of the received ones before the response of the channel is undone; nan of an unstable array.
        predicted: In closed form, from levels, programming error and DACs; nan where there is none for the parts.
        ber: Bit error rate at the signal-to-noise ratio; 1/2 of an unstable array.
        effective: Bit error rate of white noise at the ratios that the error vector magnitude leaves.
        ideal: Bit error rate with an exact transform.
        limit: Largest error vector magnitude that 3GPP allows.
        budget: Error vector magnitude of each cause alone, the largest first.
    """

    value: str
    stages: int
    evm: float
    predicted: float
    ber: float
    effective: float
    ideal: float
    limit: float
    budget: dict[str, float]

    __repr__ = short_repr


@dataclass(frozen=True)
class Ofdm:
    """Result of a study of transforms.

    Attributes:
        settings: Settings.
        points: All points, those of one array first at each value.
        closed_form: Bit error rate with an exact transform over all draws; nan where there is no closed form.
    """

    settings: OfdmSettings
    points: tuple[Point, ...]
    closed_form: float

    __repr__ = short_repr

    @property
    def usable(self) -> bool:
        """False if an array is unstable at every point."""
        return not all(np.isnan(point.evm) for point in self.points)


def transforms(settings: OfdmSettings, given: dict[str, Any]) -> Ofdm:
    """Compute error vector magnitudes and bit error rates.

    Args:
        settings: Settings.
        given: Options of the parts by name, as a user writes them.

    Raises:
        ParameterError: A value cannot be used.
    """
    points = [point for value in settings.varied for point in _points(settings, given, value)]
    return Ofdm(settings, tuple(points), _closed_form(settings))


def _closed_form(settings: OfdmSettings) -> float:
    """White noise, or Rayleigh fading: a subcarrier of a line without a line of sight is circular Gaussian."""
    qam, snr = settings.constellation, ratio(settings.snr)
    if settings.flat:
        return float(qam.error_rate(snr))
    if settings.channel_model == FLAT or DELAY_LINES[settings.channel_model].in_sight:
        return float("nan")
    return float(zero_forcing_rayleigh(qam, 1, 1, snr))


def _points(settings: OfdmSettings, given: dict[str, Any], value: str) -> Iterator[Point]:
    here = settings.point(value)
    parts, link = Parts(settings.parts(given, value), settings.seed), link_of(here)
    for stages in STAGES:
        if stages == 1 or radix(here.size) is not None:
            yield _Measured(here, parts, stages, link).point(value)


@dataclass(frozen=True)
class _Measured:
    """A transform with its parts, in a link."""

    settings: OfdmSettings
    parts: Parts
    stages: int
    link: Link

    def point(self, value: str) -> Point:
        evm, ber = self.measured(self.parts, self.settings.dac_bits, self.settings.adc_bits)
        budget = dict(sorted(self.causes(), key=lambda one: -np.nan_to_num(one[1], nan=np.inf)))
        limit, link = LIMITS[self.settings.order], self.link
        return Point(value, self.stages, evm, self.predicted(), ber, link.effective(evm), link.ideal, limit, budget)

    def causes(self) -> Iterator[tuple[str, float]]:
        for cause in self.parts.causes("mvm"):
            yield cause, self.measured(self.parts.alone(cause), None, None)[0]
        if self.settings.dac_bits is not None:
            yield "dac", self.measured(self.parts.without_causes(), self.settings.dac_bits, None)[0]
        if self.settings.adc_bits is not None and (self.stages == 2 or not self.settings.sends):
            yield "adc", self.measured(self.parts.without_causes(), None, self.settings.adc_bits)[0]

    def measured(self, parts: Parts, dac_bits: int | None, adc_bits: int | None) -> tuple[float, float]:
        """Error vector magnitude and bit error rate."""
        transform = Transform.program(self.settings.size, self.stages, parts, self.settings.sends)
        if not transform.stable:
            return float("nan"), 0.5
        return self.link.measured(transform, Converters(dac_bits=dac_bits, adc_bits=adc_bits))

    def predicted(self) -> float:
        """Closed form of the error vector magnitude; nan with other causes, and for the few values of two stages."""
        hardware = self.parts.template("mvm").hardware
        known = {"levels", "programming_error", "opamp_gain"}
        error = hardware.device.programming_error
        if self.stages == 2 or not set(self.parts.causes("mvm")) <= known or isinstance(error, str):
            return float("nan")
        unit = hardware.cells.g_max - hardware.cells.g_min
        error = float(error) * hardware.device.programming_error_scale
        found = [of_programming(error, unit)] if error else []
        if hardware.device.levels is not None:
            found.append(of_levels(hardware.device.levels))
        if self.settings.adc_bits is not None and not self.settings.sends:
            return float("nan")
        if self.settings.dac_bits is not None:
            if self.settings.sends:
                return float("nan")
            found.append(of_dac(self.settings.dac_bits, self.settings.dac_range))
        return float(np.sqrt(np.sum(np.square(found)))) if found else 0.0
