"""Random designs of every registered circuit: the exact engine against ngspice.

A right-hand side that settles in the exact engine must settle in ngspice at the same final values, and its settling
time must lie between those of the exact engine at 1.03 and 0.97 of the tolerance. What differs runs again in shorter
time steps: ngspice's own error shrinks with them, a true difference does not.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from amc_circuits import Device, ParameterError, Solver
from amc_circuits.cases.circuits import OURS
from amc_circuits.engines import ExactEngine, Job, NgspiceEngine
from amc_circuits.engines.contract import NotIntegrableError
from amc_circuits.results.readings import Reading
from netlists import OpAmp, preset

CIRCUITS = (
    ("inv", "paired"),
    ("inv", "compensated"),
    ("mvm", "paired"),
    ("mvm", "compensated"),
    ("ginv", "paired"),
    ("ginv", "compensated"),
    ("cascade", "paired"),
    ("cascade", "compensated"),
    ("egv", "paired"),
    ("egv", "compensated"),
    ("recover", ""),
)
"""Circuits with their topologies; empty for a circuit that has one."""
FINAL = 1e-5
"""Bound on the difference of final values, in units of the largest one."""
GROWTH = 5e-3
"""Bound on the relative difference of the time to a level of a circuit that grows: it has no band."""
ROUNDING = 1e-3
"""Relative error of a settling time that ngspice's steps leave."""
STEPS = (1, 16, 64)
"""Parts of ngspice's usual time step, the next where a design differs."""
MOST_STEPS = 4000
"""Most usual time steps of a design: near its stability limit a circuit rings for very long."""


@dataclass
class Verdict:
    """Differences of the designs of one circuit.

    Attributes:
        statuses: Number of designs that settled in both engines, that are unstable, refused by the circuit or by the
            exact engine, or take too long.
        final: Largest differences of final values, in units of the largest one.
        time: Relative differences of settling times.
        wrong: Designs beyond a bound, a line each.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    final: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def _some(rng: np.random.Generator, share: float, value: Any, otherwise: Any) -> Any:
    return value if rng.random() < share else otherwise


def draw_opamp(rng: np.random.Generator, limited: bool) -> OpAmp:
    """A preset, with limits where a circuit needs some; some with another gain, pole, load, output stage or offset."""
    names = ["cmos-100meg", "cmos-1g", "ad823"] + ([] if limited else ["single-pole"])
    record: Any = preset(str(rng.choice(names)))
    changes: dict[str, float] = {}
    if rng.random() < 0.3:
        changes["open_loop_gain"] = 10 ** rng.uniform(3.5, 6)
    if record.model != "single-pole":
        if rng.random() < 0.3:
            changes["second_pole"] = record.gbwp * rng.uniform(1.5, 5)
        if rng.random() < 0.3:
            changes["input_capacitance"] = float(rng.choice([0, 1e-14, 2e-13]))
        if rng.random() < 0.3:
            changes["output_resistance"] = 10 ** rng.uniform(0.5, 2.5)
        if rng.random() < 0.2:
            changes["input_offset"] = rng.uniform(-2e-3, 2e-3)
    return record.replace(**{name: float(value) for name, value in changes.items()})


def draw_matrix(rng: np.random.Generator, square: bool, symmetric: bool, largest: int) -> np.ndarray:
    """Positive definite with a condition number up to 30, or nearly so, if it is square; Gaussian or positive else."""
    rows, columns = (int(size) for size in rng.integers(2, largest + 1, 2))
    if not square:
        return rng.standard_normal((rows, columns)) if rng.random() < 0.7 else rng.uniform(0.05, 1, (rows, columns))
    basis = np.linalg.qr(rng.standard_normal((rows, rows)))[0]
    matrix = (basis * np.geomspace(1 / rng.uniform(1.5, 30), 1, rows)) @ basis.T
    skew = 0.1 * rng.standard_normal((rows, rows)) / np.sqrt(rows)
    return matrix + (0.0 if symmetric or rng.random() < 0.7 else skew)


def draw(name: str, topology: str, seed: int, largest: int = 8) -> tuple[Solver, np.ndarray | None]:
    """A programmed circuit for the exact engine, and a right-hand side; None for a circuit that takes none.

    Raises:
        ParameterError: The draw makes no sense, such as a matrix that is singular.
    """
    rng, row = np.random.default_rng([seed, *f"{name} {topology}".encode()]), OURS[name]
    options: dict[str, Any] = {
        "seed": seed,
        "opamp": draw_opamp(rng, limited=row.grows),
        "wire_resistance": float(rng.choice([0, 0, 1.0, 5.0])),
        "line_capacitance": float(rng.choice([0, 2e-16, 2e-15])),
        "offset_spread": float(rng.choice([0, 0, 1e-3])),
        "device": Device(programming_error=_some(rng, 0.3, 1e-6, 0.0)),
    }
    if topology:
        options["topology"] = topology
    if row.takes is not None:
        options["input_voltage"] = float(10 ** rng.uniform(-2, -1))
    if name == "ginv":
        options["ridge"] = _some(rng, 0.3, 0.1, 0.0)
    if row.grows:
        options["margin"] = float(rng.uniform(0.02, 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = draw_matrix(rng, row.square, row.grows, largest)
        if name == "cascade" and len(matrix) > matrix.shape[1]:
            matrix = matrix.T
        solver = row.load().program(matrix, engine="exact", **options)
    return solver, None if row.takes is None else rng.uniform(-1, 1, solver.length_of(matrix))


def check(name: str, topology: str, seed: int, verdict: Verdict, largest: int = 8) -> None:
    """Read a drawn design by both engines and enter the differences."""
    try:
        solver, vector = draw(name, topology, seed, largest)
        if not solver.acts:
            verdict.statuses["does not grow" if solver.growing else "unstable"] += 1
            return
        job = solver.job(solver.question(vector).columns)
    except ParameterError:
        verdict.statuses["refused"] += 1
        return
    exact, ngspice, tolerance = ExactEngine(), NgspiceEngine(), solver.settings.tolerance
    state = exact.init(job.circuit)
    try:
        while not (found := exact.read(state, [job], tolerance)[0][0]).steady and not takes_long(job):
            job = longer(job)
    except NotIntegrableError:
        verdict.statuses["refused by exact"] += 1
        return
    if takes_long(job):
        verdict.statuses["takes long"] += 1
        return
    state, wrong = ngspice.init(job.circuit), ""
    for parts in STEPS:
        tried = job if parts == 1 else job.finer(parts, 1.0, 1e-6)
        seen = ngspice.read(state, [tried], tolerance)[0][0]
        final = float(np.abs(seen.final - found.final).max() / np.abs(found.final).max())
        wrong = _wrong(found, seen, final, solver.growing)
        if not wrong:
            break
    verdict.statuses["both settled" if seen.steady else "not settled in ngspice"] += 1
    verdict.final.append(final)
    if found.settling_time > 0:  # else the outputs are in their band from the start
        verdict.time.append(abs(seen.settling_time / found.settling_time - 1))
    if wrong:
        verdict.wrong.append(f"{name} {topology}, seed {seed}: {wrong}")


def longer(job: Job) -> Job:
    """The same job with twice the time for each right-hand side."""
    drive = job.drive.replace(slot_time=2 * job.drive.slot_time)
    return replace(job, drive=drive, analysis=job.analysis.replace(stop_time=drive.stop_time))


def takes_long(job: Job) -> bool:
    """Whether a job has more steps than a design is worth."""
    return job.analysis.stop_time > MOST_STEPS * job.analysis.max_step


def _wrong(found: Reading, seen: Reading, final: float, growing: bool) -> str:
    """Describe what differs beyond the bounds; empty if nothing does."""
    if not seen.steady:
        return "ngspice does not settle"
    if not final <= FINAL:
        return f"final values differ by {final:.2g} of the largest one"
    early, late = found.settling_range
    if growing:
        early, late = early * (1 - GROWTH), late * (1 + GROWTH)
    if not early * (1 - ROUNDING) - 1e-13 <= seen.settling_time <= late * (1 + ROUNDING) + 1e-13:
        return f"settled in {seen.settling_time:.6g} s in ngspice, in {early:.6g} to {late:.6g} s in the exact engine"
    return ""
