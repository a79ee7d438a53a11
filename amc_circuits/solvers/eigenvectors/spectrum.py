"""Eigenvalues and eigenvectors of matrices, their directions, and the errors of these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.linear.stability import complex_text
from amc_circuits.values.checks import Numbers
from netlists import ParameterError
from netlists.record import FloatArray

REAL = 1e-9
"""Largest imaginary part of an eigenvalue that counts as rounding, in units of the largest eigenvalue."""
HERMITIAN = 1e-12
"""Largest difference of a matrix from its conjugate transpose that counts as rounding, relative."""


@dataclass(frozen=True)
class EigenPair:
    """An eigenvalue with its eigenvector.

    Attributes:
        value: Eigenvalue, real.
        vector: Eigenvector of length 1, shape (N,); its largest entry is real and positive.
    """

    value: float
    vector: Numbers


def eigen_pair(matrix: Numbers, place: int, smallest: bool) -> EigenPair:
    """Compute the eigenvalue at a place among those of a matrix, from 0, the largest (or the smallest) first.

    Raises:
        ParameterError: The eigenvalue is complex, or not above 0.
    """
    values, vectors = np.linalg.eig(matrix)
    order = np.argsort(values.real if smallest else -values.real, kind="stable")
    value, vector = complex(values[order[place]]), vectors[:, order[place]]
    if abs(value.imag) > REAL * float(np.abs(values).max()):
        mend = "EGV needs a real one: its feedback is a conductance"
        raise ParameterError("A", f"a matrix with the complex eigenvalue {complex_text(value)}", mend)
    if value.real <= 0:
        mend = "EGV needs one above 0; add a multiple of the identity to A"
        raise ParameterError("A", f"a matrix with the eigenvalue {value.real:.4g}", mend)
    found = directed(vector[:, None])[:, 0]
    return EigenPair(value.real, found if np.iscomplexobj(matrix) else np.ascontiguousarray(found.real))


def edge(matrix: FloatArray, smallest: bool) -> float:
    """Real part of the largest, or the smallest, eigenvalue of a matrix."""
    parts = np.linalg.eigvals(matrix).real
    return float(parts.min() if smallest else parts.max())


def count_beyond(matrix: FloatArray, threshold: float, smallest: bool) -> int:
    """Count the eigenvalues of a matrix above a threshold; below it for the smallest ones."""
    parts = np.linalg.eigvals(matrix).real
    return int(((parts < threshold) if smallest else (parts > threshold)).sum())


def directed(vectors: Numbers) -> Numbers:
    """Scale the columns of (N, K) to length 1, with the largest entry of each real and positive; nan for zeros."""
    with np.errstate(invalid="ignore"):
        unit = vectors / np.linalg.norm(vectors, axis=0)
        largest = np.take_along_axis(unit, np.abs(unit).argmax(axis=0)[None], axis=0)
        found: Numbers = unit * (np.conj(largest) / np.abs(largest))
    return found


def direction_error(vectors: Numbers, reference: Numbers) -> FloatArray:
    """Compute `1 - |w^H w_ref|` of the directions of columns (N, K), shape (K,).

    It is half the square of the distance of the directions, which keeps the digits of small errors.
    """
    with np.errstate(invalid="ignore"):
        ours, exact = (one / np.linalg.norm(one, axis=0) for one in (vectors, reference))
        overlap = (np.conj(exact) * ours).sum(axis=0)
        turned = ours * (np.conj(overlap) / np.abs(overlap))
    return np.asarray(np.linalg.norm(turned - exact, axis=0) ** 2 / 2, dtype=np.float64)


def rayleigh(matrix: Numbers, vector: Numbers) -> float:
    """Compute the Rayleigh quotient `v^H A v / v^H v`: one product with A."""
    return float(np.real(np.vdot(vector, matrix @ vector) / np.vdot(vector, vector)))


def is_hermitian(matrix: Numbers) -> bool:
    """True if a matrix is its own conjugate transpose."""
    return bool(np.abs(matrix - matrix.conj().T).max() <= HERMITIAN * np.abs(matrix).max())


def without(matrix: Numbers, value: float, vector: Numbers, smallest: bool) -> Numbers:
    """Remove an eigenvector from a Hermitian matrix: its eigenvalue becomes 0.

    If the smallest eigenvalue is removed, it becomes the largest row sum instead, which no eigenvalue passes.
    """
    far = float(np.abs(matrix).sum(axis=1).max()) if smallest else 0.0
    unit = vector / np.linalg.norm(vector)
    return matrix - (value - far) * np.outer(unit, unit.conj())
