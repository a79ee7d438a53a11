"""Monte Carlo: the same system in many random circuits. Random draws: `cells/draws.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from amc_circuits.cases.case import Problem, problem, program, program_arguments
from amc_circuits.cells.draws import TRIAL_END
from amc_circuits.engines import AutoEngine, ExactEngine, NgspiceEngine
from amc_circuits.results.trials import BUDGET, Limit, Trial
from amc_circuits.solvers.solver import Solver
from amc_circuits.studies.batch import stacked_trials
from amc_circuits.studies.checks import is_drawn, share_of, solved, with_check
from amc_circuits.studies.together import first_readings
from amc_circuits.studies.trial import Analyses, trial_of
from amc_circuits.studies.workers import run_in_processes
from netlists import ParameterError, SinglePoleOpAmp
from netlists.short_text import short_repr

CHUNK = 8
"""Trials that ngspice simulates together, always the same ones: 0 to 7, 8 to 15 ...

In a common deck ngspice's steps suit all circuits, so times and energies depend on the other circuits of the deck (by
up to 0.3 %, alone or together).
"""
CELLS = 65_536
"""Cells of the trials that the exact engine reads in one process at a time, in at most `LARGEST_CHUNK` trials."""
LARGEST_CHUNK = 1024
PRELOADED = (__name__,)
"""Modules imported once, by the server from which processes are forked."""
MOST_TRIALS = 1_000_000
"""Most trials of a study: some hours of small circuits, and a list of a gigabyte."""


@dataclass(frozen=True)
class MonteCarlo:
    """A Monte Carlo study.

    Attributes:
        kind: Name of the circuit.
        problem: The system.
        arguments: Arguments of `program`, without the trial.
        first: First trial.
        count: Number of trials.
        keep: Folder for failed runs.
        noise_bandwidth: Bandwidth of the read-out for the noise, Hz; None is the op-amp's GBWP.
        with_noise: True computes noise.
        with_budget: True computes an error budget of each solution.

    Raises:
        ParameterError: There are too many trials, or trial numbers beyond the range.
    """

    kind: str
    problem: Problem
    arguments: dict[str, Any]
    first: int
    count: int
    keep: Path | None = None
    with_noise: bool = False
    noise_bandwidth: float | None = None
    with_budget: bool = False

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.count > MOST_TRIALS:
            raise ParameterError("monte_carlo", self.count, f"must be at most {MOST_TRIALS}")
        if self.first + self.count > TRIAL_END:
            raise ParameterError("trial", self.first, f"must be at most 2^32 - {self.count} for so many trials")

    def circuit(self, number: int) -> Solver:
        """Program the circuit of one trial."""
        return program(self.kind, self.problem.matrix, self.arguments | {"trial": number}, 1, self.keep)

    @property
    def alone(self) -> bool:
        """True if a trial does not depend on the others of its chunk."""
        return bool(self.arguments["engine"] != NgspiceEngine.name)

    def chunks(self, jobs: int = 1) -> list[range]:
        """Trials of the study, chunk by chunk, for a number of processes."""
        size = CHUNK
        if self.alone:
            most = min(LARGEST_CHUNK, CELLS // self.problem.matrix.size)
            size = max(1, min(most, math.ceil(self.count / jobs)))
        stop = self.first + self.count
        edges = range(self.first // size * size, stop, size)
        return [range(max(edge, self.first), min(edge + size, stop)) for edge in edges]

    def run(self, jobs: int, on_trials: Callable[[int], None] = lambda _: None) -> list[Trial]:
        """Run all trials; results are in order, whatever the number of processes.

        Args:
            jobs: Number of processes.
            on_trials: Callback with the number of trials that have ended.

        Raises:
            ParameterError: A parameter cannot be used.
            EnginesDisagreeError: A cross-check failed.
        """
        found: dict[int, Trial] = {}
        calls = [partial(run_chunk, self, chunk) for chunk in self.chunks(jobs)]
        for trials in run_in_processes(calls, jobs, PRELOADED):
            found |= {trial.number: trial for trial in trials}
            on_trials(len(trials))
        return self._checked([found[number] for number in sorted(found)])

    def _checked(self, trials: list[Trial]) -> list[Trial]:
        """Return the trials; if ngspice checked none of the engine auto, it checks the first usable one of `exact`."""
        exact = (place for place, trial in enumerate(trials) if trial.usable and ExactEngine.name in trial.by_engine)
        usable, known = next(exact, None), any(trial.cross_checked for trial in trials)
        if usable is None or known or self.arguments["engine"] != AutoEngine.name:
            return trials
        trial, circuit = trials[usable], self.circuit(trials[usable].number)
        if share_of(circuit) > 0:
            checked = with_check(trial, solved(circuit, self.problem.vector, trial.number, Analyses(), True))
            trials[usable] = checked if checked.usable else trial
        return trials


def study_of(kind: str, options: dict[str, Any], keep: Path | None = None) -> MonteCarlo:
    """Build a study from options as returned by `parse_options`; `trial` is the first one.

    Raises:
        ParameterError: An option cannot be used.
    """
    given = problem(kind, options)
    return study_from(kind, options, given, program_arguments(kind, options, given.matrix), keep)


def study_from(
    kind: str, options: dict[str, Any], given: Problem, arguments: dict[str, Any], keep: Path | None = None
) -> MonteCarlo:
    """Build a study of a given problem, with `arguments` as `program_arguments` returns them."""
    return MonteCarlo(
        kind=kind,
        problem=given,
        arguments=arguments,
        first=options["trial"],
        count=options["monte_carlo"],
        keep=keep,
        with_noise=options["noise"],
        noise_bandwidth=options["noise_bandwidth"],
        with_budget=options["budget"],
    )


def check_limits(study: MonteCarlo, limits: Sequence[Limit]) -> None:
    """Refuse limits on metrics that are not computed.

    Raises:
        ParameterError: Noise is not requested, or the op-amps have no supply.
    """
    for limit in limits:
        if limit.figure == "relative_noise" and not study.with_noise:
            raise ParameterError("spec", repr(str(limit)), "noise is not computed; add noise")
        if limit.figure.startswith(BUDGET) and not study.with_budget:
            raise ParameterError("spec", repr(str(limit)), "the error budget is not computed; add budget")
        if limit.figure == "energy" and isinstance(study.arguments["opamp"], SinglePoleOpAmp):
            raise ParameterError("spec", repr(str(limit)), "this op-amp has no supply, so no energy; take another")


def _independent(study: MonteCarlo, wanted: range, analyses: Analyses) -> list[Trial]:
    """Run trials that do not depend on each other: together where they can be stacked, the others alone."""
    first, vector, found = study.circuit(wanted[0]), study.problem.vector, []
    share = share_of(first)
    known = {} if analyses.noise or analyses.budget else stacked_trials(first, vector, wanted)
    for number in wanted:
        trial = known.get(number)
        if trial is None:
            circuit = study.circuit(number)
            trial = solved(circuit, vector, number, analyses, is_drawn(circuit.sha256, share))
        elif is_drawn(trial.design_sha256, share):
            trial = with_check(trial, solved(study.circuit(number), vector, number, analyses, True))
        found.append(trial)
    return found


def run_chunk(study: MonteCarlo, wanted: range) -> list[Trial]:
    """Run the wanted trials of one chunk."""
    vector, analyses = study.problem.vector, Analyses(study.with_noise, study.noise_bandwidth, study.with_budget)
    if study.alone:
        return _independent(study, wanted, analyses)
    # A deck must hold the same circuits whichever of them are wanted.
    start = wanted.start // CHUNK * CHUNK
    numbers = range(start, start + CHUNK)
    circuits = [study.circuit(number) for number in numbers]
    first = first_readings(circuits, vector)
    return [
        trial_of(circuit, vector, number, analyses, first.get(place))
        for place, (number, circuit) in enumerate(zip(numbers, circuits, strict=True))
        if number in wanted
    ]
