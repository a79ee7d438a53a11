"""One case: a matrix, a right-hand side, and the circuit that takes them, from options as users give them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.circuits import circuit_row, solver_options
from amc_circuits.cases.effects import idle_options
from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.options import CIRCUIT, CONVERTERS, DEVICE_OVERRIDES, OPAMP_FILE, OPAMP_OVERRIDES, SOLVE
from amc_circuits.cells.devices import DRIFT_START, Device, device_preset
from amc_circuits.cells.mapping import Mapping as Conductances
from amc_circuits.files.array_files import load_array
from amc_circuits.linear.noise import noise
from amc_circuits.results.budget import Budget
from amc_circuits.results.converters import Converters
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.output_noise import relative_noise
from amc_circuits.solvers.solver import Solver
from amc_circuits.values.checks import Numbers
from amc_circuits.values.matrices import draw_matrix, draw_vector
from netlists import ParameterError

PARTS = ("opamp", "device", "conductances", "noise", "noise_bandwidth", "budget")
"""Options that are not arguments of `program` as they stand."""


@dataclass(frozen=True)
class Case:
    """A programmed circuit and what goes into it.

    Attributes:
        kind: Name of the circuit.
        circuit: The programmed circuit.
        vector: Right-hand sides, shape (n,) or (n, K).
        seed: Of all that is drawn: the problem, where it is no file, and what chance does to the parts.
        trial: Which circuit of this seed.
        with_noise: True when the noise of its outputs is wanted, too.
        noise_bandwidth: Of the read-out, Hz; None is the op-amp's GBWP.
        with_budget: True when it is to be told what makes the answer wrong.
        idle: A sentence on every option that was given and has no effect.
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

    def run(self) -> Solution:
        """Solves or multiplies."""
        return self.circuit.solve(self.vector)

    def budget(self, solution: Solution) -> Budget | None:
        """What makes the answer wrong, where that is wanted; None of a circuit without rest."""
        return solution.budget() if self.with_budget and self.circuit.stability.stable else None

    def notes(self, solution: Solution) -> list[str]:
        """What a reader of the answer should know, a sentence each."""
        return [*self.idle, *solution.notes, *filter(None, [solution.error_note])]

    def noise(self, solution: Solution) -> dict[str, Any]:
        """Noise of the outputs behind the read-out, as a record has it; nothing where it is not wanted or grows."""
        return noise_figures(self.circuit, solution, self.noise_bandwidth) if self.with_noise else {}


def noise_figures(circuit: Solver, solution: Solution, bandwidth: float | None) -> dict[str, Any]:
    """Noise of a circuit's outputs behind the read-out, as a record has it; nothing where it grows.

    Raises:
        ParameterError: The bandwidth is unusable.
    """
    if not circuit.stability.stable:
        return {}
    try:
        found = noise(circuit.circuit, bandwidth)
    except ParameterError as error:
        name = "noise_bandwidth" if error.parameter == "bandwidth" else error.parameter
        raise ParameterError(name, error.value, error.mend) from None
    return {
        "output_noise_v": float(found.sigma.max()),
        "noise_bandwidth_hz": found.bandwidth,
        "relative_noise": relative_noise(circuit, solution, bandwidth),
    }


def make_case(kind: str, options: dict[str, Any], jobs: int, keep: Path | None) -> Case:
    """Loads or draws the problem and programs the circuit.

    Args:
        kind: Name of the circuit.
        options: As `parse_options` returns them.
        jobs: Simulations at the same time.
        keep: Folder for failed runs.

    Raises:
        ParameterError: Something cannot be used.
    """
    given = problem(kind, options)
    circuit = program(kind, given.matrix, program_arguments(kind, options, given.matrix), jobs, keep)
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
    )


def program(kind: str, matrix: Numbers, arguments: dict[str, Any], jobs: int, keep: Path | None) -> Solver:
    """The circuit of a name, with `arguments` as `program_arguments` returns them."""
    return circuit_row(kind).load().program(matrix, jobs=jobs, keep=keep, **arguments)


def program_arguments(kind: str, options: dict[str, Any], matrix: Numbers) -> dict[str, Any]:
    """The arguments of `program` that options as `parse_options` returns them stand for.

    Raises:
        ParameterError: There is no such op-amp or device, or it has no such parameter; or the file of conductances
            cannot be used for this matrix.
    """
    apart = {*PARTS, *OPAMP_OVERRIDES, *DEVICE_OVERRIDES, *(option.name for option in OPAMP_FILE)}
    own = {option.name for option in solver_options(kind)}
    names = {option.name for option in CIRCUIT + SOLVE if kind in (option.circuits or (kind,))} - apart | own
    return {
        "opamp": opamp_of(options),
        "device": _device(options),
        "conductances": _stored(options, matrix),
        "converters": Converters(**{option.name: options[option.name] for option in CONVERTERS}),
        **{name: options[name] for name in (*names, "seed", "trial")},
    }


def _device(options: dict[str, Any]) -> Device:
    """The cells; what is given and would say nothing is refused."""
    given = _given(options, DEVICE_OVERRIDES)
    device = device_preset(options["device"]).replace(**given)
    drifting = device.drift_time > DRIFT_START
    aged = f"a drift_time above {DRIFT_START:g} s, when drift begins"
    for name, other, says in (
        ("programming_error_scale", "programming_error", device.programming_error != 0),
        ("drift_exponent", aged, drifting),
        ("drift_spread", aged, drifting),
        ("drift_time", "drift_exponent or drift_spread", device.drift_exponent != 0 or device.drift_spread != 0),
        ("drift_time", aged, drifting),
    ):
        if given.get(name) and not says:
            raise ParameterError(name, given[name], f"has no effect without {other}; add it, or leave this out")
    return device


def _stored(options: dict[str, Any], matrix: Numbers) -> Conductances | None:
    """What cells were programmed to, from a file; None without one."""
    if options["conductances"] is None:
        return None
    for name in DEVICE_OVERRIDES:
        if options[name] is not None and name != "nonlinearity_voltage":
            raise ParameterError(name, options[name], "the conductances of a file are what they are")
    from amc_circuits.programming.conductances import load_conductances  # few circuits have such a file

    limits = options["g_min"], options["g_max"]
    return load_conductances(Path(options["conductances"]), matrix, limits)


def _given(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: options[name] for name in names if options[name] is not None}


@dataclass(frozen=True)
class Problem:
    """What is to be solved or multiplied.

    Attributes:
        matrix: A, shape (N, M), real or complex.
        vector: b of INV or x of MVM, shape (n,) or (n, K), real or complex.
    """

    matrix: Numbers
    vector: Numbers


def problem(kind: str, options: dict[str, Any]) -> Problem:
    """Matrix and vector from files, or drawn.

    Raises:
        ParameterError: A file cannot be read, their shapes do not match, or options that say what is drawn are missing
            or do not fit.
    """
    generator = np.random.default_rng(options["seed"])
    matrix = the_matrix(kind, options, generator)
    solver = circuit_row(kind).load()
    name, length = solver.takes, solver.length_of(matrix)
    if options["rhs"] is None:
        if options["matrix"] is not None:
            mend = f"give {name}, too, to have your own"
            warnings.warn(f"{name} is drawn: uniform in -1 .. 1, seed {options['seed']}; {mend}", stacklevel=2)
        return Problem(matrix, _drawn_vector(matrix, length, generator))
    vector = load_array(name, Path(options["rhs"]), (1, 2), options["rhs_name"], "rhs_name")
    if len(vector) != length:
        raise ParameterError(name, f"shape {vector.shape}", f"must have {length} rows to match the matrix")
    return Problem(matrix, vector)


def check_files(kind: str, options: dict[str, Any]) -> None:
    """Refuses files of matrix and vector that cannot be read or do not fit; each pair is looked at once.

    Raises:
        ParameterError: As `problem`.
    """
    if options["matrix"] is not None:
        names = ("matrix", "matrix_name", "rhs", "rhs_name")
        _rows(kind, *(options[name] for name in names), *(_stamp(options[name]) for name in ("matrix", "rhs")))


def rows_of_matrix(options: Mapping[str, Any]) -> int:
    """Rows of the matrix that options name a file of; 1 where there is none or it cannot be read."""
    if options.get("matrix") is None:
        return 1
    try:
        return _rows("inv", options["matrix"], options["matrix_name"], None, None, _stamp(options["matrix"]))
    except ParameterError:
        return 1


@lru_cache(maxsize=4096)
def _rows(kind: str, matrix: str, matrix_name: str | None, rhs: str | None, rhs_name: str | None,
                 *_stamps: object) -> int:  # fmt: skip
    """Rows of the matrix in a file, after a look at the right-hand side; read again where a stamp has changed."""
    given = {"matrix": matrix, "matrix_name": matrix_name, "rhs": rhs, "rhs_name": rhs_name, "seed": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return len(problem(kind, given).matrix)


def _stamp(path: str | None) -> tuple[int, int] | None:
    """Time and size of a file; None where it is not there."""
    try:
        found = None if path is None else Path(path).stat()
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size)


def the_matrix(kind: str, options: dict[str, Any], generator: np.random.Generator) -> Numbers:
    """The matrix of a file, or drawn.

    Raises:
        ParameterError: As `problem`.
    """
    if options["matrix"] is not None:
        return load_array("A", Path(options["matrix"]), (2,), options["matrix_name"], "matrix_name")
    size, condition = options["size"], options["condition"]
    if size is None:
        raise ParameterError("size", "nothing", "give a file of A, or a size to draw it")
    largest_condition = 1 / (size * np.finfo(float).eps)
    if circuit_row(kind).square and (condition or 0) >= largest_condition:
        mend = f"makes a matrix that is singular to working precision; must be below {largest_condition:.3g}"
        raise ParameterError("condition", condition, mend)
    return draw_matrix(options["family"], size, options.get("columns") or size, condition, generator)


def _drawn_vector(matrix: Numbers, length: int, generator: np.random.Generator) -> Numbers:
    """Complex for a complex matrix: first the real part is drawn."""
    real = draw_vector(length, generator)
    return real + 1j * draw_vector(length, generator) if np.iscomplexobj(matrix) else real
