"""Bit error rate of a linear map: symbols are drawn, the Gaussian noise is integrated exactly.

For one map a handful of symbol vectors serves every signal-to-noise ratio, down to error rates that no simulation of
single bits reaches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from mimo.radio.constellation import Constellation
from mimo.radio.real_form import RealArray, real_vector


def unit_gains(maps: RealArray) -> RealArray:
    """Return the receivers' correction: one complex factor a user, which gives the map a mean gain of 1.

    Any receiver with pilots does so. Without it a common loss, such as that of finite gain, would count as bit errors.

    Args:
        maps: Real maps from symbols to estimates, shape (B, 2K, 2K).

    Returns:
        Real form of the factors, shape (B, 2K, 2K).
    """
    users = maps.shape[-1] // 2
    k = np.arange(users)
    real = (maps[:, k, k] + maps[:, users + k, users + k]) / 2
    imaginary = (maps[:, users + k, k] - maps[:, k, users + k]) / 2
    factors = 1 / (real + 1j * imaginary)
    found = np.zeros_like(maps)
    found[:, k, k] = found[:, users + k, users + k] = factors.real
    found[:, users + k, k] = factors.imag
    found[:, k, users + k] = -factors.imag
    return found


def error_rates(maps: RealArray, noise: RealArray, constellation: Constellation, drawn: NDArray[np.int64]) -> RealArray:
    """Expected bit error rate of maps, in the mean over the drawn symbols and the users.

    Args:
        maps: Real maps from symbols to estimates, shape (B, 2K, 2K).
        noise: Variance of the noise of every estimate, shape (B, 2K).
        constellation: Constellation of every user.
        drawn: Levels of the symbols, shape (2, B, K, T).

    Returns:
        Bit error rate of each map, shape (B,).
    """
    means = maps @ real_vector(constellation.symbols(drawn))
    sent = np.concatenate([drawn[0], drawn[1]], axis=-2)
    return rates_of_means(means, np.sqrt(noise)[..., None], constellation, sent)


def rates_of_means(
    means: RealArray, deviations: RealArray, constellation: Constellation, sent: NDArray[np.int64]
) -> RealArray:
    """Expected bit error rate of estimates with Gaussian noise, in the mean over all but the first axis.

    An estimate with mean m and deviation s lies above threshold t with the probability `Q((t - m)/s)`. The number of
    wrong bits changes at each threshold by the difference of the distances of labels. Below the sent level it is
    counted from the other side, so that no nearly equal numbers are subtracted.

    Args:
        means: Estimates without noise, one an axis of a symbol, shape (B, N, T).
        deviations: Standard deviations of their noise, a shape that fits.
        constellation: Constellation.
        sent: Levels that were sent, shape (B, N, T).

    Returns:
        Shape (B,).
    """
    deviation = deviations + np.finfo(float).tiny
    errors = np.zeros(means.shape)
    distances = constellation.distances
    for level in range(1, constellation.levels):
        threshold = (2 * level - constellation.levels) * constellation.half_distance
        more = distances[sent, level] - distances[sent, level - 1]
        above = (means - threshold) / deviation
        errors += np.where(level > sent, more * ndtr(above), -more * ndtr(-above))
    return np.asarray(errors.mean(axis=(1, 2)) / constellation.bits)


def detector_rates(
    detectors: RealArray, channels: RealArray, snr: RealArray, constellation: Constellation, drawn: NDArray[np.int64]
) -> RealArray:
    """Bit error rate of linear detectors behind channels with white noise.

    Args:
        detectors: Real maps from antennas to estimates, shape (B, 2K, 2M).
        channels: Real form of the channels, shape (B, 2M, 2K).
        snr: `Es/N0` of a user at an antenna, ratios, shape (S,).
        constellation: Constellation of every user.
        drawn: Levels of the symbols, shape (2, B, K, T).

    Returns:
        Shape (B, S).
    """
    maps = detectors @ channels
    gains = unit_gains(maps)
    noise = ((gains @ detectors) ** 2).sum(axis=2) / 2
    return np.stack([error_rates(gains @ maps, noise / g, constellation, drawn) for g in snr], axis=1)
