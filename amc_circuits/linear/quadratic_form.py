"""Closed-form integrals of quadratic forms of the voltages, such as a dissipated power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits.linear.probes import Modal, Probe
from amc_circuits.linear.response import ExactResponse, Piece
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class QuadraticForm:
    """Integral of `y^T form y`, y a probe, over parts of pieces. Work that does not depend on inputs is done once.

    Attributes:
        probe: Probe y.
        form: Symmetric matrix of the form, shape (rows, rows).
        values: Eigenvalues of the modes, shape (n,).
        shared: Product `modal^T form` for amplitudes in the order of `Probe.decaying`, shape (n, rows).
        pairs: Matrix `modal^T form modal / (values_i + values_j)` for such amplitudes, shape (n, n).
    """

    probe: Probe
    form: FloatArray
    values: Modal
    shared: FloatArray
    pairs: FloatArray

    __repr__ = short_repr

    @classmethod
    def of(cls, probe: Probe, form: FloatArray, values: Modal) -> QuadraticForm:
        """Prepare the integral of a form."""
        shared, real = probe.decaying.T @ form, probe.real
        products = _unpacked(_unpacked(shared @ probe.decaying, real).T, real)
        pairs = products / (values[:, None] + values[None, :])
        return cls(probe, form, values, shared, np.real(_repacked(_repacked(pairs, real).T, real)))

    def value(self, response: ExactResponse, piece: Piece, time: FloatArray) -> FloatArray:
        """Compute the form at times (T,), or at each response's own times (K, T); shape (K, T)."""
        voltage = response.at(piece, self.probe, time)
        formed = (voltage.reshape(-1, len(self.form)) @ self.form).reshape(voltage.shape)
        return np.asarray((formed * voltage).sum(axis=2))

    def integral(self, piece: Piece, first: FloatArray, last: FloatArray) -> FloatArray:
        """Integrate from `first` to `last` (K,), absolute times within a straight piece, s; shape (K,)."""
        a, b = first - piece.start, last - piece.start
        value, slope = piece.coefficients(self.probe)
        ends, moved, moved_on = self._amplitudes(piece, a, b)
        pairs = sum(
            sign * np.einsum("nk,nk->k", end, self.pairs @ end) for sign, end in zip((-1, 1), ends, strict=True)
        )
        formed = self.form @ value
        mixed = np.einsum("nk,nk->k", self.shared @ value, moved)
        flat = np.einsum("rk,rk->k", value, formed) * (b - a)
        if slope.any():
            mixed += np.einsum("nk,nk->k", self.shared @ slope, moved_on)
            flat += np.einsum("rk,rk->k", slope, formed) * (b**2 - a**2)
            flat += np.einsum("rk,rk->k", slope, self.form @ slope) * (b**3 - a**3) / 3
        return np.asarray(pairs + 2 * mixed + flat, dtype=np.float64)

    def _amplitudes(
        self, piece: Piece, a: FloatArray, b: FloatArray
    ) -> tuple[tuple[FloatArray, FloatArray], FloatArray, FloatArray]:
        """Return the amplitudes at both ends, and the integrals of them and of them times t, as real numbers."""
        kept = (self.probe.real + len(self.values)) // 2
        rates, decaying = self.values[:kept, None], piece.decaying[:kept]
        at_a, at_b = (decaying * np.exp(rates * time) for time in (a, b))
        moved = (at_b - at_a) / rates
        # The integral of t exp(rate t) is (t - 1/rate) exp(rate t) / rate.
        moved_on = (b * at_b - a * at_a - moved) / rates
        first, last, one, other = (_parts(modal, self.probe.real) for modal in (at_a, at_b, moved, moved_on))
        return (first, last), one, other


def _parts(modal: Modal, real: int) -> FloatArray:
    """Pack amplitudes of the real and the upper modes."""
    return np.concatenate([np.real(modal), np.imag(modal[real:])])


def _unpacked(rows: Modal, real: int) -> Modal:
    """Turn rows for packed amplitudes into rows for all modes."""
    if real == len(rows):
        return rows
    first, second = np.split(rows[real:] / 2, 2)
    return np.concatenate([rows[:real], first - 1j * second, first + 1j * second])


def _repacked(rows: Modal, real: int) -> Modal:
    """Turn rows for all modes into rows for packed amplitudes."""
    if real == len(rows):
        return rows
    upper, lower = np.split(rows[real:], 2)
    return np.concatenate([rows[:real], upper + lower, 1j * (upper - lower)])


def block_diagonal(blocks: Sequence[FloatArray]) -> FloatArray:
    """Return one matrix with square matrices along its diagonal."""
    cuts = np.cumsum([0, *(len(block) for block in blocks)]).tolist()
    found = np.zeros((cuts[-1], cuts[-1]))
    for k, block in enumerate(blocks):
        found[cuts[k] : cuts[k + 1], cuts[k] : cuts[k + 1]] = block
    return found
