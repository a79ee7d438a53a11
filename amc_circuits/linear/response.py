"""Exact response of a linear circuit to inputs that are straight lines between corners.

In modal coordinates `z' = diag(values) z + B u`. While `u = u0 + slope t`,

    z(t) = a exp(values t) + p0 + p1 t,   p1 = -B slope / values,   p0 = (p1 - B u0) / values,   a = z(0) - p0

So every voltage is a sum of exponentials and a straight line, and integrals of their products have closed forms. In a
piece much shorter than a mode's time constant, this would be a small difference of large numbers. There the mode is
the beginning of its Taylor series, without an exponential: `c0 = z(0)`, `c1 = value c0 + B u0`, `c2 = (value c1 + B
slope)/2`, `c_k = value c_(k-1)/k`.
Several responses that differ only in their inputs (columns, K) are computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.modes import INTERPOLATED, Modes, different_rows, independent_rows, interpolation
from amc_circuits.linear.probes import Modal, Probe, polynomial_at
from netlists.record import FloatArray, ParameterError
from netlists.short_text import short_repr

DECAYED = 12.0
"""Number of time constants after which a mode has decayed (e^-12 = 6e-6)."""
SHORT = 0.03
"""Fraction of a mode's time constant: in shorter pieces the mode is a polynomial. Above, the closed form keeps 13
digits."""
DEGREE = 6
"""Degree of this polynomial: the remainder is 0.03^7/7! = 4e-15."""
PANEL = 6.0
"""Length of a panel in time constants of the fastest remaining mode. At this length Gauss's eight points integrate an
exponential to 3e-10: the remainder is 6^17 (8!)^4 / (17 (16!)^3)."""
_RULES = {points: np.polynomial.legendre.leggauss(points) for points in (4, 8)}
GAUSS_NODES, GAUSS_WEIGHTS = _RULES[8]
MOST_PANELS = 100_000
BLOCK = 16
"""Number of times evaluated at once: few, because fewer modes remain at later times."""
WORK = 130_000
"""Number of values evaluated at once: they fit into a processor's cache."""
SMOOTH = 0.5
"""Time constants of the fastest mode that close times span at most: `interpolation` errs by 2 (0.5/4)^9/9! = 4e-14."""
MANY = 64
"""Number of times from which on a choice among them is looked for: modes of all speeds need 30 to 45."""
GONE = 40.0
"""Number of time constants after which a mode is omitted (e^-40 = 4e-18)."""


@dataclass(frozen=True)
class Piece:
    """Response between two corners of the inputs; t counts from the first corner.

    Attributes:
        start: Start time, s.
        stop: Stop time, s.
        decaying: Amplitudes a, shape (n, K); 0 for a mode that is a polynomial.
        polynomial: Coefficients of 1, t, t^2 ... for every mode, shape (2, n, K), or (DEGREE + 1, n, K) if the piece
            is much shorter than the time constant of some mode.
        inputs: Inputs u0 at the start, shape (inputs, K), V.
        inputs_slope: Slopes of the inputs, shape (inputs, K), V/s.
    """

    start: float
    stop: float
    decaying: Modal
    polynomial: Modal
    inputs: FloatArray
    inputs_slope: FloatArray

    __repr__ = short_repr

    @property
    def straight(self) -> bool:
        """True if the piece consists only of exponentials and a straight line."""
        return len(self.polynomial) == 2

    @cached_property
    def moving(self) -> bool:
        """True unless the modes are exponentials and constants, as with constant inputs."""
        return bool(self.inputs_slope.any() or self.polynomial[1:].any())

    def packed(self, real: int) -> FloatArray:
        """Return what is not zero of the polynomial in the order of `Probe.decaying`, shape (degree + 1, n, K)."""
        polynomial = self.polynomial if self.moving else self.polynomial[:1]
        upper = polynomial[:, real : (real + polynomial.shape[1]) // 2]
        return np.concatenate([np.real(polynomial[:, :real]), np.real(upper), np.imag(upper)], axis=1)

    def of(self, columns: NDArray[np.int64]) -> Piece:
        """Return the piece for some of the responses."""
        modal = (self.decaying[:, columns], self.polynomial[:, :, columns])
        return Piece(self.start, self.stop, *modal, self.inputs[:, columns], self.inputs_slope[:, columns])

    def coefficients(self, probe: Probe) -> FloatArray:
        """Return the polynomial of a probe: coefficients of 1, t, t^2 ..., shape (degree + 1, rows, K)."""
        found = np.zeros((len(self.polynomial), len(probe.rest), self.inputs.shape[1]))
        for power, modal in enumerate(self.packed(probe.real)):
            np.matmul(probe.decaying, modal, out=found[power])
        still, rising = self.of_inputs(probe)
        found[0] += still
        if rising is not None:
            found[1] += rising
        return found

    def of_inputs(self, probe: Probe) -> tuple[FloatArray, FloatArray | None]:
        """Return the part of a probe that no mode has, and its slope, shape (rows, K) each; None for no slope."""
        still = probe.feed @ self.inputs + probe.rest[:, None]
        if not self.inputs_slope.any():
            return still, None
        if probe.rising is not None:
            still += probe.rising @ self.inputs_slope
        return still, probe.feed @ self.inputs_slope


class ExactResponse:
    """Responses of a circuit, piece by piece."""

    def __init__(self, modes: Modes, drive: Modal) -> None:
        """Create a response that starts at rest.

        Args:
            modes: Modes of the circuit's state matrix.
            drive: Matrix B, the effect of a volt at an input on each mode, shape (n, inputs).
        """
        self.values = modes.values
        self.drive = drive
        self.real = modes.real
        self.upper = slice(modes.real, (modes.real + len(self.values)) // 2)

    def piece(self, start: float, stop: float, before: Modal, first: FloatArray, last: FloatArray) -> Piece:
        """Return the response from a state `before` (n, K) at `start`, with linear inputs from `first` to `last`."""
        slope = (last - first) / (stop - start)
        rates = self.values[:, None]
        driven, rising = self.drive @ first, self.drive @ slope
        line = -rising / rates
        constant = (line - driven) / rates
        decaying, polynomial = before - constant, np.stack([constant, line])
        short = np.abs(self.values) * (stop - start) < SHORT
        if short.any():
            polynomial = np.concatenate([polynomial, np.zeros((DEGREE - 1, *constant.shape), dtype=constant.dtype)])
            terms = [before[short], rates[short] * before[short] + driven[short]]
            terms.append((rates[short] * terms[1] + rising[short]) / 2)
            for power in range(3, DEGREE + 1):
                terms.append(rates[short] * terms[-1] / power)
            polynomial[:, short], decaying[short] = terms, 0.0
        return Piece(start, stop, decaying, polynomial, first, slope)

    def derivative(self, piece: Piece) -> Piece:
        """Return the derivative of a piece: its voltages are the rates of change (of a probe without its rest), V/s."""
        powers = np.arange(1, len(piece.polynomial))
        falling = piece.polynomial[1:] * powers[:, None, None]
        polynomial = np.concatenate([falling, np.zeros_like(falling[:1])])
        still = np.zeros_like(piece.inputs_slope)
        decaying = piece.decaying * self.values[:, None]
        return Piece(piece.start, piece.stop, decaying, polynomial, piece.inputs_slope, still)

    def end(self, piece: Piece) -> Modal:
        """Return the state at the end of a piece, shape (n, K)."""
        length = piece.stop - piece.start
        moved: Modal = piece.decaying * np.exp(self.values * length)[:, None]
        return moved + polynomial_at(piece.polynomial, np.asarray(length))

    def fading(self, decaying: Modal, after: FloatArray, left: tuple[int, int] | None = None) -> FloatArray:
        """Compute `decaying exp(values after)` as real numbers, in the order of `Probe.decaying`.

        Args:
            decaying: Amplitudes of the modes, shape (n, ...).
            after: Times after the start, s; shape (...), which broadcasts with `decaying`.
            left: Numbers of the slowest real and of the slowest upper modes; all of them by default.
        """
        real, upper = left or self._all
        shape = np.broadcast_shapes(decaying.shape[1:], after.shape)
        found, after = np.empty((*shape, real + 2 * upper)), after[..., None]
        still = np.ascontiguousarray(np.moveaxis(np.real(decaying[:real]), 0, -1))
        np.multiply(still, np.exp(after * np.real(self.values[:real])), out=found[..., :real])
        if upper:
            place = slice(self.real, self.real + upper)
            turning = np.moveaxis(decaying[place], 0, -1) * np.exp(after * self.values[place])
            found[..., real : real + upper], found[..., real + upper :] = np.real(turning), np.imag(turning)
        return found

    def _left(self, after: float) -> tuple[int, int]:
        """Return the numbers of real and of upper modes that are not omitted at a time."""
        rates = -np.real(self.values) * after
        return int(rates[: self.real].searchsorted(GONE)), int(rates[self.upper].searchsorted(GONE))

    def _columns(self, factors: FloatArray, left: tuple[int, int]) -> FloatArray:
        """Return the columns of factors (rows, n) for what `fading` returns."""
        real, upper = left
        if upper == 0:
            return factors[:, :real]
        if left == self._all:
            return factors
        second = self.upper.stop
        return np.hstack(
            [factors[:, :real], factors[:, self.real : self.real + upper], factors[:, second : second + upper]]
        )

    def at(self, piece: Piece, probe: Probe, time: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Evaluate a probe of every response at times (T,), or own times (K, T), in a piece; shape (K, T, rows).

        With `out` the values are written there.
        """
        after = np.atleast_2d(time - piece.start)
        columns, times, rows = piece.decaying.shape[1], after.shape[1], len(probe.rest)
        many = len(after) == 1 and times > INTERPOLATED and columns * times * rows > WORK
        if many and (chosen := self._nodes(piece, after[0])) is not None:
            return np.asarray(np.matmul(chosen[1], self.at(piece, probe, piece.start + chosen[0]), out=out))
        still, rising = piece.of_inputs(probe)
        if not piece.moving:
            still = still + probe.decaying @ piece.packed(probe.real)[0]
        found = np.empty((columns, times, rows)) if out is None else out
        own = piece.packed(self.real).transpose(0, 2, 1)
        block = BLOCK if columns * times * rows > WORK else max(1, times)
        together = max(1, WORK // max(1, block * max(rows, len(self.values))))
        for first in range(0, times, block):
            part = slice(first, first + block)
            left = self._left(float(after[:, part].min())) if not piece.moving else self._all
            factors = self._columns(probe.decaying, left).T
            for column in range(0, columns, together):
                some = slice(column, column + together)
                when = after[:, part] if len(after) == 1 else after[some, part]
                weights = self.fading(piece.decaying[:, some, None], when, left)
                if piece.moving:
                    weights += np.real(polynomial_at(own[:, some, None], when[..., None]))
                moved = weights.reshape(weights.shape[0] * weights.shape[1], len(factors)) @ factors
                np.add(moved.reshape(*weights.shape[:2], rows), still.T[some, None], out=found[some, part])
                if rising is not None:
                    found[some, part] += when[..., None] * rising.T[some, None]
        return found

    @property
    def _all(self) -> tuple[int, int]:
        return self.real, self.upper.stop - self.real

    def _nodes(self, piece: Piece, after: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """Return few times and the matrix from values there to values at times (T,); None if there are none."""
        if np.abs(self.values).max() * (after.max() - after.min()) < SMOOTH:
            return interpolation(after)
        if piece.moving or len(after) < MANY or np.real(self.values).max() > 0:
            return None
        # One row a time, with all modes and a constant: decaying modes are much alike.
        modes = self.fading(np.ones((len(self.drive), 1)), after)
        places, weights = independent_rows(np.hstack([modes, np.ones((len(after), 1))]))
        return (after[places], weights) if 2 * len(places) <= len(after) else None

    def each_at(
        self, piece: Piece, probe: Probe, time: FloatArray, row: NDArray[np.int64], column: NDArray[np.int64]
    ) -> FloatArray:
        """Evaluate rows of a probe, each in one response at its own times (R, T), shape (R, T)."""
        after = np.broadcast_to(time - piece.start, (len(row), time.shape[1]))
        factors, inputs = probe.decaying[row], piece.inputs[:, column].T
        found = ((probe.feed[row] * inputs).sum(axis=1) + probe.rest[row])[:, None]
        for power, modal in enumerate(piece.packed(self.real)):
            found = found + (factors * modal[:, column].T).sum(axis=1)[:, None] * after**power
        if piece.inputs_slope.any():
            slopes = piece.inputs_slope[:, column].T
            found += (probe.feed[row] * slopes).sum(axis=1)[:, None] * after
            found += 0.0 if probe.rising is None else (probe.rising[row] * slopes).sum(axis=1)[:, None]
        places, own = different_rows(after)
        left = self._left(float(after.min()))
        # An exponential is dear and the same for all rows at the same times.
        fading = self.fading(np.ones((len(self.values), 1, 1)), after[places], left)
        weights = self._columns(probe.weights(row, piece.decaying[:, column].T), left)
        if len(places) == 1:
            return np.asarray(found + weights @ fading[0].T)
        return np.asarray(found + (fading[own] @ weights[:, :, None])[:, :, 0])

    def panels(self, piece: Piece) -> FloatArray:
        """Return edges of parts of a piece, each short enough for the remaining modes, shape (P + 1,)."""
        order = np.argsort(-np.real(self.values))
        speeds = np.maximum.accumulate(np.abs(self.values[order]))
        decays = np.maximum(-np.real(self.values[order]), np.finfo(float).tiny)
        edges = [piece.start]
        while edges[-1] < piece.stop:
            place = edges[-1]
            left = max(1, int(np.searchsorted(decays * (place - piece.start), DECAYED, side="right")))
            until = place + PANEL / float(speeds[left - 1])
            if until > piece.stop - 1e-3 * (piece.stop - place):
                until = piece.stop
            edges.append(until)
            if len(edges) > MOST_PANELS:
                mend = "its fastest pole is too fast for so long a slot; take other values"
                raise ParameterError("A", f"a circuit with poles up to {speeds[-1]:.3g} 1/s", mend)
        return np.array(edges)


def gauss(edges: FloatArray, points: int = 8) -> tuple[FloatArray, FloatArray]:
    """Return points and weights of the panels between edges (P + 1,), 4 or 8 per panel; shape (P, points) each."""
    nodes, weights = _RULES[points]
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + edges[1:, None]) / 2 + half * nodes, half * weights


def response_of(circuit: LinearCircuit) -> ExactResponse:
    """Create the exact response of a circuit."""
    return ExactResponse(circuit.modes, circuit.modes.driven_by(circuit.drive))
