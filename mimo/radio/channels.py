"""Channels between users and the antennas of a base station."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from amc_circuits import ParameterError, stored_array
from mimo.radio.real_form import ComplexArray, RealArray

WORST_CONDITION = 1e6
"""Largest condition number of a channel: with it the Gram matrix has 1e12, near the end of double precision."""

SMALLEST, LARGEST = 1e-30, 1e30
"""Sizes of the largest entry of a channel: powers of them are numbers in all that is computed."""


def rayleigh(count: int, antennas: int, users: int, generator: np.random.Generator) -> ComplexArray:
    """Draw i.i.d. Rayleigh channels, shape (count, antennas, users): circular Gaussian entries with `E|h|^2 = 1`."""
    parts = generator.standard_normal((2, count, antennas, users)) / np.sqrt(2)
    return np.asarray(parts[0] + 1j * parts[1])


def exponential_correlation(antennas: int, correlation: float) -> RealArray:
    """Return the correlation of antennas in a row, `R_ij = r^|i-j|`, shape (antennas, antennas).

    Source: Loyka, IEEE Commun. Lett. 5 (2001), for a real r.
    """
    place = np.arange(antennas)
    return np.asarray(float(correlation) ** np.abs(place[:, None] - place))


def correlated(channels: ComplexArray, correlation: float) -> ComplexArray:
    """Correlate the antennas of i.i.d. channels (B, M, K): `H = L H_w` with `L L^T = R`, so `E[H H^H] / K = R`.

    It is the Kronecker model with correlation at the base station only. L is the Cholesky factor of the exponential
    correlation, of which the distribution of H does not depend.

    Raises:
        ParameterError: The correlation is not from 0 to below 1.
    """
    if not 0 <= correlation < 1:
        raise ParameterError("correlation", correlation, "must be from 0 to below 1")
    factor = np.linalg.cholesky(exponential_correlation(channels.shape[1], correlation))
    return np.asarray(factor @ channels)


def correlated_users(channels: ComplexArray, correlation: float, user_antennas: int) -> ComplexArray:
    """Correlate the antennas of every user of channels (B, M, K N_u), the columns of a user one after the other.

    It is the users' side of the Kronecker model: `H_k = H_w L^T` with `L L^T = R`, R the exponential correlation of N_u
    antennas, so `E[H_k^H H_k] / M = R`. Source: Kermoal et al., IEEE J. Sel. Areas Commun. 20 (2002).

    Raises:
        ParameterError: The correlation is not from 0 to below 1.
    """
    if not 0 <= correlation < 1:
        raise ParameterError("user_correlation", correlation, "must be from 0 to below 1")
    factor = np.linalg.cholesky(exponential_correlation(user_antennas, correlation))
    users = channels.reshape(*channels.shape[:2], -1, user_antennas)
    return np.asarray((users @ factor.T).reshape(channels.shape))


def standard_error(values: RealArray) -> RealArray:
    """Standard error of a mean over channels: values of one channel share its fading, so each channel counts once.

    Args:
        values: One row a channel, shape (B, ...).

    Returns:
        Shape (...); nan for one channel.
    """
    count = len(values)
    if count == 1:
        return np.full(values.shape[1:], np.nan)
    return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(count))


def load_channels(path: Path) -> ComplexArray:
    """Load channels whose users can be told apart, shape (B, M, K) or (M, K) for one, from a file that holds an array.

    Raises:
        ParameterError: The file cannot be read, or `check_entries` or `check_independent` refuse the channels.
    """
    return check_independent(load_each(path))


def load_each(path: Path) -> ComplexArray:
    """Load channels of users that need not be told apart: any number of them, and of any rank.

    Raises:
        ParameterError: The file cannot be read, or `check_entries` refuses the channels.
    """
    found = np.asarray(stored_array("channels", path, (2, 3)))
    if found.dtype.kind not in "fciu" or found.ndim not in (2, 3):
        mend = "must hold numbers of shape (channels, antennas, users)"
        raise ParameterError("channels", f"{found.dtype} of shape {found.shape}", mend)
    channels = found.astype(complex)
    return check_entries(channels[None] if channels.ndim == 2 else channels)


def load_responses(path: Path) -> ComplexArray:
    """Load responses of channels over subcarriers, shape (B, N) or (N,) for one, from a file that holds an array.

    Raises:
        ParameterError: The file cannot be read, or an entry is not finite, too small or too large to be squared.
    """
    found = np.asarray(stored_array("channels", path, (1, 2)))
    if found.dtype.kind not in "fciu" or found.ndim not in (1, 2) or not found.size:
        mend = "must hold numbers of shape (channels, subcarriers)"
        raise ParameterError("channels", f"{found.dtype} of shape {found.shape}", mend)
    responses = np.atleast_2d(found.astype(complex))
    sizes = np.abs(responses)
    bad = np.argwhere(~((sizes > SMALLEST) & (sizes < LARGEST)))
    if len(bad):
        what = f"channel {bad[0][0]}, subcarrier {bad[0][1]}: {sizes[tuple(bad[0])]:g}"
        raise ParameterError("channels", what, f"every entry must have a size of {SMALLEST:g} .. {LARGEST:g}")
    return responses


def check_entries(channels: ComplexArray) -> ComplexArray:
    """Return the channels (B, M, K) unless their entries cannot be used.

    Raises:
        ParameterError: There are none, an entry is not finite, the channel of a user is zero, or the entries are too
            small or too large to be squared.
    """
    if not channels.size:
        raise ParameterError("channels", f"shape {channels.shape}", "must hold at least one channel")
    if not np.isfinite(channels).all():
        raise ParameterError("channels", "an entry that is not finite", "must be finite")
    sizes = np.abs(channels).max(axis=(1, 2))
    bad = np.flatnonzero((sizes > 0) & ((sizes < SMALLEST) | (sizes > LARGEST)))
    if bad.size:
        mend = f"must have a largest entry of {SMALLEST:g} .. {LARGEST:g}; divide the channels by their rms value"
        raise ParameterError("channels", f"channel {bad[0]} with {sizes[bad[0]]:g}", mend)
    silent = np.argwhere(~channels.any(axis=1))
    if len(silent):
        what = f"channel {silent[0][0]} with zeros alone for user {silent[0][1]}"
        raise ParameterError("channels", what, "must have an entry other than 0 for every user")
    return channels


def check_independent(channels: ComplexArray) -> ComplexArray:
    """Return the channels (B, M, K) unless their users cannot be told apart.

    Raises:
        ParameterError: There are more users than antennas, or a channel is nearly singular.
    """
    count, antennas, users = channels.shape
    if users > antennas:
        raise ParameterError("channels", f"{users} users, {antennas} antennas", "must have at least an antenna a user")
    values = np.linalg.svd(channels, compute_uv=False)
    bad = np.flatnonzero(values[:, 0] >= WORST_CONDITION * values[:, -1])
    if bad.size:
        mend = f"is singular or nearly so; its condition number must be below {WORST_CONDITION:g}"
        raise ParameterError("channels", f"channel {bad[0]} of {count}", mend)
    return channels
