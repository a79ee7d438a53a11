"""Exact maps of zero forcing and of least mean square error, for detectors and precoders."""

from __future__ import annotations

import numpy as np

from mimo.radio.real_form import RealArray


def least_squares(matrices: RealArray, ridge: float = 0.0) -> RealArray:
    """Return `(H^T H + ridge)^-1 H^T = H^T (H H^T + ridge)^-1` of matrices (B, N, M), shape (B, M, N).

    Without a ridge, matrices need full rank.
    """
    # By singular values: a Gram matrix would be singular to rounding where a small ridge alone makes it regular.
    left, values, right = np.linalg.svd(matrices, full_matrices=False)
    inverse = values / (values**2 + ridge)
    return np.asarray((right.swapaxes(-1, -2) * inverse[..., None, :]) @ left.swapaxes(-1, -2))
