"""Sparse channels behind pilots, `y = Phi h + n`, and what least squares reach that know the taps.

h has N entries: taps of delays or beams of angles. Phi has P rows, fewer than N, and entries of mean power 1/P, so that
its columns have a mean norm of 1. The signal-to-noise ratio is `E|Phi h|^2/E|n|^2` of a pilot.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amc_circuits import short_repr
from mimo.estimation.settings import EstimateSettings
from mimo.radio.channels import load_each
from mimo.radio.delay_lines import DELAY_LINES
from mimo.radio.plane_waves import beams, plane_waves
from mimo.radio.real_form import ComplexArray, RealArray


@dataclass(frozen=True)
class Problem:
    """Channels behind one matrix of pilots.

    Attributes:
        pilots: Phi, shape (P, N).
        entries: Channels h, of squared length 1 in the mean over all draws, shape (B, N).
        noise: Noise of the pilots at a ratio of 1, of variance 1/P, shape (B, P).
        taps: Number of entries that an estimator chooses.
        power: Mean squared length of all channels of the study, to which errors are relative.
    """

    pilots: ComplexArray
    entries: ComplexArray
    noise: ComplexArray
    taps: int
    power: float

    __repr__ = short_repr

    def first(self, count: int) -> Problem:
        """Return the first channels."""
        return Problem(self.pilots, self.entries[:count], self.noise[:count], self.taps, self.power)

    def received(self, snr: float) -> ComplexArray:
        """Return y of all channels at a ratio, shape (B, P); the noise is the same at all ratios but for its size."""
        return np.asarray(self.entries @ self.pilots.T + self.noise / np.sqrt(snr))

    def deviation(self, snr: float) -> float:
        """Return the standard deviation of the noise of a pilot."""
        return float(1 / np.sqrt(snr * len(self.pilots)))

    def errors(self, estimates: ComplexArray) -> RealArray:
        """Squared errors of estimates (B, N) over the mean squared length of all channels, shape (B,)."""
        return squared(estimates - self.entries) / self.power


def squared(vectors: ComplexArray) -> RealArray:
    """Return the squared length of every row."""
    return np.asarray((np.abs(vectors) ** 2).sum(axis=1), float)


def problem_of(settings: EstimateSettings) -> Problem:
    """Draw pilots, channels and noise, or take the channels of a file, a row of entries for every user.

    Raises:
        ParameterError: The file cannot be used.
    """
    generator = np.random.default_rng(settings.seed)
    entries = _entries(settings, generator)
    pilots = pilot_matrix(settings, entries.shape[1], generator)
    noise = circular((len(entries), settings.pilots), generator) / np.sqrt(settings.pilots)
    return Problem(pilots, entries, noise, settings.taps, float(squared(entries).mean()))


def circular(shape: tuple[int, ...], generator: np.random.Generator) -> ComplexArray:
    """Draw circular Gaussian numbers of variance 1."""
    parts = generator.standard_normal((2, *shape)) / np.sqrt(2)
    return np.asarray(parts[0] + 1j * parts[1])


def pilot_matrix(settings: EstimateSettings, size: int, generator: np.random.Generator) -> ComplexArray:
    """Draw the matrix of pilots: Gaussian entries, or rows of the Fourier matrix, all different."""
    if settings.pilot_matrix == "gaussian":
        return np.asarray(circular((settings.pilots, size), generator) / np.sqrt(settings.pilots))
    rows = np.sort(generator.choice(size, settings.pilots, replace=False))
    return np.asarray(beams(size)[rows] * np.sqrt(size / settings.pilots))


def _entries(settings: EstimateSettings, generator: np.random.Generator) -> ComplexArray:
    count, size, taps = settings.realizations, settings.size, settings.taps
    if settings.channels is not None:
        found = load_each(Path(settings.channels))
        seen = found.swapaxes(1, 2).reshape(-1, found.shape[1])
        settings.check_size(seen.shape[1])
        return _sparse(seen, float(squared(seen).mean()))
    if settings.channel_model == "grid":
        places = np.argsort(generator.random((count, size)), axis=1)[:, :taps]
        drawn = np.zeros((count, size), complex)
        np.put_along_axis(drawn, places, circular((count, taps), generator) / np.sqrt(taps), axis=1)
        return drawn
    if settings.channel_model == "waves":
        return _sparse(plane_waves(count, size, 1, taps, generator)[:, :, 0], size)
    line = DELAY_LINES[settings.channel_model]
    return _sparse(line.over_subcarriers(settings.delay_spread, size, count, generator), size)


def _sparse(seen: ComplexArray, power: float) -> ComplexArray:
    """Return channels over antennas or subcarriers (B, N), of this mean squared length, over beams or delays."""
    return np.asarray(seen @ beams(seen.shape[1]).conj() / np.sqrt(power))


def largest(entries: ComplexArray, taps: int) -> np.ndarray:
    """Return the places of the largest entries of every row (B, N), in rising order, shape (B, taps)."""
    return np.sort(np.argsort(-np.abs(entries), axis=1)[:, :taps], axis=1)


def oracle(snr: float, taps: int, pilots: int, outside: float, pilot_type: str) -> float:
    """Mean squared error of least squares over the k largest entries, if they are known; a ratio.

    The rest of the channel, of squared length e, is lost, and acts like noise: the noise of a pilot has the variance
    `(e + 1/snr)/P`. For Gaussian pilots the inverse of `Phi_S^H Phi_S` has the mean trace `P k/(P - k)` (complex
    Wishart matrices), so that the error is `e + (e + 1/snr) k/(P - k)`. For rows of the Fourier matrix the trace is at
    least k, as that of the matrix is k, and the error is at least `e + k/(P snr)`.
    """
    if pilot_type == "gaussian":
        return outside + (outside + 1 / snr) * taps / (pilots - taps)
    return outside + taps / (pilots * snr)
