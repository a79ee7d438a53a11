"""Anderson's method: moves of an iteration from its last change.

Reference: Walker and Ni, SIAM J. Numer. Anal. 49, 1715, 2011, with a depth of 1: limiters have corners, across which
only the last change leads, and at clamps more changes spare no iteration.
"""

from __future__ import annotations

import numpy as np

from netlists.record import FloatArray

LARGEST_SHARE = 5.0
"""Largest part of an earlier move by which the next one is changed."""


class Acceleration:
    """Moves of voltages, and of rates of stages that follow them, each response by itself."""

    def __init__(self, in_tolerances: FloatArray) -> None:
        """`in_tolerances`: voltages in units of the tolerance, shape (3 m + k, 1, K)."""
        self._weights = in_tolerances
        self._before: list[tuple[FloatArray, FloatArray]] = []

    def moves(self, *changes: FloatArray) -> list[FloatArray]:
        """Return moves for changes of voltages (3 m + k, 4, K), and of others (..., 4, K) by the same shares."""
        found = list(changes)
        if len(self._before) == len(changes):
            turned = [change - before for change, (before, _) in zip(changes, self._before, strict=True)]
            share = self._share(changes[0], turned[0])
            for one, turn, (_, move) in zip(changes, turned, self._before, strict=True):
                turn += move
                turn *= share
                np.subtract(one, turn, out=turn)
            found = turned
        self._before = list(zip(changes, found, strict=True))
        return found

    def _share(self, change: FloatArray, turned: FloatArray) -> FloatArray:
        """Return the part of the last move that makes the present change least, shape (K,)."""
        weighed = turned * self._weights
        size = np.einsum("vnk,vnk->k", weighed, weighed)
        weighed *= self._weights
        share = np.einsum("vnk,vnk->k", weighed, change) / np.maximum(size, 1e-300)
        return np.asarray(np.clip(share, -LARGEST_SHARE, LARGEST_SHARE))
