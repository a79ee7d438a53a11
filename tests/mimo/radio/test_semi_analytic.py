"""The bit error rate of a map against closed forms, and against counted bits."""

import numpy as np
import pytest

from mimo.radio.channels import rayleigh
from mimo.radio.closed_forms import ratio, zero_forcing
from mimo.radio.constellation import Constellation
from mimo.radio.real_form import complex_vector, real_form, real_vector
from mimo.radio.semi_analytic import detector_rates, error_rates, unit_gains


def test_real_forms_multiply_like_complex_numbers():
    """Products and transposes keep the form; vectors go there and back."""
    random = np.random.default_rng(0)
    a, b = (rayleigh(3, 2, 4, random) for _ in range(2))
    product = real_form(a) @ real_form(b.conj().swapaxes(1, 2))
    assert np.abs(product - real_form(a @ b.conj().swapaxes(1, 2))).max() < 1e-12
    assert np.abs(real_form(a).swapaxes(1, 2) - real_form(a.conj().swapaxes(1, 2))).max() == 0
    assert (complex_vector(real_vector(a)) == a).all()


@pytest.mark.parametrize("order", [4, 16, 64])
def test_a_map_of_one_has_the_rate_of_white_noise(order):
    """All levels, each once: exact, from 1e-1 to 1e-9."""
    found = Constellation(order)
    levels = np.arange(found.levels)
    drawn = np.stack([levels, levels])[:, None, None]
    for decibels in (0.0, 10.0, 20.0):
        snr = ratio(decibels)
        rate = error_rates(np.eye(2)[None], np.full((1, 2), 1 / (2 * snr)), found, drawn)
        assert rate[0] == pytest.approx(found.error_rate(snr), rel=1e-9)


def test_the_gain_of_a_user_is_no_error():
    """A complex factor behind each user's estimate is undone: magnitude and phase."""
    channels = rayleigh(3, 6, 2, np.random.default_rng(1))
    found, snr = Constellation(16), ratio([3.0])
    drawn = found.draw((3, 2, 5), np.random.default_rng(2))
    exact = np.linalg.pinv(channels)
    factors = np.diag([0.5 * np.exp(2j), 1.7])
    rates = [detector_rates(real_form(one), real_form(channels), snr, found, drawn) for one in (exact, factors @ exact)]
    assert rates[1] == pytest.approx(rates[0], rel=1e-9)
    assert np.abs(unit_gains(real_form(factors)[None])[0] @ real_form(factors) - np.eye(4)).max() < 1e-12


def test_zero_forcing_has_its_exact_rate():
    """In the mean over many symbols, within their spread."""
    channels = rayleigh(2, 8, 3, np.random.default_rng(3))
    found, snr = Constellation(16), ratio([0.0, 5.0])
    drawn = found.draw((2, 3, 4000), np.random.default_rng(4))
    rates = detector_rates(real_form(np.linalg.pinv(channels)), real_form(channels), snr, found, drawn)
    assert rates == pytest.approx(zero_forcing(found, channels, snr), rel=0.02)


def test_counted_bits_agree_for_a_map_that_is_not_complex_linear():
    """Every cell of a programmed real matrix has its own error: Monte Carlo within four standard errors."""
    random, found, snr, count = np.random.default_rng(5), Constellation(16), ratio([4.0]), 40_000
    channel = rayleigh(1, 6, 2, random)
    detector = real_form(np.linalg.pinv(channel))
    detector = detector + 0.1 * np.abs(detector).max() * random.standard_normal(detector.shape)
    drawn = found.draw((1, 2, count), random)
    rate = detector_rates(detector, real_form(channel), snr, found, drawn)[0, 0]
    noise = random.standard_normal((1, 12, count)) / np.sqrt(2 * snr[0])
    gains = unit_gains(detector @ real_form(channel))
    received = real_form(channel) @ real_vector(found.symbols(drawn)) + noise
    decided = found.decided(complex_vector(gains @ detector @ received))
    bits = 2 * count * 2 * found.bits
    counted = found.bit_errors(drawn, decided) / bits
    assert abs(counted - rate) < 4 * np.sqrt(2 * rate / bits)
