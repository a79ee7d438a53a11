"""Discrete Fourier transforms by arrays: N points in one array, or in two stages of sqrt(N) points each.

`F_kn = exp(-2 pi i k n / N) / sqrt(N)`, unitary, in real form 2N x 2N. With `n = r a + b`,
`k = c + r d` and `r = sqrt(N)`,

    X[c + r d] = sum_b w_r^(b d) w_N^(b c) sum_a w_r^(a c) x[r a + b]

(Cooley, Tukey, Math. Comput. 19, 1965). An array of r points serves all columns of a stage; the factors w_N between the
stages are digital, so that ADCs and DACs stand between them. The inverse has the conjugates. Small transforms have few
values, which coarse levels hit: 8 points have 0, 1 and 0.7071.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits import Converters, short_repr
from mimo.ofdm.settings import radix
from mimo.parts import Parts, map_of
from mimo.radio.real_form import RealArray, complex_vector, real_form, real_vector

IDEAL = Converters()
"""No converters."""


def fourier(size: int) -> np.ndarray[tuple[int, int], np.dtype[np.complex128]]:
    """Return the unitary Fourier matrix, shape (N, N)."""
    place = np.arange(size)
    return np.asarray(np.exp(-2j * np.pi * np.outer(place, place) / size) / np.sqrt(size))


@dataclass(frozen=True)
class Transform:
    """A Fourier transform as programmed arrays realise it at rest.

    Attributes:
        size: Points, N.
        stages: Real map of the array of each stage, (2N, 2N) or two of (2 sqrt(N), 2 sqrt(N)).
        inverse: True for the inverse transform.
        stable: False if an array is unstable.
    """

    size: int
    stages: tuple[RealArray, ...]
    inverse: bool = False
    stable: bool = True

    __repr__ = short_repr

    @classmethod
    def program(cls, size: int, stages: int, parts: Parts, inverse: bool = False) -> Transform:
        """Program the arrays and read their maps; the arrays of two stages have errors of their own."""
        points = size if stages == 1 else radix(size)
        assert points is not None
        matrix = real_form(fourier(points).conj() if inverse else fourier(points))
        circuits = [parts.program("mvm", matrix, trial) for trial in range(stages)]
        stable = all(one.stability.stable for one in circuits)
        return cls(size, tuple(map(map_of, circuits)), inverse, stable)

    def apply(self, columns: RealArray, between: Converters = IDEAL, full_scale: float = 1.0) -> RealArray:
        """Transform real columns (2N, T).

        Args:
            columns: Columns.
            between: Converters between two stages.
            full_scale: Full scale of both.
        """
        if len(self.stages) == 1:
            return np.asarray(self.stages[0] @ columns)
        points, count = len(self.stages[0]) // 2, columns.shape[1]
        signal = complex_vector(columns).reshape(points, points * count)
        read = between.outputs(self.stages[0] @ real_vector(signal), full_scale)[0]
        first = complex_vector(read).reshape(points, points, count)
        place = np.arange(points)
        sign = 1 if self.inverse else -1
        turned = first * np.exp(sign * 2j * np.pi * np.outer(place, place) / self.size)[:, :, None]
        second = real_vector(turned.swapaxes(0, 1).reshape(points, points * count))
        found = complex_vector(self.stages[1] @ between.inputs(second, full_scale))
        return real_vector(found.reshape(self.size, count))

    @property
    def map(self) -> RealArray:
        """Real map of the whole transform, shape (2N, 2N)."""
        return self.apply(np.eye(2 * self.size))
