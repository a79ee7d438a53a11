"""A linear system in its modes: every response is a sum of exponentials, known at any time without stepping to it.

A numerical eigenvalue of a matrix is off by about `eps` times the largest one. Where the largest is more than `SPREAD`
times the smallest, the eigenvalues of the inverse are taken: then the *slow* poles, which decide stability, settling
and the final value, have all their digits, and those of the fast ones are good to `eps` times the spread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from netlists.record import FloatArray, ParameterError

ComplexArray = NDArray[np.complex128]
WORST_CONDITION = 1e8
"""Of the eigenvectors; beyond it too few digits are left."""
SPREAD = 1e6
"""Fastest over slowest pole from which on the inverse is taken. The slow poles have ten digits up to here."""
LARGEST_SPREAD = 1e13
"""Beyond, the fast poles would have no digit left, not even their sign."""
JITTER = 1e-9
"""Relative change of the matrix that parts eigenvalues which share an eigenvector (see `independent_modes`)."""


@dataclass(frozen=True)
class Modes:
    """Eigenvalues and eigenvectors, `matrix = vectors diag(values) inverse`; real where all eigenvalues are.

    Attributes:
        poles: Eigenvalues, the slowest (or the fastest growing) first, 1/s.
        values: The same, as they belong to the vectors: the real ones, those above the real axis, their conjugates.
        vectors: Right eigenvectors as columns, shape (n, n).
        real: How many are real.
    """

    poles: ComplexArray
    values: NDArray[np.inexact]
    vectors: NDArray[np.inexact]
    real: int

    @cached_property
    def inverse(self) -> NDArray[np.inexact]:
        """Left eigenvectors as rows, shape (n, n)."""
        return np.asarray(np.linalg.inv(self.vectors))

    @cached_property
    def condition(self) -> float:
        """Condition number of the eigenvectors, 1-norm; infinite where they are dependent."""
        try:
            return float(np.linalg.norm(self.vectors, 1) * np.linalg.norm(self.inverse, 1))
        except np.linalg.LinAlgError:
            return np.inf


def values_of(matrix: FloatArray) -> NDArray[np.inexact]:
    """The eigenvalues of a real matrix.

    Raises:
        ParameterError: They are too far apart.
    """
    values = np.linalg.eigvals(matrix)
    return 1 / np.linalg.eigvals(_inverse(matrix)) if _is_stiff(values) else values


def modes_of(matrix: FloatArray) -> Modes:
    """The modes of a real matrix, as they come.

    Raises:
        ParameterError: Its eigenvalues are too far apart.
    """
    values, vectors = np.linalg.eig(matrix)
    if _is_stiff(values):
        values, vectors = np.linalg.eig(_inverse(matrix))
        values = 1 / values
    poles = values[np.argsort(-values.real, kind="stable")].astype(np.complex128)
    side = np.sign(np.imag(values))
    order = np.concatenate([np.flatnonzero(side == kind) for kind in (0, 1, -1)])
    return Modes(poles, values[order], np.ascontiguousarray(vectors[:, order]), int((side == 0).sum()))


def _is_stiff(values: NDArray[np.inexact]) -> bool:
    """True where the inverse gives better eigenvalues."""
    sizes = np.abs(values)
    fastest, slowest = float(sizes.max()), float(sizes.min())
    if fastest > LARGEST_SPREAD * slowest > 0:
        mend = "these are too far apart for 16 digits; leave out capacitances and second poles that do not matter"
        raise ParameterError("A", f"a circuit with poles from {slowest:.3g} to {fastest:.3g} 1/s", mend)
    return fastest > SPREAD * slowest > 0


def _inverse(matrix: FloatArray) -> FloatArray:
    """The inverse. Rows are scaled first, for they differ as much as the poles do."""
    scale = 1 / np.abs(matrix).max(axis=1)
    return np.asarray(np.linalg.solve(matrix * scale[:, None], np.diag(scale)), dtype=np.float64)


def independent_modes(matrix: FloatArray, found: Modes) -> Modes:
    """The modes that were found of a matrix, or some that are linearly independent.

    Where the eigenvectors are (nearly) linearly dependent, as at critical damping, the entries of the matrix are
    changed by a billionth at random: that parts the eigenvalues and changes the response by as little as
    components that much off would (approximate diagonalisation: Davies, SIAM J. Matrix Anal. Appl. 29, 1051, 2008).
    """
    if found.condition < WORST_CONDITION:
        return found
    noise = np.random.default_rng(0).uniform(-JITTER, JITTER, matrix.shape)
    return replace(modes_of(matrix * (1 + noise)), poles=found.poles)
