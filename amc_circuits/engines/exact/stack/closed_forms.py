"""Closed forms of the modes within steps, of many circuits.

With `N = sum_k n_k t^k`, a mode is `z = (z(0) - q_0) exp(value t) + sum_k q_k t^k`, where `q_k = ((k + 1) q_(k+1) -
n_k)/value`. In a step much shorter than the mode's time constant this would be a small difference of large numbers.
There the mode is the beginning of its Taylor series: `c_0 = z(0)` and `c_(k+1) = (value c_k + n_k)/(k + 1)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.method import DEGREE as OF_N
from amc_circuits.engines.exact.nonlinear.method import LAGRANGE
from amc_circuits.engines.exact.stack.integrator import Course
from amc_circuits.engines.exact.stack.weights import Poles
from amc_circuits.linear.modes import ComplexArray
from netlists.record import FloatArray
from netlists.short_text import short_repr

SHORT = 0.1
"""Fraction of a mode's time constant: in shorter steps the mode is a polynomial. Above, the closed form keeps ten
digits."""
DEGREE = 8
"""Degree of this polynomial: the remainder is 0.1^4 4!/9! = 7e-9 of the last term of N, which is small itself."""

AT_ONCE = 128
"""Steps worked on at once: their numbers stay in the processor's cache."""

Modal = NDArray[np.inexact]


@dataclass(frozen=True)
class ClosedForms:
    """Closed forms of S steps.

    Attributes:
        amplitude: Amplitudes of the exponentials, of a pair that of the upper mode twice, shape (S, n).
        lines: Polynomials, in units of the steps, of the coordinates, then of the currents that limits add at outputs,
            shape (S, DEGREE + 1, n + m).
    """

    amplitude: ComplexArray
    lines: FloatArray

    __repr__ = short_repr

    @classmethod
    def of(cls, poles: Poles, course: Course) -> ClosedForms:
        """Compute the closed forms of all steps of a course."""
        size, m = poles.side.shape[1], course.pins.shape[2]
        lines = np.zeros((len(course.owner), DEGREE + 1, size + m))
        amplitude = np.empty((len(lines), size), dtype=np.complex128)
        for first in range(0, len(lines), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            amplitude[some] = _set(poles.part(course.owner[some]), course, some, lines[some])
        return cls(amplitude, lines)


def _set(poles: Poles, course: Course, some: slice, lines: FloatArray) -> ComplexArray:
    """Set the polynomials of some steps, and return their amplitudes; poles and lines are those of the steps."""
    length, start, powers = course.length[some], course.source[some, 0], _powers(course.source[some, 1:])
    size = start.shape[1]
    amplitude = _forms(poles.values.real, start, powers, length, lines[..., :size]).astype(np.complex128)
    lines[:, : OF_N + 1, size:] = _powers(course.pins[some])
    row, column = np.nonzero(poles.side < 0)
    if row.size:
        first = start[row, column] + 1j * start[row, column + 1]
        both = powers[row, :, column] + 1j * powers[row, :, column + 1]
        found = np.zeros((len(row), DEGREE + 1, 1), dtype=np.complex128)
        turned = _forms(poles.values[row, column, None], first[:, None], both[..., None], length[row], found)
        amplitude[row, column] = amplitude[row, column + 1] = turned[:, 0]
        lines[row, :, column], lines[row, :, column + 1] = found[..., 0].real, found[..., 0].imag
    return amplitude


def _powers(source: FloatArray) -> FloatArray:
    """Return coefficients of 1, s .. s^4 of the quartics through values at five nodes (S, 5, k); same shape."""
    found = LAGRANGE[0, :, None] * source[:, None, 0]
    for node in range(1, OF_N + 1):
        found += LAGRANGE[node, :, None] * source[:, None, node]
    return found


def _forms(values: Modal, start: Modal, powers: Modal, length: FloatArray, found: Modal) -> Modal:
    """Set polynomials in units of the steps, and return the amplitudes of the exponentials, shape (S, k).

    Args:
        values: Eigenvalues, shape (S, k), 1/s.
        start: Coordinates at the starts of the steps, shape (S, k).
        powers: Quartics of N in units of the steps, shape (S, 5, k).
        length: Lengths of the steps, shape (S,), s.
        found: Zeros for the polynomials, shape (S, DEGREE + 1, k).
    """
    rate, powers = values * length[:, None], powers * length[:, None, None]
    short = np.abs(rate) < SHORT
    inverse = 1 / np.where(short, 1.0, rate)
    found[:, OF_N] = -powers[:, OF_N] * inverse
    for k in range(OF_N - 1, -1, -1):
        found[:, k] = ((k + 1) * found[:, k + 1] - powers[:, k]) * inverse
    amplitude = np.where(short, 0.0, start - found[:, 0])
    row, column = np.nonzero(short)
    if row.size:
        term, own, slow = start[row, column], powers[row, :, column], rate[row, column]
        found[row, 0, column] = term
        for k in range(DEGREE):
            term = (slow * term + (own[:, k] if k <= OF_N else 0.0)) / (k + 1)
            found[row, k + 1, column] = term
    return amplitude
