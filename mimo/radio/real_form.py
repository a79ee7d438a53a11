"""Complex vectors as real ones: `x` as `[Re x; Im x]`, a matrix H as `[[Re H, -Im H], [Im H, Re H]]`.

Products, transposes and inverses keep this form. The matrix of programmed cells does not, since every cell has its own
error: it maps `[Re x; Im x]` linearly over the real numbers only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ComplexArray = NDArray[np.complex128]
RealArray = NDArray[np.float64]


def real_form(matrix: Any) -> RealArray:
    """Return complex matrices (..., N, M) as real ones (..., 2N, 2M)."""
    found = np.asarray(matrix)
    return np.block([[found.real, -found.imag], [found.imag, found.real]])


def real_vector(columns: Any) -> RealArray:
    """Return complex columns (..., N, K) as real ones (..., 2N, K)."""
    found = np.asarray(columns)
    return np.concatenate([found.real, found.imag], axis=-2)


def complex_vector(columns: RealArray) -> ComplexArray:
    """Return real columns (..., 2N, K) as complex ones (..., N, K)."""
    half = columns.shape[-2] // 2
    return np.asarray(columns[..., :half, :] + 1j * columns[..., half:, :])
