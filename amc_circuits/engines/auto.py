"""The engine for sweeps and training: state-space where the circuit is linear, ngspice where it is not.

A seeded sample of what the state-space engine has read is run through ngspice, too, and compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from amc_circuits.engines.contract import About
from amc_circuits.engines.exact.engine import StateSpaceEngine
from amc_circuits.engines.job import Job
from amc_circuits.engines.ngspice.engine import NgspiceEngine
from amc_circuits.engines.ngspice.refinement import Simulated
from amc_circuits.engines.ngspice.runner import SimulationError
from amc_circuits.engines.settings import Settings
from amc_circuits.results.observation import observe
from amc_circuits.results.readings import Reading
from amc_circuits.results.waveforms import Waveforms
from netlists import Circuit
from netlists.record import FloatArray

LARGEST_DIFFERENCE = 0.01
"""Of full scale, between the waveforms of the two engines."""
SMALLEST_OUTPUT = 1e-6
"""Of the inputs; below it the difference of two roundings would be compared."""
FACE_VALUE = (1.0, 1e-5)
"""trtol and reltol of the runs that check: the simulator's estimate of its error is taken as it is."""
HANDED_OVER = 0.01
"""Loss in the linear solution beyond which ngspice takes over: the waveforms then differ by at most 0.8 % of full
scale, which leaves room for the simulator's own error."""


class EnginesDisagreeError(SimulationError):
    """Two engines found different waveforms: what the faster one says of other circuits is in doubt, too."""


@dataclass
class AutoEngine:
    """Hands to ngspice what the state-space engine calls non-linear, and a sample of the rest.

    Attributes:
        settings: Its `cross_check` is the part of the right-hand sides that both engines solve.
    """

    settings: Settings
    name: ClassVar[str] = "auto"

    @cached_property
    def ngspice(self) -> NgspiceEngine:
        """The engine that checks, looked for at first use."""
        return NgspiceEngine.of(self.settings)

    @property
    def about(self) -> About:
        """What it is, with the version of ngspice."""
        return replace(self.ngspice.about, name=self.name)

    def init(self, circuit: Circuit) -> Simulated:
        """What both engines need of it."""
        return Simulated(circuit)

    def read(self, state: Simulated, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """Readings of every slot of every job.

        Raises:
            SimulationError: A run of ngspice failed.
            EnginesDisagreeError: It differs from the state-space engine by more than 1 % of full scale.
        """
        if not state.circuit.linear:
            return self.ngspice.read(state, jobs, tolerance, processes)
        exact = StateSpaceEngine(HANDED_OVER)
        found = exact.read(state.exact, jobs, tolerance)
        handed = [
            (place, *job.part([slot for slot, reading in enumerate(slots) if reading.excess]))
            for place, (job, slots) in enumerate(zip(jobs, found, strict=True))
            if any(reading.excess for reading in slots)
        ]
        if handed:
            runs = self.ngspice.read(state, [job for _, job, _ in handed], tolerance, processes)
            for (place, _, slots), readings in zip(handed, runs, strict=True):
                for slot, reading in zip(slots, readings, strict=True):
                    found[place][slot] = reading
        self._check(state, jobs, found, processes)
        return found

    def rest(self, state: Simulated, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Outputs at the operating point, by ngspice; see there."""
        return self.ngspice.rest(state, levels, processes)

    def _check(self, state: Simulated, jobs: Sequence[Job], found: list[list[Reading]], processes: int) -> None:
        """Runs the drawn slots through ngspice and notes the largest difference of the waveforms."""
        share = self.settings.cross_check
        drawn = [np.flatnonzero(job.drawn(share)).tolist() for job in jobs]
        sample = [
            (place, *job.part(slots))
            for place, job in enumerate(jobs)
            if (slots := [slot for slot in drawn[place] if _checkable(found[place][slot], job)])
        ]
        if not sample:
            return
        runs = self.ngspice.run(state, [job.finer(2, *FACE_VALUE) for _, job, _ in sample], processes)
        for (place, job, slots), waveforms in zip(sample, runs, strict=True):
            differences = _differences(state, job, waveforms)
            if max(differences) > LARGEST_DIFFERENCE:
                # What is the simulator's own error shrinks with its step.
                differences = _differences(state, job, self.ngspice.run(state, [job.finer(8, *FACE_VALUE)])[0])
            if max(differences) > LARGEST_DIFFERENCE:
                reason = f"it differs from the state-space engine by {max(differences):.2%} of full scale"
                raise EnginesDisagreeError(reason, self.ngspice.keep_deck(state, job.finer(8, *FACE_VALUE)))
            for slot, difference in zip(slots, differences, strict=True):
                if found[place][slot].engine == StateSpaceEngine.name:
                    checked = replace(found[place][slot], difference=difference, deck_sha256=waveforms.deck_sha256)
                    found[place][slot] = checked


def _checkable(reading: Reading, job: Job) -> bool:
    """Read by the linear engine, at rest at its end, and more than rounding."""
    large = np.abs(reading.final).max() > SMALLEST_OUTPUT * np.abs(job.drive.levels).max()
    return bool(reading.engine == StateSpaceEngine.name and reading.steady and large)


def _differences(state: Simulated, job: Job, waveforms: Waveforms) -> list[float]:
    """Largest difference of the two engines' outputs in every slot, in units of its own full scale."""
    got = observe(state.circuit, waveforms, job.drive).outputs
    wanted = StateSpaceEngine().outputs(state.exact, job, waveforms.time)
    found = []
    for slot in range(job.drive.levels.shape[1]):
        start, stop = slot * job.drive.period, job.drive.slot_end(slot)
        inside = (waveforms.time >= start) & (waveforms.time <= stop)
        scale = np.abs(wanted[inside]).max()
        found.append(float(np.abs(got[inside] - wanted[inside]).max() / scale))
    return found
