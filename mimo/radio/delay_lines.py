"""Tapped delay lines TDL-A to TDL-E: channels over frequency between one pair of antennas.

Source: 3GPP TR 38.901, section 7.7.2, tables 7.7.2-1 to 7.7.2-5; delays are in units of the rms delay spread and are
scaled to the wanted one (section 7.7.3). The lines of sight of D and E are taps without fading beside a fading one at
the same delay. Doppler is not modelled: every draw is one moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits import ParameterError, about, short_repr
from mimo.radio.real_form import ComplexArray, RealArray

_DELAYS: dict[str, tuple[float, ...]] = {
    "a": (
        *(0, 0.3819, 0.4025, 0.5868, 0.4610, 0.5375, 0.6708, 0.5750, 0.7618, 1.5375, 1.8978, 2.2242, 2.1718, 2.4942),
        *(2.5119, 3.0582, 4.0810, 4.4579, 4.5695, 4.7966, 5.0066, 5.3043, 9.6586),
    ),
    "b": (
        *(0, 0.1072, 0.2155, 0.2095, 0.2870, 0.2986, 0.3752, 0.5055, 0.3681, 0.3697, 0.5700, 0.5283, 1.1021, 1.2756),
        *(1.5474, 1.7842, 2.0169, 2.8294, 3.0219, 3.6187, 4.1067, 4.2790, 4.7834),
    ),
    "c": (
        *(0, 0.2099, 0.2219, 0.2329, 0.2176, 0.6366, 0.6448, 0.6560, 0.6584, 0.7935, 0.8213, 0.9336, 1.2285, 1.3083),
        *(2.1704, 2.7105, 4.2589, 4.6003, 5.4902, 5.6077, 6.3065, 6.6374, 7.0427, 8.6523),
    ),
    "d": (0, 0, 0.035, 0.612, 1.363, 1.405, 1.804, 2.596, 1.775, 4.042, 7.937, 9.424, 9.708, 12.525),
    "e": (
        *(0, 0, 0.5133, 0.5440, 0.5630, 0.5440, 0.7112, 1.9092, 1.9293, 1.9589, 2.6426, 3.7136, 5.4524, 12.0034),
        20.6519,
    ),
}
"""Delays in units of the rms delay spread."""
_POWERS: dict[str, tuple[float, ...]] = {
    "a": (
        *(-13.4, 0, -2.2, -4, -6, -8.2, -9.9, -10.5, -7.5, -15.9, -6.6, -16.7, -12.4, -15.2, -10.8, -11.3, -12.7),
        *(-16.2, -18.3, -18.9, -16.6, -19.9, -29.7),
    ),
    "b": (
        *(0, -2.2, -4, -3.2, -9.8, -1.2, -3.4, -5.2, -7.6, -3, -8.9, -9, -4.8, -5.7, -7.5, -1.9, -7.6, -12.2, -9.8),
        *(-11.4, -14.9, -9.2, -11.3),
    ),
    "c": (
        *(-4.4, -1.2, -3.5, -5.2, -2.5, 0, -2.2, -3.9, -7.4, -7.1, -10.7, -11.1, -5.1, -6.8, -8.7, -13.2, -13.9),
        *(-13.9, -15.8, -17.1, -16, -15.7, -21.6, -22.8),
    ),
    "d": (-0.2, -13.5, -18.8, -21, -22.8, -17.9, -20.1, -21.9, -22.9, -27.8, -23.6, -24.8, -30, -27.7),
    "e": (-0.03, -22.03, -15.8, -18.1, -19.8, -22.9, -22.4, -18.6, -20.8, -22.6, -22.3, -25.6, -20.2, -29.8, -29.2),
}
"""Powers, dB."""
_IN_SIGHT = ("d", "e")
"""Lines whose first tap is a line of sight."""


DelaySpread = Annotated[
    float, about("Rms delay spread of a tapped delay line, in samples of its bandwidth", gt=0, le=1000)
]
"""Setting of a study: the rms delay spread."""


@dataclass(frozen=True)
class DelayLine:
    """A tapped delay line.

    Attributes:
        delays: Delays in units of the rms delay spread, shape (L,).
        powers: Mean powers of the taps, of sum 1, shape (L,).
        in_sight: True if the first tap is a line of sight: of a constant size and a random phase.
    """

    delays: RealArray
    powers: RealArray
    in_sight: bool

    __repr__ = short_repr

    @property
    def delay_spread(self) -> float:
        """Rms delay spread of the powers, in its own unit: 1 but for the digits of the tables."""
        mean = self.powers @ self.delays
        return float(np.sqrt(self.powers @ (self.delays - mean) ** 2))

    def draw(self, count: int, generator: np.random.Generator) -> ComplexArray:
        """Draw the gains of the taps, shape (count, L): circular Gaussian but for a line of sight."""
        parts = generator.standard_normal((2, count, len(self.powers))) / np.sqrt(2)
        gains = parts[0] + 1j * parts[1]
        if self.in_sight:
            gains[:, 0] /= np.abs(gains[:, 0])
        return np.asarray(gains * np.sqrt(self.powers))

    def response(self, gains: ComplexArray, frequencies: ArrayLike) -> ComplexArray:
        """Frequency responses `sum g_l exp(-2j pi f tau_l)` of gains (B, L), shape (B, F).

        Args:
            gains: Gains of the taps.
            frequencies: Frequencies in units of one over the rms delay spread, shape (F,).
        """
        return np.asarray(gains @ np.exp(-2j * np.pi * np.outer(self.delays, np.asarray(frequencies, float))))

    def over_subcarriers(
        self, delay_spread: float, size: int, count: int, generator: np.random.Generator
    ) -> ComplexArray:
        """Draw responses over the subcarriers of a transform, shape (count, size).

        Args:
            delay_spread: Rms delay spread in samples of the bandwidth.
            size: Subcarriers N; subcarrier k is at k/N of the bandwidth.
            count: Number of draws.
            generator: Source of the gains of the taps.
        """
        return self.response(self.draw(count, generator), delay_spread * np.arange(size) / size)

    def check_reach(self, delay_spread: float, size: int) -> None:
        """Refuse a delay spread with a tap beyond the N samples of a transform.

        Raises:
            ParameterError: A tap is beyond them.
        """
        longest = float(self.delays.max())
        if delay_spread * longest >= size:
            mend = f"reaches beyond {size} samples; must be below {size / longest:.4g}"
            raise ParameterError("delay_spread", delay_spread, mend)

    def correlation(self, distances: ArrayLike) -> ComplexArray:
        """Mean of `H(f + d) conj(H(f))` over all draws, in closed form: `sum p_l exp(-2j pi d tau_l)`, shape (D,).

        Args:
            distances: Distances d of frequencies in units of one over the rms delay spread, shape (D,).
        """
        return np.asarray(self.powers @ np.exp(-2j * np.pi * np.outer(self.delays, np.asarray(distances, float))))


def _line(name: str) -> DelayLine:
    powers = 10 ** (np.array(_POWERS[name]) / 10)
    return DelayLine(np.array(_DELAYS[name], float), powers / powers.sum(), name in _IN_SIGHT)


DELAY_LINES = {f"tdl-{name}": _line(name) for name in _DELAYS}
"""The five delay lines, by name: tdl-a, tdl-b, tdl-c without a line of sight, tdl-d, tdl-e with one."""
