"""A case and its answer as a record for files and programs, and as a printed table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cases.case import Case
from amc_circuits.results.solution import Solution
from amc_circuits.results.tables import BITS, figures_table
from amc_circuits.values.checks import Numbers
from amc_circuits.values.plain import plain
from netlists import Array

ENTRIES = 8
"""Number of entries of the answer that are printed."""


def record(case: Case, solution: Solution) -> dict[str, Any]:
    """Build the object that `--format json` prints; with several right-hand sides, numbers become lists."""
    made, budget = dict(vars(solution.provenance)), case.budget(solution)
    made_up = case.circuit.mapping.compensation
    found = {
        "circuit": case.kind,
        "engine": made.pop("engine"),
        "status": solution.status.name,
        "notes": case.notes(solution),
        "size": size_of(case.circuit.matrix, case.circuit.square),
        "complex": bool(np.iscomplexobj(case.circuit.matrix)),
        "seed": case.seed,
        "trial": case.trial,
        "arrays": len(case.circuit.circuit.of(Array)),
        "lifted_cells": case.circuit.mapping.lifted_cells,
        "lifting_cost": case.circuit.mapping.lifting_cost,
        **({} if made_up is None else {"compensation": asdict(made_up)}),
        vector_name(case): solution.value,
        "settling_time_s": solution.settling_time,
        "predicted_settling_time_s": solution.predicted_settling_time,
        **{f"time_to_{bits}_bits_s": solution.time_to_bits(bits) for bits in BITS},
        "overshoot": solution.overshoot,
        "peak_output_current_a": solution.peak_output_current,
        "energy_j": solution.energy.record,
        "relative_error": solution.relative_error,
        "residual": solution.residual,
        "bits": solution.bits,
        **solution.figures,
        **({} if budget is None else {"budget": budget.figures}),
        **case.noise(solution),
        "by_engine": solution.by_engine,
        "cross_checked": solution.cross_checked,
        "largest_difference": solution.largest_difference,
        "wall_time_s": solution.wall_time,
        "provenance": made,
    }
    return {name: plain(value) for name, value in found.items()}


def full_record(case: Case, solution: Solution) -> dict[str, Any]:
    """Build the record for files, which adds the message of the status and every simulation attempt."""
    attempts = [[dict(vars(attempt)) for attempt in attempts] for attempts in solution.attempts]
    return record(case, solution) | {"message": solution.message, "attempts": plain(attempts)}


def table(case: Case, solution: Solution) -> Table:
    """Build the printed table of metrics."""
    title = f"{case.kind.upper()} {shape_text(case.circuit.matrix)}: {solution.status.name}"
    return figures_table(solution, case.noise(solution), title)


def size_of(matrix: Numbers, square: bool) -> int | list[int]:
    """Size of a matrix in a record: rows if it must be square, otherwise rows and columns."""
    rows, columns = matrix.shape
    return int(rows) if square else [int(rows), int(columns)]


def shape_text(matrix: Numbers) -> str:
    """Rows and columns of a matrix, such as `4 x 4`, followed by `complex` for a complex one."""
    return " x ".join(str(length) for length in matrix.shape) + " complex" * np.iscomplexobj(matrix)


def vector_name(case: Case) -> str:
    """Name of the answer."""
    return case.circuit.gives


def vector_line(case: Case, solution: Solution) -> str:
    """Format the first entries of the answer; with several right-hand sides, those of the first one."""
    values = solution.value if solution.value.ndim == 1 else solution.value[:, 0]
    if not np.isfinite(values).all():
        return f"{vector_name(case)} is not known"
    shown = ", ".join(f"{value:.4g}" for value in values[:ENTRIES].tolist())
    more = f", ... of {len(values)}" if len(values) > ENTRIES else ""
    several = f" (right-hand side 1 of {solution.value.shape[1]})" if solution.value.ndim == 2 else ""
    return f"{vector_name(case)} = {shown}{more}{several}"
