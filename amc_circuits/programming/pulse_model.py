"""Effect of one write pulse on 1T1R cells: simulated in ngspice, or read from a table of such runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from amc_circuits.engines.ngspice.processes import run_together
from amc_circuits.engines.ngspice.runner import run_deck
from netlists import NOMINAL_TEMPERATURE
from netlists.record import FloatArray
from netlists.rram.one_transistor_cell import OneTransistorCell, Pulse, pulse_deck
from netlists.short_text import short_repr

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator, RegularGridInterpolator

Kind = Literal["set", "reset"]
Outcome = tuple[FloatArray, FloatArray]
"""Gaps after a pulse, m, and energies of the pulse, J."""
CELLS_A_DECK = 16
"""Cells in one deck. They share their time steps: more cells a deck cost more time than one process each."""
PROCESSES = min(4, os.cpu_count() or 1)
"""Simulations at the same time; they share nothing, so the result does not depend on this number."""
GATE_SPACING, GAP_SPACING = 0.05, 0.1e-9
"""Steps between calibrated gate voltages, V, and gaps, m."""
THRESHOLD_SLOPE = 1e-3
"""Fall of the level-1 threshold per kelvin, V/K (docs/rram.md)."""
LEAST_ENERGY = 1e-17
"""Offset of energies in tables, J, smaller than rounding: the tables hold logarithms."""
SET_OFFSETS = 1e-9 * np.array(
    [-1.5, -0.6, -0.2, -0.1, -0.05, -0.02, 0, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.0, 1.5]
)
"""Gaps before a SET, relative to the gap that its gate voltage gives from the largest one, m: dense at the bend."""
SHORT_OFFSETS = np.unique(np.concatenate([SET_OFFSETS, 1e-9 * np.arange(-1.5, 1.5, 0.05).round(2)]))
"""The same for pulses so short that cells move on below that gap."""
BELOW, STILL = -0.2e-9, 0.01e-9
"""Offset at which a cell moves by less than this after a long pulse, m: the gate voltage has set its gap."""
RESET_OFFSETS = np.array(
    [-1.2, -0.6, -0.3, -0.1, 0, 0.005, *np.arange(0.01, 0.2, 0.01), 0.21, 0.23, 0.25, 0.3, 0.35, 0.45]
)
"""Source line voltages of a RESET, relative to the one at which the gap begins to move, V."""


class PulseModel(Protocol):
    """Model of the outcome of pulses."""

    @property
    def cell(self) -> OneTransistorCell:
        """Parameters of every cell."""

    def pulse(self, kind: Kind, gaps: FloatArray, levels: FloatArray) -> Outcome:
        """Apply one pulse to each of n cells.

        Args:
            kind: SET, whose level is the gate voltage, or RESET, whose level is that of the source line.
            gaps: Gaps before the pulse, shape (n,), m.
            levels: Voltages, shape (n,), V.
        """


@dataclass(frozen=True)
class CircuitPulses:
    """Model that runs every pulse as a transient in ngspice, cells side by side.

    Attributes:
        cell: Parameters of every cell.
    """

    cell: OneTransistorCell

    __repr__ = short_repr

    def pulse(self, kind: Kind, gaps: FloatArray, levels: FloatArray) -> Outcome:
        """Apply one pulse to each of n cells; energies are integrals of V I over both lines.

        Raises:
            SimulationError: The simulator failed; deck and log are kept.
        """
        parts = [slice(k, k + CELLS_A_DECK) for k in range(0, len(gaps), CELLS_A_DECK)]
        calls = [partial(self._deck, kind, gaps[part], levels[part]) for part in parts]
        found = dict(run_together(calls, PROCESSES))
        after, energy = (np.concatenate([found[k][column] for k in range(len(parts))]) for column in (0, 1))
        return after, energy

    def _deck(self, kind: Kind, gaps: FloatArray, levels: FloatArray) -> Outcome:
        make = self.cell.set_pulse if kind == "set" else self.cell.reset_pulse
        trains: list[list[Pulse]] = [[make(level)] for level in levels.tolist()]
        limits = self.cell.filament.gap_min, self.cell.filament.gap_max
        deck, _ = pulse_deck(self.cell, np.clip(gaps, *limits).tolist(), trains, reads=False)
        plot = run_deck(deck)[0]
        numbers = range(1, len(gaps) + 1)
        after = np.array([plot[f"v(xcell{k}.gap)"][-1] for k in numbers]) * 1e-9
        power = [-plot[f"v(b{k})"] * plot[f"i(vb{k})"] - plot[f"v(s{k})"] * plot[f"i(vs{k})"] for k in numbers]
        return np.clip(after, *limits), np.trapezoid(np.array(power), plot["time"], axis=1)


@dataclass(frozen=True)
class _Surface:
    """Movement and energy over two coordinates; the second one is relative to a curve over the first.

    Attributes:
        curve: Zero of the second coordinate.
        moved: Change of the gap, m.
        log_energy: Logarithm of J, with LEAST_ENERGY added: energies span decades.
    """

    curve: PchipInterpolator
    moved: RegularGridInterpolator
    log_energy: RegularGridInterpolator

    @classmethod
    def over(cls, first: FloatArray, curve: FloatArray, offsets: FloatArray, outcome: Outcome) -> _Surface:
        """Build the surface from a grid: `first` of shape (P,), `offsets` (Q,), outcomes (P, Q)."""
        from scipy.interpolate import PchipInterpolator, RegularGridInterpolator  # imported here for speed

        moved, energy = outcome
        tables = (RegularGridInterpolator((first, offsets), table) for table in (moved, np.log(energy + LEAST_ENERGY)))
        return cls(PchipInterpolator(first, curve), *tables)

    def at(self, first: FloatArray, second: FloatArray) -> Outcome:
        """Movement and energy; beyond the grid those of its edge."""
        grid = self.moved.grid
        inside = np.clip(first, grid[0][0], grid[0][-1])
        offset = np.clip(second - self.curve(inside), grid[1][0], grid[1][-1])
        where = np.stack([inside, offset], axis=-1)
        return self.moved(where), np.exp(self.log_energy(where)) - LEAST_ENERGY


@dataclass(frozen=True)
class PulseTable:
    """Model from tables: gap and energy after a pulse over gap before and voltage.

    Attributes:
        cell: Parameters of every cell.
        sets: Table over gate voltage and gap, the gap relative to the one that this voltage gives from the largest gap.
        resets: Table over gap and source line voltage, the voltage relative to the one at which that gap begins to
            move.
    """

    cell: OneTransistorCell
    sets: _Surface
    resets: _Surface

    __repr__ = short_repr

    def pulse(self, kind: Kind, gaps: FloatArray, levels: FloatArray) -> Outcome:
        """Apply one pulse to each of n cells."""
        moved, energy = self.sets.at(levels, gaps) if kind == "set" else self.resets.at(gaps, levels)
        return np.clip(gaps + moved, self.cell.filament.gap_min, self.cell.filament.gap_max), energy


@lru_cache(maxsize=8)
def calibrate(cell: OneTransistorCell, largest_gate: float) -> PulseTable:
    """Compute the table of a cell for gate voltages up to the largest, from some 900 pulses in ngspice.

    Cached in the process.

    Raises:
        SimulationError: The simulator failed; deck and log are kept.
    """
    circuit = CircuitPulses(cell)
    return PulseTable(cell, _calibrated_sets(circuit, largest_gate), _calibrated_resets(circuit))


def _calibrated_sets(circuit: CircuitPulses, largest_gate: float) -> _Surface:
    limits = circuit.cell.filament.gap_min, circuit.cell.filament.gap_max
    warmer = max(circuit.cell.filament.temperature - NOMINAL_TEMPERATURE, 0)
    lowest = circuit.cell.transistor.threshold_voltage - 2 * GATE_SPACING - THRESHOLD_SLOPE * warmer
    gates = np.linspace(lowest, largest_gate, max(2, round((largest_gate - lowest) / GATE_SPACING) + 1))
    curve, _ = circuit.pulse("set", np.full(len(gates), limits[1]), gates)
    below = np.clip(curve + BELOW, *limits)
    moving = below - circuit.pulse("set", below, gates)[0]
    offsets = SHORT_OFFSETS if moving.max() > STILL else SET_OFFSETS
    wanted = curve[:, None] + offsets
    gaps = np.clip(wanted, *limits)
    after, energy = circuit.pulse("set", gaps.ravel(), np.repeat(gates, len(offsets)))
    # At grid points that no cell can start from, the table is continued: it ends where the last possible pulse ends.
    before = np.where(wanted > limits[1], wanted, gaps)
    moved = after.reshape(gaps.shape) - before
    return _Surface.over(gates, curve, offsets, (moved, energy.reshape(gaps.shape)))


def _calibrated_resets(circuit: CircuitPulses) -> _Surface:
    limits = circuit.cell.filament.gap_min, circuit.cell.filament.gap_max
    gaps = np.linspace(*limits, max(2, round((limits[1] - limits[0]) / GAP_SPACING) + 1))
    onset = reset_onset(circuit.cell, gaps)
    levels = np.maximum(onset[:, None] + RESET_OFFSETS, 0.0)
    before = np.repeat(gaps, len(RESET_OFFSETS))
    after, energy = circuit.pulse("reset", before, levels.ravel())
    moved = (after - before).reshape(levels.shape)
    moved[:, RESET_OFFSETS <= 0] = 0.0  # below F_min nothing moves; at F_min the rounding of the onset allows a little
    return _Surface.over(gaps, onset, RESET_OFFSETS, (moved, energy.reshape(levels.shape)))


def reset_onset(cell: OneTransistorCell, gaps: FloatArray) -> FloatArray:
    """Source line voltage at which each gap begins to move, V, read off a slow edge before the gap has moved.

    A gap that the transistor keeps from moving at all gets the top of the edge, 3 V.
    """
    top, edge = 3.0, 2 * cell.pulse_width
    slow = cell.replace(edge=edge, read_width=5 * edge)
    deck, slots = pulse_deck(slow, gaps.tolist(), [[slow.reset_pulse(top)]] * len(gaps), reads=False)
    plot = run_deck(deck)[0]
    time = plot["time"]
    rising = (time >= slots[0].start + edge) & (time <= slots[0].start + 2 * edge)
    onset = []
    for k, gap in enumerate(gaps, 1):
        field = cell.filament.field(gap, plot[f"v(m{k})"][rising]) / cell.filament.minimum_field
        after = int(np.argmax(field >= 1)) if (field >= 1).any() else 0
        source = plot[f"v(s{k})"][rising]
        onset.append(np.interp(1, field[after - 1 : after + 1], source[after - 1 : after + 1]) if after else top)
    return np.array(onset)
