"""Gradients by differences."""

import numpy as np


def central_differences(function, at, step=1e-6):
    """The gradient of a scalar function, entry by entry."""
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        plus, minus = at.copy(), at.copy()
        plus[index] += step
        minus[index] -= step
        gradient[index] = (function(plus) - function(minus)) / (2 * step)
    return gradient
