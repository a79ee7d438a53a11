"""Uniform linear array: antennas in a row that see a few plane waves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j0

from mimo.radio.real_form import ComplexArray, RealArray

HALF_WAVELENGTH = 0.5
"""Usual distance of neighbouring antennas, in wavelengths."""


def steering_vectors(antennas: int, angles: ArrayLike, spacing: float = HALF_WAVELENGTH) -> ComplexArray:
    """Return the phases of plane waves at the antennas, `exp(-2j pi d m sin(angle))`, shape (*angles, antennas).

    Args:
        antennas: Number of antennas M; m counts from 0.
        angles: Angles from the broadside of the array, rad.
        spacing: Distance d of neighbouring antennas, in wavelengths.
    """
    phase = 2 * np.pi * spacing * np.sin(np.asarray(angles, float))
    return np.asarray(np.exp(-1j * phase[..., None] * np.arange(antennas)))


def plane_waves(
    count: int, antennas: int, users: int, paths: int, generator: np.random.Generator, spacing: float = HALF_WAVELENGTH
) -> ComplexArray:
    """Draw channels of a few plane waves a user, shape (count, antennas, users), with `E|h|^2 = 1`.

    Every user has so many paths, with independent circular Gaussian gains of power 1/paths and with angles that are
    uniform over the half plane before the array.
    """
    shape = (count, users, paths)
    angles = generator.uniform(-np.pi / 2, np.pi / 2, shape)
    parts = generator.standard_normal((2, *shape)) / np.sqrt(2 * paths)
    waves = (parts[0] + 1j * parts[1])[..., None, :] @ steering_vectors(antennas, angles, spacing)
    return np.asarray(waves[:, :, 0].swapaxes(1, 2))


def plane_wave_correlation(antennas: int, spacing: float = HALF_WAVELENGTH) -> RealArray:
    """Return the correlation of the antennas over all draws of `plane_waves`, shape (antennas, antennas).

    It is `R_ij = J_0(2 pi d (i - j))`: the mean of `exp(-2j pi d m sin(angle))` over the half plane, by the integral of
    Bessel (DLMF 10.9.1; Jakes, Microwave Mobile Communications, chapter 1). The number of paths does not count.
    """
    place = np.arange(antennas)
    return np.asarray(j0(2 * np.pi * spacing * (place[:, None] - place)))


def beams(antennas: int) -> ComplexArray:
    """Return the unitary matrix of beams, one a column: h = beams @ g for the gains g of the beams.

    Column n is `exp(-2j pi m n/M)/sqrt(M)`. With half a wavelength between antennas it is the plane wave with
    `sin(angle) = 2 n/M`, less 2 beyond the edge: the Fourier matrix.
    """
    place = np.arange(antennas)
    return np.asarray(np.exp(-2j * np.pi * np.outer(place, place) / antennas) / np.sqrt(antennas))
