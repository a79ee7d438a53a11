"""One case: a matrix, a right-hand side, and the circuit that takes them, from options as users give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.array_files import load_array
from amc_circuits.conductances import load_conductances
from amc_circuits.converters import Converters
from amc_circuits.devices import Device, device_preset
from amc_circuits.inv import InvCircuit
from amc_circuits.mapping import Mapping
from amc_circuits.matrices import draw_matrix, draw_vector
from amc_circuits.mvm import MvmCircuit
from amc_circuits.noise import noise, relative_noise
from amc_circuits.opamp_files import opamp_of
from amc_circuits.option import Circuit
from amc_circuits.options import CIRCUIT, CONVERTERS, DEVICE_OVERRIDES, OPAMP_FILE, OPAMP_OVERRIDES, SOLVE
from amc_circuits.solution import Solution
from netlists import ParameterError
from netlists.record import FloatArray

PARTS = ("opamp", "device", "conductances", "noise", "noise_bandwidth")
"""Options that are not arguments of `program` as they stand."""


@dataclass(frozen=True)
class Case:
    """A programmed circuit and what goes into it.

    Attributes:
        kind: `inv` or `mvm`.
        circuit: The programmed circuit.
        vector: b of INV or x of MVM, shape (n,) or (n, K).
        seed: Of all that is drawn: the problem, where it is no file, and what chance does to the parts.
        trial: Which circuit of this seed.
        with_noise: True when the noise of its outputs is wanted, too.
        noise_bandwidth: Of the read-out, Hz; None is the op-amp's GBWP.
    """

    kind: Circuit
    circuit: InvCircuit | MvmCircuit
    vector: FloatArray
    seed: int = 0
    trial: int = 0
    with_noise: bool = False
    noise_bandwidth: float | None = None

    def run(self) -> Solution:
        """Solves or multiplies."""
        return (
            self.circuit.solve(self.vector)
            if isinstance(self.circuit, InvCircuit)
            else self.circuit.matvec(self.vector)
        )

    def noise(self, solution: Solution) -> dict[str, Any]:
        """Noise of the outputs behind the read-out, as a record has it; nothing where it is not wanted or grows."""
        return noise_figures(self.circuit, solution, self.noise_bandwidth) if self.with_noise else {}


def noise_figures(circuit: InvCircuit | MvmCircuit, solution: Solution, bandwidth: float | None) -> dict[str, Any]:
    """Noise of a circuit's outputs behind the read-out, as a record has it; nothing where it grows.

    Raises:
        ParameterError: The bandwidth is unusable.
    """
    if not circuit.stability.stable:
        return {}
    try:
        found = noise(circuit.design, bandwidth)
    except ParameterError as error:
        name = "noise_bandwidth" if error.parameter == "bandwidth" else error.parameter
        raise ParameterError(name, error.value, error.mend) from None
    return {
        "output_noise_v": float(found.sigma.max()),
        "noise_bandwidth_hz": found.bandwidth,
        "relative_noise": relative_noise(circuit, solution, bandwidth),
    }


def make_case(
    kind: Circuit, options: dict[str, Any], files: tuple[Path | None, Path | None], jobs: int, keep: Path | None
) -> Case:
    """Loads or draws the problem and programs the circuit.

    Args:
        kind: `inv` or `mvm`.
        options: As `parse_options` returns them.
        files: Matrix and vector; both None to draw them.
        jobs: Simulations at the same time.
        keep: Folder for failed runs.

    Raises:
        ParameterError: Something cannot be used.
    """
    given = problem(kind, options, files)
    circuit = program(kind, given.matrix, program_arguments(kind, options, given.matrix), jobs, keep)
    noise = options["noise"], options["noise_bandwidth"]
    return Case(kind, circuit, given.vector, options["seed"], options["trial"], *noise)


def program(
    kind: Circuit, matrix: FloatArray, arguments: dict[str, Any], jobs: int, keep: Path | None
) -> InvCircuit | MvmCircuit:
    """A circuit of either kind, with `arguments` as `program_arguments` returns them."""
    circuit = InvCircuit if kind == "inv" else MvmCircuit
    return circuit.program(matrix, jobs=jobs, keep=keep, **arguments)


def program_arguments(kind: Circuit, options: dict[str, Any], matrix: FloatArray) -> dict[str, Any]:
    """The arguments of `program` that options as `parse_options` returns them stand for.

    Raises:
        ParameterError: There is no such op-amp or device, or it has no such parameter; or the file of conductances
            cannot be used for this matrix.
    """
    apart = {*PARTS, *OPAMP_OVERRIDES, *OPAMP_FILE, *DEVICE_OVERRIDES}
    names = {option.name for option in CIRCUIT + SOLVE if kind in option.circuits} - apart
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
    for name, other, says in (
        ("programming_error_scale", "programming_error", device.programming_error != 0),
        ("drift_exponent", "drift_time", device.drift_time > 0),
        ("drift_spread", "drift_time", device.drift_time > 0),
    ):
        if name in given and not says:
            raise ParameterError(name, given[name], f"says nothing without {other}; give it, too")
    return device


def _stored(options: dict[str, Any], matrix: FloatArray) -> Mapping | None:
    """What cells were programmed to, from a file; None without one."""
    if options["conductances"] is None:
        return None
    for name in ("g_min", "g_max", *DEVICE_OVERRIDES):
        if options[name] is not None and name != "nonlinearity_voltage":
            raise ParameterError(name, options[name], "the conductances of a file are what they are")
    return load_conductances(Path(options["conductances"]), matrix)


def _given(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: options[name] for name in names if options[name] is not None}


@dataclass(frozen=True)
class Problem:
    """What is to be solved or multiplied.

    Attributes:
        matrix: A, shape (N, M).
        vector: b of INV or x of MVM, shape (n,) or (n, K).
    """

    matrix: FloatArray
    vector: FloatArray


def problem(kind: Circuit, options: dict[str, Any], files: tuple[Path | None, Path | None]) -> Problem:
    """Matrix and vector from files, or drawn.

    Raises:
        ParameterError: A file cannot be read, or options that say what is drawn are missing or do not fit.
    """
    names = ("A", "b" if kind == "inv" else "x")
    if files[0] is not None and files[1] is not None:
        return Problem(load_array(names[0], files[0], (2,)), load_array(names[1], files[1], (1, 2)))
    if files[0] is not None:
        raise ParameterError(names[1], "nothing", f"give both files, {names[0]}.npy and {names[1]}.npy")
    size, seed = options["size"], options["seed"]
    if size is None:
        raise ParameterError("size", "nothing", f"give {names[0]}.npy and {names[1]}.npy, or --size N to draw them")
    largest_condition = 1 / (size * np.finfo(float).eps)
    if kind == "inv" and (options["condition"] or 0) >= largest_condition:
        mend = f"makes a matrix that is singular to working precision; must be below {largest_condition:.3g}"
        raise ParameterError("condition", options["condition"], mend)
    generator = np.random.default_rng(seed)
    columns = options.get("columns") or size
    matrix = draw_matrix(options["kind"], size, columns, options["condition"], generator)
    return Problem(matrix, draw_vector(columns, generator))
