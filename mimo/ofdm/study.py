"""Study of Fourier transforms: error vector magnitude and bit error rate, by one array and by two stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits import Converters, short_repr
from mimo.ofdm.closed_forms import effective_ratio, of_dac, of_levels, of_programming
from mimo.ofdm.settings import STAGES, OfdmSettings, radix
from mimo.ofdm.transform import Transform, fourier
from mimo.parts import Parts
from mimo.radio.closed_forms import ratio
from mimo.radio.constellation import Constellation
from mimo.radio.real_form import RealArray, complex_vector, real_vector
from mimo.radio.semi_analytic import rates_of_means

LIMITS = {4: 0.175, 16: 0.125, 64: 0.08, 256: 0.035}
"""Largest error vector magnitude of a base station, by the order (3GPP TS 38.104, table 6.5.2.2-1)."""
ADC_MARGIN = 1.05
"""Full scale of the ADCs in units of the largest symbol; with exactly 1 the levels may fall on the symbols."""


@dataclass(frozen=True)
class Point:
    """One transform.

    Attributes:
        value: Value of the varied parameter.
        stages: 1 for one array, 2 for two stages.
        evm: Error vector magnitude without noise, with the common gain undone; a ratio.
        predicted: In closed form, from levels, programming error and DACs; nan where there is none for the parts.
        ber: Bit error rate at the signal-to-noise ratio.
        effective: Bit error rate of white noise at the ratio that the error vector magnitude leaves.
        limit: Largest error vector magnitude that 3GPP allows.
        budget: Error vector magnitude of each cause alone, the largest first.
    """

    value: str
    stages: int
    evm: float
    predicted: float
    ber: float
    effective: float
    limit: float
    budget: dict[str, float]

    __repr__ = short_repr


@dataclass(frozen=True)
class Ofdm:
    """Result of a study of transforms.

    Attributes:
        settings: Settings.
        points: All points, those of one array first at each value.
        ideal: Bit error rate with an exact transform.
    """

    settings: OfdmSettings
    points: tuple[Point, ...]
    ideal: float

    __repr__ = short_repr


def transforms(settings: OfdmSettings, given: dict[str, Any]) -> Ofdm:
    """Compute error vector magnitudes and bit error rates.

    Args:
        settings: Settings.
        given: Options of the parts by name, as a user writes them.

    Raises:
        ParameterError: A value cannot be used.
    """
    points = [point for value in settings.varied for point in _points(settings, given, value)]
    ideal = float(settings.constellation.error_rate(ratio(settings.snr)))
    return Ofdm(settings, tuple(points), ideal)


def _points(settings: OfdmSettings, given: dict[str, Any], value: str) -> Iterator[Point]:
    here = settings.point(value)
    parts = Parts(settings.parts(given, value), settings.seed)
    for stages in STAGES:
        if stages == 1 or radix(here.size) is not None:
            yield _Measured(here, parts, stages).point(value)


@dataclass(frozen=True)
class _Measured:
    """A transform with its parts."""

    settings: OfdmSettings
    parts: Parts
    stages: int

    def point(self, value: str) -> Point:
        evm, ber = self.measured(self.parts, self.settings)
        snr = float(ratio(self.settings.snr))
        effective = float(self.settings.constellation.error_rate(effective_ratio(snr, evm)))
        budget = dict(sorted(self.causes(), key=lambda one: -one[1]))
        limit = LIMITS[self.settings.order]
        return Point(value, self.stages, evm, self.predicted(), ber, effective, limit, budget)

    def causes(self) -> Iterator[tuple[str, float]]:
        plain = self.settings.replace(dac_bits=None, adc_bits=None)
        for cause in self.parts.causes("mvm"):
            yield cause, self.measured(self.parts.alone(cause), plain)[0]
        for name in ("dac_bits", "adc_bits"):
            if getattr(self.settings, name) is not None:
                alone = plain.replace(**{name: getattr(self.settings, name)})
                # Of all ideal parts: a cause that is not there.
                yield name.removesuffix("_bits"), self.measured(self.parts.alone("drift"), alone)[0]

    def measured(self, parts: Parts, settings: OfdmSettings) -> tuple[float, float]:
        """Error vector magnitude and bit error rate."""
        qam, generator = settings.constellation, np.random.default_rng(settings.seed)
        drawn = qam.draw((settings.size, settings.frames), generator)
        symbols = qam.symbols(drawn)
        transform = Transform.program(settings.size, self.stages, parts)
        sent = real_vector(fourier(settings.size).conj().T @ symbols)
        converters = Converters(dac_bits=settings.dac_bits, adc_bits=settings.adc_bits)
        scale = settings.dac_range * float(np.sqrt(0.5))
        largest = ADC_MARGIN * (qam.levels - 1) * qam.half_distance
        read = converters.outputs(transform.apply(converters.inputs(sent, scale)), largest)[0]
        received = complex_vector(read)
        gain = np.vdot(received, symbols) / np.vdot(received, received)
        error = gain * received - symbols
        evm = float(np.sqrt(np.mean(np.abs(error) ** 2) / np.mean(np.abs(symbols) ** 2)))
        spread = np.abs(gain) * np.sqrt((transform.map**2).sum(axis=1) / (2 * ratio(settings.snr)))
        return evm, _ber(real_vector(gain * received), spread, qam, drawn)

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
        if self.settings.dac_bits is not None:
            found.append(of_dac(self.settings.dac_bits, self.settings.dac_range))
        if self.settings.adc_bits is not None:
            return float("nan")
        return float(np.sqrt(np.sum(np.square(found)))) if found else 0.0


def _ber(means: RealArray, deviations: RealArray, qam: Constellation, drawn: Any) -> float:
    sent = np.concatenate([drawn[0], drawn[1]])
    return float(rates_of_means(means[None], deviations[None, :, None], qam, sent[None])[0])
