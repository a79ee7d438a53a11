"""Comparison of designs: every design solves the same systems, drawn once for each seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from amc_circuits.cases.case import Problem, problem, program, program_arguments
from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.effects import idle_options
from amc_circuits.cases.option import flag
from amc_circuits.cases.options import OF_ANSWERS, PROBLEM, parse_options
from amc_circuits.engines import EnginesDisagreeError, ExactEngine, SimulationError, check_engine, find_ngspice
from amc_circuits.results.cost import component_counts, total_area
from amc_circuits.results.trials import FAILED
from amc_circuits.solvers.solver import Solver
from amc_circuits.studies.comparison import AREA, Comparison, DesignRuns, Run, metrics_of
from amc_circuits.studies.workers import run_in_processes
from netlists import ParameterError
from netlists.short_text import short_repr

PRELOADED = (__name__,)
"""Modules imported once, by the server from which processes are forked."""
COMMON = (*(option.name for option in PROBLEM), "seed")
"""Options that all designs have in common."""


@dataclass(frozen=True)
class Design:
    """A design: a circuit and its options, without the matrix.

    Attributes:
        name: Name for tables and pictures.
        circuit: Name of the circuit.
        options: Options of the circuit, as a user writes them: `{"opamp": "cmos-1g", "wire_resistance": "2 ohm"}`.
    """

    name: str
    circuit: str
    options: Mapping[str, Any] = field(default_factory=dict)

    __repr__ = short_repr


def compare(
    designs: Sequence[Design],
    problem: Mapping[str, Any],
    seeds: Sequence[int],
    *,
    engine: str | None = None,
    jobs: int = 1,
    on_seeds: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Run designs on the same systems.

    Args:
        designs: Two designs or more; the others are related to the first.
        problem: Options of the matrix that all have in common, as a user writes them: `{"size": 16}`, `{"family":
            "wishart", "size": 8}`, or files, `{"matrix": "A.csv", "rhs": "b.csv"}`.
        seeds: Seeds; each one draws the system, and the spread of the parts of every design.
        engine: Engine of the designs that name none.
        jobs: Number of processes.
        on_seeds: Callback with the number of seeds that have ended.

    Raises:
        ParameterError: There are fewer than two designs or no seeds, or an option, a file or the matrix cannot be used.
        EnginesDisagreeError: A cross-check failed.
    """
    if len(designs) < 2:
        raise ParameterError("DESIGN", len(designs), "give two designs or more")
    if not seeds or len(set(seeds)) < len(seeds):
        raise ParameterError("seeds", list(seeds), "give at least one, each once")
    engine = None if engine is None else check_engine(engine)
    study = _study(tuple(designs), problem, engine)
    if any(options["engine"] != ExactEngine.name for options in study.options):
        find_ngspice()
    found: dict[int, list[Run]] = {}
    for seed, runs in run_in_processes([partial(_run_seed, study, seed) for seed in seeds], jobs, PRELOADED):
        found[seed] = runs
        on_seeds(1)
    compared = study.compared([found[seed] for seed in seeds])
    _warn(study, compared.designs)
    return compared


@dataclass(frozen=True)
class _Study:
    """Designs with their complete options.

    Attributes:
        designs: Designs.
        options: Options of each design as `parse_options` returns them, without its seed.
    """

    designs: tuple[Design, ...]
    options: tuple[dict[str, Any], ...]

    def compared(self, runs: Sequence[Sequence[Run]]) -> Comparison:
        """Build the comparison from the runs of each seed, one a design."""
        each = zip(self.designs, zip(*runs, strict=True), strict=True)
        designs = (DesignRuns(one.name, one.circuit, one.options, tuple(own)) for one, own in each)
        common = {name: self.options[0].get(name) for name in COMMON if name != "seed"}
        return Comparison(tuple(designs), common)

    def problem(self, seed: int) -> Problem:
        """Load or draw the system of a seed; every design must be able to take it."""
        options = self.options[0] | {"seed": seed}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a missing right-hand side is drawn: one warning for all seeds
            given = problem(self.designs[0].circuit, options)
        for number, design in enumerate(self.designs, 1):
            wanted = circuit_row(design.circuit).load().length_of(given.matrix)
            if wanted != len(given.vector):
                mend = f"takes {wanted} entries in design {number} ({design.circuit}); take a square matrix"
                raise ParameterError("b", f"{len(given.vector)} entries for design 1", mend)
        return given


def _study(designs: tuple[Design, ...], problem: Mapping[str, Any], engine: str | None) -> _Study:
    """Convert the options of all designs."""
    found = []
    for number, design in enumerate(designs, 1):
        with in_design(number):
            _check(design)
            named = {} if engine is None or design.options.get("engine") else {"engine": engine}
            found.append(parse_options(design.circuit, {**design.options, **named, **problem}))
    return _Study(designs, tuple(found))


def _check(design: Design) -> None:
    """Refuse options that are no part of a design."""
    for name, value in design.options.items():
        if name in COMMON and value is not None:
            raise ParameterError(name, value, "is common to all designs; give it once, outside of them")
        if name in OF_ANSWERS and value not in (None, False):
            raise ParameterError(name, value, "is no part of a design; leave it out")


@contextmanager
def in_design(number: int) -> Iterator[None]:
    """Add the number of a design to errors that are raised inside."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(error.parameter, error.value, f"{error.mend} (in design {number})") from None


def _run_seed(study: _Study, seed: int) -> tuple[int, list[Run]]:
    """Run all designs on the system of one seed."""
    given, found = study.problem(seed), []
    for number, (design, options) in enumerate(zip(study.designs, study.options, strict=True), 1):
        with in_design(number):
            found.append(_run(design, options | {"seed": seed}, given, None))
    return seed, found


def _run(design: Design, options: dict[str, Any], given: Problem, keep: Path | None) -> Run:
    """Run one design on one system."""
    arguments = program_arguments(design.circuit, options, given.matrix)
    circuit = program(design.circuit, given.matrix, arguments, 1, keep)
    seed, structure = options["seed"], structure_of(circuit)
    try:
        solution = circuit.solve(given.vector)
    except EnginesDisagreeError:
        raise
    except SimulationError as error:
        return Run(seed, FAILED, structure, str(error))
    except ParameterError as error:
        # A drawn array at the limit of stability is a failed run.
        if error.parameter != "A":
            raise
        return Run(seed, FAILED, structure, str(error))
    record = {
        "settling_time_s": solution.settling_time,
        "energy_j": solution.energy.record,
        "relative_error": solution.relative_error,
        "residual": solution.residual,
    }
    metrics = metrics_of(record, solution.usable) | structure
    notes = (*_idle(design, circuit, options, given), *solution.notes, *filter(None, [circuit.mapping.lifting_note]))
    why = "" if solution.usable else solution.message
    return Run(seed, solution.status.name, metrics, why, notes, solution.by_engine)


def structure_of(solver: Solver) -> dict[str, float]:
    """Component counts and area of a programmed circuit, its converters included."""
    return {**component_counts(solver.circuit), AREA: total_area(solver.circuit, solver.converters)}


def _idle(design: Design, circuit: Solver, options: dict[str, Any], given: Problem) -> list[str]:
    """Notes on given options of the design that have no effect."""
    own = tuple(f"{flag(name)} " for name in design.options)
    count = 1 if given.vector.ndim == 1 else given.vector.shape[1]
    return [note for note in idle_options(circuit, options, count) if note.startswith(own)]


def _warn(study: _Study, designs: Sequence[DesignRuns]) -> None:
    """Warn of drawn right-hand sides beside a matrix from a file, and of seeds that change nothing."""
    options = study.options[0]
    if options["matrix"] is None:
        return
    name = circuit_row(study.designs[0].circuit).takes
    if options["rhs"] is None and name is not None:
        warnings.warn(
            f"{name} is drawn: uniform in -1 .. 1, once for each seed; give {name}, too, to have your own", stacklevel=3
        )
    elif len(designs[0].runs) > 1 and all(_alike(design.runs) for design in designs):
        warnings.warn("nothing is drawn: all seeds give the same; one is enough", stacklevel=3)


def _alike(runs: Sequence[Run]) -> bool:
    """True if all runs have the same metrics."""
    return len({repr(run.metrics) for run in runs}) == 1
