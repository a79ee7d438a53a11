"""How good is line capacitance at the terminals of a reduced array, and where is the flat mesh needed?

Method: INV with symmetric positive definite matrices (condition 10, both arrays) and with all-positive ones (one
array), single-pole op-amps. From the middle point (N = 16, 1.73 ohm and 0.19 fF a cell, GBWP 1 GHz) size, resistance,
capacitance and GBWP are varied one at a time. ngspice simulates every system from the same step four times: as the flat
mesh with the capacitance at each of its nodes, reduced to the terminals with the capacitance reduced with the mesh,
with the capacitance lumped at the terminals, and without capacitance. The flat mesh is the reference.

Printed, one row a point, medians over the seeds: the largest difference of any output at any time, of full scale, for
each of the three; the lumped one as a part of `x = w_T N^2 r c`; seconds of the flat and the reduced simulation.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from amc_circuits import InvCircuit
from amc_circuits.engines import Job, NgspiceEngine
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import InvDesign, SinglePoleOpAmp, StepTrain, Transient
from netlists.record import FloatArray

KINDS = ("signed", "positive")
MIDDLE: dict[str, float] = {"size": 16, "resistance": 1.73, "capacitance": 0.19e-15, "gbwp": 1e9}
AXES: dict[str, tuple[float, ...]] = {
    "size": (8, 16, 32),
    "resistance": (1.73, 5, 17.3),
    "capacitance": (0.19e-15, 0.6e-15, 2e-15, 10e-15),
    "gbwp": (100e6, 300e6, 1e9),
}
UNITS = {"size": "", "resistance": "ohm", "capacitance": "F", "gbwp": "Hz"}
FORMS: dict[str, dict[str, str | float]] = {
    "flat": {"form": "flat"},
    "reduced": {},
    "lumped": {"line_model": "lumped"},
    "without": {"line_capacitance": 0.0},
}
INPUT_VOLTAGE, CONDITION, INVERTER_RESISTANCE = 0.1, 10.0, 1e3
SLOT, STEP = 60.0, 1 / 8
"""Length of a simulation, in units of 1/w_T: outputs come within a few percent of rest, and waveforms are resolved."""


@dataclass(frozen=True)
class Point:
    """One type of system.

    Attributes:
        kind: `signed` or `positive`.
        size: N.
        resistance: Resistance of a wire segment, ohm.
        capacitance: Capacitance of a line per cell, F.
        gbwp: Gain-bandwidth product, Hz.
    """

    kind: str
    size: float
    resistance: float
    capacitance: float
    gbwp: float

    @property
    def product(self) -> float:
        """The x of the table, w_T N^2 r c."""
        return 2 * np.pi * self.gbwp * self.size**2 * self.resistance * self.capacitance


@dataclass(frozen=True)
class Measured:
    """Largest differences from the flat mesh, of full scale, and seconds."""

    reduced: float
    lumped: float
    without: float
    flat_seconds: float
    reduced_seconds: float


def points(large: bool) -> list[Point]:
    """The middle point and those beside it, each once; on request N = 64, too, with little and much capacitance."""
    beside = [{axis: value} for axis, values in AXES.items() for value in values]
    if large:
        beside += [{"size": 64}, {"size": 64, "capacitance": 2e-15}]
    return list(dict.fromkeys(Point(kind, **(MIDDLE | changes)) for changes in beside for kind in KINDS))


def draw(point: Point, seed: int) -> tuple[InvDesign, FloatArray]:
    """One system and its input voltages."""
    size, generator = int(point.size), np.random.default_rng(seed)
    matrix = draw_matrix("spd", size, size, CONDITION, generator)
    if point.kind == "positive":
        matrix = np.abs(matrix) + np.diag(np.abs(matrix).sum(axis=1))
    circuit = InvCircuit.program(
        matrix,
        opamp=SinglePoleOpAmp(gbwp=point.gbwp),
        inverter_resistance=INVERTER_RESISTANCE,
        wire_resistance=point.resistance,
        line_capacitance=point.capacitance,
        pair="never" if point.kind == "positive" else "auto",
    )
    b = draw_vector(size, generator)
    return circuit.design, INPUT_VOLTAGE * b / np.abs(b).max()


def simulate(design: InvDesign, levels: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Times, outputs, and seconds; the reduction of the array included."""
    w = design.opamp.unity_gain_frequency
    drive = StepTrain(levels=levels[:, None], slot_time=SLOT / w)
    saved = tuple(f"v({name})" for name in design.circuit.nodes("c"))
    analysis = Transient(stop_time=drive.stop_time, max_step=STEP / w, reltol=1e-6, saved=saved)
    began = time.perf_counter()
    engine = NgspiceEngine(timeout=3600)
    waves = engine.run(engine.init(design.circuit), [Job(design.circuit, drive, analysis)])[0]
    return waves.time, waves.voltages(design.circuit.nodes("c")), time.perf_counter() - began


def measure(point: Point, seed: int) -> Measured:
    """One system in all four forms."""
    design, levels = draw(point, seed)
    found = {
        name: simulate(design.replace(interconnect=design.interconnect.replace(**changes)), levels)
        for name, changes in FORMS.items()
    }
    at, flat, flat_seconds = found["flat"]
    errors = {}
    for name in ("reduced", "lumped", "without"):
        times, outputs, _ = found[name]
        there = np.stack([np.interp(at, times, column) for column in outputs.T], axis=1)
        errors[name] = float(np.abs(there - flat).max() / np.abs(flat).max())
    return Measured(**errors, flat_seconds=flat_seconds, reduced_seconds=found["reduced"][2])


def run(wanted: Sequence[Point], seeds: int) -> Iterator[tuple[Point, Measured]]:
    """Medians over the seeds, point by point; one simulation at a time, for the seconds' sake."""
    console = Console(stderr=True)
    for point in track(wanted, "line capacitance", console=console, disable=not console.is_terminal):
        found = [measure(point, seed) for seed in range(seeds)]
        yield point, Measured(**{name: float(np.median([getattr(m, name) for m in found])) for name in vars(found[0])})


def table(rows: Sequence[tuple[Point, Measured]]) -> Table:
    """All points."""
    grid = Table(box=box.MARKDOWN)
    headings = (
        "arrays",
        "N",
        "r",
        "c",
        "GBWP",
        "x",
        "left out",
        "lumped",
        "/ x",
        "reduced",
        "flat takes",
        "reduced takes",
    )
    for heading in headings:
        grid.add_column(heading, justify="left" if heading == "arrays" else "right", no_wrap=True)
    for point, found in rows:
        grid.add_row(
            point.kind,
            *(format_quantity(getattr(point, axis), UNITS[axis]) for axis in AXES),
            f"{point.product:.1e}",
            *(f"{found.without:.1e}", f"{found.lumped:.1e}", f"{found.lumped / point.product:.2f}"),
            *(f"{found.reduced:.1e}", f"{found.flat_seconds:.2f} s", f"{found.reduced_seconds:.2f} s"),
        )
    return grid


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Systems at every point")] = 3,
    large: Annotated[bool, typer.Option("--large", help="N = 64, too: a quarter of an hour more")] = False,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Line capacitance of reduced arrays against the flat mesh."""
    rows = list(run(points(large), seeds))
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    console.print(
        f"INV, single-pole op-amps, 100 ps edge, medians of {seeds} seeds; differences from the mesh, of full scale;"
        " x = w_T N^2 r c\n"
    )
    console.print(table(rows))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
