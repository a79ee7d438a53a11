"""Exact responses of many circuits from rest, and linear functions of them.

All steps work circuit by circuit inside NumPy's loops, with products of fixed sizes: no bit of a result depends on the
other circuits. So that it stays so, circuits whose modes are all real are not stacked with others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.settling import Indices
from amc_circuits.linear.probes import Modal
from amc_circuits.linear.stacks import Rows
from netlists.record import FloatArray
from netlists.short_text import short_repr

RAMP = [1 / math.factorial(k) for k in range(2, 13)]
"""Coefficients of the power series of `(exp(x) - 1 - x)/x^2`: up to 0.5 the next term is 8e-14 of the first."""


def ramp(x: Modal) -> Modal:
    """Compute `(exp(x) - 1 - x)/x^2`, where x is small by its power series."""
    found = np.full_like(x, RAMP[-1])
    for coefficient in RAMP[-2::-1]:
        np.multiply(found, x, out=found)
        found += coefficient
    large = np.abs(x) > 0.5
    if large.any():
        some = x[large]
        found[large] = (np.exp(some) - 1 - some) / some**2
    return found


def all_modes(values: Modal, coordinates: FloatArray) -> Modal:
    """Return the modes of eigenvalues (P, n) from their coordinates (P, K, n) in `StackedModes`, same shape."""
    if not np.iscomplexobj(values):
        return coordinates
    side = np.sign(values.imag)[:, None]
    later, before = np.roll(coordinates, -1, axis=2), np.roll(coordinates, 1, axis=2)
    upper, lower = coordinates + 1j * later, before - 1j * coordinates
    return np.where(side == 0, coordinates, np.where(side > 0, upper, lower))


class Responses:
    """Responses of S slots, those of a circuit one after the other: its modes, and what starts them.

    Attributes:
        columns: Slots of a circuit, K.
        rise: Rise times of the inputs, shape (S,), s.
        values: Eigenvalues, shape (S, n), 1/s; real if all are.
        rising: What the edge drives the modes by, shape (S, n), V/s^2.
        still: Modes in the steady state, shape (S, n), V.
        decaying: Amplitudes of the modes at the end of the edge, shape (S, n), V.
    """

    def __init__(
        self, values: Modal, inverse: FloatArray, drive: FloatArray, levels: FloatArray, rise: FloatArray
    ) -> None:
        """Create the responses.

        Args:
            values: Eigenvalues as in `StackedModes`, shape (P, n), 1/s.
            inverse: Coordinates per unit of each state, shape (P, n, n).
            drive: Matrices from inputs to state derivatives, shape (P, n, inputs), 1/s.
            levels: Input voltages, shape (P, inputs, K), V.
            rise: Rise times of the inputs, shape (P,), s.
        """
        self.columns = levels.shape[2]
        self.rise = np.repeat(rise, self.columns)
        self.values = np.repeat(values, self.columns, axis=0)
        self._lower = self.values.imag < 0 if np.iscomplexobj(values) else None
        driven = all_modes(values, (inverse @ (drive @ levels)).transpose(0, 2, 1)).reshape(self.values.shape)
        edge = self.rise[:, None]
        self.rising = driven / edge
        self.still = -driven / self.values
        self.decaying = self.rising * edge**2 * ramp(self.values * edge) - self.still
        self._start = self.packed(self.slots, self.decaying[:, None])[:, 0]

    def owner(self, slot: Indices) -> Indices:
        """Circuits of slots."""
        return np.asarray(slot // self.columns)

    def moved(self, slot: Indices, time: FloatArray, edge: bool) -> FloatArray:
        """Coordinates of slots (B,) at times (B, T), shape (B, T, n): on the edge all of them, else what decays."""
        if edge:
            values, since = self.values[slot, None], time[..., None]
            return self.packed(slot, np.asarray(self.rising[slot, None] * since**2 * ramp(values * since)))
        since = time - self.rise[slot, None]
        found = np.exp(self.values.real[slot, None] * since[..., None])
        found *= self._start[slot, None]
        if self._lower is not None:
            # Real functions take a fourth of the time of complex ones, and most modes are real.
            turning = self.values.imag[slot]
            place, upper = np.nonzero(turning > 0)
            phase = turning[place, upper, None] * since[place]
            one, other = found[place, :, upper], found[place, :, upper + 1]
            cosine, sine = np.cos(phase), np.sin(phase)
            found[place, :, upper] = one * cosine - other * sine
            found[place, :, upper + 1] = one * sine + other * cosine
        return np.asarray(found)

    def packed(self, slot: Indices, modal: Modal) -> FloatArray:
        """Real coordinates of modes (B, T, n): of a conjugate pair the real, then the imaginary part of the upper."""
        if self._lower is None:
            return np.asarray(modal, dtype=np.float64)
        return np.where(self._lower[slot, None], -modal.imag, modal.real)

    @property
    def slots(self) -> NDArray[np.int64]:
        """Numbers of all slots."""
        return np.arange(len(self.values))


@dataclass(frozen=True)
class StackedProbe:
    """Voltages or currents of all circuits: linear functions of coordinates and inputs.

    Attributes:
        responses: Responses of all slots.
        packed: Values per unit of each coordinate, shape (P, n, rows).
        still: Values in the steady state, shape (S, rows).
        rest: What stays on the edge, shape (S, rows).
        feed: What the inputs add at the end of the edge, shape (S, rows); on the edge it is a straight line.
    """

    responses: Responses
    packed: FloatArray
    still: FloatArray
    rest: FloatArray
    feed: FloatArray

    __repr__ = short_repr

    @classmethod
    def of(cls, responses: Responses, vectors: FloatArray, levels: FloatArray, rows: Rows) -> StackedProbe:
        """Create the probe of rows per volt of each state and input.

        Args:
            responses: Responses of all slots.
            vectors: States per unit of each coordinate, shape (P, n, n).
            levels: Input voltages, shape (P, inputs, K), V.
            rows: Rows of all circuits.
        """
        read, feed, rest = rows
        packed, slots = (read @ vectors).transpose(0, 2, 1), responses.slots
        owner = responses.owner(slots)
        each = levels.transpose(0, 2, 1).reshape(len(slots), -1, 1)
        resting, fed = rest[owner, :, 0], (feed[owner] @ each)[..., 0]
        modal = responses.packed(slots, responses.still[:, None])
        return cls(responses, packed, (modal @ packed[owner])[:, 0] + fed + resting, resting, fed)

    def at(self, slot: Indices, time: FloatArray, edge: bool) -> FloatArray:
        """Values in slots (B,) at times (B, T), all on the edge or all after it; shape (B, T, rows)."""
        found = self.responses.moved(slot, time, edge) @ self.packed[self.responses.owner(slot)]
        if not edge:
            return np.asarray(found + self.still[slot, None])
        line = self.feed[slot, None] * (time / self.responses.rise[slot, None])[..., None]
        return np.asarray(found + (self.rest[slot, None] + line))

    def row_at(self, slot: Indices, row: Indices, time: FloatArray, edge: bool) -> FloatArray:
        """One row each of slots (B,) at times (B, T), shape (B, T)."""
        modal = self.responses.moved(slot, time, edge)
        moved = (modal * self.packed[self.responses.owner(slot), :, row][:, None]).sum(axis=2)
        if not edge:
            return np.asarray(moved + self.still[slot, row][:, None])
        line = self.feed[slot, row][:, None] * (time / self.responses.rise[slot, None])
        return np.asarray(moved + (self.rest[slot, row][:, None] + line))
