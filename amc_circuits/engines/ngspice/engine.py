"""The ngspice engine: one `ngspice -b` process a run, each in an empty folder of its own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from amc_circuits.engines.contract import About
from amc_circuits.engines.job import Job
from amc_circuits.engines.ngspice.binary import NgspiceBinary, find_ngspice
from amc_circuits.engines.ngspice.processes import run_together
from amc_circuits.engines.ngspice.rawfile import RawFileError, read_plots, read_raw
from amc_circuits.engines.ngspice.refinement import Run, Simulated, refined
from amc_circuits.engines.ngspice.runner import DECK, SimulationError, kept_folder, simulate
from amc_circuits.engines.settings import Settings
from amc_circuits.results.observation import observe
from amc_circuits.results.readings import Reading, read_slot
from amc_circuits.results.waveforms import Waveforms
from netlists import (
    Circuit,
    Constant,
    Transient,
    analysis_lines,
    input_sources,
    operating_point_lines,
    side_by_side,
    vector_beside,
)
from netlists.errors import check_name, check_type, real_number
from netlists.record import FloatArray
from netlists.short_text import short_repr

END_SLACK = 1e-6
"""The last time point may miss the wanted end by this part of it (rounding of the printed end)."""


@dataclass
class NgspiceEngine:
    """Runs jobs with ngspice.

    Attributes:
        timeout: Seconds after which a run is ended.
        solver: `auto` takes KLU where it is built in, else Sparse.
        keep: Folder under which failed runs are kept; None is the system's folder for temporary files.
        binary: Which ngspice; found on this machine unless given.
    """

    timeout: float = 600.0
    solver: Literal["auto", "klu", "sparse"] = "auto"
    keep: Path | None = None
    binary: NgspiceBinary = field(default_factory=find_ngspice)
    name: ClassVar[str] = "ngspice"

    __repr__ = short_repr

    def __post_init__(self) -> None:
        real_number("timeout", self.timeout)
        check_name("solver", self.solver, ("auto", "klu", "sparse"))

    @property
    def klu(self) -> bool:
        """True when runs use KLU."""
        return self.binary.klu if self.solver == "auto" else self.solver == "klu"

    @property
    def about(self) -> About:
        """Name and version."""
        return About(self.name, self.binary.version, self.klu)

    def init(self, circuit: Circuit) -> Simulated:
        """The circuit's text, and what checks its runs.

        Raises:
            ParameterError: There are several phases.
        """
        check_type("circuit", circuit, Circuit)
        circuit.check_one_phase()
        return Simulated(circuit)

    def deck(self, state: Simulated, job: Job) -> str:
        """The complete deck of a job."""
        sources = input_sources(state.circuit, job.drive)
        return "\n".join([state.body, sources, analysis_lines(job.analysis, self.klu), ".end\n"])

    @classmethod
    def of(cls, settings: Settings) -> NgspiceEngine:
        """The engine that settings ask for."""
        return cls(timeout=settings.timeout, keep=settings.keep)

    def read(self, state: Simulated, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """Runs jobs and measures every slot.

        Raises:
            SimulationError: A run failed; the others are ended.
        """

        def run_of(jobs: Sequence[Job]) -> list[Run]:
            found = self.run(state, jobs, processes)
            return [_run(state, job, waveforms, tolerance) for job, waveforms in zip(jobs, found, strict=True)]

        if any(job.first_pass for job in jobs):  # nothing settles, so that there is no settling time to refine
            return [list(run.readings) for run in run_of(jobs)]
        return refined(run_of(jobs), tolerance, lambda runs: run_of([job for _, job in runs]))

    def run(self, state: Simulated, jobs: Sequence[Job], processes: int = 1) -> list[Waveforms]:
        """Runs jobs, some at the same time, and returns their waveforms in the jobs' order.

        Raises:
            SimulationError: A run failed; the others are ended.
        """
        owner = object()
        calls = [partial(self._run_one, state, job, owner) for job in jobs]
        results = dict(run_together(calls, processes, owner))
        return [results[place] for place in range(len(jobs))]

    def read_together(self, states: Sequence[Simulated], jobs: Sequence[Job], tolerance: float) -> list[list[Reading]]:
        """Runs a job of each circuit, all with equal op-amps and analyses, in one deck, and measures every slot.

        Raises:
            SimulationError: The run failed.
        """
        saved = tuple(vector_beside(k, name) for k, job in enumerate(jobs) for name in job.analysis.saved)
        analysis = jobs[0].analysis.replace(saved=saved)
        text = side_by_side([(state.circuit, job.drive) for state, job in zip(states, jobs, strict=True)])
        deck = "\n".join([text, analysis_lines(analysis, self.klu), ".end\n"])
        owner = object()
        call = partial(simulate, deck, partial(whole_run, analysis), self.binary, self.timeout, self.keep, owner)
        ((_, waveforms),) = run_together([call], 1, owner)
        sha256 = hashlib.sha256(deck.encode("ascii")).hexdigest()
        column = {name: k for k, name in enumerate(waveforms.names)}
        found = []
        for k, job in enumerate(jobs):
            places = [column[vector_beside(k, name)] for name in job.analysis.saved]
            own = Waveforms(waveforms.time, job.analysis.saved, waveforms.values[:, places], sha256)
            found.append(_run(states[k], job, own, tolerance))

        def alone(runs: Sequence[tuple[Run, Job]]) -> list[Run]:
            return [_run(run.state, job, self.run(run.state, [job])[0], tolerance) for run, job in runs]

        return refined(found, tolerance, alone)

    def rest(self, state: Simulated, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Outputs at the operating point of the deck with its inputs held at levels (inputs, K), shape (N, K), V.

        A column is nan where ngspice finds no operating point.
        """
        owner = object()
        calls = [partial(self._rest_of, state, column, owner) for column in levels.T]
        results = dict(run_together(calls, processes, owner))
        return np.stack([results[place] for place in range(levels.shape[1])], axis=1)

    def _rest_of(self, state: Simulated, levels: FloatArray, owner: object) -> FloatArray:
        names = [f"v({node})" for node in state.circuit.nodes(state.circuit.outputs)]
        drive, analysis = Constant(levels=levels), operating_point_lines(names, self.klu)
        deck = "\n".join([state.body, input_sources(state.circuit, drive), analysis, ".end\n"])
        try:
            (plot,) = simulate(deck, read_plots, self.binary, self.timeout, self.keep, owner)
        except SimulationError as error:
            # That there is none is no failure: nothing is compared then, and that is said.
            shutil.rmtree(error.folder, ignore_errors=True)
            return np.full(len(names), np.nan)
        return np.array([float(plot[name][-1]) for name in names])

    def keep_deck(self, state: Simulated, job: Job) -> Path:
        """Writes the deck of a job into a folder that stays."""
        folder = kept_folder(self.keep)
        (folder / DECK).write_text(self.deck(state, job), encoding="ascii")
        return folder

    def _run_one(self, state: Simulated, job: Job, owner: object) -> Waveforms:
        deck = self.deck(state, job)
        waveforms = simulate(deck, partial(whole_run, job.analysis), self.binary, self.timeout, self.keep, owner)
        return replace(waveforms, deck_sha256=hashlib.sha256(deck.encode("ascii")).hexdigest())


def _run(state: Simulated, job: Job, waveforms: Waveforms, tolerance: float) -> Run:
    """A job with readings of every slot, from its waveforms."""
    watched = job.first_pass.group if job.first_pass else ""
    observation = observe(state.circuit, waveforms, job.drive, watched)
    readings = [
        replace(
            read_slot(observation, job.drive, slot, tolerance, job.first_pass),
            engine=NgspiceEngine.name,
            deck_sha256=waveforms.deck_sha256,
        )
        for slot in range(job.drive.levels.shape[1])
    ]
    return Run(state, job, observation, readings)


def whole_run(analysis: Transient, path: Path) -> Waveforms:
    """Read the waveforms of a run; they count only if they reach the wanted end and hold all saved vectors."""
    waveforms = read_raw(path)
    last, stop_time = float(waveforms.time[-1]), analysis.stop_time
    if abs(last - stop_time) > END_SLACK * stop_time:
        raise RawFileError(f"the transient ends at {last:g} s instead of {stop_time:g} s")
    if lacking := {name.lower() for name in analysis.saved} - set(waveforms.names):
        raise RawFileError(f"the raw file lacks {sorted(lacking)[0]}")
    return waveforms
