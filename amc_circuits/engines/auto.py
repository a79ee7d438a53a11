"""Engine for sweeps and training: exact where that engine knows the circuit, ngspice for the others.

A seeded sample of the slots that the exact engine has read also runs in ngspice, and both results are compared.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from amc_circuits.engines.contract import About, NotIntegrableError
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.job import Job
from amc_circuits.engines.known import EXACT, unknown
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
"""Largest permitted difference of the waveforms of the two engines, in units of full scale."""
SMALLEST_OUTPUT = 1e-6
"""Smallest output scale that is compared, in units of the inputs; below it, rounding errors would be compared."""
FACE_VALUE = (1.0, 1e-5)
"""trtol and reltol of the checking runs: with trtol 1 the simulator uses its error estimate unchanged."""
HANDED_OVER = 0.01
"""Largest loss of a linear solution; above it ngspice solves the slot. At this loss the waveforms differ by at most
0.8 % of full scale, which leaves room for the simulator's own error."""


class EnginesDisagreeError(SimulationError):
    """Two engines computed different waveforms, so results of the faster one for other circuits are in doubt, too."""


@dataclass
class AutoEngine:
    """Engine that solves what it can by the exact engine, and the rest and a sample by ngspice.

    Attributes:
        settings: Settings of both engines; `cross_check` is the fraction of the right-hand sides that both solve.
    """

    settings: Settings
    name: ClassVar[str] = "auto"

    @cached_property
    def ngspice(self) -> NgspiceEngine:
        """Engine that checks, created at first use."""
        return NgspiceEngine.of(self.settings)

    @property
    def about(self) -> About:
        """Description of this engine, with the version of ngspice."""
        return replace(self.ngspice.about, name=self.name)

    def init(self, circuit: Circuit) -> Simulated:
        """Prepare the circuit for both engines."""
        return Simulated(circuit)

    def read(self, state: Simulated, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """Return the readings of every slot of every job.

        Raises:
            SimulationError: If a run of ngspice failed.
            EnginesDisagreeError: If ngspice and the exact engine differ by more than 1 % of full scale.
        """
        if unknown(state.circuit, any(job.first_pass for job in jobs)):
            return self.ngspice.read(state, jobs, tolerance, processes)
        exact = ExactEngine(HANDED_OVER)
        try:
            found = exact.read(state.exact, jobs, tolerance)
        except NotIntegrableError:
            return self.ngspice.read(state, jobs, tolerance, processes)
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

    def read_together(
        self, states: Sequence[Simulated], jobs: Sequence[Job], tolerance: float, processes: int = 1
    ) -> list[list[Reading] | None]:
        """Readings of every slot of the jobs of many circuits; None for a circuit that has to be read alone, by `read`.

        As `ExactEngine.read_together`; drawn slots are checked as those of `read`. A circuit that is unknown there, or
        whose check fails, is left alone, so that `read` reports it.

        Args:
            states: Circuits, of any designs, for which the settings of this engine hold.
            jobs: One job of each.
            tolerance: Relative tolerance of the settling time.
            processes: Number of simulations that run at the same time in a check.
        """
        known = [
            k
            for k, (state, job) in enumerate(zip(states, jobs, strict=True))
            if not unknown(state.circuit, job.first_pass is not None)
        ]
        found: list[list[Reading] | None] = [None] * len(states)
        engine = ExactEngine(HANDED_OVER)
        together = engine.read_together([states[k].exact for k in known], [jobs[k] for k in known], tolerance)
        for k, readings in zip(known, together, strict=True):
            if readings is not None and self._stands(states[k], jobs[k], readings, processes):
                found[k] = readings
        return found

    def _stands(self, state: Simulated, job: Job, readings: list[Reading], processes: int) -> bool:
        """Return True if no reading is to be handed over, and the check of the drawn ones does not fail."""
        if any(reading.excess for reading in readings):
            return False
        try:
            self._check(state, [job], [readings], processes)
        except SimulationError as error:
            shutil.rmtree(error.folder, ignore_errors=True)
            return False
        return True

    def rest(self, state: Simulated, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Compute the outputs at rest by the exact engine, or at the operating point by ngspice if it cannot."""
        if not unknown(state.circuit):
            return ExactEngine().rest(state.exact, levels)
        return self.ngspice.rest(state, levels, processes)

    def _check(self, state: Simulated, jobs: Sequence[Job], found: list[list[Reading]], processes: int) -> None:
        """Run the drawn slots in ngspice and record the largest difference of the waveforms."""
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
                # The simulator's own error shrinks with its time step.
                differences = _differences(state, job, self.ngspice.run(state, [job.finer(8, *FACE_VALUE)])[0])
            if max(differences) > LARGEST_DIFFERENCE:
                reason = f"it differs from the exact engine by {max(differences):.2%} of full scale"
                raise EnginesDisagreeError(reason, self.ngspice.keep_deck(state, job.finer(8, *FACE_VALUE)))
            for slot, difference in zip(slots, differences, strict=True):
                if found[place][slot].engine == EXACT:
                    checked = replace(found[place][slot], difference=difference, deck_sha256=waveforms.deck_sha256)
                    found[place][slot] = checked


def _checkable(reading: Reading, job: Job) -> bool:
    """Return True if the exact engine read the slot, its end is at rest, and its outputs exceed rounding errors."""
    large = np.abs(reading.final).max() > SMALLEST_OUTPUT * np.abs(job.drive.levels).max()
    return bool(reading.engine == EXACT and reading.steady and large)


def _differences(state: Simulated, job: Job, waveforms: Waveforms) -> list[float]:
    """Compute the largest difference of the two engines' outputs in every slot, in units of the slot's full scale."""
    got = observe(state.circuit, waveforms, job.drive).outputs
    wanted = ExactEngine().outputs(state.exact, job, waveforms.time)
    found = []
    for slot in range(job.drive.levels.shape[1]):
        start, stop = slot * job.drive.period, job.drive.slot_end(slot)
        inside = (waveforms.time >= start) & (waveforms.time <= stop)
        scale = np.abs(wanted[inside]).max()
        found.append(float(np.abs(got[inside] - wanted[inside]).max() / scale))
    return found
