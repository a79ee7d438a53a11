"""Study of precoding by one circuit: bit error rate, settling, early reading, noise and offsets, energy.

The precoder is `s = beta H^H (H H^H + ridge I)^-1 x`, H of shape (K, M); regularised zero forcing has the ridge K/g.
A cascade computes it by INV of `H H^H + ridge I`, whose outputs drive MVM of H^H (docs/cascade.md). GINV of H computes
it without a Gram matrix: the answer of a wide matrix is the shortest solution of `H s = x` (docs/ginv.md). The loop
makes `H_1 s = x` for the array H_1 that reads s, so that only the errors of this array reach the users. beta makes the
mean transmitted power 1, of the precoder that is realised.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import GinvCircuit, Solution, Solver, short_repr
from mimo.parts import Parts, known_stable, map_of, program_ginv
from mimo.precoding.disturbances import noise_covariance, offset_at_users, over_channels
from mimo.precoding.settings import PrecodeSettings
from mimo.radio.channels import load_channels, load_each, rayleigh
from mimo.radio.closed_forms import ratio
from mimo.radio.constellation import Constellation
from mimo.radio.least_squares import least_squares
from mimo.radio.real_form import RealArray, real_form, real_vector
from mimo.radio.semi_analytic import error_rates, unit_gains

BUDGET_CHANNELS = 10
"""Number of channels for the error rate of each cause alone."""


@dataclass(frozen=True)
class Settling:
    """Transient of one channel with one vector of symbols.

    Attributes:
        status: Status of the solution.
        time: Settling time, s; nan if it did not settle.
        predicted: Settling time by the slowest pole, s.
        energy: Energy of the vector, J; nan if unknown.
        error: Relative error of the transmitted signal.
        rates: Bit error rate when all vectors are read at the times of the study, with noise, shape (R,).
        noise: Noise of op-amps and resistors at the users, rms, relative to their symbols, of which the largest part
            has the input full scale; nan of an unstable circuit.
        offset: Offsets of the op-amps at the users, rms, relative to their symbols, before they are taken off.
    """

    status: str
    time: float
    predicted: float
    energy: float
    error: float
    rates: RealArray
    noise: float
    offset: float

    __repr__ = short_repr


@dataclass(frozen=True)
class Precoding:
    """Result of a study of precoding.

    Attributes:
        settings: Settings.
        antennas: Antennas of the channels.
        users: Users of the channels.
        rates: Bit error rate of every channel at rest, with the noise of the circuit, shape (B,).
        checked: Channels whose circuit had its poles computed.
        unstable: Channels among them with an unstable circuit; they count with an error rate of 1/2.
        exact: The same by the exact precoder.
        closed_form: Of zero forcing for many antennas, `P(g (M - K)/K)`; nan for channels of a file.
        budget: Error rate of each cause alone, the largest first, over the first channels.
        ideal: Error rate of the exact precoder over the same channels.
        settlings: Transients of the first channels.
    """

    settings: PrecodeSettings
    antennas: int
    users: int
    rates: RealArray
    checked: int
    unstable: int
    exact: RealArray
    closed_form: float
    budget: dict[str, float]
    ideal: float
    settlings: tuple[Settling, ...]

    __repr__ = short_repr

    @property
    def settling_time(self) -> float:
        """Mean settling time, s; nan if one did not settle."""
        return float(np.mean([one.time for one in self.settlings]))

    @property
    def energy_per_bit(self) -> float:
        """Mean energy a bit, J."""
        bits = self.users * 2 * self.settings.constellation.bits
        return float(np.mean([one.energy for one in self.settlings])) / bits


@dataclass(frozen=True)
class Link:
    """Channels (B, 2K, 2M) in real form, symbols and the ratio of transmitted power to noise."""

    channels: RealArray
    drawn: NDArray[np.int64]
    qam: Constellation
    snr: float

    def first(self, count: int) -> Link:
        """Return the first channels."""
        return Link(self.channels[:count], self.drawn[:, :count], self.qam, self.snr)

    @property
    def largest(self) -> float:
        """Largest real or imaginary part of a symbol."""
        return (self.qam.levels - 1) * self.qam.half_distance

    def rates(self, precoders: RealArray, own: RealArray | None = None) -> RealArray:
        """Bit error rates of precoders, shape (B,).

        Args:
            precoders: Shape (B, 2M, 2K).
            own: Covariances of the circuits' own noise at the users, in units of the symbols, shape (B, 2K, 2K); none
                without it. The power that it adds to what is transmitted is left out.
        """
        power = (precoders**2).sum(axis=(1, 2)) / 2  # unit-energy symbols: 1/2 in each real part
        maps = self.channels @ precoders / np.sqrt(power)[:, None, None]
        gains = unit_gains(maps)
        noise = (gains**2).sum(axis=2) / (2 * self.snr)
        if own is not None:
            noise = noise + np.einsum("bij,bjk,bik->bi", gains, own, gains) / power[:, None]
        return error_rates(gains @ maps, noise, self.qam, self.drawn)


def precode(settings: PrecodeSettings, parts: Parts) -> Precoding:
    """Compute bit error rates at rest of all channels, and transients of the first ones.

    Raises:
        ParameterError: The file of channels or an option cannot be used.
        SimulationError: The simulator failed; deck and log are kept.
    """
    link = link_of(settings)
    users, antennas = (length // 2 for length in link.channels.shape[1:])
    exact = link.rates(exact_precoders(settings, link))
    closed = float("nan")
    if settings.channels is None and antennas > users:
        closed = float(link.qam.error_rate(link.snr * (antennas - users) / users))
    seen = [_settling(settings, link, parts, place) for place in range(min(settings.transients, len(exact)))]
    noise = over_channels([one for _, one in seen], len(exact), users)
    rates, stable = _realised(settings, link, parts, noise)
    checked = [one for one in stable if one is not None]
    return Precoding(
        settings, antennas, users, rates, len(checked), checked.count(False), exact, closed,
        _budget(settings, link.first(BUDGET_CHANNELS), parts, noise[:BUDGET_CHANNELS]),
        float(exact[:BUDGET_CHANNELS].mean()), tuple(one for one, _ in seen),
    )  # fmt: skip


def _budget(settings: PrecodeSettings, link: Link, parts: Parts, noise: RealArray) -> dict[str, float]:
    """Bit error rate with each cause alone, the largest first; the circuits' noise is one of them."""
    found = {
        cause: float(_realised(settings, link, parts.alone(cause))[0].mean())
        for cause in parts.causes(settings.precoder)
    }
    found["noise"] = float(link.rates(exact_precoders(settings, link), noise).mean())
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def link_of(settings: PrecodeSettings) -> Link:
    """Return the channels of the settings, with symbols."""
    generator = np.random.default_rng(settings.seed)
    if settings.channels is not None:
        load = load_each if settings.regularised else load_channels  # the ridge makes any channel invertible
        uplink = load(Path(settings.channels))
    else:
        uplink = rayleigh(settings.realizations, settings.antennas, settings.users, generator)
    count, _, users = uplink.shape
    drawn = settings.constellation.draw((count, users, settings.vectors), generator)
    channels = real_form(uplink.swapaxes(1, 2))  # a link has the same channel in both directions
    return Link(channels, drawn, settings.constellation, float(ratio(settings.snr)))


def ridge_of(settings: PrecodeSettings, link: Link) -> float:
    """Return the ridge: K/g of regularised zero forcing, otherwise 0."""
    return link.channels.shape[1] / 2 / link.snr if settings.regularised else 0.0


def exact_precoders(settings: PrecodeSettings, link: Link) -> RealArray:
    """Return the exact precoders of all channels, shape (B, 2M, 2K)."""
    return least_squares(link.channels, ridge_of(settings, link))


def circuit_of(settings: PrecodeSettings, link: Link, parts: Parts, place: int, engine: str = "exact") -> Solver:
    """Return the programmed circuit of a channel; the feedback of GINV is that of its fit, whatever the engine."""
    cells = parts.template(settings.precoder).hardware.cells
    channel = link.channels[place]
    own: dict[str, Any] = {
        "ridge": ridge_of(settings, link),
        "input_conductance": settings.inputs * (cells.g_max - cells.g_min),
    }
    if settings.precoder == "ginv":
        found, _ = program_ginv(channel, parts, place, **own)
        if engine == "exact":
            return found
        assert isinstance(found, GinvCircuit)
        own["feedback_conductance"] = found.design.feedback_conductance
    return parts.program(settings.precoder, channel, place, engine=engine, **own)


def _realised(
    settings: PrecodeSettings, link: Link, parts: Parts, noise: RealArray | None = None
) -> tuple[RealArray, list[bool | None]]:
    """Bit error rates (B,) of circuits at rest, 1/2 of an unstable one, and whether each is stable."""
    circuits = [circuit_of(settings, link, parts, trial) for trial in range(len(link.channels))]
    stable = [known_stable(circuit, trial) for trial, circuit in enumerate(circuits)]
    rates = link.rates(np.stack([map_of(circuit) for circuit in circuits]), noise)
    rates[[one is False for one in stable]] = 0.5
    return rates, stable


def _settling(settings: PrecodeSettings, link: Link, parts: Parts, place: int) -> tuple[Settling, RealArray | None]:
    """Transient of a channel, and the covariance of its noise at the users."""
    symbols = real_vector(link.qam.symbols(link.drawn[:, place]))[:, 0]
    circuit = circuit_of(settings, link, parts, place, settings.engine)
    solution: Solution = circuit.solve(symbols)
    time = float(np.asarray(solution.settling_time))
    energy = solution.energy.total
    linear = circuit if settings.engine == "exact" else circuit_of(settings, link, parts, place)
    noise = noise_covariance(linear, link.largest)
    rates = np.full(len(settings.parts_of_settling), np.nan)
    if np.isfinite(time):
        here = Link(link.channels[[place]], link.drawn[:, [place]], link.qam, link.snr)
        own = None if noise is None else noise[None]
        early = [map_of(linear, part * time) for part in settings.parts_of_settling]
        rates = np.array([here.rates(np.asarray(one)[None], own)[0] for one in early])
    error = float(np.asarray(solution.relative_error))
    share = float("nan") if noise is None else float(np.sqrt(2 * np.trace(noise) / len(noise)))
    return Settling(
        str(np.asarray(solution.status).item().name), time, float(linear.predicted_time),
        float("nan") if energy is None else float(np.asarray(energy)), error, rates, share,
        offset_at_users(linear, symbols),
    ), noise  # fmt: skip
