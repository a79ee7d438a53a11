"""Outcomes of points of a sweep, wherever they run."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from amc_circuits.cases.case import Case, make_case
from amc_circuits.cases.record import full_record
from amc_circuits.cases.runs import run_of
from amc_circuits.engines import EnginesDisagreeError, SimulationError
from amc_circuits.engines.ngspice.processes import EndedError
from amc_circuits.engines.ngspice.runner import folder_prefix
from amc_circuits.pictures.traces import pack_traces
from amc_circuits.results.status import Status
from amc_circuits.results.trials import read_limits
from amc_circuits.solvers.question import Question
from amc_circuits.studies.monte_carlo import check_limits, study_of
from amc_circuits.studies.stacking import Asked, First, asked_of, read_asked
from amc_circuits.studies.statistics import row_figures
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.store import FAILED, INVALID
from amc_circuits.sweep.store.evidence import read_evidence
from amc_circuits.values.plain import plain
from netlists import ParameterError

T = TypeVar("T")
PRELOADED = (__name__,)
"""Modules imported once, by the server from which processes are forked."""
NOT_IN_ROWS = ("notes", "message", "provenance")
TRACEBACK = "traceback.txt"
DISAGREE = "engines_disagree"
"""Metric of a point that failed because two engines computed different waveforms; no other point has it."""


@dataclass(frozen=True)
class Outcome:
    """Outcome of a point; all of it can be sent from one machine to another.

    Attributes:
        status: Status of the solution, or `FAILED` or `INVALID`.
        figures: Metrics.
        error: Why the point cannot be used.
        design_sha256: Hash of the design; for many trials, of all their hashes.
        deck_sha256: Hash of the decks.
        evidence: Files on the failure, by their paths in a folder of this point's own.
        waveforms: Result of `traces.pack_traces`.
        wall_time_s: Wall time, s.
        host: Name of the machine that ran it.
    """

    status: str
    figures: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    design_sha256: str = ""
    deck_sha256: str = ""
    evidence: dict[str, bytes] = field(default_factory=dict)
    waveforms: bytes | None = None
    wall_time_s: float = 0.0
    host: str = ""


def run_point(point: Point) -> Outcome:
    """Run a point. Every failure becomes an outcome, with its evidence."""
    return run_points([point])[0]


def run_points(points: Sequence[Point]) -> list[Outcome]:
    """Run points; each fails by itself, and its outcome does not depend, bit for bit, on the others.

    Circuits that the exact engine can stack are read together. The wall time of a point has its share of that.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        several = [_Running(point) for point in points]
        together = [(one, asked) for one in several if (asked := one.prepared()) is not None]
        for (one, _), first in zip(together, read_asked([asked for _, asked in together]), strict=True):
            one.first = first
        return [one.outcome() for one in several]


class _Running:
    """A point under way: it is prepared, read with others perhaps, then measured."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.keep = Path(tempfile.gettempdir()) / f"{folder_prefix(os.getpid())}{secrets.token_hex(8)}"
        self.seconds = 0.0
        self.case: Case | None = None
        self.question: Question | None = None
        self.first = First()
        self.failed: Outcome | None = None

    def prepared(self) -> Asked | None:
        """Program the circuit; return its first transient if it may be read with others."""
        if self.point.word == "run" or self.point.options["monte_carlo"] is not None:
            return None
        asked = self._caught(self._programmed)
        if isinstance(asked, Outcome):
            self.failed = asked
            return None
        return asked

    def outcome(self) -> Outcome:
        """Outcome of the point."""
        found = self.failed or self._caught(self._measured)
        assert isinstance(found, Outcome)
        self.case = self.question = None
        evidence = found.evidence | _collected(self.keep)
        seconds = self.seconds + self.first.seconds
        return replace(found, evidence=evidence, wall_time_s=seconds, host=socket.gethostname())

    def _caught(self, step: Callable[[], T]) -> T | Outcome:
        """Take a step and add its time; its failure becomes an outcome."""
        began = time.perf_counter()
        try:
            return step()
        except EndedError:  # the process is to end: no further point is begun
            raise
        except ParameterError as problem:
            return Outcome(INVALID, error=str(problem))
        except SimulationError as problem:
            return _failed(problem)
        except (np.linalg.LinAlgError, MemoryError) as problem:
            return Outcome(FAILED, error=f"{type(problem).__name__}: {problem}")
        except OSError as problem:
            return Outcome(FAILED, error=f"{problem.strerror or problem}")
        except Exception as problem:  # a fault of this package affects one point; the others continue
            text = traceback.format_exc().encode()
            return Outcome(FAILED, error=f"{type(problem).__name__}: {problem}", evidence={TRACEBACK: text})
        finally:
            self.seconds += time.perf_counter() - began

    def _programmed(self) -> Asked | None:
        self.case = make_case(self.point.circuit, self.point.options, 1, self.keep)
        self.question = self.case.circuit.question(self.case.vector)
        return asked_of(self.case.circuit, self.question)

    def _measured(self) -> Outcome:
        point = self.point
        if point.word == "run":
            return _ran(point)
        if self.case is None or self.question is None:
            return _tried(point, self.keep)
        if self.first.error is not None:
            raise self.first.error
        return _solved(point, self.case, self.question, self.first)


def _failed(problem: SimulationError) -> Outcome:
    figures = {DISAGREE: True} if isinstance(problem, EnginesDisagreeError) else {}
    return Outcome(FAILED, figures, f"ngspice: {problem.reason}")


def _solved(point: Point, case: Case, question: Question, first: First) -> Outcome:
    """Solve by one circuit; first readings of a stack are not taken again."""
    try:
        solution = case.circuit.answer(question, first.readings)
    except SimulationError as problem:
        return replace(_failed(problem), design_sha256=case.circuit.sha256)
    solution = replace(solution, wall_time=solution.wall_time + first.seconds)
    record = full_record(case, solution)
    without = (*NOT_IN_ROWS, case.circuit.gives)
    figures = {name: value for name, value in record.items() if name not in without}
    if solution.usable and solution.status is not Status.SETTLED:
        figures["usable"] = True  # a status of a solver is unknown where its package is not loaded
    asked = point.options["matrix"] and not point.options["rhs"] and case.circuit.takes is not None
    drawn = "the right-hand side is drawn" if asked else ""
    figures["warning"] = "; ".join(filter(None, (*map(str, case.circuit.warnings()), drawn, *record["notes"])))
    return Outcome(
        solution.status.name,
        figures,
        "" if solution.usable else solution.message,
        solution.provenance.design_sha256,
        solution.provenance.deck_sha256,
        waveforms=pack_traces(solution.responses) if point.with_waveforms else None,
    )


def _tried(point: Point, keep: Path) -> Outcome:
    """Run many trials: the point is usable if one of them is."""
    limits = read_limits(point.options["spec"])
    study = study_of(point.circuit, point.options, keep)
    check_limits(study, limits)
    trials = study.run(1)
    usable = any(trial.usable for trial in trials)
    return Outcome(
        next((trial.status for trial in trials if trial.usable), trials[0].status),
        row_figures(trials, limits),
        "" if usable else f"no trial is usable; {trials[0].error}",
        _together([trial.design_sha256 for trial in trials]),
        _together([trial.deck_sha256 for trial in trials]),
    )


def _ran(point: Point) -> Outcome:
    """Run what another package gives."""
    found = run_of(point.circuit).measure(point.options)
    return Outcome(found.status, plain(found.metrics), found.error)


def _together(hashes: Sequence[str]) -> str:
    """Combine several hashes into one; empty for none."""
    return hashlib.sha256(" ".join(hashes).encode()).hexdigest() if any(hashes) else ""


def _collected(keep: Path) -> dict[str, bytes]:
    """Collect the files that failed simulations left, and remove the folder."""
    if not keep.exists():
        return {}
    runs = sorted(keep.iterdir())
    top = runs[0] if len(runs) == 1 and runs[0].is_dir() else keep
    found = {str(path.relative_to(top)): read_evidence(path) for path in sorted(top.rglob("*")) if path.is_file()}
    shutil.rmtree(keep, ignore_errors=True)
    return found
