"""`amc size` with two free parameters: the line on which the target is just kept, and a picture of both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from textwrap import shorten
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cli.commands.sizing.request import Request
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import as_typed
from amc_circuits.engines import AutoEngine, find_ngspice
from amc_circuits.files.run_folder import writing
from amc_circuits.results.tables import print_table
from amc_circuits.studies.sizing.from_options import check_seeds
from amc_circuits.studies.sizing.search import intervals
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.studies.workers import run_in_processes
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted, format_quantity
from netlists import ParameterError
from netlists.version import package_version

LONGEST = 60
"""Most characters of a cell in the table."""
CHECKED = 3
"""Number of places of the line that ngspice checks."""
PRELOADED = (__name__,)
"""Modules imported once, by the server from which processes are forked."""


def size_two(request: Request) -> tuple[bool, str]:
    """Find the second parameter for some values of the first; return whether the target is kept, and a sentence."""
    if request.given["engine"] == AutoEngine.name:
        find_ngspice()
    with waiting(f"{request.circuit.upper()}: {' and '.join(request.names)}") as on_step:
        columns = _columns(request, on_step)
        _check_seeds(request, columns)
        columns |= _checked(request, columns, on_step)
    notes = _notes(request, columns)
    from amc_circuits.pictures.sizing import Plane, plot_plane

    assert request.plot is not None
    with writing("plot", request.plot):
        plot_plane(_plane(request, columns, Plane), request.plot)
    if request.form == "json":
        print(json.dumps(_record(request, columns, notes), indent=2, allow_nan=False))
    else:
        print_table(_table(request, columns))
    for note in notes:
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)
    reached = any(column.reached for column in columns.values())
    return reached, f"no {' and '.join(request.names)} in these ranges keep {request.limit}"


def _columns(request: Request, on_step: Callable[[str], None]) -> dict[float, Sized]:
    """Search for the second parameter at each value of the first; values of which none can be used are left out."""
    values = request.spans[0].scan()
    ended: dict[float, Sized | ParameterError] = {}
    for value, outcome in run_in_processes([partial(_column, request, one) for one in values], request.jobs, PRELOADED):
        on_step(_first_text(request, value))
        ended[value] = outcome
    found = {value: ended[value] for value in values}
    columns = {value: one for value, one in found.items() if isinstance(one, Sized)}
    if not columns:
        raise next(one for one in found.values() if isinstance(one, ParameterError))
    return columns


def _column(request: Request, value: float) -> tuple[float, Sized | ParameterError]:
    """Search for the second parameter at a value of the first; return that value, and the result or its error."""
    second = request.free[1]
    try:
        return value, Sized(
            second.name, second.unit, request.sizing()(value).search(request.spans[1], request.accuracy)
        )
    except ParameterError as error:
        return value, error


def _checked(request: Request, columns: dict[float, Sized], on_step: Callable[[str], None]) -> dict[float, Sized]:
    """Check places of the line by ngspice, its two ends among them, if the engine is `auto`."""
    line = [value for value, column in columns.items() if column.value is not None]
    if request.given["engine"] != AutoEngine.name or not line:
        return {}
    chosen = [line[k] for k in sorted({*np.linspace(0, len(line) - 1, CHECKED).round().astype(int).tolist()})]
    checked = {}
    calls = [partial(_check, request, value, columns[value]) for value in chosen]
    for value, column in run_in_processes(calls, request.jobs, PRELOADED):
        on_step(f"{_first_text(request, value)} by ngspice")
        checked[value] = column
    return checked


def _check(request: Request, value: float, column: Sized) -> tuple[float, Sized]:
    return value, request.sizing()(value).sized(column.parameter, column.unit, column.found)


def _first_text(request: Request, value: float) -> str:
    first = request.free[0]
    return f"{first.name} {format_quantity(value, first.unit)}"


def _check_seeds(request: Request, columns: dict[float, Sized]) -> None:
    """Refuse several seeds if nothing is drawn."""
    value, column = next(iter(columns.items()))
    if request.seeds > 1:
        case = request.sizing()(value).case(column.found.best.value, 0)
        check_seeds(case, request.given, request.seeds)


def _notes(request: Request, columns: dict[float, Sized]) -> list[str]:
    """Notes on all columns, each once; with the values of the first parameter if it does not hold for all of them."""
    first = request.free[0]
    where: dict[str, list[str]] = {}
    for value, column in columns.items():
        for note in column.notes:
            where.setdefault(note, []).append(format_quantity(value, first.unit))
    own = [
        note if len(values) == len(columns) else f"with {first.name} {', '.join(values)}: {note}"
        for note, values in where.items()
    ]
    return [*own, *request.ties]


def _plane(request: Request, columns: dict[float, Sized], plane: Any) -> Any:
    """Metric over both parameters, and the crossings of the target."""
    first, second = request.free
    scans = [column.found.scan for column in columns.values()]
    edges = [(value, edge.holds.value) for value, column in columns.items() for edge in column.found.edges]
    checked = [(value, column.value) for value, column in columns.items() if column.checked is not None]
    return plane(
        names=(first.name, second.name),
        units=(first.unit, second.unit),
        values=(np.array(list(columns)), np.array([sample.value for sample in scans[0]])),
        logarithmic=(request.spans[0].logarithmic, request.spans[1].logarithmic),
        limit=request.limit,
        metrics=np.array([[sample.metric for sample in scan] for scan in scans]).T,
        edges=np.array(edges, dtype=np.float64).reshape(-1, 2),
        checked=np.array(checked, dtype=np.float64).reshape(-1, 2),
    )


def _table(request: Request, columns: dict[float, Sized]) -> Table:
    """Build the printed table: a row for each value of the first parameter."""
    first, second = request.free
    checked = [column for column in columns.values() if column.checked is not None]
    grid = Table(title=f"{request.circuit.upper()}: {request.limit}", title_justify="left")
    grid.add_column(first.name.replace("_", " "), justify="right")
    grid.add_column(f"needed {second.name.replace('_', ' ')}", justify="right")
    if checked:
        grid.add_column(f"{request.limit.figure.replace('_', ' ')} by ngspice", justify="right")
    for value, column in columns.items():
        metric = [] if column.checked is None else [_by_ngspice(column)]
        grid.add_row(format_quantity(value, first.unit), _needed(column), *metric)
    count = sum(len(column.found.samples) for column in columns.values())
    check = f"{counted(len(checked), 'place')} of the line checked by ngspice" if checked else "not checked by ngspice"
    grid.caption = f"{request.given['engine']}, {counted(count, 'circuit')}, {check}"
    grid.caption_justify = "left"
    grid.min_width = len(grid.caption)
    return grid


def _by_ngspice(column: Sized) -> str:
    assert column.checked is not None
    kept = "kept" if column.found.limit.kept(column.checked.metric) else "missed"
    return f"{column.metric_text(column.checked.metric)}, {kept}"


def _needed(column: Sized) -> str:
    found = column.found
    if found.everywhere:
        return "any"
    if not found.nowhere:
        return column.needed
    problem = next((f": {sample.problem}" for sample in found.scan if sample.problem), "")
    return shorten(f"none keeps it{problem}", LONGEST, placeholder=" ...")


def _record(request: Request, columns: dict[float, Sized], notes: list[str]) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    return {
        "circuit": request.circuit,
        "parameters": list(request.names),
        "target": str(request.limit),
        "between": [[span.low, span.high] for span in request.spans],
        "accuracy": request.accuracy,
        "seeds": request.seeds,
        "worst": request.worst,
        "notes": notes,
        "columns": [_column_record(request, value, column) for value, column in columns.items()],
        "package_version": package_version(),
    }


def _column_record(request: Request, value: float, column: Sized) -> dict[str, Any]:
    found = column.found
    return {
        request.names[0]: value,
        "everywhere": found.everywhere,
        "nowhere": found.nowhere,
        "edges": [{"value": edge.holds.value, "least": edge.least} for edge in found.edges],
        "intervals": [list(ends) for ends in intervals(found)],
        "ngspice_metric": None if column.checked is None else plain(column.checked.metric),
        "samples": [
            {request.names[1]: sample.value, "metric": plain(sample.metric), "problem": sample.problem}
            for sample in found.scan
        ],
    }
