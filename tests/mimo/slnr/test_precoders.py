"""Leakage precoders in exact arithmetic: the one inverse against the definition, one antenna, a closed form."""

import numpy as np
import pytest

from mimo.radio.channels import rayleigh
from mimo.slnr.precoders import (
    alignment,
    gram,
    leakage_precoder,
    many_antennas,
    matched_filter,
    noise_of,
    ratio_of_precoder,
    zero_forcing_column,
)


def channel(antennas, streams, seed=0):
    """A channel with the antennas of all users as rows."""
    return rayleigh(1, antennas, streams, np.random.default_rng(seed))[0].T


@pytest.mark.parametrize(("antennas", "user_antennas"), [(9, 2), (12, 3), (6, 1)])
def test_one_inverse_gives_the_precoders_of_all_users(antennas, user_antennas):
    """`H^H G^-1 E_k u` with the smallest eigenvalue of block k is the generalised one; its ratio is `1/(s mu) - 1`."""
    h, noise = channel(antennas, 3 * user_antennas), noise_of(user_antennas, 5.0)
    inverse = np.linalg.inv(gram(h, noise))
    for user in range(3):
        rows = slice(user * user_antennas, (user + 1) * user_antennas)
        values, vectors = np.linalg.eigh(inverse[rows, rows])
        found = h.conj().T @ inverse[:, rows] @ vectors[:, 0]
        wanted, ratios = leakage_precoder(h, user, user_antennas, noise)
        assert alignment(found, wanted) == pytest.approx(1, abs=1e-12)
        assert 1 / (noise * values) - 1 == pytest.approx(ratios)
        assert ratio_of_precoder(h, 3j * found, user, user_antennas, noise) == pytest.approx(ratios[0])


def test_no_other_precoder_has_a_larger_ratio():
    """Random ones, and the matched filter, which is best for a user alone."""
    h, noise, rng = channel(8, 6), noise_of(2, 10.0), np.random.default_rng(1)
    largest = leakage_precoder(h, 1, 2, noise)[1][0]
    others = rng.standard_normal((200, 8)) + 1j * rng.standard_normal((200, 8))
    assert max(ratio_of_precoder(h, one, 1, 2, noise) for one in [*others, matched_filter(h, 1, 2)]) < largest
    alone = h[2:4]
    wanted = np.linalg.norm(alone, 2) ** 2 / noise
    assert ratio_of_precoder(alone, matched_filter(h, 1, 2), 0, 2, noise) == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(3))
def test_one_antenna_a_user_is_regularised_zero_forcing(seed):
    """The precoder is the column of `(H^H H + s)^-1 H^H`, to rounding."""
    h, noise = channel(10, 4, seed), noise_of(1, 4.0)
    for user in range(4):
        found = leakage_precoder(h, user, 1, noise)[0]
        assert alignment(found, zero_forcing_column(h, user, noise)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("antennas", "users", "size"), [(48, 6, 1), (48, 4, 2)])
def test_many_antennas_have_the_mean_eigenvalue_of_the_closed_form(antennas, users, size):
    """Within 3 standard errors and 1 %; without others it is `M/s` exactly."""
    noise, means = noise_of(size, 10.0), []
    for seed in range(20):
        h = channel(antennas, users * size, seed)
        means.append(np.mean([leakage_precoder(h, user, size, noise)[1] for user in range(users)]))
    error = 3 * np.std(means, ddof=1) / np.sqrt(len(means))
    wanted = many_antennas(antennas, users, size, noise)
    assert abs(np.mean(means) - wanted) < error + 0.01 * wanted
    assert many_antennas(antennas, 1, size, noise) == pytest.approx(antennas / noise)
