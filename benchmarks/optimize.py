"""What do gradients find: the least energy at 1 % and 100 ns, wires programmed away; and what do they cost?

Method: an INV of size 16 and condition 10 with op-amps of one technology (cmos-250nm), 50 fF at their inputs and
offsets of 0.1 mV. Free are GBWP, input conductance, inverters' resistance and g_max. The start is the default design
with the least GBWP that keeps 100 ns (`amc size`). The optimum is measured by ngspice. Then an INV of size 64 with
1.73 ohm a segment, without and with cells that make up for the wires. Last, CPU seconds of all derivatives against
those of one solve, medians of 5. Random matrices of seed 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits import InvCircuit
from amc_circuits.engines import ExactEngine
from amc_circuits.results.trials import UNITS
from amc_circuits.studies.optimizing.optimize import Optimization, free_parameter
from amc_circuits.studies.sizing.size import size, target_of
from amc_circuits.studies.sizing.span import Span
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import preset

CONSOLE = Console(width=120)
GIVEN = {"size": 16, "condition": 10, "technology": "cmos-250nm", "offset_spread": "0.1m", "input_capacitance": "50f"}
FREE = {
    "gbwp": (10e6, 750e6),
    "input_conductance": (1e-6, 1e-2),
    "inverter_resistance": (100.0, 1e6),
    "g_max": (10e-6, 1e-3),
}
TARGETS = ("relative_error<1%", "settling_time<100n")
RUNS = 5


def least_energy() -> None:
    """Print the design with the least energy beside the one that only its GBWP makes fast enough."""
    options = tuple(free_parameter("inv", name) for name in FREE)
    spans = tuple(Span(*ends) for ends in FREE.values())
    limits = tuple(map(target_of, TARGETS))
    default = (100e6, 99e-6, 10e3, 100e-6)
    question = Optimization("inv", GIVEN, options, spans, "energy", limits, default)
    sized = size(
        lambda gbwp: question.case((gbwp, *default[1:])).circuit,
        question.case(default).vector,
        TARGETS[1],
        FREE["gbwp"],
    )
    assert sized.value is not None
    found = Optimization("inv", GIVEN, options, spans, "energy", limits, (sized.value, *default[1:])).run()
    assert found.best is not None and found.checked is not None
    table = Table("", "only GBWP", "optimum", "by ngspice", box=box.MARKDOWN)
    for name, unit, first, last in zip(found.names, found.units, found.start.values, found.best.values, strict=True):
        table.add_row(name, format_quantity(first, unit), format_quantity(last, unit), "")
    for name in found.metrics:
        sides = (found.start.metrics, found.best.metrics, found.checked)
        table.add_row(name, *(format_quantity(side[name], UNITS[name]) for side in sides))
    CONSOLE.print(table)
    CONSOLE.print(f"{found.gain:.2f} times less energy, {found.designs} designs\n")


WAYS: dict[str, dict[str, Any]] = {
    "ideal wires": {},
    "wires": {"wire_resistance": 1.73},
    "wires and cells that make up for them": {"wire_resistance": 1.73, "compensate_wires": True},
}
"""Fields of an INV with ideal wires, with wires, and with cells that make up for these."""


def wired() -> Iterator[tuple[InvCircuit, float]]:
    """Return the circuit and its error in each way."""
    matrix, b = problem(64)
    for fields in WAYS.values():
        circuit = InvCircuit.program(matrix, engine=ExactEngine.name, opamp="single-pole", **fields)
        yield circuit, float(circuit.solve(b).relative_error)


def wires_programmed_away() -> None:
    """Print the error of ideal wires, of wires, and of wires that the cells make up for."""
    table = Table("INV of size 64, 1.73 ohm", "relative error", "steps", "scale", box=box.MARKDOWN)
    for name, (circuit, error) in zip(WAYS, wired(), strict=True):
        made_up = circuit.mapping.compensation
        own = ("", "") if made_up is None else (str(made_up.steps), f"{made_up.scale:.3f}")
        table.add_row(name, f"{error:.2e}", *own)
    CONSOLE.print(table)
    CONSOLE.print()


def problem(count: int) -> tuple[Any, Any]:
    """Draw a matrix of condition 10 and a right-hand side."""
    generator = np.random.default_rng(0)
    return draw_matrix("spd", count, count, 10.0, generator), draw_vector(count, generator)


def seconds(work: Callable[[], object]) -> float:
    """Median of the CPU seconds of some runs."""
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return float(np.median(taken))


def costs() -> None:
    """Print CPU times of all derivatives of each metric, and of one solve with its modes."""
    table = Table(
        "N", "op-amp", "wires", "derivatives", "solve", "settling_time", "energy", "relative_error", box=box.MARKDOWN
    )
    for count in (16, 64):
        for opamp, ohms in (("single-pole", 0.0), ("cmos-100meg", 0.0), ("cmos-100meg", 1.0)):
            matrix, b = problem(count)
            fields: dict[str, Any] = {"opamp": preset(opamp), "wire_resistance": ohms}

            def solved(matrix: Any = matrix, b: Any = b, fields: Any = fields) -> Any:
                return InvCircuit.program(matrix, engine=ExactEngine.name, **fields).differentiated(b)

            times = [f"{1e3 * seconds(solved):.1f} ms"]
            for metric in ("settling_time", "energy", "relative_error"):
                if metric == "energy" and opamp == "single-pole":
                    times.append("")
                    continue
                many = [solved() for _ in range(RUNS)]
                times.append(f"{1e3 * seconds(lambda many=many, metric=metric: many.pop().of(metric)):.1f} ms")
            one = solved().of("settling_time")
            elements = sum(part.size for parts in one.derivatives.values() for part in parts.values())
            table.add_row(str(count), opamp, f"{ohms:g} ohm", f"{elements:,}", *times)
    CONSOLE.print(table)


if __name__ == "__main__":
    CONSOLE.print(machine_line())
    least_energy()
    wires_programmed_away()
    costs()
