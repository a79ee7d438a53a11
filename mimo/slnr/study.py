"""Study of leakage precoding: signal-to-leakage-and-noise ratios by circuits, beside exact ones and the closed form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amc_circuits import ParameterError, short_repr
from mimo.parts import Parts
from mimo.radio.channels import correlated, correlated_users, load_each, rayleigh, standard_error
from mimo.radio.closed_forms import ratio
from mimo.radio.real_form import ComplexArray, RealArray
from mimo.slnr.circuits import Realised, program, realised
from mimo.slnr.precoders import (
    alignment,
    leakage_precoder,
    many_antennas,
    matched_filter,
    noise_of,
    ratio_of_precoder,
    zero_forcing_column,
)
from mimo.slnr.settings import LeakageSettings

BUDGET_CHANNELS = 3
"""Number of channels for the ratio of each cause alone."""


@dataclass(frozen=True)
class Method:
    """Precoders of one method.

    Attributes:
        name: Name.
        ratios: Signal-to-leakage-and-noise ratio of every user of every channel, shape (B, K).
        alignments: Cosine between each precoder and the exact one, shape (B, K).
        checked: Channels whose first circuit had its poles computed.
        unstable: Channels among them with an unstable circuit; they count as antenna 0 alone.
        failed: Statuses of second circuits without a direction; their users keep their first antenna.
        time: Mean settling time of all solves for a user, s.
        budget: Mean ratio of each cause alone, dB, the smallest first, over the first channels.
        ideal: Mean ratio of exact precoders over the same channels, dB.
    """

    name: str
    ratios: RealArray
    alignments: RealArray
    checked: int
    unstable: int
    failed: tuple[str, ...]
    time: float
    budget: dict[str, float]
    ideal: float

    __repr__ = short_repr

    @property
    def standard_error(self) -> float:
        """Standard error of the mean in dB by channel; nan for one channel."""
        return float(standard_error(decibels(self.ratios).mean(axis=1)))


@dataclass(frozen=True)
class Leakage:
    """Result of a study of leakage precoding.

    Attributes:
        settings: Settings.
        antennas: Antennas of the base station.
        users: Users.
        exact: Largest possible ratio of every user of every channel, shape (B, K).
        matched: Ratio of the direction that a user receives best, shape (B, K).
        eigenvalues: Mean eigenvalue of `H_k R_k^-1 H_k^H`, in the mean over channels and users; a ratio.
        closed_form: The same for many antennas; nan for channels of a file and for correlated ones.
        second: Median of the second eigenvalue over the first; nan for users with one antenna.
        zero_forcing: Largest `1 - cos` between the exact precoder and the column of regularised zero forcing; nan for
            users with several antennas.
        methods: All methods.
    """

    settings: LeakageSettings
    antennas: int
    users: int
    exact: RealArray
    matched: RealArray
    eigenvalues: float
    closed_form: float
    second: float
    zero_forcing: float
    methods: tuple[Method, ...]

    __repr__ = short_repr

    @property
    def usable(self) -> bool:
        """False if every circuit failed."""
        return any(one.unstable < max(one.checked, 1) and len(one.failed) < one.ratios.size for one in self.methods)


def decibels(ratios: RealArray) -> RealArray:
    """Return ratios of powers in dB."""
    return np.asarray(10 * np.log10(np.maximum(ratios, np.finfo(float).tiny)))


def leakage(settings: LeakageSettings, parts: Parts) -> Leakage:
    """Compute the ratios of all methods over the same channels.

    Raises:
        ParameterError: The file of channels or an option cannot be used.
        SimulationError: The simulator failed; deck and log are kept.
    """
    swing = parts.template("inv").hardware.opamp.equivalent.swing
    if "egv" in settings.method_names and not np.isfinite(swing):
        mend = "has no swing, which ends the growth of EGV; take another one, or the method inv alone"
        raise ParameterError("opamp", parts.given["opamp"], mend)
    channels = _channels(settings)
    _, streams, antennas = channels.shape
    users = settings.users_of(antennas, streams)
    study = _Study(settings, channels, users)
    closed = float("nan")
    if settings.channels is None and settings.correlation == settings.user_correlation == 0:
        closed = many_antennas(antennas, users, settings.user_antennas, study.noise)
    second, error = float("nan"), float("nan")
    if settings.user_antennas > 1:
        second = float(np.median(study.eigenvalues[..., 1] / study.eigenvalues[..., 0]))
    else:
        error = study.zero_forcing_error()
    methods = tuple(study.method(name, parts) for name in settings.method_names)
    return Leakage(
        settings, antennas, users, study.eigenvalues[..., 0], study.ratios(study.matched()),
        float(study.eigenvalues.mean()), closed, second, error, methods,
    )  # fmt: skip


def _channels(settings: LeakageSettings) -> ComplexArray:
    """Channels (B, K N_u, M), the antennas of all users as rows."""
    if settings.channels is not None:
        uplink = load_each(Path(settings.channels))
    else:
        streams = settings.users * settings.user_antennas
        generator = np.random.default_rng(settings.seed)
        plain = rayleigh(settings.realizations, settings.antennas, streams, generator)
        users = correlated_users(plain, settings.user_correlation, settings.user_antennas)
        uplink = correlated(users, settings.correlation)
    return uplink.swapaxes(1, 2)


class _Study:
    """Channels with their exact precoders."""

    def __init__(self, settings: LeakageSettings, channels: ComplexArray, users: int) -> None:
        self.settings, self.channels, self.users = settings, channels, users
        self.size = settings.user_antennas
        self.noise = noise_of(self.size, float(ratio(settings.snr)))
        found = [[leakage_precoder(one, k, self.size, self.noise) for k in range(users)] for one in channels]
        self.exact = np.array([[one[0] for one in row] for row in found])
        self.eigenvalues = np.array([[one[1] for one in row] for row in found])

    def ratios(self, precoders: ComplexArray) -> RealArray:
        """Ratios of precoders (B, K, M) of the first channels, shape (B, K)."""
        pairs = zip(self.channels, precoders, strict=False)
        return np.array(
            [[ratio_of_precoder(one, w, k, self.size, self.noise) for k, w in enumerate(row)] for one, row in pairs]
        )

    def matched(self) -> ComplexArray:
        """Matched filters of all users, shape (B, K, M)."""
        return np.array([[matched_filter(one, k, self.size) for k in range(self.users)] for one in self.channels])

    def zero_forcing_error(self) -> float:
        """Largest `1 - cos` between exact precoders and columns of regularised zero forcing."""
        cosines = [
            alignment(zero_forcing_column(one, k, self.noise), w)
            for one, row in zip(self.channels, self.exact, strict=True)
            for k, w in enumerate(row)
        ]
        return max(0.0, 1 - min(cosines))

    def method(self, name: str, parts: Parts) -> Method:
        """Compute the precoders of a method."""
        found = self._realised(name, parts, len(self.channels))
        precoders = self._used(found)
        circuits = {"egv": ("inv", "egv")}.get(name, ("inv",))
        causes = dict.fromkeys(cause for circuit in circuits for cause in parts.causes(circuit))
        few = min(BUDGET_CHANNELS, len(self.channels))
        budget = {cause: self._mean(self._used(self._realised(name, parts.alone(cause), few))) for cause in causes}
        stable = [one.stable for one in found if one.stable is not None]
        pairs = zip(precoders, self.exact, strict=True)
        times = [time for one in found for time in one.times]
        return Method(
            name, self.ratios(precoders),
            np.array([[alignment(w, v) for w, v in zip(*rows, strict=True)] for rows in pairs]),
            len(stable), stable.count(False), tuple(status for one in found for status in one.failed),
            float(np.mean(times)) if times else float("nan"), dict(sorted(budget.items(), key=lambda one: one[1])),
            self._mean(self.exact[:few]),
        )  # fmt: skip

    def _mean(self, precoders: ComplexArray) -> float:
        return float(decibels(self.ratios(precoders)).mean())

    def _realised(self, name: str, parts: Parts, count: int) -> list[Realised]:
        """Precoders of the first channels; every circuit has its own random cells."""
        found, channels = [], self.channels[:count]
        for place, channel in enumerate(channels):
            inverse = program(channel, self.noise, parts, place, self.settings.diagonal)
            first = len(self.channels) + place * self.users
            trials = range(first, first + self.users)
            found.append(realised(name, inverse, self.size, parts, trials, self.settings.iterations))
        return found

    def _used(self, found: list[Realised]) -> ComplexArray:
        """Precoders (B, K, M); antenna 0 alone where the first circuit is unstable."""
        alone = np.zeros(self.channels.shape[2], complex)
        alone[0] = 1
        return np.array([one.precoders if one.stable is not False else [alone] * self.users for one in found])
