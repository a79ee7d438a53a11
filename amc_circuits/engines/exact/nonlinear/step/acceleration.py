"""Anderson's method: moves of an iteration from its last changes.

Reference: Walker and Ni, SIAM J. Numer. Anal. 49, 1715, 2011.
"""

from __future__ import annotations

import numpy as np

from netlists.record import FloatArray

DEPTH = 3
"""Number of earlier changes that are used; limiters have corners, across which only the last one leads."""
LARGEST_SHARE = 5.0
"""Largest part of an earlier move by which the next one is changed."""
_RIDGE = 1e-12 * np.eye(DEPTH)


class Acceleration:
    """Moves of voltages, and of rates of clamps that follow them, each response by itself."""

    def __init__(self, in_tolerances: FloatArray, depth: int) -> None:
        """`in_tolerances`: voltages in units of the tolerance, shape (3 m + k, 1, K); `depth`: changes used."""
        self._weights, self._depth = in_tolerances, depth
        self._before: list[tuple[FloatArray, FloatArray]] = []
        self._turned: list[list[FloatArray]] = []
        self._seen: list[FloatArray] = []

    def moves(self, *changes: FloatArray) -> list[FloatArray]:
        """Return moves for changes of voltages (3 m + k, 4, K), and of others (..., 4, K) by the same shares."""
        found = list(changes)
        if len(self._before) == len(changes):
            turned = [change - before for change, (before, _) in zip(changes, self._before, strict=True)]
            self._seen = [*self._seen, (turned[0] * self._weights).reshape(-1, changes[0].shape[2])][-self._depth :]
            steps = [move + turn for (_, move), turn in zip(self._before, turned, strict=True)]
            self._turned = [*self._turned, steps][-self._depth :]
            for share, moved in zip(self._shares(changes[0]), self._turned, strict=True):
                found = [one - share * move for one, move in zip(found, moved, strict=True)]
        else:
            self._seen, self._turned = [], []
        self._before = list(zip(changes, found, strict=True))
        return found

    def _shares(self, change: FloatArray) -> FloatArray:
        """Return the parts of earlier changes that make the present one least, shape (changes, K)."""
        earlier, now = np.stack(self._seen), (change * self._weights).reshape(-1, change.shape[2])
        gram = np.einsum("avk,bvk->kab", earlier, earlier)
        size = np.trace(gram, axis1=1, axis2=2)[:, None, None]
        gram += size * _RIDGE[: len(earlier), : len(earlier)] + 1e-300 * np.eye(len(earlier))
        found = np.linalg.solve(gram, np.einsum("avk,vk->ka", earlier, now)[:, :, None])[:, :, 0]
        return np.clip(found, -LARGEST_SHARE, LARGEST_SHARE).T
