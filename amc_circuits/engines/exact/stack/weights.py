"""Weights of steps of many circuits, each with its own poles and step length: `nonlinear/method.py`, stacked.

Every product has a fixed size, so that a circuit's weights do not depend, bit for bit, on the other circuits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.method import DEGREE, FACTORIALS, LATER, MIXED, phi_functions
from amc_circuits.linear.modes import ComplexArray
from netlists.record import FloatArray
from netlists.short_text import short_repr

SOURCES = DEGREE + 3
"""Number of sources: z(0), N at its nodes, and its divided difference."""
FEW = 2048
"""Coordinates, of all sources of all circuits, up to which weights are applied at once."""


def _mixed() -> FloatArray:
    """Return the weights of all sources from exp and phi_1 .. phi_5, those of N in units of the step, (28, 24)."""
    found = np.zeros((DEGREE, SOURCES, DEGREE, DEGREE + 2))
    for node, share in enumerate(LATER):
        found[node, 0, node, 0] = 1.0
        found[node, 1:, node, 1:] = MIXED * (share ** np.arange(1, DEGREE + 2) * FACTORIALS[: DEGREE + 1])
    return found.reshape(SOURCES * DEGREE, -1)


_OF_PHI = _mixed()


@dataclass(frozen=True)
class Poles:
    """Poles of P circuits in real coordinates: real modes first, then real and imaginary parts of pairs.

    Attributes:
        values: Eigenvalue of the mode of each coordinate, of a pair the upper one, shape (P, n), 1/s.
        side: 0 for a real mode, -1 and 1 for the real and the imaginary part of a pair, shape (P, n).
        first: Coordinate from which on there may be pairs.
    """

    values: ComplexArray
    side: FloatArray
    first: int

    __repr__ = short_repr

    def part(self, places: NDArray[np.int64]) -> Poles:
        """Poles of some of the circuits."""
        return Poles(self.values[places], self.side[places], self.first)

    def weights(self, step: FloatArray) -> Weights:
        """Return the weights of steps (P,), s."""
        count, size = self.values.shape
        own: FloatArray = np.real(_weights(self.values.real, step))
        turning = np.zeros((count, DEGREE, SOURCES, size - self.first))
        row, column = np.nonzero(self.side < 0)
        if row.size:
            # One mode each, so that a pair's weights do not depend on how many pairs there are.
            pairs = _weights(self.values[row, column, None], step[row])[..., 0]
            for place in (column, column + 1):
                own[row, :, :, place] = pairs.real
                turning[row, :, :, place - self.first] = self.side[row, place, None, None] * pairs.imag
        return Weights(own, turning)


@dataclass(frozen=True)
class Weights:
    """Weights of one step of each circuit, from z(0), N at the five nodes and the divided difference: seven sources.

    Attributes:
        own: Effect of each coordinate on itself at the last four nodes, shape (P, 4, 7, n).
        turning: Effect of the other coordinate of a pair, of the last coordinates, from the first pair on.
    """

    own: FloatArray
    turning: FloatArray

    __repr__ = short_repr

    @classmethod
    def empty(cls, poles: Poles) -> Weights:
        """Create room for the weights of all circuits."""
        count, size = poles.values.shape
        return cls(*(np.zeros((count, DEGREE, SOURCES, one)) for one in (size, size - poles.first)))

    def put(self, places: NDArray[np.int64], found: Weights) -> None:
        """Set the weights of some circuits."""
        self.own[places], self.turning[places] = found.own, found.turning

    def part(self, places: NDArray[np.int64]) -> Weights:
        """Weights of some of the circuits."""
        return Weights(self.own[places], self.turning[places])

    def of(self, sources: slice) -> Weights:
        """Weights of some of the sources."""
        return Weights(self.own[:, :, sources], self.turning[:, :, sources])

    def applied(self, given: FloatArray, nodes: slice = slice(None)) -> FloatArray:
        """Apply the weights to coordinates (P, sources, n), of all nodes or of some; shape (P, nodes, n).

        Sources are added in their order, so that few and many circuits have the same bits.
        """
        own, turning = self.own[:, nodes, : given.shape[1]], self.turning[:, nodes, : given.shape[1]]
        other = swapped(given[..., given.shape[2] - turning.shape[3] :])
        apply = _applied_at_once if given.size <= FEW else _applied_one_by_one
        return apply(own, turning, given, other)


def _applied_at_once(own: FloatArray, turning: FloatArray, given: FloatArray, other: FloatArray) -> FloatArray:
    """Apply weights of few circuits: calls take longer than what they compute."""
    nodes, count, size, width = (*own.shape[1:], turning.shape[3])
    terms = np.empty((len(own), nodes, 2 * count, width))
    found, begin = np.empty((len(own), nodes, size)), size - width
    if begin:
        np.add.reduce(own[..., :begin] * given[:, None, :, :begin], axis=2, out=found[..., :begin])
    if width:
        np.multiply(own[..., begin:], given[:, None, :, begin:], out=terms[:, :, :count])
        np.multiply(turning, other[:, None], out=terms[:, :, count:])
        np.add.reduce(terms, axis=2, out=found[..., begin:])
    return found


def _applied_one_by_one(own: FloatArray, turning: FloatArray, given: FloatArray, other: FloatArray) -> FloatArray:
    """Apply weights of many circuits source by source: their products would leave the processor's cache."""
    found = own[:, :, 0] * given[:, 0, None]
    for k in range(1, given.shape[1]):
        found += own[:, :, k] * given[:, k, None]
    begin = given.shape[2] - turning.shape[3]
    for k in range(given.shape[1] if turning.shape[3] else 0):
        found[..., begin:] += turning[:, :, k] * other[:, k, None]
    return found


def swapped(coordinates: FloatArray) -> FloatArray:
    """Exchange the two coordinates of every pair; the last axis ends with pairs, and may begin with a real mode."""
    size = coordinates.shape[-1]
    odd = size % 2
    found = coordinates.copy()
    found[..., odd::2], found[..., odd + 1 :: 2] = coordinates[..., odd + 1 :: 2], coordinates[..., odd::2]
    return found


def _weights(values: NDArray[np.inexact], step: FloatArray) -> NDArray[np.inexact]:
    """Return the weights of modes (R, n) in steps (R,), shape (R, 4, 7, n); see `nonlinear.method.weights`."""
    phi = np.empty((len(values), DEGREE, DEGREE + 2, values.shape[1]), dtype=values.dtype)
    phi_functions((LATER * step[:, None])[:, :, None] * values[:, None], phi.transpose(2, 0, 1, 3))
    found = (_OF_PHI @ phi.reshape(len(values), -1, values.shape[1])).reshape(len(values), DEGREE, SOURCES, -1)
    found[:, :, 1:] *= step[:, None, None, None]
    return found
