"""Rows of the paired against the compensated topology of INV, by size."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from amc_circuits import InvCircuit
from amc_circuits.results.cost import ComponentAreas, total_area
from amc_circuits.values.matrices import draw_matrix, draw_vector
from benchmarks.family.rows import Row

MATRICES, PROCESSES = 50, 2
CONDITION = 30.0
WANTED = {8: (1.35, 0.2), 16: (1.5, 0.2), 32: (1.65, 0.15), 64: (1.75, 0.15)}
"""Ratio of the settling times, and what a family of matrices may differ from it."""
WIRES = 1.73
"""Resistance of a segment, ohm."""
WIRED = (0.9, 1.4)
"""Bounds on the ratio of the errors with wires: those of compensating cells cost about what inverters do."""
OP_AMPS = (100e-12, 400e-12, 2000e-12)
"""Areas of an op-amp, m2: no source is known."""


def ratios(size: int, seed: int) -> tuple[float, ...]:
    """Ratios paired/compensated of time, energy, error without and with wires, and area by the op-amp's.

    The last one is that of the compensated error with wires over the same with cells that make up for them.
    """
    generator = np.random.default_rng(seed)
    matrix, b = draw_matrix("spd", size, size, CONDITION, generator), draw_vector(size, generator)
    with threadpool_limits(1):
        both = [InvCircuit.program(matrix, topology=one, engine="exact") for one in ("paired", "compensated")]
        wired = [
            InvCircuit.program(matrix, topology=one, engine="exact", wire_resistance=WIRES, compensate_wires=made_up)
            for one, made_up in (("paired", False), ("compensated", False), ("compensated", True))
        ]
        solved, along = [one.solve(b) for one in both], [one.steady(b) for one in wired]
    exact = np.linalg.solve(matrix, b)
    errors = [float(np.linalg.norm(one - exact)) for one in along]
    return (
        *(one / other for one, other in zip(*((found.settling_time, found.energy.total, found.relative_error)
                                              for found in solved), strict=True)),
        errors[0] / errors[1],
        *(_area(both, op_amp) for op_amp in OP_AMPS),
        errors[1] / errors[2],
    )  # fmt: skip


def _area(both: list[InvCircuit], op_amp: float) -> float:
    table = ComponentAreas(op_amp=op_amp)
    paired, compensated = (total_area(one.circuit, table=table) for one in both)
    return paired / compensated


def topologies() -> Iterator[Row]:
    """Medians of the ratios by size."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        waiting = {size: [pool.submit(ratios, size, seed) for seed in range(MATRICES)] for size in WANTED}
        for size, futures in waiting.items():
            found = np.array([future.result() for future in futures])
            time, energy, error, wired, *areas, made_up = np.median(found, axis=0)
            wanted, part = WANTED[size]
            yield _row(size, "time", time, wanted - part, wanted + part)
            yield _row(size, "energy over time", float(np.median(found[:, 1] / found[:, 0])), 1.8, 2.2)
            yield _row(size, "energy", energy, 2 * wanted - 0.7, 2 * wanted + 0.7)
            yield _row(size, "error", error, 1.0, 2.0)
            yield _row(size, f"error, wires of {WIRES:g} ohm", wired, *WIRED)
            for op_amp, area in zip(OP_AMPS, areas, strict=True):
                yield _row(size, f"area, {op_amp * 1e12:.0f} um2 an op-amp", area, 1.0, 2.6)
            law = f"compensated, N = {size}, error with wires / with cells that make up for them"
            yield Row("INV", law, "exact", f"{made_up:.1f}", ">= 3", bool(made_up >= 3))


def _row(size: int, what: str, seen: float, low: float, high: float) -> Row:
    law = f"paired / compensated, N = {size}, {what}"
    return Row("INV", law, "exact", f"{seen:.3f}", f"{low:.2f} to {high:.2f}", bool(low <= seen <= high))


ROWS = (topologies,)
"""Functions that yield the rows."""
