"""Two ways through the steps of a block: by steady states, and by simulation of every circuit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.converters import HEADROOM
from amc_circuits.results.measurement import Metric
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.blocks.walk import Step, Walk
from amc_circuits.solvers.streaming import swing_of
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass
class SteadyWalk(Walk):
    """A way through the steady states of the linear circuits.

    Attributes:
        peaks: Largest voltage of any gain stage in all steps, in units of 0.8 of its swing, shape (K,).
    """

    peaks: FloatArray = field(default_factory=lambda: np.zeros(0))

    def run(self, text: str, circuit: Step, levels: FloatArray, columns: NDArray[np.int64]) -> FloatArray:
        """Compute the steady outputs."""
        volts, peaks = circuit.steady_volts(levels)
        if not self.peaks.size:
            self.peaks = np.zeros_like(self.full_scale)
        self.peaks[columns] = np.maximum(self.peaks[columns], peaks)
        return volts


@dataclass(frozen=True)
class Run:
    """Simulation of one circuit in one step.

    Attributes:
        step: Number of the step, from 1.
        text: Circuit and block, for messages.
        columns: Places of its right-hand sides.
        solution: Solution of the circuit for its input voltages.
        peaks: Largest voltage of a gain stage in units of 0.8 of its swing, by simulation, shape (columns,).
        amplifiers: Number of its op-amps.
        attempt: 1 in the first pass through all steps, 2 at a smaller scale.
    """

    step: int
    text: str
    columns: NDArray[np.int64]
    solution: Solution
    peaks: FloatArray
    amplifiers: int
    attempt: int = 1

    __repr__ = short_repr

    @property
    def driven(self) -> NDArray[np.bool_]:
        """False for a column whose inputs are all zero, so that nothing was simulated."""
        return np.array([bool(tried) for tried in self.solution.attempts])

    def known(self, metric: Metric) -> FloatArray:
        """Metric of each column, 0 instead of nan where nothing was simulated."""
        return np.where(self.driven, np.atleast_1d(metric), 0.0)


@dataclass
class SimulatedWalk(Walk):
    """A way through transients of all circuits.

    Attributes:
        runs: All simulations, in the order of the steps.
    """

    runs: list[Run] = field(default_factory=list)

    def run(self, text: str, circuit: Step, levels: FloatArray, columns: NDArray[np.int64]) -> FloatArray:
        """Simulate the circuit and read its outputs."""
        solution = circuit.answer(circuit.question(levels))
        limit = HEADROOM * swing_of(circuit.circuit)
        peaks = np.array([tried[-1].peak_output / limit if tried else 0.0 for tried in solution.attempts])
        self.runs.append(Run(self.steps, text, columns, solution, peaks, len(circuit.circuit.amplifiers)))
        return np.asarray(solution.value / circuit.gain, dtype=np.float64)
