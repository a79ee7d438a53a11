"""Modes of a linear system: every response is a sum of exponentials, known at any time without time steps.

The error of a numerical eigenvalue is about `eps` times the largest one. So those of the inverse are computed: the
*slow* poles, which determine stability, settling and the final value, have full precision. The relative error of the
fast poles is `eps` times the spread. It is also quicker, as most eigenvalues of the inverse are close to 0, and the QR
algorithm takes fewer iterations: with 256 states four fifths of the time, inverse included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from netlists.record import FloatArray, ParameterError
from netlists.short_text import short_repr

ComplexArray = NDArray[np.complex128]
WORST_CONDITION = 1e8
"""Largest condition number of the eigenvectors; beyond it too few digits are left."""
LARGEST_SPREAD = 1e13
"""Largest ratio of fastest to slowest pole; beyond it the fast poles would have no correct digit and no sign."""
JITTER = 1e-9
"""Relative change of the matrix that separates eigenvalues with a common eigenvector (see `independent_modes`)."""

INTERPOLATED = 9
"""Number of Chebyshev points that many close times are interpolated from."""
SPANNED = 1e-14
"""Distance of a row from the span of others, in units of the longest row, below which it follows from them."""


@dataclass(frozen=True)
class Modes:
    """Eigenvalues and eigenvectors, `matrix = vectors diag(values) inverse`; real if all eigenvalues are.

    Attributes:
        poles: Eigenvalues, the slowest (or the fastest growing) first, 1/s.
        values: Eigenvalues in the order of the vectors: real ones, those above the real axis, their conjugates; each
            the slowest first.
        vectors: Right eigenvectors as columns, shape (n, n).
        real: Number of real eigenvalues.
    """

    poles: ComplexArray
    values: NDArray[np.inexact]
    vectors: NDArray[np.inexact]
    real: int

    __repr__ = short_repr

    @cached_property
    def inverse(self) -> NDArray[np.inexact]:
        """Left eigenvectors as rows, shape (n, n); from an inverse of real numbers, as the modes come in pairs."""
        return self._of_pairs(self.packed_inverse)

    @cached_property
    def packed_inverse(self) -> FloatArray:
        """Left eigenvectors of real modes, then real, then imaginary parts of the upper ones, shape (n, n)."""
        return np.asarray(np.linalg.inv(self.packed_vectors))

    def _of_pairs(self, packed: FloatArray) -> NDArray[np.inexact]:
        """Return one row a mode, from rows in the order of `packed_inverse`."""
        if self.real == len(self.values):
            return packed
        half = (self.real + len(packed)) // 2
        upper = packed[self.real : half] + 1j * packed[half:]
        return np.concatenate([packed[: self.real], upper, np.conj(upper)])

    def driven_by(self, drive: FloatArray) -> NDArray[np.inexact]:
        """Compute `inverse drive` by products of real numbers, shape (n, inputs)."""
        return self._of_pairs(self.packed_inverse @ drive)

    @cached_property
    def packed_vectors(self) -> FloatArray:
        """Real modes, then twice the real and minus twice the imaginary parts of the upper ones, shape (n, n)."""
        upper = self._upper
        return np.hstack([np.real(self.vectors[:, : self.real]), 2 * np.real(upper), -2 * np.imag(upper)])

    @property
    def _upper(self) -> NDArray[np.inexact]:
        """Right eigenvectors above the real axis, one of each pair."""
        return self.vectors[:, self.real : (self.real + len(self.values)) // 2]

    def seen_by(self, read: FloatArray) -> NDArray[np.inexact]:
        """Compute `read vectors` by products of real numbers, shape (rows, n)."""
        found = read @ self.packed_vectors
        if self.real == len(self.values):
            return found
        halved, count = found[:, self.real :] / 2, (len(self.values) - self.real) // 2
        upper = halved[:, :count] - 1j * halved[:, count:]
        return np.hstack([found[:, : self.real], upper, np.conj(upper)])

    @cached_property
    def condition(self) -> float:
        """Condition number of the eigenvectors, 1-norm; infinite where they are dependent."""
        try:
            real, parts, imaginary = np.split(self.packed_inverse, [self.real, (self.real + len(self.values)) // 2])
        except np.linalg.LinAlgError:
            return np.inf
        lengths = [np.abs(np.real(self.vectors[:, : self.real])), np.abs(self._upper)]
        columns = np.abs(real).sum(axis=0) + 2 * np.hypot(parts, imaginary).sum(axis=0)
        return float(max(one.sum(axis=0).max(initial=0.0) for one in lengths) * columns.max())


def values_of(matrix: FloatArray) -> NDArray[np.inexact]:
    """Compute the eigenvalues of a real matrix.

    Raises:
        ParameterError: If they are too far apart.
    """
    try:
        values = 1 / np.linalg.eigvals(inverse_of(matrix))
    except np.linalg.LinAlgError:  # one of them is 0
        return np.linalg.eigvals(matrix)
    _check_spread(values)
    return values


def modes_of(matrix: FloatArray) -> Modes:
    """Compute the modes of a real matrix, without a check that they are independent.

    Raises:
        ParameterError: If its eigenvalues are too far apart.
    """
    try:
        values, vectors = np.linalg.eig(inverse_of(matrix))
        values = 1 / values
        _check_spread(values)
    except np.linalg.LinAlgError:  # one of them is 0
        values, vectors = np.linalg.eig(matrix)
    poles = values[np.lexsort((-np.imag(values), -np.real(values)))].astype(np.complex128)
    side = np.sign(np.imag(values))
    # By stable sorting the upper ones and their conjugates stay in the same order.
    slowest = np.argsort(-np.real(values), kind="stable")
    order = np.concatenate([slowest[side[slowest] == kind] for kind in (0, 1, -1)])
    return Modes(poles, values[order], np.ascontiguousarray(vectors[:, order]), int((side == 0).sum()))


def _check_spread(values: NDArray[np.inexact]) -> None:
    """Raise `ParameterError` if the fast eigenvalues have no correct digit."""
    sizes = np.abs(values)
    fastest, slowest = float(sizes.max()), float(sizes.min())
    if fastest > LARGEST_SPREAD * slowest:
        mend = "these are too far apart for 16 digits; leave out capacitances and second poles that do not matter"
        raise ParameterError("A", f"a circuit with poles from {slowest:.3g} to {fastest:.3g} 1/s", mend)


def inverse_of(matrices: FloatArray) -> FloatArray:
    """Compute the inverses of matrices (..., n, n). Rows are scaled first, because they differ as much as the poles.

    Raises:
        LinAlgError: If one of the matrices has none.
    """
    largest = np.abs(matrices).max(axis=-1)
    if not largest.all():
        raise np.linalg.LinAlgError
    scaled, units = matrices / largest[..., None], np.eye(matrices.shape[-1]) / largest[..., None, :]
    return np.asarray(np.linalg.solve(scaled, units), dtype=np.float64)


def independent_modes(matrix: FloatArray, found: Modes) -> Modes:
    """Return the computed modes of a matrix, or replace them by linearly independent ones.

    If the eigenvectors are (nearly) linearly dependent, as at critical damping, the entries of the matrix are changed
    at random by a billionth. This separates the eigenvalues. The response changes as little as from an equal change of
    the components (approximate diagonalisation: Davies, SIAM J. Matrix Anal. Appl. 29, 1051, 2008).
    """
    if found.condition < WORST_CONDITION:
        return found
    noise = np.random.default_rng(0).uniform(-JITTER, JITTER, matrix.shape)
    return replace(modes_of(matrix * (1 + noise)), poles=found.poles)


def interpolation(time: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Chebyshev points around times (T,), and the matrix from values there to values at the times."""
    points = np.cos(np.pi * np.arange(INTERPOLATED) / (INTERPOLATED - 1))
    middle, half = (time.max() + time.min()) / 2, (time.max() - time.min()) / 2
    vander = np.polynomial.chebyshev.chebvander
    degree = INTERPOLATED - 1
    return middle + half * points, vander((time - middle) / half, degree) @ np.linalg.inv(vander(points, degree))


def independent_rows(matrix: FloatArray, spanned: float = SPANNED) -> tuple[NDArray[np.int64], FloatArray]:
    """Choose rows (T, n) from which all follow: return their places, rising, (R,) and the weights of each row, (T, R).

    The QR factorisation of the transposed matrix with column pivoting ends where no row is farther than `spanned` from
    the span of those before: an interpolative decomposition (Cheng, Gimbutas, Martinsson, Rokhlin, SIAM J. Sci. Comput.
    26, 1389, 2005).
    """
    from scipy.linalg import qr, solve_triangular  # imported here: otherwise every command would wait for it

    triangle, order = qr(matrix.T, mode="r", pivoting=True, check_finite=False)
    sizes = np.abs(np.diag(triangle))
    rank = int((sizes > spanned * sizes[0]).sum())
    weights = np.zeros((len(matrix), rank))
    weights[order[:rank]] = np.eye(rank)
    weights[order[rank:]] = solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:], check_finite=False).T
    rising = np.argsort(order[:rank])
    return np.asarray(order[:rank][rising], dtype=np.int64), np.ascontiguousarray(weights[:, rising])


def different_rows(rows: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of different rows (R, T) of numbers, and of each row its place among them, (R,).

    Rows with the same first and last number have to be equal; otherwise all rows count as different.
    """
    _, places, own = np.unique(rows[:, 0] + 1j * rows[:, -1], return_index=True, return_inverse=True)
    if (rows[places][own] == rows).all():
        return places, own
    return np.arange(len(rows)), np.arange(len(rows))
