"""Problems that several tests share, and exact answers to them written from the circuit's equations alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import netlists
from netlists import InvDesign

Array = NDArray[np.float64]


def spd_matrix(size: int, condition: float, seed: int) -> Array:
    """Symmetric positive definite, eigenvalues log-spaced from 1/condition to 1, shape (size, size)."""
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]
    return (basis * np.geomspace(1 / condition, 1, size)) @ basis.T


def vector(size: int, seed: int) -> Array:
    """Uniform in -1 .. 1, shape (size,)."""
    return np.random.default_rng(1000 + seed).uniform(-1, 1, size)


def features_matrix(size: int = 113, damping: float = 0.06, spread: float = 16.0) -> Array:
    """Second moment of features that are never negative and seldom on, damped; no negative entry, shape (size, size).

    Features belong to groups that are on together by chance. Their powers, and so the diagonal, spread by `spread`;
    the largest is 1. Most entries beside the diagonal are small, many of them 0.
    """
    random = np.random.default_rng(1)
    samples, groups = 40 * size, 8
    on = (random.random((groups, samples)) < 1 / groups).astype(np.float64)
    members = (random.random((size, groups)) < 0.15).astype(np.float64)
    features = (members @ on) * random.random((size, samples)) * np.geomspace(spread**-0.5, 1, size)[:, None]
    moment = features @ features.T
    return np.asarray(moment / moment.max() + damping * np.eye(size))


@dataclass(frozen=True)
class ExactInv:
    """Signed INV with one-pole op-amps as a linear system of 2N states: `s' = M s + f`, s = (c, d), s(0) = 0.

    dc_i/dt = -w v_i - (w/A0) c_i,  dd_j/dt = -w (c_j + d_j)/2 - (w/A0) d_j,
    v_i = (G_in u_i + sum_j G+_ij c_j + sum_j G-_ij d_j)/S_i,  S_i = G_in + sum_j (G+_ij + G-_ij).
    """

    positive: Array
    negative: Array
    input_conductance: float
    inverter_resistance: float
    w: float
    gain: float
    inputs: Array

    @property
    def size(self) -> int:
        """N."""
        return len(self.inputs)

    @property
    def row_sum(self) -> Array:
        """S_i, siemens."""
        return self.input_conductance + self.positive.sum(axis=1) + self.negative.sum(axis=1)

    @property
    def matrix(self) -> Array:
        """M, shape (2N, 2N), 1/s."""
        eye = np.eye(self.size)
        scaled = -self.w / self.row_sum[:, None]
        return np.block(
            [
                [scaled * self.positive - self.w / self.gain * eye, scaled * self.negative],
                [-self.w / 2 * eye, -(self.w / 2 + self.w / self.gain) * eye],
            ]
        )

    def states(self, time: Array) -> Array:
        """(c, d) at given times after an ideal step, shape (T, 2N)."""
        force = np.concatenate([-self.w * self.input_conductance * self.inputs / self.row_sum, np.zeros(self.size)])
        final = np.linalg.solve(self.matrix, -force)
        poles, modes = np.linalg.eig(self.matrix)
        weights = np.linalg.solve(modes, -final.astype(complex))
        return final + (modes @ (np.exp(np.outer(poles, time)) * weights[:, None])).real.T

    def settling_time(self, tolerance: float, end: float) -> float:
        """By looking for the last crossing on a grid of 200,000 points, s."""
        time = np.linspace(0, end, 200_001)
        outputs = self.states(time)[:, : self.size]
        final = outputs[-1]
        outside = np.abs(outputs - final).max(axis=1) > tolerance * np.abs(final).max()
        return float(time[np.flatnonzero(outside)[-1] + 1])

    def powers(self, time: Array) -> tuple[Array, Array]:
        """Dissipated in both arrays and in the input resistors at each time, summed cell by cell, W."""
        states = self.states(time)
        c, d = states[:, : self.size], states[:, self.size :]
        rows = (self.input_conductance * self.inputs + c @ self.positive.T + d @ self.negative.T) / self.row_sum
        array = sum(
            (cells[i, j] * (driver[:, j] - rows[:, i]) ** 2)
            for cells, driver in ((self.positive, c), (self.negative, d))
            for i in range(self.size)
            for j in range(self.size)
        )
        inputs = (self.input_conductance * (self.inputs - rows) ** 2).sum(axis=1)
        return np.asarray(array), inputs


def mesh_terminal_currents(cells: Array, segment: float, rows: Array, columns: Array) -> tuple[Array, Array]:
    """Currents into the terminals of an array with wires, by a nodal solve written from Kirchhoff's laws alone.

    Word line i is contacted at column 1 at voltage rows[i], bit line j at row 1 at columns[j]; every segment, also
    the first one, has the same resistance.
    """
    n, m = cells.shape
    count = 2 * n * m
    word = np.arange(n * m).reshape(n, m)
    bit = word + n * m
    laplacian, source = np.zeros((count, count)), np.zeros(count)

    def join(a: int, b: int, siemens: float) -> None:
        laplacian[[a, b], [a, b]] += siemens
        laplacian[[a, b], [b, a]] -= siemens

    for i in range(n):
        for j in range(m):
            join(word[i, j], bit[i, j], cells[i, j])
            if j:
                join(word[i, j - 1], word[i, j], 1 / segment)
            if i:
                join(bit[i - 1, j], bit[i, j], 1 / segment)
    for i in range(n):
        laplacian[word[i, 0], word[i, 0]] += 1 / segment
        source[word[i, 0]] += rows[i] / segment
    for j in range(m):
        laplacian[bit[0, j], bit[0, j]] += 1 / segment
        source[bit[0, j]] += columns[j] / segment
    voltage = np.linalg.solve(laplacian, source)
    return (rows - voltage[word[:, 0]]) / segment, (columns - voltage[bit[0]]) / segment


def reduced(design):
    """Networks between the terminals of the arrays of a design."""
    return [array.reduced for array in design.circuit.of(netlists.Array)]


def exact_inv(design: InvDesign, inputs: Array) -> ExactInv:
    """The 2N-state system of a signed INV design."""
    return ExactInv(
        design.conductance_positive,
        design.conductance_negative,
        design.input_conductance,
        design.inverter_resistance,
        2 * np.pi * design.opamp.gbwp,
        design.opamp.open_loop_gain,
        inputs,
    )
