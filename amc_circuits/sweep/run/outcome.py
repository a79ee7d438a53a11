"""Outcome of one point of a sweep, wherever it runs."""

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
from typing import Any

import numpy as np

from amc_circuits.cases.case import make_case
from amc_circuits.cases.record import full_record
from amc_circuits.cases.runs import run_of
from amc_circuits.engines import EnginesDisagreeError, SimulationError
from amc_circuits.engines.ngspice.runner import folder_prefix
from amc_circuits.pictures.traces import pack_traces
from amc_circuits.results.status import Status
from amc_circuits.results.trials import read_limits
from amc_circuits.studies.monte_carlo import check_limits, study_of
from amc_circuits.studies.statistics import row_figures
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.store import FAILED, INVALID
from amc_circuits.sweep.store.evidence import read_evidence
from amc_circuits.values.plain import plain
from netlists import ParameterError

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
    began = time.perf_counter()
    keep = Path(tempfile.gettempdir()) / f"{folder_prefix(os.getpid())}{secrets.token_hex(8)}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = _caught(_measure_of(point), point, keep)
    evidence = outcome.evidence | _collected(keep)
    return replace(
        outcome, evidence=evidence, wall_time_s=time.perf_counter() - began, host=socket.gethostname()
    )  # fmt: skip


def _measure_of(point: Point) -> Callable[[Point, Path], Outcome]:
    if point.word == "run":
        return _ran
    return _measured if point.options["monte_carlo"] is None else _tried


def _caught(measure: Callable[[Point, Path], Outcome], point: Point, keep: Path) -> Outcome:
    try:
        return measure(point, keep)
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


def _failed(problem: SimulationError) -> Outcome:
    figures = {DISAGREE: True} if isinstance(problem, EnginesDisagreeError) else {}
    return Outcome(FAILED, figures, f"ngspice: {problem.reason}")


def _measured(point: Point, keep: Path) -> Outcome:
    """Run one circuit."""
    case = make_case(point.circuit, point.options, 1, keep)
    try:
        solution = case.run()
    except SimulationError as problem:
        return replace(_failed(problem), design_sha256=case.circuit.sha256)
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


def _ran(point: Point, _: Path) -> Outcome:
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
