"""A linear system in its modes: every response is a sum of exponentials, known at any time without stepping to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from netlists.record import FloatArray

ComplexArray = NDArray[np.complex128]
WORST_CONDITION = 1e8
"""Of the eigenvectors; beyond it too few digits are left."""
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


def modes_of(matrix: FloatArray) -> Modes:
    """The modes of a real matrix, as they come."""
    values, vectors = np.linalg.eig(matrix)
    poles = values[np.argsort(-values.real, kind="stable")].astype(np.complex128)
    side = np.sign(np.imag(values))
    order = np.concatenate([np.flatnonzero(side == kind) for kind in (0, 1, -1)])
    return Modes(poles, values[order], np.ascontiguousarray(vectors[:, order]), int((side == 0).sum()))


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
