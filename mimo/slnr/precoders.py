"""Leakage precoders in exact arithmetic, and the small matrices that circuits find them by.

User k has the channel H_k, of N_u antennas as rows. Its precoder w maximises the signal-to-leakage-and-noise ratio
`|H_k w|^2/(sum_(j != k) |H_j w|^2 + s)`, s = N_u/g, |w| = 1 (Sadek, Tarighat, Sayed, IEEE Trans. Wireless Commun. 6,
2007): the dominant eigenvector of `R_k^-1 H_k^H H_k` with `R_k = sum_(j != k) H_j^H H_j + s`.

One inverse serves all users. Let H have the rows of all users, `T = H^H H + s` and `G = H H^H + s`. Then
`R_k = T - H_k^H H_k`, and by Woodbury `H_k R_k^-1 H_k^H = B (1 - B)^-1` with `B = H_k T^-1 H_k^H`. As
`T^-1 H^H = H^H G^-1`, B is the block k of `H H^H G^-1 = 1 - s G^-1`. So with u the eigenvector of the *smallest*
eigenvalue mu of the block k of `G^-1`, of size N_u,

    w ~ H^H G^-1 E_k u,    SLNR = 1/(s mu) - 1,

E_k the columns of the identity of user k. For N_u = 1, u is 1, and w is column k of `H^H (H H^H + s)^-1`: regularised
zero forcing.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from mimo.radio.real_form import ComplexArray, RealArray


def noise_of(user_antennas: int, snr: float) -> float:
    """Return s: the noise of all antennas of a user over its power."""
    return user_antennas / snr


def leakage_precoder(
    channel: ComplexArray, user: int, user_antennas: int, noise: float
) -> tuple[ComplexArray, RealArray]:
    """Maximise the ratio of one user by its definition, the generalised eigenvectors of two M x M matrices.

    Args:
        channel: H, the rows of all users, shape (K N_u, M).
        user: Number of the user.
        user_antennas: N_u.
        noise: s.

    Returns:
        w of length 1, shape (M,), and the N_u largest eigenvalues, falling, shape (N_u,); the first is the ratio.
    """
    rows = slice(user * user_antennas, (user + 1) * user_antennas)
    signal = channel[rows].conj().T @ channel[rows]
    others = channel.conj().T @ channel - signal + noise * np.eye(channel.shape[1])
    values, vectors = eigh(signal, others)
    first = vectors[:, -1]
    return first / np.linalg.norm(first), np.maximum(values[: -user_antennas - 1 : -1], 0.0)


def ratio_of_precoder(
    channel: ComplexArray, precoder: ComplexArray, user: int, user_antennas: int, noise: float
) -> float:
    """Signal-to-leakage-and-noise ratio of a precoder of any length other than 0, shape (M,), scaled to length 1."""
    powers = np.abs(channel @ precoder / np.linalg.norm(precoder)) ** 2
    signal = powers[user * user_antennas : (user + 1) * user_antennas].sum()
    return float(signal / (powers.sum() - signal + noise))


def matched_filter(channel: ComplexArray, user: int, user_antennas: int) -> ComplexArray:
    """Return the direction that a user receives best, whatever leaks: the first right singular vector of H_k."""
    rows = channel[user * user_antennas : (user + 1) * user_antennas]
    return np.asarray(np.linalg.svd(rows)[2][0].conj())


def zero_forcing_column(channel: ComplexArray, user: int, noise: float) -> ComplexArray:
    """Column of regularised zero forcing, `(H^H H + s)^-1 h^H`, for users with one antenna, shape (M,)."""
    size = channel.shape[1]
    return np.asarray(np.linalg.solve(channel.conj().T @ channel + noise * np.eye(size), channel[user].conj()))


def alignment(one: ComplexArray, other: ComplexArray) -> float:
    """Cosine of the angle between two complex directions, whatever their phases."""
    return float(abs(np.vdot(one, other)) / (np.linalg.norm(one) * np.linalg.norm(other)))


def gram(channel: ComplexArray, noise: float) -> ComplexArray:
    """Return G, shape (K N_u, K N_u)."""
    return np.asarray(channel @ channel.conj().T + noise * np.eye(len(channel)))


def many_antennas(antennas: int, users: int, user_antennas: int, noise: float) -> float:
    """Mean eigenvalue of `H_k R_k^-1 H_k^H` over i.i.d. Rayleigh channels, for many antennas.

    H_k is independent of R_k, so the mean is that of `tr R_k^-1`. With n = (K - 1) N_u rows of others it is the e of
    `e = M/(s + n/(1 + e))` (the law of Marchenko and Pastur; Tulino and Verdu, Random Matrix Theory and Wireless
    Communications, 2004, section 2.3). With one antenna a user it is the mean ratio itself.
    """
    spare = antennas - (users - 1) * user_antennas - noise
    return float((spare + np.sqrt(spare**2 + 4 * noise * antennas)) / (2 * noise))
