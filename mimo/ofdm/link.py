"""Link over subcarriers: symbols, the response of the channel, and what converters and a transform make of them.

With N subcarriers, F the unitary Fourier matrix and H the response of every subcarrier, in a diagonal matrix:

- receiver: the circuit is F. It has `F^H H x` at its inputs, and `H x` is wanted.
- transmitter: the circuit is `F^H`. It has x at its inputs; what it sends is seen behind an exact F, and x is wanted.

A guard interval as long as the channel, perfect timing and a known H are taken for granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amc_circuits import Converters, ParameterError, short_repr
from mimo.ofdm.settings import FLAT, OfdmSettings
from mimo.ofdm.transform import Transform, fourier
from mimo.radio.channels import load_responses
from mimo.radio.closed_forms import ratio
from mimo.radio.constellation import Constellation
from mimo.radio.delay_lines import DELAY_LINES
from mimo.radio.real_form import ComplexArray, RealArray, complex_vector, real_vector
from mimo.radio.semi_analytic import rates_of_means

ADC_MARGIN = 1.05
"""Full scale at the side of the symbols in units of their largest part; with exactly 1 levels may fall on symbols."""


@dataclass(frozen=True)
class Link:
    """Symbols behind a channel.

    Attributes:
        settings: Settings of one point.
        drawn: Levels of the symbols, shape (2, N, T).
        response: Response of the channel, shape (N, T).
    """

    settings: OfdmSettings
    drawn: NDArray[np.int64]
    response: ComplexArray

    __repr__ = short_repr

    @property
    def qam(self) -> Constellation:
        """Constellation of every subcarrier."""
        return self.settings.constellation

    @property
    def symbols(self) -> ComplexArray:
        """Symbols, shape (N, T)."""
        return self.qam.symbols(self.drawn)

    @property
    def ideal(self) -> float:
        """Bit error rate with an exact transform, in the mean over the response."""
        return float(self.qam.error_rate(ratio(self.settings.snr) * np.abs(self.response) ** 2).mean())

    def effective(self, evm: float) -> float:
        """Bit error rate with an error that acts like white noise.

        That of a transmitter goes through the channel; that of a receiver is relative to the power of its OFDM symbol.
        """
        snr, gains = float(ratio(self.settings.snr)), np.abs(self.response) ** 2
        if self.settings.sends:
            return float(self.qam.error_rate(1 / (1 / (snr * gains) + evm**2)).mean())
        return float(self.qam.error_rate(gains / (1 / snr + evm**2 * gains.mean(axis=0))).mean())

    def measured(self, transform: Transform, converters: Converters) -> tuple[float, float]:
        """Return the error vector magnitude, with the common gain undone, and the bit error rate."""
        wanted, found = self._sent(transform, converters) if self.settings.sends else self._seen(transform, converters)
        gain = np.vdot(found, wanted) / np.vdot(found, found)
        evm = float(np.sqrt(np.mean(np.abs(gain * found - wanted) ** 2) / np.mean(np.abs(wanted) ** 2)))
        if self.settings.sends:
            return evm, self._rate(gain * found, self._white() / np.abs(self.response) ** 2)
        factors = gain / self.response
        return evm, self._rate(factors * found, _turned(transform.map, factors) * self._white())

    def _white(self) -> float:
        """Variance of each part of the noise of a subcarrier behind an exact transform."""
        return 1 / (2 * float(ratio(self.settings.snr)))

    def _seen(self, transform: Transform, converters: Converters) -> tuple[ComplexArray, ComplexArray]:
        """Wanted and found subcarriers of a receiver, whose gain follows the power of each OFDM symbol."""
        gains = np.sqrt((np.abs(self.response) ** 2).mean(axis=0))
        wanted = self.response / gains * self.symbols
        signal = real_vector(fourier(self.settings.size).conj().T @ wanted)
        largest = self._largest if self.settings.flat else float(np.abs(real_vector(wanted)).max())
        read = transform.apply(converters.inputs(signal, self._full_scale), converters, self._full_scale)
        found = complex_vector(converters.outputs(read, ADC_MARGIN * largest)[0])
        return gains * wanted, gains * found

    def _sent(self, transform: Transform, converters: Converters) -> tuple[ComplexArray, ComplexArray]:
        given = converters.inputs(real_vector(self.symbols), ADC_MARGIN * self._largest)
        signal = transform.apply(given, converters, self._full_scale)
        return self.symbols, fourier(self.settings.size) @ complex_vector(signal)

    @property
    def _full_scale(self) -> float:
        """Full scale of converters at a signal over time, whose parts have the variance 1/2."""
        return self.settings.dac_range * float(np.sqrt(0.5))

    @property
    def _largest(self) -> float:
        return (self.qam.levels - 1) * self.qam.half_distance

    def _rate(self, means: ComplexArray, variances: RealArray) -> float:
        """Bit error rate of estimates (N, T) with noise of these variances, (N, T) for both parts or (2N, T)."""
        sent = np.concatenate([self.drawn[0], self.drawn[1]])
        each = variances if len(variances) == len(sent) else np.concatenate([variances, variances])
        return float(rates_of_means(real_vector(means)[None], np.sqrt(each)[None], self.qam, sent[None])[0])


def _turned(rows: RealArray, factors: ComplexArray) -> RealArray:
    """Variances of both parts of `factor * (row of white noise of variance 1)`, shape (2N, T).

    Args:
        rows: Real map, shape (2N, 2N).
        factors: Complex factors, shape (N, T).
    """
    real, imaginary = np.split(rows, 2)
    own = [(one**2).sum(axis=1)[:, None] for one in (real, imaginary)]
    shared = 2 * (real * imaginary).sum(axis=1)[:, None] * factors.real * factors.imag
    squares = factors.real**2, factors.imag**2
    return np.concatenate(
        [squares[0] * own[0] + squares[1] * own[1] - shared, squares[1] * own[0] + squares[0] * own[1] + shared]
    )


def link_of(settings: OfdmSettings) -> Link:
    """Draw the symbols and the channel of one point; every OFDM symbol has a channel of its own.

    Raises:
        ParameterError: The file of channels cannot be used.
    """
    generator = np.random.default_rng(settings.seed)
    shape = (settings.size, settings.frames)
    return Link(settings, settings.constellation.draw(shape, generator), _response(settings, shape, generator))


def _response(settings: OfdmSettings, shape: tuple[int, int], generator: np.random.Generator) -> ComplexArray:
    if settings.channels is not None:
        found = load_responses(Path(settings.channels))
        if found.shape[1] != settings.size:
            mend = f"must have as many subcarriers as the transform, {settings.size}"
            raise ParameterError("channels", f"shape {found.shape}", mend)
        return np.asarray(found[np.arange(settings.frames) % len(found)].T)
    if settings.channel_model == FLAT:
        return np.ones(shape, complex)
    line = DELAY_LINES[settings.channel_model]
    return line.over_subcarriers(settings.delay_spread, settings.size, settings.frames, generator).T
