"""The exact engine against ngspice, flat decks and Cholesky: rows of the table of ratios."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

import numpy as np
from rich.table import Table
from scipy.linalg import cho_factor, cho_solve

from amc_circuits import InvCircuit
from benchmarks.engines.measured import (
    RIGHT_HAND_SIDES,
    WIRE,
    check,
    cpu,
    in_turns,
    problem,
    seconds,
    seconds_of,
    table,
    timed,
)
from benchmarks.interconnect import simulate
from netlists.record import FloatArray

ASKED = {"16": (15, 20), "64, 1 ohm": (70, 90), "128, 1 ohm": (70, 140)}
"""Ratios that were asked for, with and without the eigen-decomposition."""
A_TURN = 3
"""Solves of the exact engine a turn: the first finds the caches full of ngspice."""
LIMITS_ASKED, FLAT_ASKED, READING_ASKED = 5, {32: 16, 64: 50}, 0.15


def inv(rounds: int) -> Iterator[Table]:
    """Against the ngspice engine at its default step."""
    grid = table("16 right-hand sides, cmos-100meg", "N", "program", "modes", "solve", "ngspice", "times", "asked",
                 "without modes", "asked", "differences")  # fmt: skip
    for name, size, wire, count in (("16", 16, 0.0, 16), ("64, 1 ohm", 64, WIRE, 16), ("128, 1 ohm", 128, WIRE, 4)):
        matrix, columns = problem(size, RIGHT_HAND_SIDES)
        ours, theirs = in_turns(
            partial(timed, matrix, columns, A_TURN, engine="exact", wire_resistance=wire),
            partial(timed, matrix, columns[:, :count], 1, wire_resistance=wire),
            rounds,
            {16: rounds, 64: 3, 128: 1}[size],
        )
        solve = theirs.solve * RIGHT_HAND_SIDES / count
        ratio = (theirs.program + theirs.modes + solve) / ours.whole
        without = (theirs.program + solve) / (ours.program + ours.solve)
        asked = [f">= {one}" for one in ASKED[name]]
        times = [seconds(one) for one in (ours.program, ours.modes, ours.solve, solve)]
        differences = check(ours.solution, theirs.solution)
        grid.add_row(name, *times, f"{ratio:.1f}", asked[0], f"{without:.1f}", asked[1], differences)
    yield grid


def limits(rounds: int) -> Iterator[Table]:
    """The same with slewing and clamped op-amps."""
    grid = table("N = 16 beyond the linear range", "input", "right-hand sides", "exact", "ngspice", "times", "asked",
                 "status", "differences")  # fmt: skip
    for volts in (0.3, 0.6, 1.0):
        for count in (1, RIGHT_HAND_SIDES):
            matrix, columns = problem(16, count)
            fields = {"input_voltage": volts, "fixed_scale": True}
            ways = (
                partial(timed, matrix, columns, A_TURN, engine="exact", **fields),
                partial(timed, matrix, columns, 1, **fields),
            )
            ours, theirs = in_turns(*ways, rounds, rounds)
            grid.add_row(f"{volts} V", str(count), seconds(ours.whole), seconds(theirs.whole),
                         f"{theirs.whole / ours.whole:.1f}", f">= {LIMITS_ASKED}", ours.solution.status.name,
                         check(ours.solution, theirs.solution))  # fmt: skip
    yield grid


def flat(rounds: int) -> Iterator[Table]:
    """One right-hand side against flat decks."""
    grid = table("one right-hand side, wires of 1 ohm", "N", "exact, all", "flat deck", "times", "asked")
    for size, asked in FLAT_ASKED.items():
        matrix, columns = problem(size, 1)
        ours = timed(matrix, columns, rounds, engine="exact", wire_resistance=WIRE)
        circuit = InvCircuit.program(matrix, wire_resistance=WIRE)
        begin = cpu()
        simulate(circuit.job(columns), "flat", circuit.settings.tolerance)
        theirs = cpu() - begin
        grid.add_row(str(size), seconds(ours.whole), seconds(theirs), f"{theirs / ours.whole:.1f}", f">= {asked}")
    yield grid


def reading(rounds: int) -> Iterator[Table]:
    """Inversions with settling time and energy of every column."""
    grid = table("inversions, single-pole op-amps", "N", "columns", "program", "modes", "solve", "asked", "Cholesky")
    for size, count in ((27, 27), (65, 65), (129, 64)):
        matrix, _ = problem(size, 1)
        columns = np.eye(size)[:, :count]
        ours = timed(matrix, columns, rounds, engine="exact", opamp="single-pole")
        digital = statistics.median(seconds_of(partial(_cholesky, matrix, columns)) for _ in range(10 * rounds))
        asked = f"<= {seconds(READING_ASKED)}" if size == 129 else "-"
        grid.add_row(str(size), str(count), *(seconds(one) for one in (ours.program, ours.modes, ours.solve)), asked,
                     seconds(digital))  # fmt: skip
    yield grid


def _cholesky(matrix: FloatArray, columns: FloatArray) -> FloatArray:
    return np.asarray(cho_solve(cho_factor(matrix), columns))
