"""Factored Tikhonov damping: a multiple of the identity on each Kronecker factor."""

from __future__ import annotations

import math

import numpy as np

from optimizer.curvature import KroneckerFactors


def damping_ratio(factors: KroneckerFactors) -> float:
    """Return pi, the ratio of the roots of the two factors' mean eigenvalues.

    `pi = sqrt((tr a_factor / dim a) / (tr g_factor / dim g))` (Martens, Grosse 2015, arXiv 1503.05671, section 6.3). If
    one of the traces is 0 (no gradient at all), pi is 1.
    """
    a_mean = float(np.trace(factors.a_factor)) / len(factors.a_factor)
    g_mean = float(np.trace(factors.g_factor)) / len(factors.g_factor)
    return math.sqrt(a_mean / g_mean) if a_mean > 0 and g_mean > 0 else 1.0


def damped(factors: KroneckerFactors, damping: float) -> KroneckerFactors:
    """Return `a_factor + pi sqrt(damping) I` and `g_factor + sqrt(damping) / pi I`.

    The Kronecker product of the two contains `damping I`; its cross terms are the price of keeping the product form.
    Both factors get the same damping in proportion to their mean eigenvalue, so it bounds both condition numbers.

    Args:
        factors: The factors.
        damping: The Tikhonov damping of the whole block, positive.
    """
    ratio, root = damping_ratio(factors), math.sqrt(damping)
    return KroneckerFactors(
        factors.a_factor + ratio * root * np.eye(len(factors.a_factor)),
        factors.g_factor + root / ratio * np.eye(len(factors.g_factor)),
    )
