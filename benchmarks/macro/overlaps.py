"""Which difference would overlap capacitors on every switch of the macro make, and do both engines run with them?

Method: each end of every switch gets the capacitor of the default mismatch, 0.36 fF, whose control moves by a volt;
holds are ideal. Runs by ngspice with Sparse and with KLU, and by the exact engine.

Printed: the largest change of what the phases read, of full scale, or the end of the run: `python -m
benchmarks.macro.overlaps`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from amc_circuits.engines import NgspiceEngine, SimulationError, read_phases, simulate_phases
from amc_circuits.results.readings import Reading
from amc_circuits.solvers.macro.plan import Plan, plan
from amc_circuits.solvers.macro.run import STEPS
from benchmarks.machine import machine_line
from benchmarks.macro.schedules import IDEAL, four_modes, two_phases
from netlists import Circuit, ParameterError, Switches
from netlists.circuits.macro.records import MacroSwitches
from netlists.record import FloatArray

TIMEOUT = 10.0
"""Time after which a run is given up, s; those that end take less than a second."""
SCHEDULES = {
    "four modes, N = 4": four_modes(4),
    "two phases, N = 8, signed": two_phases(8, **IDEAL),
    "two phases, N = 16, signed": two_phases(16, **IDEAL),
}


def main() -> None:
    """Print the table."""
    table = Table("schedule", "Sparse", "KLU", "exact")
    for name, schedule in SCHEDULES.items():
        planned = plan(schedule, Path())
        plain, whole = _simulated(planned, planned.circuit, "sparse"), with_overlaps(planned.circuit)
        sparse = _simulated(planned, whole, "sparse")
        klu, exact = partial(_simulated, planned, whole, "klu"), partial(_solved, planned, whole)
        runs = (klu, exact)
        table.add_row(name, _largest(sparse, plain), *(_change(one, plain) for one in runs))
    Console(width=150).print(machine_line(), table, sep="\n")


def with_overlaps(circuit: Circuit) -> Circuit:
    """Return the circuit with a capacitor of the default charge at both ends of every switch."""
    farads = MacroSwitches().charge
    return circuit.with_parts(*(replace(part, overlap_capacitance=farads) for part in circuit.of(Switches)))


def _simulated(planned: Plan, circuit: Circuit, solver: str) -> list[FloatArray]:
    step = min(planned.phase(one.schedule.name).duration or 0.0 for one in planned.phases) / STEPS
    with tempfile.TemporaryDirectory() as folder:
        engine = NgspiceEngine(solver=solver, timeout=TIMEOUT, keep=Path(folder))  # type: ignore[arg-type]
        tolerance, rise = planned.schedule.tolerance, planned.schedule.rise_time
        found = simulate_phases(circuit, planned.levels, tolerance, step, rise, engine)
    return _read(planned, circuit, found)


def _solved(planned: Plan, circuit: Circuit) -> list[FloatArray]:
    schedule = planned.schedule
    found = read_phases(circuit, planned.levels, schedule.tolerance, rise_time=schedule.rise_time)
    return _read(planned, circuit, found)


def _read(planned: Plan, circuit: Circuit, found: list[Reading]) -> list[FloatArray]:
    names = {one.schedule.name for one in planned.phases}
    return [reading.final for phase, reading in zip(circuit.phases, found, strict=True) if phase.name in names]


def _change(run: Callable[[], list[FloatArray]], before: list[FloatArray]) -> str:
    """Change that a run makes, or the reason for none."""
    try:
        return _largest(run(), before)
    except SimulationError:
        return "no end: steps too small"
    except ParameterError:
        return "poles too far apart"


def _largest(after: list[FloatArray], before: list[FloatArray]) -> str:
    """Largest change, of the largest voltage."""
    scale = max(float(np.abs(one).max()) for one in before)
    return f"{max(float(np.abs(a - b).max()) for a, b in zip(after, before, strict=True)) / scale:.1e}"


if __name__ == "__main__":
    main()
