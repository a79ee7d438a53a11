"""Linear functions of the states and inputs of a linear circuit, such as the voltages of some nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.circuit import LinearCircuit
from netlists.record import FloatArray
from netlists.short_text import short_repr

Modal = NDArray[np.inexact]
"""Numbers of each mode of a circuit, in the order of `Modes`."""


@dataclass(frozen=True)
class Probe:
    """Linear function of the states and inputs: `rest + modal z + feed u + rising du/dt`.

    Attributes:
        modal: Factors of the modes, shape (rows, n).
        feed: Factors of the inputs, shape (rows, inputs).
        rest: Values at rest with inputs at zero, shape (rows,).
        real: Number of real modes; they come first.
        rising: Factors of the slopes of the inputs, shape (rows, inputs), s; None for zero.
    """

    modal: Modal
    feed: FloatArray
    rest: FloatArray
    real: int
    rising: FloatArray | None = None

    __repr__ = short_repr

    @cached_property
    def decaying(self) -> FloatArray:
        """Factors of real modes, then of real and of imaginary parts of the upper ones, shape (rows, n).

        One mode of a conjugate pair is enough: the sum of both is twice the real part.
        """
        upper = self.modal[:, self.real : (self.real + self.modal.shape[1]) // 2]
        return np.hstack([np.real(self.modal[:, : self.real]), 2 * np.real(upper), -2 * np.imag(upper)])

    def weights(self, row: NDArray[np.int64], amplitudes: Modal) -> FloatArray:
        """Return the factors of some rows for modes of amplitude 1, in the order of `decaying`.

        Args:
            row: Rows, shape (R,).
            amplitudes: Amplitudes of the modes in each of them, shape (R, n).
        """
        real, upper = np.split(self.decaying[row], [self.real], axis=1)
        first = real * np.real(amplitudes[:, : self.real])
        if not upper.shape[1]:
            return np.asarray(first)
        one, other = np.split(upper, 2, axis=1)
        turning = (one - 1j * other) * amplitudes[:, self.real : self.real + one.shape[1]]
        return np.hstack([first, np.real(turning), -np.imag(turning)])

    def rows(self, which: slice | NDArray[np.int64]) -> Probe:
        """Return a probe with some of the rows."""
        rising = None if self.rising is None else self.rising[which]
        return Probe(self.modal[which], self.feed[which], self.rest[which], self.real, rising)

    def over(self, below: Probe) -> Probe:
        """Return a probe with the rows of this one, then those of another."""
        return Probe(
            np.vstack([self.modal, below.modal]),
            np.vstack([self.feed, below.feed]),
            np.concatenate([self.rest, below.rest]),
            self.real,
        )

    def less(self, other: Probe) -> Probe:
        """Return the difference from another probe, row by row."""
        return Probe(self.modal - other.modal, self.feed - other.feed, self.rest - other.rest, self.real)

    def without_rest(self) -> Probe:
        """Return the probe without its value at rest."""
        return replace(self, rest=np.zeros_like(self.rest))


def polynomial_at(coefficients: Modal, time: FloatArray) -> Modal:
    """Evaluate a polynomial with coefficients (degree + 1, ...) of 1, t, t^2 ... at times that broadcast to (...)."""
    found = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        found = found * time + coefficient
    return np.asarray(found)


def probe_of(circuit: LinearCircuit, *groups: str) -> Probe:
    """Return a probe of some groups of nodes or stages, one after the other; also of groups that sources hold."""
    read, feed, rest = (np.concatenate(found) for found in zip(*(_rows(circuit, name) for name in groups), strict=True))
    modes = circuit.modes
    return Probe(modes.seen_by(read), feed, rest, modes.real)


def _rows(circuit: LinearCircuit, group: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the rows of `read`, `feed` and `rest` of a group."""
    if group in circuit.held:
        feed = circuit.held[group]
        return np.zeros((len(feed), circuit.state.shape[0])), feed, np.zeros(len(feed))
    rows = circuit.nodes[group]
    return circuit.read[rows], circuit.feed[rows], circuit.rest[rows]
