"""`amc sensitivity`: derivatives of a metric with respect to all parts of a circuit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.option import Option, output_format, parse_table
from amc_circuits.cases.options import MONTE_CARLO, panel, typed_options
from amc_circuits.cases.record import shape_text
from amc_circuits.cli.commands.case import case_of
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import as_typed, one_line_warnings, print_written
from amc_circuits.cli.parameters import ArraysFile, Format, Matrix, vector_argument, with_options
from amc_circuits.engines import AutoEngine
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.results.tables import print_table
from amc_circuits.solvers.sensitivities.record import FIELDS, METRICS, Contribution, Sensitivity
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists.version import package_version

NOT_HERE = ("noise", "noise_bandwidth", "input_noise", "budget", "engine", "cross_check", "timeout", "force", "start",
            *(option.name for option in MONTE_CARLO), "adc_bits", "adc_range")  # fmt: skip
"""Options of other analyses, and those that do not change a derivative."""
SHOWN = panel("Output", (Option("largest", "integer", "Number of elements that are printed", 10, minimum=1),))
Metric = Annotated[
    str, typer.Option(metavar="NAME", help=f"Metric to differentiate: {', '.join(METRICS)}.", rich_help_panel="Output")
]


def sensitivities(circuit: str) -> Callable[..., None]:
    """Build the command that differentiates a circuit."""

    @with_options(SHOWN + typed_options(circuit, NOT_HERE), vector=vector_argument(circuit_row(circuit).takes))
    def sensitivity(
        matrix: Matrix = None, vector: Path | None = None, metric: Metric = "settling_time", *,
        format: Format = "table", save: ArraysFile = None, **options: Any,
    ) -> None:  # fmt: skip
        output_format("table", "json").parse(format)
        count = parse_table("amc sensitivity", SHOWN, {"largest": options.pop("largest")})["largest"]
        if save is not None:
            check_output_file("save", save, (".npz",))
        with one_line_warnings(), waiting(f"{circuit.upper()}: {metric}"):
            case = case_of(circuit, options | {"engine": AutoEngine.name}, (matrix, vector), 1)
            found = case.circuit.sensitivity(case.vector, metric.strip().replace("-", "_"))
            record = _record(circuit, found, count)
            if save is not None:
                with writing("save", save):
                    _save(save, found, record)
        if format == "json":
            print(json.dumps(record, indent=2, allow_nan=False))
        else:
            print_table(_table(f"{circuit.upper()} {shape_text(case.circuit.matrix)}", found, count))
        print_written(format, save)
        for note in (*found.notes, *case.idle):
            print(f"amc: note: {as_typed(note)}", file=sys.stderr)

    return sensitivity


def _record(circuit: str, found: Sensitivity, count: int) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    record = {
        "circuit": circuit,
        "metric": found.metric,
        "unit": found.unit,
        "value": found.value,
        "largest": [asdict(one) for one in found.largest(count)],
        "sums": {
            part: {field: float(found.shares(part, field).sum()) for field in fields}
            for part, fields in found.derivatives.items()
        },
        "notes": list(found.notes),
        "package_version": package_version(),
    }
    return {name: plain(value) for name, value in record.items()}


def _save(path: Path, found: Sensitivity, record: dict[str, Any]) -> None:
    """Write all derivatives, with the record as text."""
    arrays = {
        f"{part}.{field}": derivative
        for part, fields in found.derivatives.items()
        for field, derivative in fields.items()
    }
    with path.open("wb") as file:
        np.savez(file, record=np.array(json.dumps(record)), **arrays)  # type: ignore[arg-type]


def _table(title: str, found: Sensitivity, count: int) -> Table:
    """Build the printed table."""
    name = found.metric.replace("_", " ")
    unit = "%" if found.metric == "relative_error" else found.unit
    grid = Table(title=f"{title}: {name} {format_quantity(found.value, unit)}", title_justify="left")
    grid.add_column("element")
    grid.add_column("value", justify="right")
    grid.add_column("change for 1 % more", justify="right")
    for one in found.largest(count):
        grid.add_row(_name(one), format_quantity(one.value, FIELDS[one.field]), f"{one.share:+.4g} %")
    grid.caption = f"{_elements(found)} elements, each alone"
    grid.caption_justify = "left"
    return grid


def _name(one: Contribution) -> str:
    """Name an element; the wires of an array, which have one value together, have no place."""
    place = ", ".join(str(index + 1) for index in one.place)
    return f"{one.part}{f' [{place}]' if place else ''} {one.field.replace('_', ' ')}"


def _elements(found: Sensitivity) -> int:
    return sum(derivative.size for fields in found.derivatives.values() for derivative in fields.values())
