"""Where do the filament cells switch, what does the gate voltage set, and what is the cost of programming an array?

Method: 1T1R decks in ngspice (`netlists/rram/one_transistor_cell.py`). Loops: slow triangles on the bit line (SET) and
the source line (RESET) at several ramp times. SET is reported at half the gap, as voltage across the cell, RESET as the
source line voltages between which 5 % and 95 % of the gap return. Pulses: one SET from the largest gap, also at several
temperatures, one RESET from 300 uS. Convergence: trains of six random pulses. Write-verify: 64 x 64 targets, uniform
from 1 to 100 uS, by the calibrated table (calibration included in the first row's seconds), ideal and with spreads that
are a choice here; sixteen targets pulse by pulse in ngspice for comparison.

Printed as tables. `--plot` draws loops of both parameter sets (docs/images/rram-iv.png).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.engines.ngspice.runner import SimulationError, run_deck
from amc_circuits.pictures.style import STYLE, curve_style, legend_beside, save_figure
from amc_circuits.programming.cells import CellArray, Variability
from amc_circuits.programming.pulse_model import CircuitPulses, calibrate
from amc_circuits.programming.write_verify import CellStatus, WriteVerify, Written, write_verify
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists.rram.filament import FILAMENTS, WORKING
from netlists.rram.one_transistor_cell import AccessTransistor, OneTransistorCell, Pulse, loop_deck, pulse_deck

CELL = OneTransistorCell()
WIDE = AccessTransistor(width=20e-6)
"""For the published set, whose currents are larger; chosen here."""
RAMPS = (1e-6, 1e-5, 1e-4, 1e-3)
GATES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4)
KELVINS = (250.0, 300.15, 350.0, 400.0)
RESETS = (1.07, 1.10, 1.13, 1.16, 1.19, 1.22, 1.25, 1.28)
SPREADS = Variability(cell_spread=0.02, cycle_spread=0.05, read_noise=0.002, stuck_on=0.002, stuck_off=0.002)


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in headings:
        grid.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    Console(width=170).print(grid)


def loop(name: str, gate: float, ramp_time: float) -> dict[str, Any]:
    """One I-V loop from the largest gap: voltage across the cell, current, gap, and the point of switching."""
    cell = CELL if name == "working" else OneTransistorCell(filament=FILAMENTS[name], transistor=WIDE)
    plot = run_deck(loop_deck(cell, cell.filament.gap_max, 1.8, 1.8, gate, ramp_time))[0]
    clock, gap = plot["time"], plot["v(xcell1.gap)"]
    across, source = plot["v(b1)"] - plot["v(m1)"], plot["v(s1)"]
    setting, resetting = clock < 1.001 * ramp_time, clock > 2.002 * ramp_time
    low, high = float(gap[~resetting][-1]), float(gap.max())
    begun = int(np.argmax(gap[setting] < (low + high) / 2))
    levels = [low + part * (gap[-1] - low) for part in (0.05, 0.95)]
    return {
        "across": across,
        "current": -plot["i(vb1)"],
        "set": float(across[: begun + 1].max()),
        "written": float(cell.filament.conductance(low * 1e-9)),
        "reset": [float(source[resetting][np.argmax(gap[resetting] > level)]) for level in levels],
    }


def loops() -> None:
    """Switching voltages of both sets."""
    rows = []
    for name in FILAMENTS:
        for ramp_time in RAMPS:
            found = loop(name, 1.0, ramp_time)
            begins, ends = found["reset"]
            figures = (f"{found['set']:.2f} V", format_quantity(found["written"], "S"), f"{begins:.2f} to {ends:.2f} V")
            rows.append((name, format_quantity(ramp_time, "s"), *figures))
    table("I-V loops, gate 1.0 V", ("set", "ramp", "SET at", "then", "RESET"), rows)


def warm(kelvin: float) -> Any:
    """Conductances after a SET of every gate voltage at an ambient temperature, S."""
    cell = CELL.replace(filament=WORKING.replace(temperature=kelvin))
    return after([cell.set_pulse(gate) for gate in GATES], WORKING.gap_max, cell)[0]


def after(pulses: Sequence[Pulse], gap: float, cell: OneTransistorCell = CELL) -> Any:
    """Conductances after one pulse each, S, and their largest currents, A."""
    deck, _ = pulse_deck(cell, [gap] * len(pulses), [[pulse] for pulse in pulses], reads=False)
    plot = run_deck(deck)[0]
    gaps = np.array([plot[f"v(xcell{k}.gap)"][-1] for k in range(1, len(pulses) + 1)])
    current = np.array([np.abs(plot[f"i(vb{k})"]).max() for k in range(1, len(pulses) + 1)])
    return WORKING.conductance(gaps * 1e-9), current


def pulses() -> None:
    """Effect of one pulse."""
    rows = []
    found = [after([CELL.set_pulse(g).replace(width=w) for g in GATES], WORKING.gap_max) for w in (100e-9, 1e-6)]
    for k, gate in enumerate(GATES):
        figures = [format_quantity(conductance[k], "S") for conductance, _ in found]
        rows.append((f"{gate:.1f} V", *figures, format_quantity(found[0][1][k], "A")))
    table("SET from the largest gap, 1.5 V", ("gate", "100 ns", "1 us", "largest current"), rows)
    rows = [[f"{kelvin:.0f} K", *(format_quantity(g, "S") for g in warm(kelvin))] for kelvin in KELVINS]
    table("the same, 100 ns", ("ambient", *(f"{gate:.1f} V" for gate in GATES)), rows)
    start = float(WORKING.gap_of(300e-6))
    found = [after([CELL.reset_pulse(v).replace(width=w) for v in RESETS], start) for w in (100e-9, 300e-9)]
    rows = [
        (f"{level:.2f} V", *(format_quantity(conductance[k], "S") for conductance, _ in found))
        for k, level in enumerate(RESETS)
    ]
    table("RESET from 300 uS, gate 3.3 V", ("source line", "100 ns", "300 ns"), rows)


def converging(trains: int) -> None:
    """How many random pulse trains and slow loops ngspice runs to their end."""
    generator, failed = np.random.default_rng(0), 0
    for number in range(trains):
        cell = OneTransistorCell(filament=list(FILAMENTS.values())[number % 2])
        train = []
        for _ in range(6):
            line = {("bit_line", "source_line")[generator.integers(2)]: generator.uniform(0, 2.2)}
            train.append(Pulse(gate=generator.uniform(0, 3.3), width=10 ** generator.uniform(-8.5, -6), **line))
        try:
            run_deck(pulse_deck(cell, [generator.uniform(0.2e-9, 1.7e-9)], [train])[0])
        except SimulationError:
            failed += 1
    print(f"{trains} random pulse trains, {failed} failed\n")


def written(model: Any, target: Any, tolerance: float, variability: Variability) -> tuple[Written, float]:
    """Write an array; and the seconds that it took."""
    began = time.perf_counter()
    cells = CellArray.erased(model, target.size, np.random.default_rng(0), variability)
    return write_verify(cells, target, WriteVerify(tolerance=tolerance)), time.perf_counter() - began


def arrays() -> None:
    """Cost of programming."""
    target = np.random.default_rng(1).uniform(1e-6, 100e-6, (64, 64))
    began = time.perf_counter()
    model = calibrate(CELL, 1.6 * (1 + 4 * SPREADS.cell_spread))
    made = time.perf_counter() - began
    rows = []
    for tolerance, variability in ((2e-6, None), (1e-6, None), (0.5e-6, None), (1e-6, SPREADS)):
        found, seconds = written(model, target, tolerance, variability or Variability())
        rows.append(_row(f"table, {'spreads' if variability else 'ideal'}", tolerance, found, seconds + made))
        made = 0.0
    few = target.ravel()[:16]
    for name, one in (("16 cells, ngspice", CircuitPulses(CELL)), ("16 cells, table", model)):
        rows.append(_row(name, 1e-6, *written(one, few, 1e-6, Variability())))
    headings = ("cells", "tolerance", "programmed", "stuck", "gave up", "SET", "RESET", "most pulses", "time", "energy")
    table("write-verify, means of a cell", (*headings, "mean", "sigma", "largest", "seconds"), rows)


def _row(name: str, tolerance: float, found: Written, seconds: float) -> tuple[str, ...]:
    error = found.error[found.programmed]
    stuck = found.count(CellStatus.STUCK_ON) + found.count(CellStatus.STUCK_OFF)
    return (
        name,
        format_quantity(tolerance, "S"),
        f"{found.count(CellStatus.PROGRAMMED)}/{found.target.size}",
        str(stuck),
        str(found.count(CellStatus.GAVE_UP)),
        f"{found.sets.mean():.1f}",
        f"{found.resets.mean():.1f}",
        str(found.pulses.max()),
        format_quantity(found.time.mean(), "s", 3),
        format_quantity(found.energy.mean(), "J", 3),
        format_quantity(error.mean(), "S", 3),
        format_quantity(error.std(), "S", 3),
        format_quantity(np.abs(error).max(), "S", 3),
        f"{seconds:.2f}",
    )


def picture(path: Path) -> None:
    """Loops of both sets, currents on a logarithmic axis."""
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, 2, figsize=(9.6, 4.2), sharey=True, layout="constrained")
        for panel, (name, gates) in zip(
            panels, (("published", (0.8, 1.0, 1.3)), ("working", (0.8, 1.0, 1.3))), strict=True
        ):
            for place, gate in enumerate(gates):
                found = loop(name, gate, 1e-5)
                look = curve_style(place) | {"markevery": (0.04 * place, 0.13), "markersize": 4}
                current = np.maximum(np.abs(found["current"]), 1e-9)
                panel.semilogy(found["across"], current, linewidth=1.2, label=f"gate {gate} V in SET", **look)
            panel.set_title(f"{name} set", loc="left", fontsize=11)
            panel.set_xlabel("voltage across the cell, V")
            panel.set_ylim(1e-7, 1e-2)
            panel.annotate("SET", (0.97, 0.03), xycoords="axes fraction", ha="right", color="0.35")
            panel.annotate("RESET", (0.03, 0.03), xycoords="axes fraction", color="0.35")
        panels[0].set_ylabel("current, A")
        legend_beside(panels[1])
        save_figure(figure, path)


def main(
    plot: Annotated[Path | None, typer.Option(help="Picture of the loops.")] = None,
    trains: Annotated[int, typer.Option(help="Random pulse trains.")] = 100,
) -> None:
    """Measure everything; with --plot, draws the loops, too."""
    print(machine_line() + "\n")
    loops()
    pulses()
    converging(trains)
    arrays()
    if plot is not None:
        picture(plot)
        print(f"wrote {plot}")


if __name__ == "__main__":
    typer.run(main)
