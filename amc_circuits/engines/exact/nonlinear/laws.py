"""Limits of macro op-amps, limiters and sinh cells; but for limiters, as differences from what is linear.

rate of a gain stage   SR tanh(d/SR) - d - SR clamp(x),   d = w_T (inputs and offsets), x its output
current of an output   I_lim tanh(p/(R_out I_lim)) - p/R_out,   p the drop over the output resistance
clamp(x)               exp((|x| - swing)/V_c) - exp(-swing/V_c) with the sign of x; a straight line beyond e^5
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.far_limits import NO_CLAMP, Tanh, are_far, quick_tanh, unclamped
from amc_circuits.engines.exact.nonlinear.method import DEGREE
from netlists import Array, Circuit, Limiter, MacroOpAmp, OpAmps
from netlists.opamps.subcircuit import CLAMP_EXPONENT_LIMIT, CLAMP_VOLTAGE
from netlists.record import FloatArray
from netlists.short_text import short_repr

LARGEST_BEND = 30.0
"""Voltage of a cell in units of V0 from which its law goes on in a straight line."""


@dataclass(frozen=True)
class Laws:
    """Limits of all macro op-amps of a circuit, each shape (m, 1, 1), so that they apply to values (m, times, K).

    Attributes:
        slew_rate: SR, V/s.
        swing: Largest stage voltage, V.
        resistance: R_out, ohm.
        current: I_lim, A.
        rate: w_T, rad/s.
        gain: Open-loop gain A0, V/V.
    """

    slew_rate: FloatArray
    swing: FloatArray
    resistance: FloatArray
    current: FloatArray
    rate: FloatArray
    gain: FloatArray

    __repr__ = short_repr

    @classmethod
    def of(cls, circuit: Circuit) -> Laws:
        """Collect the limits of the macro op-amps of a circuit, in their order."""
        rows = [(part.record, circuit.groups[part.output]) for part in circuit.of(OpAmps)]
        macros = [(record, count) for record, count in rows if isinstance(record, MacroOpAmp)]
        counts = [count for _, count in macros]

        def column(*names: str) -> Iterator[FloatArray]:
            for name in names:
                values = np.array([getattr(record, name) for record, _ in macros], dtype=np.float64)
                yield np.repeat(values, counts)[:, None, None]

        stage, output = ("slew_rate", "output_swing"), ("output_resistance", "output_current_limit")
        return cls(*column(*stage, *output, "unity_gain_frequency", "open_loop_gain"))

    @property
    def count(self) -> int:
        """Number of op-amps."""
        return len(self.rate)

    @cached_property
    def tanh(self) -> Tanh:
        """The function that suits these limits."""
        return np.tanh if are_far(self.slew_rate, self.rate, self.resistance, self.current).any() else quick_tanh

    def stage(self, drive: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute what limited slewing adds to the rate of a stage, V/s, and its slope, from drives, V/s."""
        bent = np.tanh(drive / self.slew_rate)
        return self.slew_rate * bent - drive, -(bent**2)

    def output(self, drop: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute what the current limit adds to the current of an output, A, and its slope, from drops, V."""
        bent = np.tanh(drop / (self.resistance * self.current))
        return self.current * bent - drop / self.resistance, -(bent**2) / self.resistance

    def delivered(self, drop: FloatArray, which: slice = slice(None), out: FloatArray | None = None) -> FloatArray:
        """Compute the currents of the outputs of some op-amps, A, from drops over the output resistances, V."""
        current, resistance = self.current[which], self.resistance[which]
        found = np.divide(drop, resistance * current, out=out)
        self.tanh(found, out=found)
        found *= current
        return found

    def driven(self, slewing: FloatArray, drive: FloatArray, stage: FloatArray) -> FloatArray:
        """Compute the rate of a stage but for its clamp, V/s.

        Args:
            slewing: What limited slewing adds to it, V/s.
            drive: Drive, V/s.
            stage: Voltage of the stage, V.
        """
        rate = slewing + drive
        rate -= self._decay * stage
        return rate

    @cached_property
    def _decay(self) -> FloatArray:
        """Rate at which the finite gain lets a stage decay, 1/s."""
        return self.rate / self.gain

    @cached_property
    def no_clamp(self) -> FloatArray:
        """Stage voltages up to which clamps draw no current, V."""
        return unclamped(self.slew_rate, self.rate, self.swing)

    @cached_property
    def reach(self) -> FloatArray:
        """Largest rate of a stage, V/s: its slew rate, or that by an input as large as its swing."""
        return np.asarray(np.minimum(self.slew_rate, self.rate * self.swing))

    @cached_property
    def least_clamp(self) -> FloatArray:
        """Rates of clamps at these voltages, V/s."""
        return np.asarray(self.reach * np.exp(-NO_CLAMP))

    @cached_property
    def clamping(self) -> FloatArray:
        """Swings, V, slew rates, and rates of clamps of stages at 0 V, V/s, at each node of a step, shape (3, 4, m)."""
        return np.repeat(np.stack([self.swing, self.slew_rate, self.idle])[..., 0].swapaxes(1, 2), DEGREE, axis=1)

    def clamp(self, stage: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute what the clamp adds to the rate of a stage, V/s, and its slope, from stage voltages, V."""
        beyond = (np.abs(stage) - self.swing) * (1 / CLAMP_VOLTAGE)
        held = self.slew_rate * np.exp(np.minimum(beyond, CLAMP_EXPONENT_LIMIT))
        line = np.maximum(beyond - (CLAMP_EXPONENT_LIMIT - 1), 1.0)
        return np.sign(stage) * (self.idle - held * line), held * (-1 / CLAMP_VOLTAGE)

    @cached_property
    def idle(self) -> FloatArray:
        """Rate of each side of a clamp whose stage is at 0 V, V/s: they cancel there."""
        return np.asarray(self.slew_rate * np.exp(-self.swing / CLAMP_VOLTAGE))


@dataclass(frozen=True)
class Limiters:
    """Limiters of a circuit, whose outputs are sources of further volts; one a node.

    Attributes:
        parts: Rows of limiters.
        level: Level of each, shape (k, 1, 1), V.
        clips: True for a clip, False for a dead zone, shape (k, 1, 1).
    """

    parts: tuple[Limiter, ...]
    level: FloatArray
    clips: NDArray[np.bool_]

    __repr__ = short_repr

    @classmethod
    def of(cls, circuit: Circuit) -> Limiters:
        """Collect the limiters of a circuit, in their order."""
        parts = tuple(circuit.of(Limiter))
        counts = [circuit.groups[part.output] for part in parts]
        level, clips = ([part.level for part in parts], [part.type == "clip" for part in parts])
        return cls(
            parts,
            np.repeat(np.array(level, dtype=np.float64), counts)[:, None, None],
            np.repeat(np.array(clips, dtype=np.bool_), counts)[:, None, None],
        )

    @property
    def count(self) -> int:
        """Number of limiters."""
        return len(self.level)

    def volts(self, seen: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute the outputs, V, and the slopes, from inputs (k, times, K), V."""
        held = np.clip(seen, -self.level, self.level)
        return np.where(self.clips, held, seen - held), np.where((held == seen) == self.clips, 1.0, 0.0)

    def beyond(self, volts: FloatArray) -> NDArray[np.bool_]:
        """Return whether outputs (k, times, K), V, are those of inputs beyond the level."""
        return np.where(self.clips, np.abs(volts) >= self.level, volts != 0)


@dataclass(frozen=True)
class Cells:
    """Cells that follow `I = G V0 sinh(V/V0)`, as differences from their conductance; one entry a cell.

    Attributes:
        parts: Arrays with such cells.
        places: Word line and bit line of the cells of each array that conduct, shape (cells,) each.
        conductance: G of each, shape (c, 1, 1), S.
        bend: V0 of each, shape (c, 1, 1), V.
    """

    parts: tuple[Array, ...]
    places: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]
    conductance: FloatArray
    bend: FloatArray

    __repr__ = short_repr

    @classmethod
    def of(cls, circuit: Circuit) -> Cells:
        """Collect the cells of a circuit that are not linear, array by array."""
        parts = tuple(part for part in circuit.of(Array) if part.nonlinearity_voltage is not None)
        places = tuple((rows, columns) for rows, columns in (np.nonzero(part.conductance) for part in parts))
        held = [part.conductance[place] for part, place in zip(parts, places, strict=True)]
        bends = [np.full(len(one), part.nonlinearity_voltage) for part, one in zip(parts, held, strict=True)]
        nothing = np.zeros(0)
        return cls(
            parts,
            places,
            np.concatenate([nothing, *held])[:, None, None],
            np.concatenate([nothing, *bends])[:, None, None],
        )

    @property
    def count(self) -> int:
        """Number of cells."""
        return len(self.bend)

    def currents(self, seen: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute what is added to the currents, A, and the slopes, S, from voltages (c, times, K), V.

        A tangent goes on where no solution is, `LARGEST_BEND` times V0, so that iterates do not overflow.
        """
        whole = seen / self.bend
        x = np.clip(whole, -LARGEST_BEND, LARGEST_BEND)
        slope = np.cosh(x) - 1
        return self.conductance * self.bend * (np.sinh(x) - x + slope * (whole - x)), self.conductance * slope


@dataclass(frozen=True)
class Added:
    """What the limits of all op-amps add at some times, and the outputs of limiters.

    Attributes:
        bent: Rates of the stages from limited slewing, V/s, then currents of the outputs, A, then outputs of limiters,
            V, shape (2 m + k, ...).
        clamp: Rates of the stages, from the clamps, shape (m, ...), V/s; None where no clamp draws a current.
        stages: Number m of stages.
    """

    bent: FloatArray
    clamp: FloatArray | None
    stages: int

    __repr__ = short_repr

    @property
    def slewing(self) -> FloatArray:
        """Rates of the stages from limited slewing, shape (m, ...), V/s."""
        return self.bent[: self.stages]

    @property
    def pins(self) -> FloatArray:
        """Currents of the outputs, A, then outputs of limiters, V, shape (m + k, ...): they act at once."""
        return self.bent[self.stages :]

    @cached_property
    def whole(self) -> FloatArray:
        """Rates of the stages, then what acts at once, shape (2 m + k, ...)."""
        if self.clamp is None:
            return self.bent
        whole = self.bent.copy()
        whole[: self.stages] += self.clamp
        return whole

    @property
    def stage_rates(self) -> FloatArray:
        """Rates of the stages, shape (m, ...), V/s."""
        return self.whole[: self.stages]

    def at(self, nodes: slice | FloatArray) -> Added:
        """Return what is added at one node of several, or at other times (5, F) by the quartic through five nodes."""

        def of(values: FloatArray) -> FloatArray:
            return values[:, nodes] if isinstance(nodes, slice) else np.asarray(np.matmul(nodes.T, values))

        return Added(of(self.bent), None if self.clamp is None else of(self.clamp), self.stages)

    def repeated(self, count: int) -> Added:
        """Return what is added at one time, at several."""
        return self.at(np.ones((1, count)))

    def joined(self, later: Added) -> Added:
        """Join what is added at one time and at later ones."""
        clamp = later.clamp
        if clamp is not None or self.clamp is not None:
            first = np.zeros_like(self.slewing) if self.clamp is None else self.clamp
            rest = np.zeros_like(later.slewing) if clamp is None else clamp
            clamp = np.concatenate([first, rest], axis=1)
        return Added(np.concatenate([self.bent, later.bent], axis=1), clamp, later.stages)
