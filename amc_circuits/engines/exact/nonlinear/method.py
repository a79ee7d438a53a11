"""Exponential collocation: one step of `z' = values z + N(t)`, N a cubic through four nodes of the step.

With the cubic `N = sum_j l_j N_j` the step is exact (variation of constants):

    z(c h) = exp(c h values) z(0) + h sum_j N_j int_0^c exp((c - s) h values) l_j(s) ds

and the integral of a power is `c^(k+1) k! phi_(k+1)(c h values)`; phi functions as in Hochbruck and Ostermann,
Exponential integrators, Acta Numerica 19, 209, 2010. The N_j depend on z at their nodes, so a step is implicit.

The nodes are 0, 3/8, 9/10 and 1. The first is the end of the step before, and the last is the end of this one. The
integral of `s (s - 3/8) (s - 9/10) (s - 1)` over the step is 0, so the order is 5 where no mode is stiff; where modes
are stiff, it is 4, that of the cubic. For a stiff and decaying N the end of a step is `(1 - c_2)(1 - c_3)/(c_2 c_3)` =
0.185 times its beginning, and the method is A-stable, since the difference of the two sides of `|P(iy)| <= |Q(iy)|`
has the power y^6 alone (Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.3). The error of a
step is estimated by the parabola through the nodes 0, 3/8 and 1 instead of the cubic: order 3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from netlists.record import FloatArray

NODES = np.array([0.0, 3 / 8, 9 / 10, 1.0])
"""Nodes of the cubic, in units of the step."""
LAGRANGE: FloatArray = np.linalg.inv(np.vander(NODES, increasing=True)).T
"""Coefficients of 1, s, s^2, s^3 of the polynomial that is 1 at a node and 0 at the others, shape (node, power)."""
_BASES = np.array([math.prod(node - other for other in NODES if other != node) for node in NODES])
LEADING: FloatArray = 1 / _BASES
"""Third divided difference of four values: the weight of each."""
OMITTED = np.array([0.0, NODES[1] * NODES[3], -(NODES[1] + NODES[3]), 1.0])
"""Coefficients of `s (s - 3/8)(s - 1)`, by which the cubic differs from the parabola per unit of `LEADING`."""
SMALL = 1.0
"""Size below which phi functions are summed as power series; above it, the recursion keeps 14 digits."""
TERMS = 14
"""Degree of the series of phi_4: the next term is 1/19!."""
FACTORIALS = np.array([math.factorial(k) for k in range(TERMS + 5)], dtype=np.float64)

Modal = NDArray[np.inexact]


def phi_functions(x: Modal, out: Modal | None = None) -> Modal:
    """Compute `exp(x)` and phi_1 .. phi_4 at every x, shape (5, ...); with `out` they are written there."""
    found = np.empty((5, *x.shape), dtype=x.dtype) if out is None else out
    small = np.abs(x) < SMALL
    inverse = 1 / np.where(small, 1.0, x)
    found[0] = np.exp(x)
    for k in range(1, 5):
        found[k] = (found[k - 1] - 1 / FACTORIALS[k - 1]) * inverse
    if small.any():
        some = x[small]
        last = np.full_like(some, 1 / FACTORIALS[4 + TERMS])
        for j in range(TERMS - 1, -1, -1):
            last = last * some + 1 / FACTORIALS[4 + j]
        for k in (4, 3, 2, 1):
            found[k][small] = last
            last = last * some + 1 / FACTORIALS[k - 1]
    return found


_MIXED: FloatArray = np.vstack([LAGRANGE, OMITTED])


def weights(values: Modal, step: float | FloatArray, fractions: FloatArray) -> Modal:
    """Compute the weights of steps at some fractions of them.

    Args:
        values: Eigenvalues, shape (modes,), 1/s.
        step: Length of the step, or of the step of each fraction, s.
        fractions: Fractions, shape (fractions,).

    Returns:
        Factors of z(0), of N at the four nodes, s, and of the third divided difference of N by which the parabola
        differs from the cubic, s; shape (fractions, 6, modes).
    """
    phi = phi_functions(np.multiply.outer(fractions * step, values))
    lengths = np.broadcast_to(step, fractions.shape)
    scale = lengths * fractions ** np.arange(1, 5)[:, None] * FACTORIALS[:4, None]
    powers = phi[1:] * scale[:, :, None]  # integrals of s^0 .. s^3
    found = np.empty((len(fractions), 6, len(values)), dtype=phi.dtype)
    found[:, 0] = phi[0]
    found[:, 1:] = (_MIXED @ powers.reshape(4, -1)).reshape(5, len(fractions), len(values)).transpose(1, 0, 2)
    return found


def interpolated(fractions: FloatArray) -> FloatArray:
    """Compute the values of the four Lagrange polynomials at fractions (F,) of a step, shape (4, F)."""
    return LAGRANGE @ np.vander(fractions, 4, increasing=True).T
