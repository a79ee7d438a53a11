"""Work of `amc program`: map a matrix, write and verify every cell, and report the result."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from amc_circuits.cases.option import Option, output_format, parse_table
from amc_circuits.cases.options import SEED
from amc_circuits.cases.record import shape_text
from amc_circuits.cases.record_options import record_options
from amc_circuits.cells.mapping import Mapping, Pair, map_matrix
from amc_circuits.cells.system import embedded
from amc_circuits.cli.commands.case import PICTURES, warn_of_lifting
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, USABLE, finish, one_line_warnings, print_written
from amc_circuits.cli.parameters import Format, with_options
from amc_circuits.files.array_files import load_array
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.programming.cells import CellArray, Variability
from amc_circuits.programming.conductances import save_conductances
from amc_circuits.programming.pulse_model import calibrate
from amc_circuits.programming.write_verify import CellStatus, WriteVerify, Written, write_verify
from amc_circuits.results.tables import print_table
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.values.checks import Numbers, scaled
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError
from netlists.rram.filament import FILAMENTS, WORKING, filament
from netlists.rram.one_transistor_cell import OneTransistorCell

PROGRAM = (
    Option("matrix_name", "text", "Array in a file of A that holds several"),
    Option("g_min", "quantity", "Lowest conductance of the mapping", 1e-6, "S"),
    Option("g_max", "quantity", "Highest conductance of the mapping", 100e-6, "S"),
    *record_options(Hardware, "pair"),
    *record_options(WriteVerify),
    Option("filament", "text", f"Parameters of the cells: {', '.join(FILAMENTS)}", "working", choices=tuple(FILAMENTS)),
    Option("temperature", "quantity", "Ambient temperature", WORKING.temperature, "K"),
    *record_options(OneTransistorCell),
    *record_options(Variability),
    SEED,
)
Picture = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE.png", help="Picture of the cells.", show_default=False)
]
STRONGEST = 4
"""Number of standard deviations of the cell spread that the calibration covers."""


@dataclass(frozen=True)
class ProgrammedArrays:
    """A matrix written into cells.

    Attributes:
        matrix: Matrix A, shape (N, M), real or complex.
        mapping: Wanted conductances of the matrix.
        arrays: Result of writing the positive array and, if there is one, the negative array.
    """

    matrix: Numbers
    mapping: Mapping
    arrays: tuple[Written, ...]

    def of_cells(self, name: str) -> Any:
        """Return a metric of every cell of both arrays, such as `error`, shape (cells,)."""
        return np.concatenate([getattr(array, name).ravel() for array in self.arrays])

    def count(self, status: CellStatus) -> int:
        """Count the cells with this status."""
        return sum(array.count(status) for array in self.arrays)

    @property
    def matrix_error(self) -> float:
        """Relative error of the matrix that the cells hold, Frobenius norm."""
        held = self.arrays[0].conductance - (self.arrays[1].conductance if len(self.arrays) == 2 else 0.0)
        wanted = embedded(self.matrix)
        error = self.mapping.alpha / self.mapping.unit * held - wanted
        return float(np.linalg.norm(error) / np.linalg.norm(wanted))


def program_matrix(
    matrix: Numbers,
    g_min: float,
    g_max: float,
    cell: OneTransistorCell,
    settings: WriteVerify,
    variability: Variability,
    generator: np.random.Generator,
    pair: Pair = "auto",
) -> ProgrammedArrays:
    """Map a matrix and write every cell of its arrays, by the calibrated pulse table.

    Raises:
        ParameterError: The matrix cannot be mapped, or no cell reaches a conductance that it needs.
        SimulationError: A calibration run failed.
    """
    mapping = map_matrix(embedded(matrix), g_min, g_max, pair)
    _check_limits(mapping, g_min, g_max, cell, settings.tolerance)
    model = calibrate(cell, settings.gate_largest * (1 + STRONGEST * variability.cell_spread))
    written = []
    for target in (mapping.positive, mapping.negative):
        if target is not None:
            cells = CellArray.erased(model, target.size, generator, variability)
            written.append(write_verify(cells, target, settings))
    return ProgrammedArrays(matrix, mapping, tuple(written))


def _check_limits(mapping: Mapping, g_min: float, g_max: float, cell: OneTransistorCell, tolerance: float) -> None:
    """Refuse a mapping with a conductance that no cell can reach."""
    low, high = cell.filament.conductance_range
    mend = f"a cell of these parameters has {low:.4g} to {high:.4g} S; choose a value between them"
    wanted = mapping.positive if mapping.negative is None else np.stack([mapping.positive, mapping.negative])
    if wanted.min() < low - tolerance:
        raise ParameterError("g_min", f"{g_min:.4g} S", mend)
    if wanted.max() > high + tolerance:
        raise ParameterError("g_max", f"{g_max:.4g} S", mend)


@with_options(PROGRAM)
def program(
    matrix: Annotated[Path, typer.Argument(metavar="A", help="File of the matrix.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.npz", help="Conductances.", show_default=False)
    ],
    *,
    format: Format = "table",
    plot: Picture = None,
    **options: Any,
) -> None:
    """Write a matrix into RRAM cells; the exit code is 3 if no cell is programmed."""
    output_format("table", "json").parse(format)
    check_output_file("output", output, (".npz",))
    if plot is not None:
        check_output_file("plot", plot, PICTURES)
    parsed = parse_table("amc program", PROGRAM, options)
    settings, variability = _record(WriteVerify, parsed), _record(Variability, parsed)
    with one_line_warnings(), waiting("write-verify"):
        wanted = scaled("A", load_array("A", matrix, (2,), parsed["matrix_name"]))
        generator = np.random.default_rng(parsed["seed"])
        limits = parsed["g_min"], parsed["g_max"]
        done = program_matrix(wanted, *limits, _cell(parsed), settings, variability, generator, parsed["pair"])
        warn_of_lifting(done.mapping)
        with writing("output", output):
            save_conductances(output, wanted, done.mapping, limits, done.arrays)
        if plot is not None:
            from amc_circuits.pictures.cells.write_verify import plot_written

            with writing("plot", plot):
                plot_written(done.arrays, settings.tolerance, plot, _title(done))
    if format == "json":
        print(json.dumps(plain(_figures(done, parsed)), indent=2, allow_nan=False))
    else:
        print_table(_table(done))
    print_written(format, output, plot)
    programmed = done.count(CellStatus.PROGRAMMED)
    if lacking := done.of_cells("status").size - programmed:
        print(f"amc: warning: {lacking} cells are not programmed; the file holds what they have", file=sys.stderr)
    finish(USABLE if programmed else NO_RESULT)


def _record(kind: Any, parsed: dict[str, Any]) -> Any:
    """Build a record from the options that are its fields."""
    return kind(**{name: value for name, value in parsed.items() if name in kind.model_fields})


def _cell(parsed: dict[str, Any]) -> OneTransistorCell:
    parameters = filament(parsed["filament"]).replace(temperature=parsed["temperature"])
    own = {name: parsed[name] for name in ("pulse_width", "set_voltage", "reset_gate")}
    return OneTransistorCell(filament=parameters, **own)


def _title(done: ProgrammedArrays) -> str:
    pair = "a pair of arrays " if len(done.arrays) == 2 else ""
    cells = done.of_cells("status").size
    return f"programmed {pair}{shape_text(done.matrix)}: {done.count(CellStatus.PROGRAMMED)} of {cells} cells"


def _figures(done: ProgrammedArrays, parsed: dict[str, Any]) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    pulses, error, within = done.of_cells("pulses"), done.of_cells("error"), done.of_cells("programmed")
    written = within & (pulses > 0)
    return {
        "size": list(done.matrix.shape),
        "arrays": len(done.arrays),
        "seed": parsed["seed"],
        "cells": int(pulses.size),
        **{status.name.lower(): done.count(status) for status in CellStatus},
        "programmed_by_pulses": int(written.sum()),
        "mean_pulses": float(pulses.mean()),
        "largest_pulses": int(pulses.max()),
        "sets": int(done.of_cells("sets").sum()),
        "resets": int(done.of_cells("resets").sum()),
        "reads": int(done.of_cells("reads").sum()),
        "mean_time_s": float(done.of_cells("time").mean()),
        "time_s": float(done.of_cells("time").sum()),
        "mean_energy_j": float(done.of_cells("energy").mean()),
        "energy_j": float(done.of_cells("energy").sum()),
        "error_mean_siemens": float(error[written].mean()) if written.any() else None,
        "error_sigma_siemens": float(error[written].std()) if written.any() else None,
        "largest_error_siemens": float(np.abs(error[within]).max()) if within.any() else None,
        "largest_error_of_all_siemens": float(np.abs(error).max()),
        "matrix_error": done.matrix_error,
    }


def _table(done: ProgrammedArrays) -> Table:
    figures = _figures(done, {"seed": None})
    grid = Table(title=_title(done), title_justify="left", min_width=len(_title(done)))
    grid.add_column("metric")
    grid.add_column("value", justify="right")
    for name, key, unit in (
        ("cells", "cells", None),
        ("programmed", "programmed", None),
        ("  by pulses", "programmed_by_pulses", None),
        ("stuck on", "stuck_on", None),
        ("stuck off", "stuck_off", None),
        ("gave up", "gave_up", None),
        ("pulses of a cell, mean", "mean_pulses", ""),
        ("pulses of a cell, largest", "largest_pulses", None),
        ("time of a cell, mean", "mean_time_s", "s"),
        ("time, one after the other", "time_s", "s"),
        ("energy of a cell, mean", "mean_energy_j", "J"),
        ("energy", "energy_j", "J"),
        ("error mean, programmed by pulses", "error_mean_siemens", "S"),
        ("error sigma about it", "error_sigma_siemens", "S"),
        ("largest error, programmed", "largest_error_siemens", "S"),
        ("largest error, all", "largest_error_of_all_siemens", "S"),
        ("relative error of the matrix", "matrix_error", "%"),
    ):
        value = figures[key]
        grid.add_row(name, str(value) if unit is None else format_quantity(value, unit))
    return grid
