"""Cells to be written: gaps, spread from cell to cell and from pulse to pulse, and stuck cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from amc_circuits.programming.pulse_model import Kind, PulseModel
from netlists.record import FloatArray, ParameterError, Record, about
from netlists.rram.filament import READ_VOLTAGE
from netlists.short_text import short_repr

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]
Part = Annotated[float, Field(ge=0, le=1)]


class Variability(Record):
    """Spreads, each relative and normally distributed; 0 disables one exactly.

    The defaults are a choice of this package. The voltage that acts in a pulse is the gate voltage of a SET and the
    source line voltage of a RESET; its spread covers switching field and transistor threshold together, and is at most
    0.25, which keeps the factor of that voltage above 0 up to four sigma.
    """

    cell_spread: Annotated[
        float, about("Relative spread from cell to cell of the voltage that acts in a pulse", ge=0, le=0.25)
    ] = 0.0
    cycle_spread: Annotated[Part, about("Relative spread from pulse to pulse of the gap's movement")] = 0.0
    read_noise: Annotated[Part, about("Relative spread of a verify read")] = 0.0
    stuck_on: Annotated[Part, about("Probability of a cell stuck at its largest conductance")] = 0.0
    stuck_off: Annotated[Part, about("Probability of a cell stuck at its smallest conductance")] = 0.0

    def draw_stuck(self, count: int, generator: np.random.Generator) -> tuple[Mask, Mask]:
        """Draw which of some cells are stuck on, and which off.

        Raises:
            ParameterError: The probabilities sum to more than 1.
        """
        if self.stuck_on + self.stuck_off > 1:
            raise ParameterError("stuck_on", self.stuck_on, f"with stuck_off, {self.stuck_off:g}, must not pass 1")
        lot = generator.random(count)
        return lot < self.stuck_on, (lot >= self.stuck_on) & (lot < self.stuck_on + self.stuck_off)


@dataclass
class CellArray:
    """Row of n cells, whose gaps pulses move.

    Attributes:
        model: Model of the outcome of pulses.
        gaps: Gaps, shape (n,), m.
        strength: Factor of the voltages that act on each cell, shape (n,).
        stuck: Cells that no pulse moves, shape (n,).
        variability: Spread from pulse to pulse and of reads.
        generator: Source of their random numbers.
    """

    model: PulseModel
    gaps: FloatArray
    strength: FloatArray
    stuck: Mask
    variability: Variability
    generator: np.random.Generator

    __repr__ = short_repr

    @classmethod
    def erased(
        cls,
        model: PulseModel,
        count: int,
        generator: np.random.Generator,
        variability: Variability | None = None,
        stuck: tuple[Mask, Mask] | None = None,
    ) -> Self:
        """Make cells with the largest gap, except for the stuck ones.

        Args:
            model: Model of the outcome of pulses.
            count: Number n of cells.
            generator: Source of all random numbers.
            variability: Spreads; None for none.
            stuck: Masks of the cells that are stuck on and off, shape (n,) each; None draws them.
        """
        spread = variability or Variability()
        on, off = stuck or spread.draw_stuck(count, generator)
        limits = model.cell.filament.gap_min, model.cell.filament.gap_max
        strength = np.ones(count)
        if spread.cell_spread > 0:
            strength += spread.cell_spread * generator.standard_normal(count)
        return cls(model, np.where(on, *limits), strength, on | off, spread, generator)

    @property
    def conductance(self) -> FloatArray:
        """Conductance of every cell, shape (n,), siemens."""
        return self.model.cell.filament.conductance(self.gaps)

    def pulse(self, kind: Kind, levels: FloatArray, where: Indices) -> FloatArray:
        """Apply one pulse to some cells and return the energy of each, J. A stuck cell takes the same energy and stays.

        Args:
            kind: `set` or `reset`.
            levels: Voltages, V, one a cell of `where`.
            where: Indices of the cells.
        """
        before = self.gaps[where]
        after, energy = self.model.pulse(kind, before, levels * self.strength[where])
        moved = np.where(self.stuck[where], 0.0, after - before)
        if self.variability.cycle_spread > 0:
            moved *= 1 + self.variability.cycle_spread * self.generator.standard_normal(len(where))
        filament = self.model.cell.filament
        self.gaps[where] = np.clip(before + moved, filament.gap_min, filament.gap_max)
        return energy

    def read(self, where: Indices) -> FloatArray:
        """Conductances from a verify read of some cells, siemens."""
        conductance = self.conductance[where]
        if self.variability.read_noise > 0:
            conductance = conductance * (1 + self.variability.read_noise * self.generator.standard_normal(len(where)))
        return conductance

    def read_energy(self, where: Indices) -> FloatArray:
        """Energy of a read, J: V^2 G for its duration."""
        energy: FloatArray = READ_VOLTAGE**2 * self.conductance[where] * self.model.cell.read_width
        return energy
