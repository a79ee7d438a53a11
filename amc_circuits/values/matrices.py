"""Random matrices: the families of `family`.

Draw order, from `numpy.random.default_rng(seed)`: first the matrix, then the right-hand side.

| family | matrix | random parts |
|---|---|---|
| spd | `Q diag(s) Q^T`, s log-spaced from 1 to 1/condition | Q: QR of N x N standard normals, diag(R) > 0 |
| random | `U diag(s) V^T`, the same s | U (N x N), then V (M x M), each as Q; their first min(N, M) columns |
| wishart | `X X^T / (2 N)` | X: N x 2N standard normals |
| toeplitz | `rho^abs(i - j)` (all positive, so one array) | rho: uniform in 0.3 .. 0.7 |
| uniform | entries between 0 and 1 (all positive, so one array) | each entry uniform |

The right-hand side (b, or x of MVM) is uniform in -1 .. 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from netlists import ParameterError
from netlists.errors import check_name
from netlists.record import FloatArray

FAMILIES = ("spd", "wishart", "toeplitz", "random", "uniform")
DEFAULT_CONDITION = 10.0
LARGEST_SIZE = 1024
"""Largest number of rows or columns; a signed pair of this size is a deck of 100 MB."""


def draw_matrix(
    family: str, rows: int, columns: int, condition: float | None, generator: np.random.Generator
) -> FloatArray:
    """Draw a matrix of a family, shape (rows, columns).

    Raises:
        ParameterError: There is no such family, or it has no such shape or no condition number.
    """
    check_name("family", family, FAMILIES)
    for name, length in (("size", rows), ("columns", columns)):
        if length > LARGEST_SIZE:
            raise ParameterError(name, length, f"must be at most {LARGEST_SIZE}")
    if family in ("wishart", "toeplitz", "uniform") and condition is not None:
        raise ParameterError(
            "condition", condition, f"{family} matrices are drawn as they come; use family spd or random"
        )
    if family not in ("random", "uniform") and rows != columns:
        raise ParameterError("columns", columns, f"{family} matrices are square; use family random or uniform")
    if condition is not None and not condition >= 1:
        raise ParameterError("condition", condition, "must be 1 or more")
    if family == "uniform":
        return generator.uniform(0, 1, (rows, columns))
    if family == "wishart":
        normals = generator.standard_normal((rows, 2 * rows))
        return normals @ normals.T / (2 * rows)
    if family == "toeplitz":
        rho = generator.uniform(0.3, 0.7)
        distance = np.abs(np.subtract.outer(np.arange(rows), np.arange(rows)))
        return np.asarray(rho**distance, dtype=np.float64)
    values = _spread(condition or DEFAULT_CONDITION, min(rows, columns))
    left = _orthogonal(rows, generator)[:, : len(values)]
    if family == "spd":
        product = (left * values) @ left.T
        return (product + product.T) / 2
    right = _orthogonal(columns, generator)[:, : len(values)]
    return (left * values) @ right.T


def draw_vector(size: int, generator: np.random.Generator) -> FloatArray:
    """Draw a right-hand side, shape (size,)."""
    return generator.uniform(-1, 1, size)


@lru_cache(maxsize=8)
def _spread(condition: float, count: int) -> FloatArray:
    """Singular values, log-spaced from 1 to 1/condition; a sweep draws many matrices with the same."""
    values = np.geomspace(1, 1 / condition, count)
    values.flags.writeable = False
    return values


def _orthogonal(size: int, generator: np.random.Generator) -> FloatArray:
    q, r = np.linalg.qr(generator.standard_normal((size, size)))
    orthogonal: Any = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return np.asarray(orthogonal, dtype=np.float64)
