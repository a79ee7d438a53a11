"""Schedules of the benchmark: four modes on one array, and the five steps of a block inversion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from amc_circuits import InvCircuit, MvmCircuit, make_schedule
from amc_circuits.solvers.macro.blocks import block_schedule, cut
from amc_circuits.solvers.macro.schedule import Schedule
from amc_circuits.values.matrices import draw_matrix
from netlists.record import FloatArray

IDEAL = {"overlap_mismatch": 0.0}
"""Holds without injected charge."""


def phase(name: str, mode: str, array: str = "a", inputs: Any = None) -> dict[str, Any]:
    """Phase of a schedule as plain data."""
    return {"name": name, "mode": mode, "array": array} | ({} if inputs is None else {"inputs": inputs})


def four_modes(size: int, family: str = "toeplitz") -> Schedule:
    """MVM, INV and GINV of what it holds, EGV; Toeplitz, unsigned, with numbers from 0.1 to 1; spd is signed."""
    words = np.random.default_rng(3).uniform(0.1, 1, size)
    return make_schedule(
        {
            "arrays": [{"name": "a", "family": family, "size": size}],
            "phases": [
                phase("product", "mvm", inputs=words.tolist()),
                phase("solution", "inv", inputs="product"),
                phase("fit", "ginv", inputs="product"),
                phase("vector", "egv"),
            ],
            "switches": IDEAL,
        }
    )


def two_phases(size: int, **switches: float) -> Schedule:
    """A product that is held, and the system that is solved for it; symmetric, condition 10."""
    words = np.random.default_rng(1).uniform(-1, 1, size)
    return make_schedule(
        {
            "arrays": [{"name": "a", "family": "spd", "size": size}],
            "phases": [phase("product", "mvm", inputs=words.tolist()), phase("solution", "inv", inputs="product")],
            "switches": switches,
        }
    )


def problem(size: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Matrix, symmetric with condition 10, and right-hand side."""
    generator = np.random.default_rng(seed)
    return draw_matrix("spd", size, size, 10, generator), generator.uniform(-1, 1, size)


def five_steps(
    matrix: FloatArray, vector: FloatArray, resistance: float, sensing: bool, leak: float, pivoting: Any = "none"
) -> Schedule:
    """Block inversion on one set of op-amps (BlockAMC, arXiv 2401.10042).

    Args:
        matrix: Matrix, shape (N, N) with even N.
        vector: Right-hand side, shape (N,).
        resistance: Resistance of closed switches, ohm.
        sensing: True if drivers of columns sense behind their switches, with a loop gain of 1000.
        leak: Resistance of open switches, ohm.
        pivoting: Order of the rows, `none` or `auto`.
    """
    switches = IDEAL | {"on_resistance": resistance, "off_resistance": leak}
    if sensing:
        switches["driver_resistance"] = resistance / 1000
    return block_schedule(matrix, vector, pivoting=pivoting, switches=switches)


def step_by_step(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """The same five steps by five circuits at rest, one after the other."""
    first, right, left, schur = cut(matrix)
    half = len(matrix) // 2
    solve, last = (InvCircuit.program(one, engine="exact") for one in (first, schur))
    below, above = (MvmCircuit.program(one, engine="exact") for one in (left, right))
    start = solve.steady(vector[:half])
    lower = last.steady(vector[half:] - below.steady(start))
    return np.concatenate([np.asarray(solve.steady(vector[:half] - above.steady(lower))), np.asarray(lower)])


def distance(found: FloatArray, wanted: Sequence[float] | FloatArray) -> float:
    """Relative distance, 2-norm."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
