"""Exact zero forcing against quadrature, against limits, and against the mean over channels."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from mimo.radio.channels import rayleigh
from mimo.radio.closed_forms import ratio, zero_forcing, zero_forcing_rayleigh
from mimo.radio.constellation import Constellation


@pytest.mark.parametrize(
    ("order", "users", "antennas", "decibels"),
    [(16, 4, 16, 0), (16, 16, 128, -5), (64, 8, 128, 0), (256, 8, 128, 8), (16, 4, 8, 10), (4, 4, 4, 10)],
)
def test_the_rate_over_rayleigh_channels_is_an_integral(order, users, antennas, decibels):
    """That of white noise over the gamma distribution of the signal-to-noise ratio, to 1e-6."""
    found, snr, shape = Constellation(order), ratio(decibels), antennas - users + 1

    def weighted(x):
        return found.error_rate(snr * x) * gamma.pdf(x, shape)

    wanted = quad(weighted, 0, shape + 60 * np.sqrt(shape), limit=400, epsabs=0, epsrel=1e-9)[0]
    assert zero_forcing_rayleigh(found, antennas, users, snr) == pytest.approx(wanted, rel=1e-6)


def test_one_user_and_one_antenna_have_the_rate_of_fading():
    """4-QAM: `(1 - sqrt(g/(2 + g)))/2`, the textbook formula of Rayleigh fading."""
    snr = ratio([0.0, 10.0, 30.0])
    found = zero_forcing_rayleigh(Constellation(4), 1, 1, snr)
    assert found == pytest.approx((1 - np.sqrt(snr / (2 + snr))) / 2, rel=1e-9)


def test_orthogonal_channels_have_the_rate_of_white_noise():
    """A unitary H with entries of power 1: every user has M times the ratio of an antenna."""
    found, snr = Constellation(16), ratio([0.0, 6.0])
    channel = np.fft.fft(np.eye(8))[None, :, :3]
    assert zero_forcing(found, channel, snr)[0] == pytest.approx(found.error_rate(8 * snr), rel=1e-12)


def test_the_mean_over_channels_is_the_closed_form():
    """Within four standard errors by channel."""
    found, snr = Constellation(16), ratio([2.0])
    rates = zero_forcing(found, rayleigh(4000, 8, 2, np.random.default_rng(0)), snr)[:, 0]
    wanted = zero_forcing_rayleigh(found, 8, 2, snr)[0]
    assert abs(rates.mean() - wanted) < 4 * rates.std() / np.sqrt(4000)
