"""Digital reference of sparse recovery: `min 1/2 ||F x - y||^2 + lambda ||x||_1`, and its optimality conditions."""

from __future__ import annotations

import numpy as np

from netlists import ParameterError
from netlists.record import FloatArray

SWEEPS = 100_000
"""Most sweeps of the coordinate descent."""
CONVERGED = 1e-12
"""Largest violation of the optimality conditions of a solution, in units of lambda, beside rounding."""


def lasso(matrix: FloatArray, vector: FloatArray, penalty: float) -> FloatArray:
    """Minimize `1/2 ||F x - y||^2 + lambda ||x||_1` by cyclic coordinate descent.

    After a sweep that changes no sign, the least-squares problem of the entries that are not zero is solved. Its
    solution is taken if it fulfils the optimality conditions. It then is a minimum whatever the sweeps did.

    Reference: Friedman, Hastie, Tibshirani, Journal of Statistical Software 2010, doi 10.18637/jss.v033.i01.

    Args:
        matrix: F, shape (N, M).
        vector: y, shape (N,).
        penalty: lambda, above 0.

    Returns:
        x, shape (M,).

    Raises:
        ParameterError: The sweeps end before the optimality conditions are fulfilled.
    """
    gram, seen = matrix.T @ matrix, matrix.T @ vector
    x, allowed = np.zeros(len(seen)), CONVERGED * max(1.0, np.abs(seen).max() / penalty)
    for _ in range(SWEEPS):
        before = np.sign(x)
        for j in np.flatnonzero(np.diag(gram) > 0):
            pull = seen[j] - gram[j] @ x + gram[j, j] * x[j]
            x[j] = np.sign(pull) * max(abs(pull) - penalty, 0.0) / gram[j, j]
        if (np.sign(x) == before).all():
            polished = _polished(gram, seen, penalty, before)
            if violation(matrix, polished, vector, penalty) <= allowed:
                return polished
    if violation(matrix, x, vector, penalty) <= allowed:
        return x
    mend = f"the digital reference is not optimal after {SWEEPS} sweeps; take a larger weight"
    raise ParameterError("weight", f"lambda = {penalty:.4g}", mend)


def _polished(gram: FloatArray, seen: FloatArray, penalty: float, signs: FloatArray) -> FloatArray:
    """Solve for the entries with these signs, all others 0."""
    x, support = np.zeros(len(seen)), np.flatnonzero(signs)
    held = seen[support] - penalty * signs[support]
    x[support] = np.linalg.lstsq(gram[np.ix_(support, support)], held)[0]
    return x


def violation(matrix: FloatArray, x: FloatArray, vector: FloatArray, penalty: float, zero: float = 0.0) -> float:
    """Compute the largest violation of the optimality conditions, in units of lambda.

    With `g = F^T (y - F x)` they are `g = lambda sign(x)` where x is not 0, and `|g| <= lambda` elsewhere.

    Args:
        matrix: F, shape (N, M).
        x: Solution, shape (M,).
        vector: y, shape (N,).
        penalty: lambda, above 0.
        zero: Largest entry that counts as 0.
    """
    pull = matrix.T @ (vector - matrix @ x)
    wrong = np.where(np.abs(x) > zero, np.abs(pull - penalty * np.sign(x)), np.maximum(np.abs(pull) - penalty, 0.0))
    return float(wrong.max() / penalty)
