"""Square QAM of unit mean energy with Gray labels, and its exact bit error rate in white Gaussian noise.

Each axis is a PAM of `L = sqrt(order)` levels `(2 i - (L - 1)) d`, `d = sqrt(3 / (2 (order - 1)))`, and level i has the
label `i xor (i >> 1)`. 3GPP TS 38.211, section 5.1, has other Gray labels on the same points: its bit patterns differ,
its bit error rate does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from amc_circuits import ParameterError
from mimo.radio.real_form import ComplexArray, RealArray

ORDERS = (4, 16, 64, 256)


@dataclass(frozen=True)
class Constellation:
    """Square QAM.

    Attributes:
        order: Number of points: 4, 16, 64 or 256.

    Raises:
        ParameterError: There is no such order.
    """

    order: int

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ParameterError("order", self.order, f"must be one of {', '.join(map(str, ORDERS))}")

    @property
    def levels(self) -> int:
        """Levels of each axis, L."""
        return int(np.sqrt(self.order))

    @property
    def bits(self) -> int:
        """Bits of each axis."""
        return self.levels.bit_length() - 1

    @property
    def half_distance(self) -> float:
        """Half of the distance of two neighbouring points, d."""
        return float(np.sqrt(3 / (2 * (self.order - 1))))

    @cached_property
    def distances(self) -> NDArray[np.int64]:
        """Number of different bits in the labels of two levels, shape (L, L)."""
        level = np.arange(self.levels)
        labels = level ^ (level >> 1)
        return np.asarray(np.bitwise_count(labels[:, None] ^ labels), np.int64)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.int64]:
        """Draw the level of both axes of symbols of this shape, shape (2, *shape)."""
        return np.asarray(generator.integers(0, self.levels, (2, *shape)))

    def symbols(self, drawn: NDArray[np.int64]) -> ComplexArray:
        """Return the symbols of drawn levels (2, ...)."""
        axes = (2 * drawn - (self.levels - 1)) * self.half_distance
        return np.asarray(axes[0] + 1j * axes[1])

    def decided(self, symbols: ComplexArray) -> NDArray[np.int64]:
        """Return the levels of the nearest points, shape (2, ...)."""
        axes = np.stack([symbols.real, symbols.imag])
        nearest = np.rint((axes / self.half_distance + self.levels - 1) / 2)
        return np.clip(nearest, 0, self.levels - 1).astype(np.int64)

    def bit_errors(self, sent: NDArray[np.int64], decided: NDArray[np.int64]) -> int:
        """Count the wrong bits of decided levels."""
        return int(self.distances[sent, decided].sum())

    @cached_property
    def terms(self) -> dict[int, float]:
        """Weights w of odd numbers o in the exact bit error rate `sum w Q(o sqrt(3 g / (order - 1)))`.

        Source: Cho and Yoon, IEEE Trans. Commun. 50 (2002), equations 14 and 16. Bit k of an axis has thresholds at
        every `2^k`-th part of it, and each term of Q counts, with a sign, the levels for which the noise crosses one.
        """
        found: dict[int, float] = {}
        for k in range(1, self.bits + 1):
            for i in range(int((1 - 2.0**-k) * self.levels)):
                part = i * 2 ** (k - 1) / self.levels
                weight = (-1) ** int(part) * (2 ** (k - 1) - int(part + 0.5))
                found[2 * i + 1] = found.get(2 * i + 1, 0.0) + 2 * weight / (self.levels * self.bits)
        return {odd: weight for odd, weight in found.items() if weight}

    def error_rate(self, snr: ArrayLike) -> RealArray:
        """Exact bit error rate in white Gaussian noise at `g = Es/N0`, a ratio, of any shape."""
        ratio = np.sqrt(3 * np.asarray(snr, float) / (self.order - 1))
        return np.asarray(sum(weight * ndtr(-odd * ratio) for odd, weight in self.terms.items()))
