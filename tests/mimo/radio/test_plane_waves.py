"""Uniform linear array: phases of waves, power and correlation of its channels, orthogonal beams."""

import numpy as np
import pytest
from scipy.integrate import quad

from mimo.radio.plane_waves import beams, plane_wave_correlation, plane_waves, steering_vectors


def test_phases_are_those_of_the_path_differences():
    """A wave along the row advances by half a turn from antenna to antenna; one from the front has equal phases."""
    found = steering_vectors(3, [np.pi / 2, 0.0, np.pi / 6])
    assert found[0] == pytest.approx([1, -1, 1]) and found[1] == pytest.approx([1, 1, 1])
    assert found[2] == pytest.approx([1, -1j, -1])


@pytest.mark.parametrize("paths", [1, 4])
def test_channels_have_the_correlation_of_bessel(paths):
    """`E[h h^H] = J_0(2 pi d (i - j))` whatever the number of paths; the integral over the angles says the same."""
    drawn = plane_waves(8000, 4, 3, paths, np.random.default_rng(3), spacing=0.3)
    assert drawn.shape == (8000, 4, 3)
    mean = np.einsum("bik,bjk->ij", drawn, drawn.conj()) / (8000 * 3)
    wanted = plane_wave_correlation(4, 0.3)
    assert np.abs(mean - wanted).max() < 5 / np.sqrt(8000 * 3)
    for m in range(4):
        mean_phase = quad(lambda angle, m=m: np.cos(2 * np.pi * 0.3 * m * np.sin(angle)), -np.pi / 2, np.pi / 2)[0]
        assert wanted[m, 0] == pytest.approx(mean_phase / np.pi)


def test_a_channel_of_one_path_has_equal_entries():
    """All antennas of a user see one wave: entries of one size, a matrix of rank 1 if both users shared it."""
    drawn = plane_waves(2, 5, 2, 1, np.random.default_rng(0))
    assert np.abs(drawn) == pytest.approx(np.abs(drawn[:, :1]) * np.ones((1, 5, 1)))
    phases = drawn[:, 1:] / drawn[:, :-1]
    assert phases == pytest.approx(phases[:, :1] * np.ones((1, 4, 1)))


def test_beams_are_orthogonal_waves():
    """Unitary, and each is the wave of its direction."""
    found = beams(6)
    assert found.conj().T @ found == pytest.approx(np.eye(6), abs=1e-12)
    waves = steering_vectors(6, np.arcsin([0, 2 / 6, 4 / 6, -4 / 6, -2 / 6]))
    assert found[:, [0, 1, 2, 4, 5]].T * np.sqrt(6) == pytest.approx(waves)
