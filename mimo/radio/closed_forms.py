"""Closed forms that simulated links are held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln

from mimo.radio.constellation import Constellation
from mimo.radio.real_form import ComplexArray, RealArray


def ratio(decibels: ArrayLike) -> RealArray:
    """Return the ratio of powers of decibels."""
    return np.asarray(10 ** (np.asarray(decibels, float) / 10))


def zero_forcing_rayleigh(constellation: Constellation, antennas: int, users: int, snr: ArrayLike) -> RealArray:
    """Exact bit error rate of zero forcing over i.i.d. Rayleigh channels, in the mean over all channels.

    The signal-to-noise ratio of a user behind the detector is `g X`, X of the gamma distribution with shape
    `D = antennas - users + 1` and scale 1 (Winters, Salz, Gitlin, IEEE Trans. Commun. 42, 1994). With
    `c = 3 o^2 g / (2 (order - 1))` the mean of Q is `q^D sum_(l < D) binom(D - 1 + l, l) (1 - q)^l`, where
    `q = (1 - mu)/2`, `mu = sqrt(c/(1 + c))` (Proakis, Digital Communications, equation 14.4-15). Here
    `q = 1/(2 (1 + c)(1 + mu))`, the same without a difference of nearly equal numbers.

    Args:
        constellation: Constellation of every user.
        antennas: Receive antennas.
        users: Users, at most as many.
        snr: `g = Es/N0` of a user at an antenna, a ratio, of any shape.
    """
    g, order = np.asarray(snr, float)[..., None], antennas - users + 1
    place = np.arange(order)
    logarithms = gammaln(order + place) - gammaln(place + 1) - gammaln(order)
    found = np.zeros(g.shape[:-1])
    for odd, weight in constellation.terms.items():
        c = 3 * odd**2 * g / (2 * (constellation.order - 1))
        q = 1 / (2 * (1 + c) * (1 + np.sqrt(c / (1 + c))))
        found += weight * np.exp(order * np.log(q) + logarithms + place * np.log1p(-q)).sum(axis=-1)
    return np.asarray(found)


def ratio_of_rate(constellation: Constellation, antennas: int, users: int, rate: float) -> float:
    """Return the Es/N0 at which zero forcing over i.i.d. Rayleigh channels has this bit error rate, dB."""

    def above(decibels: float) -> float:
        found = zero_forcing_rayleigh(constellation, antennas, users, ratio(decibels))
        return float(np.log(np.maximum(found, np.finfo(float).tiny) / rate))

    return float(brentq(above, -60, 80, xtol=1e-6))


def zero_forcing(constellation: Constellation, channels: ComplexArray, snr: ArrayLike) -> RealArray:
    """Exact bit error rate of zero forcing for given channels.

    Behind the detector user k has the signal-to-noise ratio `g / [(H^H H)^-1]_kk`.

    Args:
        constellation: Constellation of every user.
        channels: H, shape (B, M, K), of full column rank.
        snr: `g = Es/N0` of a user at an antenna, ratios, shape (S,).

    Returns:
        Mean over the users, shape (B, S).
    """
    inverse = np.linalg.inv(channels.conj().swapaxes(1, 2) @ channels)
    noise = np.einsum("bkk->bk", inverse).real
    return np.asarray(constellation.error_rate(np.asarray(snr) / noise[..., None]).mean(axis=1))
