"""Limits that no input reaches, however far they are: the hyperbolic tangent by which they bend, and idle clamps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

NO_CLAMP = 25.0
"""E-folds below the swing from which the clamp is left out: e^-25 of the slew rate is 1.4e-11."""
Tanh = Callable[..., FloatArray]
"""Of an array, written to `out`."""
LARGEST_EXPONENT = 700.0
"""Exponent above which the exponential overflows; tanh has long been 1."""
FAR = 1e3
"""Limit in V or A from which 2e-16 of it, the rounding error of `quick_tanh`, may be seen: in effect there is none."""


def are_far(slew_rate: FloatArray, rate: FloatArray, resistance: FloatArray, current: FloatArray) -> NDArray[np.bool_]:
    """Return whether limits of op-amps are far, from `Laws` of any shape; same shape."""
    return np.asarray(np.maximum(slew_rate / rate, np.maximum(resistance, 1.0) * current) > FAR)


def quick_tanh(x: FloatArray, out: FloatArray) -> FloatArray:
    """Compute tanh to the rounding error of 1, in three fifths of the time of `numpy.tanh`."""
    np.multiply(x, 2.0, out=out)
    np.minimum(out, LARGEST_EXPONENT, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.divide(-2.0, out, out=out)
    out += 1.0
    return out


def unclamped(slew_rate: FloatArray, rate: FloatArray, swing: FloatArray) -> FloatArray:
    """Return the stage voltages up to which clamps draw no current, V, from `Laws` of any shape; same shape.

    Clamps draw in units of the slew rate; where it is so far that no input reaches it, in those of `Laws.reach`.
    """
    further = np.log(np.maximum(slew_rate / (rate * swing), 1.0))
    return np.asarray(swing - (NO_CLAMP + further) * CLAMP_VOLTAGE)
