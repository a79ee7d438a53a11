"""`amc device calibrate`: response of a cell to identical pulses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from amc_circuits.cases.option import Option, output_format, parse_table
from amc_circuits.cases.record_options import record_options
from amc_circuits.cli.commands.case import PICTURES
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import one_line_warnings, print_written
from amc_circuits.cli.parameters import Format, with_options
from amc_circuits.files.run_folder import check_output_file, replacing, writing
from amc_circuits.programming.calibration import CalibratedCell, PulseSettings, calibrate_cell
from amc_circuits.results.tables import print_table
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError
from netlists.rram.filament import FILAMENTS, WORKING, filament
from netlists.rram.one_transistor_cell import OneTransistorCell

OF_CELL = record_options(OneTransistorCell, "pulse_width", "set_voltage", "reset_gate")
CALIBRATE = (
    replace(OF_CELL[0], name="width", default=5e-9),
    *record_options(PulseSettings),
    *OF_CELL[1:],
    Option("filament", "text", f"Parameters of the cell: {', '.join(FILAMENTS)}", "working", choices=tuple(FILAMENTS)),
    Option("temperature", "quantity", "Ambient temperature", WORKING.temperature, "K"),
    Option(
        "source", "text", "Pulses simulated one by one, or the pulse table of write-verify: ngspice, table", "ngspice",
        choices=("ngspice", "table"),
    ),
)  # fmt: skip
Picture = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE.png", help="Picture of the pulses.", show_default=False)
]
Saved = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE.json", help="Calibrated cell, for cell = in trainings.", show_default=False),
]


@with_options(CALIBRATE)
def calibrate(*, format: Format = "table", plot: Picture = None, save: Saved = None, **options: Any) -> None:
    """Measure a cell by trains of identical pulses, and fit its response: states, symmetric point, energies."""
    output_format("table", "json").parse(format)
    if plot is not None:
        check_output_file("plot", plot, PICTURES)
    if save is not None:
        check_output_file("save", save, (".json",))
    parsed = parse_table("amc device calibrate", CALIBRATE, options)
    settings = PulseSettings(**{name: parsed[name] for name in PulseSettings.model_fields})
    cell = _cell(parsed)
    with one_line_warnings(), waiting("pulses"):
        found = calibrate_cell(cell, settings, parsed["source"])
    if save is not None:
        with writing("save", save), replacing(save) as partial:
            partial.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if plot is not None:
        from amc_circuits.pictures.cells.calibration import plot_calibration

        with writing("plot", plot):
            plot_calibration(found, plot)
    if format == "json":
        print(json.dumps(plain(metrics_of(found)), indent=2, allow_nan=False))
    else:
        print_table(_table(found))
    print_written(format, save, plot)


def _cell(parsed: dict[str, Any]) -> OneTransistorCell:
    parameters = filament(parsed["filament"]).replace(temperature=parsed["temperature"])
    try:
        return OneTransistorCell(
            filament=parameters, pulse_width=parsed["width"], set_voltage=parsed["set_voltage"],
            reset_gate=parsed["reset_gate"],
        )  # fmt: skip
    except ParameterError as error:  # the command has another name for the width of its pulses
        name = "width" if error.parameter == "pulse_width" else error.parameter
        raise ParameterError(name, error.value, error.mend) from None


def metrics_of(found: CalibratedCell) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    up, down = found.energies
    fits = {
        name: {
            **fit.model_dump(),
            "symmetric_point": fit.symmetric_point,
            "states": fit.states,
            "misfit_up": fit.misfit(found.up),
            "misfit_down": fit.misfit(found.down),
            "deviation_up": fit.deviation(found.up),
            "deviation_down": fit.deviation(found.down),
        }
        for name, fit in (("soft_bounds", found.soft_bounds), ("power_law", found.power_law))
    }
    return {
        "source": found.source,
        "width_s": found.cell.pulse_width,
        **found.settings.model_dump(),
        "symmetric_point_siemens": found.symmetric_point,
        "step_siemens": found.step,
        "states": found.states,
        "energy_up_j": up,
        "energy_down_j": down,
        "pulse_time_s": found.cell.pulse_time,
        "fits": fits,
        "up_siemens": found.up.conductance,
        "down_siemens": found.down.conductance,
    }


def _table(found: CalibratedCell) -> Table:
    """Measured metrics above, the fits beside each other below."""
    width = format_quantity(found.cell.pulse_width, "s")
    levels = f"gate {found.settings.gate:g} V, source line {found.settings.source_line:g} V"
    grid = Table(title=f"pulses of {width}, {levels}", title_justify="left")
    for name in ("metric", "measured", "soft bounds", "power law"):
        grid.add_column(name, justify="left" if name == "metric" else "right")
    fits = (found.soft_bounds, found.power_law)

    def row(name: str, unit: str, measured: float | None, values: tuple[float, ...] = ()) -> None:
        texts = ["" if measured is None else format_quantity(measured, unit)]
        grid.add_row(name, *texts, *(format_quantity(value, unit) for value in values))

    row("states", "", found.states, tuple(fit.states for fit in fits))
    row("symmetric point", "S", found.symmetric_point, tuple(fit.symmetric_point for fit in fits))
    steps = tuple(float(fit.step("set", fit.symmetric_point)) for fit in fits)
    row("step there", "S", found.step, steps)
    row("power of up steps", "", None, tuple(fit.up_power for fit in fits))
    row("power of down steps", "", None, tuple(fit.down_power for fit in fits))
    for name, train in (("up", found.up), ("down", found.down)):
        row(f"misfit of {name} steps, rms", "%", None, tuple(fit.misfit(train) for fit in fits))
        row(f"deviation of the {name} train", "%", None, tuple(fit.deviation(train) for fit in fits))
    for name, energy in zip(("up", "down"), found.energies, strict=True):
        row(f"energy of an {name} pulse" if name == "up" else f"energy of a {name} pulse", "J", energy)
    row("time of a pulse", "s", found.cell.pulse_time)
    return grid
