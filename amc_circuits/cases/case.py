"""One case: a matrix, a right-hand side, and the circuit that solves them, built from the user's options."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.device_options import device_of
from amc_circuits.cases.effects import idle_options
from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.option import names_of
from amc_circuits.cases.options import CONVERTERS, DEVICE, solver_options
from amc_circuits.cells.mapping import Mapping as Conductances
from amc_circuits.engines.settings import Settings
from amc_circuits.results.budget import Budget
from amc_circuits.results.converters import Converters
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.solver import Solver
from amc_circuits.values.checks import Numbers
from amc_circuits.values.matrices import draw_matrix, draw_vector
from netlists import ParameterError
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Case:
    """A programmed circuit with its right-hand sides and the wanted analyses.

    Attributes:
        kind: Name of the circuit.
        circuit: The programmed circuit.
        vector: Right-hand sides, shape (n,) or (n, K).
        seed: Seed of all random draws: the problem, unless it comes from files, and the spread of the parts.
        trial: Number of the circuit among those of this seed.
        with_noise: True if the noise of the outputs is wanted, too.
        noise_bandwidth: Bandwidth of the read-out, Hz; None takes the GBWP of the op-amp.
        with_budget: True if the error budget is wanted, too.
        idle: One sentence for every given option that has no effect.
        options: Options that the case was built from, as `parse_options` returns them; empty without options.
    """

    kind: str
    circuit: Solver
    vector: Numbers
    seed: int = 0
    trial: int = 0
    with_noise: bool = False
    noise_bandwidth: float | None = None
    with_budget: bool = False
    idle: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    __repr__ = short_repr

    def run(self) -> Solution:
        """Solve for the right-hand sides, or multiply them."""
        return self.circuit.solve(self.vector)

    def budget(self, solution: Solution) -> Budget | None:
        """Error budget of the answer; None if it is not wanted or the circuit is unstable."""
        return solution.budget() if self.with_budget and self.circuit.stability.stable else None

    def notes(self, solution: Solution) -> list[str]:
        """Notes for the reader of the answer, one sentence each."""
        return [*self.idle, *self.circuit.choices(), *solution.notes, *filter(None, [solution.error_note])]

    def noise(self, solution: Solution) -> dict[str, Any]:
        """Noise of the outputs behind the read-out, as in a record; empty if not wanted or the circuit is unstable."""
        return noise_figures(self.circuit, solution, self.noise_bandwidth) if self.with_noise else {}


def noise_figures(circuit: Solver, solution: Solution, bandwidth: float | None) -> dict[str, Any]:
    """Compute the noise of the outputs behind the read-out, as in a record; empty for a circuit that does not act.

    Raises:
        ParameterError: The bandwidth is unusable.
    """
    if not circuit.acts:
        return {}
    from amc_circuits.solvers.output_noise import noises, relative_to_answer  # here, for few cases need it

    try:
        if circuit.growing:
            return circuit.noise_while_growing(solution, bandwidth)
        found = noises(circuit, solution, bandwidth)
        relative = relative_to_answer(circuit, solution, found)
    except ParameterError as error:
        name = "noise_bandwidth" if error.parameter == "bandwidth" else error.parameter
        raise ParameterError(name, error.value, error.mend) from None
    return {
        "output_noise_v": max(float(one.sigma.max()) for one in found),
        "noise_bandwidth_hz": found[0].bandwidth,
        "relative_noise": relative,
    }


def make_case(kind: str, options: dict[str, Any], jobs: int, keep: Path | None) -> Case:
    """Load or draw the problem and program the circuit.

    Args:
        kind: Name of the circuit.
        options: Options as `parse_options` returns them.
        jobs: Number of simulations at the same time.
        keep: Folder for the files of failed runs.

    Raises:
        ParameterError: An option or a file cannot be used.
    """
    given = problem(kind, options)
    return case_from(kind, options, given, program_arguments(kind, options, given.matrix), jobs, keep)


def case_from(
    kind: str, options: dict[str, Any], given: Problem, arguments: dict[str, Any], jobs: int, keep: Path | None
) -> Case:
    """Program the circuit of a given problem, with `arguments` as `program_arguments` returns them."""
    circuit = program(kind, given.matrix, arguments, jobs, keep)
    if options["budget"]:
        from amc_circuits.linear.static import check_rest  # here, for few cases need it

        check_rest(circuit.circuit)  # now, not after its simulation
    return Case(
        kind,
        circuit,
        given.vector,
        options["seed"],
        options["trial"],
        with_noise=options["noise"],
        noise_bandwidth=options["noise_bandwidth"],
        with_budget=options["budget"],
        idle=idle_options(circuit, options, 1 if given.vector.ndim == 1 else given.vector.shape[1], jobs),
        options=options,
    )


def program(kind: str, matrix: Numbers, arguments: dict[str, Any], jobs: int, keep: Path | None) -> Solver:
    """Program the circuit of this name, with `arguments` as `program_arguments` returns them."""
    return circuit_row(kind).load().program(matrix, jobs=jobs, keep=keep, **arguments)


def program_arguments(kind: str, options: dict[str, Any], matrix: Numbers) -> dict[str, Any]:
    """Convert options, as `parse_options` returns them, to arguments of `program`.

    Raises:
        ParameterError: There is no such op-amp or device, or it has no such parameter. Or the file of conductances
            cannot be used for this matrix.
    """
    own = (option.name for option in solver_options(kind))
    named = {*Hardware.model_fields, *Settings.model_fields, *own, "engine"} - {"opamp", "device", "conductances"}
    return {
        "opamp": opamp_of(options),
        "device": device_of(options),
        "conductances": _stored(options, matrix),
        "converters": Converters(**{option.name: options[option.name] for option in CONVERTERS}),
        **{name: value for name, value in options.items() if name in named},
    }


def _stored(options: dict[str, Any], matrix: Numbers) -> Conductances | None:
    """Load the conductances of programmed cells from a file; None without a file."""
    if options["conductances"] is None:
        return None
    for name in names_of(DEVICE):
        if options[name] is not None and name != "nonlinearity_voltage":
            raise ParameterError(
                name, options[name], "the conductances of a file are what they are; leave one of both out"
            )
    from amc_circuits.programming.conductances import load_conductances  # few circuits use such a file

    limits = options["g_min"], options["g_max"]
    return load_conductances(Path(options["conductances"]), matrix, limits)


@dataclass(frozen=True)
class Problem:
    """A matrix with the right-hand sides to solve for or to multiply.

    Attributes:
        matrix: Matrix A, shape (N, M), real or complex.
        vector: Right-hand sides, b of INV or x of MVM, shape (n,) or (n, K), real or complex; a 1 if there is none.
    """

    matrix: Numbers
    vector: Numbers

    __repr__ = short_repr


def problem(kind: str, options: dict[str, Any]) -> Problem:
    """Load matrix and vector from files, or draw them.

    Raises:
        ParameterError: A file cannot be read, the shapes do not match, or options of the draw are missing or do not
            fit.
    """
    generator = np.random.default_rng(options["seed"])
    matrix = the_matrix(kind, options, generator)
    solver = circuit_row(kind).load()
    name, length = solver.takes, solver.length_of(matrix)
    if name is None:
        if options["rhs"] is not None:
            raise ParameterError("rhs", options["rhs"], f"the circuit {kind} has no right-hand side; leave it out")
        return Problem(matrix, np.ones(1))
    if options["rhs"] is None:
        if options["matrix"] is not None:
            mend = f"give {name}, too, to have your own"
            warnings.warn(f"{name} is drawn: uniform in -1 .. 1, seed {options['seed']}; {mend}", stacklevel=2)
        return Problem(matrix, _drawn_vector(matrix, length, generator))
    vector = _loaded(name, Path(options["rhs"]), (1, 2), options["rhs_name"], "rhs_name")
    if len(vector) != length:
        raise ParameterError(name, f"shape {vector.shape}", f"must have {length} rows to match the matrix")
    return Problem(matrix, vector)


def _loaded(*arguments: Any) -> Numbers:
    from amc_circuits.files.array_files import load_array  # here, for a drawn problem needs no files

    return load_array(*arguments)


def check_files(kind: str, options: dict[str, Any]) -> None:
    """Refuse files of matrix and vector that cannot be read or do not fit; each pair is checked once.

    Raises:
        ParameterError: As `problem`.
    """
    if options["matrix"] is not None:
        names = ("matrix", "matrix_name", "rhs", "rhs_name")
        _rows(kind, *(options[name] for name in names), *(_stamp(options[name]) for name in ("matrix", "rhs")))


def rows_of_matrix(options: Mapping[str, Any]) -> int:
    """Number of rows of the matrix file in the options; 1 if there is no file or it cannot be read."""
    if options.get("matrix") is None:
        return 1
    try:
        return _rows("inv", options["matrix"], options["matrix_name"], None, None, _stamp(options["matrix"]))
    except ParameterError:
        return 1


@lru_cache(maxsize=4096)
def _rows(kind: str, matrix: str, matrix_name: str | None, rhs: str | None, rhs_name: str | None,
                 *_stamps: object) -> int:  # fmt: skip
    """Number of rows of the matrix in a file; the right-hand side is checked. A changed stamp reads the files again."""
    given = {"matrix": matrix, "matrix_name": matrix_name, "rhs": rhs, "rhs_name": rhs_name, "seed": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return len(problem(kind, given).matrix)


def _stamp(path: str | None) -> tuple[int, int] | None:
    """Modification time and size of a file; None if it does not exist."""
    try:
        found = None if path is None else Path(path).stat()
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size)


def the_matrix(kind: str, options: dict[str, Any], generator: np.random.Generator) -> Numbers:
    """Load the matrix from a file, or draw it.

    Raises:
        ParameterError: As `problem`.
    """
    if options["matrix"] is not None:
        return _loaded("A", Path(options["matrix"]), (2,), options["matrix_name"], "matrix_name")
    size, condition = options["size"], options["condition"]
    if size is None:
        raise ParameterError("size", "nothing", "give a file of A, or a size to draw it")
    largest_condition = 1 / (size * np.finfo(float).eps)
    if circuit_row(kind).square and (condition or 0) >= largest_condition:
        mend = f"makes a matrix that is singular to working precision; must be below {largest_condition:.3g}"
        raise ParameterError("condition", condition, mend)
    return draw_matrix(options["family"], size, options.get("columns") or size, condition, generator)


def _drawn_vector(matrix: Numbers, length: int, generator: np.random.Generator) -> Numbers:
    """Draw a right-hand side, complex for a complex matrix; the real part is drawn first."""
    real = draw_vector(length, generator)
    return real + 1j * draw_vector(length, generator) if np.iscomplexobj(matrix) else real
