"""Stages between the nodes of a step, where the rate of a clamp is no quartic.

While a stage enters its clamp, the rate c that the clamp takes follows `c' = (c + c_0) (a - c)/V_c` with the rate c_0
of an idle clamp (`continuation.py`), so that its slope is known at the nodes. The polynomial of degree 9 with these
values and slopes is the quartic q and

    sum_j (h c'_j - q'_j) l_j(s) w(s)/w'(s_j),    w(s) = (s - s_0) .. (s - s_4),  l_j Lagrange's polynomials

at fractions s of a step of length h (Hermite's interpolation). Its integral is what the stage has moved farther than
the quartic moves it. At the end of a step this is next to nothing, as the integral of w is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial

from amc_circuits.engines.exact.nonlinear.method import LAGRANGE, NODES
from amc_circuits.engines.exact.nonlinear.step.entry import Entries
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

STIFFEST = 10.0
"""Largest product of a step and the rate of a clamp, in units of V_c. Beyond it a clamp takes all of a rate but for a
small difference, c' is a product of this with a large number, and slopes at the nodes say nothing."""
_W = Polynomial.fromroots(NODES)
_BASES = [Polynomial(row) for row in LAGRANGE]
_DERIVATIVES: FloatArray = np.array([one.deriv()(NODES) for one in _BASES]).T
"""Derivatives of a quartic at the nodes from its values, shape (5, 5)."""
_INTEGRALS: FloatArray = np.array(
    [(one * _W / _W.deriv()(node)).integ().coef for one, node in zip(_BASES, NODES, strict=True)]
)
"""Coefficients of 1, s .. s^10 of the integrals, shape (node, power)."""


def integrals(fractions: FloatArray) -> FloatArray:
    """Compute the weights of missed slopes at the nodes in the integrals to fractions (F,) of a step, shape (F, 5)."""
    return np.asarray(np.vander(fractions, _INTEGRALS.shape[1], increasing=True) @ _INTEGRALS.T)


def moved(entered: Entries, length: float, weights: FloatArray) -> FloatArray:
    """Compute how much farther stages have moved at fractions (F,) of a step than by quartics, shape (F, E), V.

    Args:
        entered: Stages that enter their clamps in the step.
        length: Length of the step, s.
        weights: `integrals` of the fractions.
    """
    missed = (np.abs(entered.clamp) + entered.idle) * (entered.driven + entered.clamp)
    missed *= -length / CLAMP_VOLTAGE
    missed -= _DERIVATIVES @ entered.clamp
    missed[:, length * np.abs(entered.clamp).max(axis=0) > STIFFEST * CLAMP_VOLTAGE] = 0.0
    return np.asarray(length * (weights @ missed))
