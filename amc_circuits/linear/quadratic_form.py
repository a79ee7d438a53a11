"""Closed-form integrals of quadratic forms of the voltages, such as a dissipated power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits.linear.response import ExactResponse, Modal, Piece, Probe
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class QuadraticForm:
    """Integral of `y^T form y`, y a probe, over parts of pieces. Work that does not depend on inputs is done once.

    Attributes:
        probe: Probe y.
        form: Symmetric matrix of the form, shape (rows, rows).
        values: Eigenvalues of the modes, shape (n,).
        shared: Product `modal^T form`, shape (n, rows).
        pairs: Matrix `modal^T form modal / (values_i + values_j)`, shape (n, n).
    """

    probe: Probe
    form: FloatArray
    values: Modal
    shared: Modal
    pairs: Modal

    __repr__ = short_repr

    @classmethod
    def of(cls, probe: Probe, form: FloatArray, values: Modal) -> QuadraticForm:
        """Prepare the integral of a form."""
        shared = probe.modal.T @ form
        return cls(probe, form, values, shared, (shared @ probe.modal) / (values[:, None] + values[None, :]))

    def value(self, response: ExactResponse, piece: Piece, time: FloatArray) -> FloatArray:
        """Compute the form at times (T,), or at each response's own times (K, T); shape (K, T)."""
        voltage = response.at(piece, self.probe, time)
        return np.asarray(((voltage @ self.form) * voltage).sum(axis=2))

    def integral(self, piece: Piece, first: FloatArray, last: FloatArray) -> FloatArray:
        """Integrate from `first` to `last` (K,), absolute times within a straight piece, s; shape (K,)."""
        value, slope = piece.coefficients(self.probe)
        a, b = first - piece.start, last - piece.start
        rates = self.values[:, None]
        at_a, at_b = (piece.decaying * np.exp(rates * time) for time in (a, b))
        moved = (at_b - at_a) / rates
        # The integral of t exp(rate t) is (t - 1/rate) exp(rate t) / rate.
        moved_on = (b * at_b - a * at_a - moved) / rates
        pairs = (at_b * (self.pairs @ at_b) - at_a * (self.pairs @ at_a)).sum(axis=0)
        mixed = (self.shared @ value * moved + self.shared @ slope * moved_on).sum(axis=0)
        formed, sloped = self.form @ value, self.form @ slope
        flat = (value * formed).sum(axis=0) * (b - a) + (slope * formed).sum(axis=0) * (b**2 - a**2)
        flat += (slope * sloped).sum(axis=0) * (b**3 - a**3) / 3
        return np.asarray(np.real(pairs + 2 * mixed) + flat, dtype=np.float64)


def block_diagonal(blocks: Sequence[FloatArray]) -> FloatArray:
    """Return one matrix with square matrices along its diagonal."""
    cuts = np.cumsum([0, *(len(block) for block in blocks)]).tolist()
    found = np.zeros((cuts[-1], cuts[-1]))
    for k, block in enumerate(blocks):
        found[cuts[k] : cuts[k + 1], cuts[k] : cuts[k + 1]] = block
    return found
