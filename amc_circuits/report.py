"""A solution as a record for files and machines, and as a table for people."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cases import Case
from amc_circuits.quantities import format_quantity
from amc_circuits.solution import Solution


def plain(value: Any) -> Any:
    """Numbers and arrays as JSON takes them: nan and infinity become null."""
    if isinstance(value, np.ndarray):
        return [plain(entry) for entry in value.tolist()]
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def record(case: Case, solution: Solution) -> dict[str, Any]:
    """The object that `--format json` prints; with several right-hand sides, lists in the place of numbers."""
    energy = solution.energy
    return {
        "circuit": case.kind,
        "engine": solution.provenance.engine,
        "status": solution.status.name,
        "message": solution.message,
        "size": list(case.circuit.matrix.shape) if case.kind == "mvm" else case.circuit.matrix.shape[0],
        "seed": case.seed,
        ("x" if case.kind == "inv" else "y"): plain(solution.value),
        "settling_time_s": plain(solution.settling_time),
        "predicted_settling_time_s": plain(solution.predicted_settling_time),
        "overshoot": plain(solution.overshoot),
        "peak_output_current_a": plain(solution.peak_output_current),
        "energy_j": {
            "total": plain(energy.total),
            "amplifiers": plain(energy.amplifiers),
            "array": plain(energy.array),
            "inputs": plain(energy.inputs),
        },
        "relative_error": plain(solution.relative_error),
        "residual": plain(solution.residual),
        "bits": plain(solution.bits),
        "attempts": [[asdict(attempt) for attempt in attempts] for attempts in solution.attempts],
        "wall_time_s": solution.wall_time,
        "provenance": asdict(solution.provenance),
    }


def table(case: Case, solution: Solution) -> Table:
    """The figures for people; of several right-hand sides the mean and the largest."""
    energy = solution.energy
    rows = [
        ("settling time", solution.settling_time, "s"),
        ("predicted settling time", solution.predicted_settling_time, "s"),
        ("overshoot", solution.overshoot, ""),
        ("peak output current", solution.peak_output_current, "A"),
        ("energy", energy.total, "J"),
        ("  amplifiers", energy.amplifiers, "J"),
        ("  array", energy.array, "J"),
        ("  inputs", energy.inputs, "J"),
        ("relative error", solution.relative_error, ""),
        ("residual", solution.residual, ""),
        ("bits", solution.bits, ""),
    ]
    shape = " x ".join(str(length) for length in case.circuit.matrix.shape)
    several = np.ndim(solution.settling_time) > 0
    grid = Table(title=f"{case.kind.upper()} {shape}: {solution.status.name}", title_justify="left")
    grid.add_column("figure")
    for heading in ("mean", "largest") if several else ("value",):
        grid.add_column(heading, justify="right")
    for name, value, unit in rows:
        grid.add_row(name, *_cells(value, unit, several))
    made = solution.provenance
    simulator = (
        f"ngspice {made.ngspice_version}{' with KLU' if made.klu else ''}" if made.ngspice_version else "not simulated"
    )
    grid.caption = f"{simulator}, {solution.wall_time:.2f} s"
    grid.caption_justify = "left"
    return grid


def _cells(value: Any, unit: str, several: bool) -> list[str]:
    if not several or value is None or np.ndim(value) == 0:
        return [format_quantity(value, unit), ""] if several else [format_quantity(value, unit)]
    finite = value[np.isfinite(value)]
    if finite.size == 0:
        return ["-", "-"]
    return [format_quantity(finite.mean(), unit), format_quantity(finite.max(), unit)]
