"""Drawn devices of one array: each with its own steps, bounds and reference, moved by pulses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import short_repr
from analog_training.devices.record import LARGEST_ASYMMETRY, PulsedDevice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_FACTOR = 0.05
"""Least factor of a step or bound from device to device: a device that cannot move is not modelled."""
LONG, MOST = 1000, 5_000_000
"""Pulses of a cell, and of all cells, beyond which trains are applied one after the other."""
BISECTIONS = 60
"""Halvings of the interval of a symmetric point: the last one is below rounding."""


@dataclass
class Cells:
    """Devices of one array; arrays of two rows are of up and of down pulses.

    Attributes:
        device: Their common parameters.
        steps: Signed steps at weight 0, shape (2, cells).
        bounds: Upper and lower bounds, shape (2, cells).
        reference: Weight of the reference cells, shape (cells,).
        weight: Weights before the reference is subtracted, shape (cells,).
    """

    device: PulsedDevice
    steps: Floats
    bounds: Floats
    reference: Floats
    weight: Floats

    __repr__ = short_repr

    @classmethod
    def draw(cls, device: PulsedDevice, count: int, generator: np.random.Generator) -> Cells:
        """Draw devices; all are at their reference."""
        spreads = device.spreads

        def factors(spread: float) -> Floats:
            return np.asarray(np.maximum(LEAST_FACTOR, 1 + spread * generator.standard_normal(count)))

        if device.step_law == "log-normal":
            step = np.exp(device.step_spread * generator.standard_normal(count))
        else:
            step = factors(device.step_spread)
        bounds = np.stack(
            [device.upper * factors(spreads["bound_spread"]), device.lower * factors(spreads["lower_spread"])]
        )
        asymmetry = device.asymmetry + spreads["asymmetry_spread"] * generator.standard_normal(count)
        asymmetry = np.clip(asymmetry, -LARGEST_ASYMMETRY, LARGEST_ASYMMETRY)
        steps = device.step * np.stack([step * (1 + asymmetry), -step * (1 - asymmetry)])
        cells = cls(device, steps, bounds, np.zeros(count), np.zeros(count))
        reference = cells.symmetric_point + spreads["reference_spread"] * generator.standard_normal(count)
        cells.reference = np.clip(reference, bounds[1], bounds[0])
        cells.weight = cells.reference.copy()
        return cells

    @property
    def symmetric_point(self) -> Floats:
        """Weight at which up and down pulses have the same size, shape (cells,): bisection between the bounds."""
        low, high = self.bounds[1].copy(), self.bounds[0].copy()
        if self.device.up_table is None and self.device.up_power == self.device.down_power == 0:
            return np.zeros_like(low)  # no response depends on the weight
        every, ones = np.arange(len(low)), np.ones(len(low), np.int64)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            moved = self.response(middle, ones, every) + self.response(middle, -ones, every)
            low, high = np.where(moved > 0, middle, low), np.where(moved > 0, high, middle)
        return np.asarray((low + high) / 2)

    def response(self, weight: Floats, sign: Ints, where: Ints) -> Floats:
        """Mean change by one pulse.

        Args:
            weight: Weights before it, shape (n,).
            sign: 1 for an up pulse, -1 for a down pulse, shape (n,).
            where: Indices of the cells, shape (n,).
        """
        kind = (sign < 0).astype(np.intp)
        steps, bounds = self.steps[kind, where], self.bounds[kind, where]
        if self.device.up_table is not None:
            return np.asarray(steps * self._from_tables(weight, sign > 0, where))
        powers = self.device.up_power, self.device.down_power
        if powers == (0, 0):
            return np.asarray(steps)
        room = 1 - weight / bounds
        if powers == (1, 1):
            return np.asarray(steps * room)
        return np.asarray(steps * np.maximum(room, 0) ** np.where(sign > 0, *powers))

    def _from_tables(self, weight: Floats, up: NDArray[np.bool_], where: Ints) -> Floats:
        """Sizes of steps by the tables, in steps at weight 0; each cell's table reaches from bound to bound."""
        upper, lower = self.bounds[0][where], self.bounds[1][where]
        place = np.linspace(0, 1, len(self.device.up_table or ()))
        inside = (weight - lower) / (upper - lower)
        both = (self.device.up_table, self.device.down_table)
        tables = (np.interp(inside, place, np.array(table)) for table in both)
        return np.asarray(np.where(up, *tables))

    def pulse(self, where: Ints, sign: Ints, generator: np.random.Generator) -> None:
        """Apply one pulse to each of some different cells.

        Args:
            where: Indices of the cells, shape (n,), no index twice.
            sign: 1 for an up pulse, -1 for a down pulse, shape (n,).
            generator: Source of the noise.
        """
        weight = self.weight[where]
        weight = weight + self.response(weight, sign, where)
        if self.device.cycle_noise > 0:
            size = np.abs(self.steps[(sign < 0).astype(np.intp), where])
            weight += self.device.cycle_noise * size * generator.standard_normal(len(where))
        self.weight[where] = np.minimum(np.maximum(weight, self.bounds[1][where]), self.bounds[0][where])

    def pulse_all(self, counts: NDArray[Any], generator: np.random.Generator) -> tuple[int, int]:
        """Apply trains of pulses one after the other; return the number of pulses, and that of up pulses.

        Cells do not act on each other, so the k-th pulses of all cells are applied together.

        Args:
            counts: Signed whole numbers of pulses in each train, shape (trains, cells).
            generator: Source of the noise.
        """
        times = np.abs(counts)
        if times.max(initial=0) > LONG or times.sum() > MOST:
            made = [self._long(train.astype(np.int64), generator) for train in counts]
            return sum(pulses for pulses, _ in made), sum(ups for _, ups in made)
        flat = counts.reshape(-1)
        found = np.flatnonzero(flat != 0)
        if not len(found):
            return 0, 0
        amount = flat[found].astype(np.int64)
        times = np.abs(amount)
        cell = np.repeat(found % counts.shape[1], times)
        sign = np.repeat(np.sign(amount), times)
        order = np.argsort(cell, kind="stable")
        cell, sign = cell[order], sign[order]
        places = np.arange(len(cell))
        first = np.concatenate([[True], cell[1:] != cell[:-1]])
        rank = places - np.maximum.accumulate(np.where(first, places, 0))
        order = np.argsort(rank, kind="stable")
        cell, sign = cell[order], sign[order]
        start = 0
        for size in np.bincount(rank).tolist():
            self.pulse(cell[start : start + size], sign[start : start + size], generator)
            start += size
        return len(cell), int(np.count_nonzero(sign > 0))

    def _long(self, counts: Ints, generator: np.random.Generator) -> tuple[int, int]:
        """Apply one train of many pulses to all cells: at once if the response has a closed form."""
        device = self.device
        if device.cycle_noise > 0 or device.up_table is not None or not {device.up_power, device.down_power} <= {0, 1}:
            where = np.flatnonzero(counts)
            return self.pulse_some(where, counts[where], generator)
        self.move_rounded(counts.astype(np.float64))
        return int(np.abs(counts).sum()), int(counts[counts > 0].sum())

    def pulse_some(self, where: Ints, counts: Ints, generator: np.random.Generator) -> tuple[int, int]:
        """Apply one train of pulses to some different cells; return the number of pulses, and that of up pulses.

        Args:
            where: Indices of the cells, shape (n,).
            counts: Signed numbers of pulses, shape (n,).
            generator: Source of the noise.
        """
        times = np.abs(counts)
        for done in range(int(times.max(initial=0))):
            moving = times > done
            self.pulse(where[moving], np.sign(counts[moving]), generator)
        return int(times.sum()), int(times[counts > 0].sum())

    def move_expected(self, amount: Floats, slots: Floats | float) -> None:
        """Apply the mean of random trains of pulses, without noise; powers 0 and 1 have closed forms.

        A train of L slots gives a pulse in each with probability p = amount/L. With power 1 a pulse multiplies the
        distance to the bound by r = 1 - step/bound, and the train does so by (1 - p (1 - r))^L on average. A step that
        is longer than the way to the bound ends there: r = 0.

        Args:
            amount: Signed mean number of pulses of each cell, shape (cells,).
            slots: Number of slots, at least `|amount|`: a number, or one a cell.
        """
        up = amount > 0
        step, bound = np.where(up, self.steps[0], self.steps[1]), np.where(up, self.bounds[0], self.bounds[1])
        number = np.abs(amount)
        powers = np.where(up, self.device.up_power, self.device.down_power)
        kept = (1 - number / slots * np.minimum(step / bound, 1)) ** slots
        moved = np.where(powers == 0, self.weight + step * number, bound + (self.weight - bound) * kept)
        self.weight = np.clip(moved, self.bounds[1], self.bounds[0])

    def move_rounded(self, amount: Floats) -> None:
        """Apply the mean of trains of single cells: `move_expected` with the fewest slots for each.

        Args:
            amount: Signed mean number of pulses of each cell, shape (cells,); whole numbers are pulses without noise.
        """
        self.move_expected(amount, np.maximum(np.ceil(np.abs(amount)), 1))
