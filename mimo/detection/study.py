"""Study of detectors: bit error rate against the signal-to-noise ratio, beside exact detection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amc_circuits import short_repr
from mimo.detection.detectors import CIRCUITS, DETECTORS, Task
from mimo.detection.settings import TARGET, DetectSettings
from mimo.parts import Parts
from mimo.radio.channels import correlated, load_channels, load_each, rayleigh, standard_error
from mimo.radio.closed_forms import ratio, zero_forcing, zero_forcing_rayleigh
from mimo.radio.least_squares import least_squares
from mimo.radio.real_form import ComplexArray, RealArray, real_form
from mimo.radio.semi_analytic import detector_rates

BUDGET_CHANNELS = 10
"""Number of channels for the error rate of each cause alone."""


@dataclass(frozen=True)
class Curve:
    """Bit error rate of one detector over one set of channels.

    Attributes:
        channels: Name of the channels.
        detector: Name of the detector, with the uses of its circuit if it has several curves.
        rates: Bit error rate of every channel at every signal-to-noise ratio, shape (B, S).
        checked: Channels whose circuit had its poles computed.
        unstable: Channels among them with an unstable circuit; they count with an error rate of 1/2.
        diverging: Channels where refinement does not converge; None without refinement.
        reference: Place among the ratios at which the exact detector is nearest to 1e-3.
        budget: Error rate there of each cause alone, the largest first, over the first channels.
        ideal: Error rate of the exact detector over the same channels.
    """

    channels: str
    detector: str
    rates: RealArray
    checked: int
    unstable: int
    diverging: int | None
    reference: int
    budget: dict[str, float]
    ideal: float

    __repr__ = short_repr

    @property
    def mean(self) -> RealArray:
        """Mean over the channels, shape (S,)."""
        return np.asarray(self.rates.mean(axis=0))

    @property
    def standard_error(self) -> RealArray:
        """Standard error of the mean by channel, shape (S,): the bits of a channel share its fading; nan for one."""
        return standard_error(self.rates)


@dataclass(frozen=True)
class Detection:
    """Result of a study of detectors.

    Attributes:
        settings: Settings.
        snr: Signal-to-noise ratios, dB, shape (S,).
        exact: Rates of the exact detector for each set of channels, by their name, shape (B, S).
        closed_form: Exact zero forcing in the mean over all i.i.d. channels, shape (S,); None for channels of a file,
            and with more users than antennas.
        curves: All detectors over all sets of channels.
    """

    settings: DetectSettings
    snr: RealArray
    exact: dict[str, RealArray]
    closed_form: RealArray | None
    curves: tuple[Curve, ...]

    __repr__ = short_repr


@dataclass(frozen=True)
class _Link:
    """Channels with the symbols that are sent over them."""

    name: str
    channels: ComplexArray
    drawn: NDArray[np.int64]

    def first(self, count: int) -> _Link:
        return _Link(self.name, self.channels[:count], self.drawn[:, :count])


def detect(settings: DetectSettings, parts: Parts) -> Detection:
    """Compute the bit error rates of all detectors.

    Every set of channels is made of the same draws and has the same symbols, so that differences of curves are sharper
    than the curves. Noise and symbols are independent of the errors of the cells.

    Raises:
        ParameterError: The file of channels or an option cannot be used.
    """
    links = list(_links(settings))
    _, antennas, users = links[0].channels.shape
    decibels = settings.decibels(antennas, users)
    snr = ratio(decibels)
    exact = {link.name: _exact(link, settings, snr) for link in links}
    closed = None
    if settings.channels is None and users <= antennas:
        closed = zero_forcing_rayleigh(settings.constellation, antennas, users, snr)
    curves = []
    for link in links:
        for one in settings.curves:
            curves.append(_curve(one, link, settings, parts, snr, exact[link.name]))
    return Detection(settings, decibels, exact, closed, tuple(curves))


def _exact(link: _Link, settings: DetectSettings, snr: RealArray) -> RealArray:
    """Bit error rates of the exact detector, shape (B, S)."""
    if not settings.regularised:
        return zero_forcing(settings.constellation, link.channels, snr)
    channels = real_form(link.channels)
    maps = (least_squares(channels, 1 / g) for g in snr)
    each = (
        detector_rates(one, channels, g, settings.constellation, link.drawn)
        for one, g in zip(maps, snr[:, None], strict=True)
    )
    return np.concatenate(list(each), axis=1)


def _reference(exact: RealArray) -> int:
    """Return the place at which the exact detector is nearest to the target."""
    rates = np.maximum(exact.mean(axis=0), np.finfo(float).tiny)
    return int(np.abs(np.log(rates / TARGET)).argmin())


def _links(settings: DetectSettings) -> Iterator[_Link]:
    generator = np.random.default_rng(settings.seed)
    if settings.channels is not None:
        load = load_each if settings.regularised else load_channels  # the ridge makes any channel invertible
        sets = {"file": load(Path(settings.channels))}
    else:
        plain = rayleigh(settings.realizations, settings.antennas, settings.users, generator)
        sets = {"i.i.d.": plain}
        if settings.correlation > 0:
            sets[f"r = {settings.correlation:g}"] = correlated(plain, settings.correlation)
    count, _, users = next(iter(sets.values())).shape
    drawn = settings.constellation.draw((count, users, settings.vectors), generator)
    for name, channels in sets.items():
        yield _Link(name, channels, drawn)


def _curve(
    one: tuple[str, str, int], link: _Link, settings: DetectSettings, parts: Parts, snr: RealArray, exact: RealArray
) -> Curve:
    label, name, uses = one
    reference = _reference(exact)
    rates, stable, converging = _rates(name, uses, link, settings, parts, snr)
    few = link.first(BUDGET_CHANNELS)
    causes = {
        cause: float(_rates(name, uses, few, settings, parts.alone(cause), snr[[reference]])[0].mean())
        for cause in parts.causes(CIRCUITS[name])
    }
    budget = dict(sorted(causes.items(), key=lambda one: -one[1]))
    checked = [one for one in stable if one is not None]
    diverging = None if None in converging else converging.count(False)
    ideal = float(exact[:BUDGET_CHANNELS, reference].mean())
    return Curve(link.name, label, rates, len(checked), checked.count(False), diverging, reference, budget, ideal)


def _rates(
    name: str, uses: int, link: _Link, settings: DetectSettings, parts: Parts, snr: RealArray
) -> tuple[RealArray, list[bool | None], list[bool | None]]:
    """Error rates (B, S), and for each channel whether circuit and refinement are stable.

    One circuit serves all ratios without a ridge. With one there is a circuit for each, and a channel is unstable or
    does not converge if one of its circuits is or does not.
    """
    channels = real_form(link.channels)
    rates, stable, converging = [], [], []
    for ratios in snr[:, None] if settings.regularised else [snr]:
        ridge = 1 / float(ratios[0]) if settings.regularised else 0.0
        tasks = (Task(channel, parts, trial, ridge, uses) for trial, channel in enumerate(channels))
        found = [DETECTORS[name](task) for task in tasks]
        maps = np.stack([one.map for one in found])
        rates.append(detector_rates(maps, channels, ratios, settings.constellation, link.drawn))
        rates[-1][[not one.works for one in found]] = 0.5
        stable.append([one.stable for one in found])
        converging.append([one.converges for one in found])
    return np.concatenate(rates, axis=1), _all_of(stable), _all_of(converging)


def _all_of(each: list[list[bool | None]]) -> list[bool | None]:
    """Return for each channel False if one is False, None if it is not known, otherwise True."""
    return [False if False in one else None if None in one else True for one in zip(*each, strict=True)]
