"""Exponential collocation: one step of `z' = values z + N(t)`, N a quartic through five nodes of the step.

With the quartic `N = sum_j l_j N_j` the step is exact (variation of constants):

    z(c h) = exp(c h values) z(0) + h sum_j N_j int_0^c exp((c - s) h values) l_j(s) ds

and the integral of a power is `c^(k+1) k! phi_(k+1)(c h values)`; phi functions as in Hochbruck and Ostermann,
Exponential integrators, Acta Numerica 19, 209, 2010. The N_j depend on z at their nodes, so a step is implicit.

The nodes are 0, 1/4, 13/20, 9/10 and 1. The first is the end of the step before, and the last is the end of this one.
The integral of `s (s - 1/4) (s - 13/20) (s - 9/10) (s - 1)` over the step is 0, so the order is 6 where no mode is
stiff; where modes are stiff, it is 5, that of the quartic. For a stiff and decaying N the end of a step is the product
of the `(1 - c)/c` of the inner nodes, 7/39 = 0.179, times its beginning, and the method is A-stable, since the
difference of the squares of the two sides of `|P(iy)| <= |Q(iy)|` is 0.0207 y^8 (Hairer and Wanner, Solving Ordinary
Differential Equations II, section IV.3). The error of a step is estimated by the cubic through the nodes 0, 1/4, 13/20
and 1 instead of the quartic: order 4. At the end it does not show in modes that decay within the step, so that it is
estimated at 9/10, too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from netlists.record import FloatArray

NODES = np.array([0.0, 1 / 4, 13 / 20, 9 / 10, 1.0])
"""Nodes of the quartic, in units of the step."""
LATER = NODES[1:]
"""Nodes at which a step is solved."""
DEGREE = len(LATER)
"""Degree of the quartic."""
LAGRANGE: FloatArray = np.linalg.inv(np.vander(NODES, increasing=True)).T
"""Coefficients of 1, s .. s^4 of the polynomial that is 1 at a node and 0 at the others, shape (node, power)."""
_BASES = np.array([math.prod(node - other for other in NODES if other != node) for node in NODES])
LEADING: FloatArray = 1 / _BASES
"""Fourth divided difference of five values: the weight of each."""
OMITTED = np.asarray(Polynomial.fromroots(np.delete(NODES, 3)).coef, dtype=np.float64)
"""Coefficients of `s (s - 1/4)(s - 13/20)(s - 1)`, by which quartic and cubic differ per unit of `LEADING`."""
JUDGED = np.array([1.6, 1.0])
"""Weights of the estimated errors at the last inner node and at the end, which are alike where modes are slow."""
SMALL = 1.0
"""Size below which phi functions are summed as power series; above it, the recursion keeps 14 digits."""
TERMS = 14
"""Degree of the series of phi_5: the next term is 1/20!."""
FACTORIALS = np.array([math.factorial(k) for k in range(TERMS + DEGREE + 2)], dtype=np.float64)

Modal = NDArray[np.inexact]


def phi_functions(x: Modal, out: Modal | None = None) -> Modal:
    """Compute `exp(x)` and phi_1 .. phi_5 at every x, shape (6, ...); with `out` they are written there."""
    found = np.empty((DEGREE + 2, *x.shape), dtype=x.dtype) if out is None else out
    small = np.abs(x) < SMALL
    inverse = 1 / np.where(small, 1.0, x)
    found[0] = np.exp(x)
    for k in range(1, DEGREE + 2):
        found[k] = (found[k - 1] - 1 / FACTORIALS[k - 1]) * inverse
    if small.any():
        some = x[small]
        last = np.full_like(some, 1 / FACTORIALS[DEGREE + 1 + TERMS])
        for j in range(TERMS - 1, -1, -1):
            # Not in place: NumPy rounds `a *= b` of complex arrays of length 1 otherwise than that of longer ones.
            last = last * some + 1 / FACTORIALS[DEGREE + 1 + j]
        for k in range(DEGREE + 1, 0, -1):
            found[k][small] = last
            last = last * some + 1 / FACTORIALS[k - 1]
    return found


MIXED: FloatArray = np.vstack([LAGRANGE, OMITTED])
"""Coefficients of the polynomials that weigh N at its nodes, and its divided difference."""


def weights(values: Modal, step: float | FloatArray, fractions: FloatArray) -> Modal:
    """Compute the weights of steps at some fractions of them.

    Args:
        values: Eigenvalues, shape (modes,), 1/s.
        step: Length of the step, or of the step of each fraction, s.
        fractions: Fractions, shape (fractions,).

    Returns:
        Factors of z(0), of N at the five nodes, s, and of the fourth divided difference of N by which the quartic
        differs from the cubic, s; shape (modes, fractions, 7).
    """
    phi = phi_functions(np.multiply.outer(values, fractions * step))
    lengths = np.broadcast_to(step, fractions.shape)
    scale = lengths * fractions ** np.arange(1, DEGREE + 2)[:, None] * FACTORIALS[: DEGREE + 1, None]
    phi[1:] *= scale[:, None]  # integrals of s^0 .. s^4
    found = np.empty((len(values), len(fractions), DEGREE + 3), dtype=phi.dtype)
    found[..., 0] = phi[0]
    np.matmul(phi[1:].reshape(DEGREE + 1, -1).T, MIXED.T, out=found.reshape(-1, DEGREE + 3)[:, 1:])
    return found


def interpolated(fractions: FloatArray) -> FloatArray:
    """Compute the values of the five Lagrange polynomials at fractions (F,) of a step, shape (5, F)."""
    return LAGRANGE @ np.vander(fractions, len(NODES), increasing=True).T


def every(values: FloatArray, nodes: int = DEGREE, responses: int = 1) -> FloatArray:
    """Return values (rows, 1, K or 1) at all nodes of all responses: of equal shape, arrays are multiplied faster."""
    return np.ascontiguousarray(np.broadcast_to(values, (len(values), nodes, max(responses, values.shape[2]))))
