"""`amc size` with two free parameters: the line on which the target is just kept, and a picture of both."""

from __future__ import annotations

import json
import sys
from textwrap import shorten
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cli.commands.sizing.request import Request
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import as_typed
from amc_circuits.files.run_folder import writing
from amc_circuits.results.tables import print_table
from amc_circuits.studies.sizing.from_options import check_seeds
from amc_circuits.studies.sizing.search import Found, intervals
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted, format_quantity
from amc_circuits.values.version import package_version
from netlists import ParameterError

LONGEST = 60
"""Most characters of a cell in the table."""


def size_two(request: Request) -> tuple[bool, str]:
    """Find the second parameter for some values of the first; return whether the target is kept, and a sentence."""
    found = _columns(request)
    _check_seeds(request, found)
    notes = _notes(request, found)
    from amc_circuits.pictures.sizing import Plane, plot_plane

    assert request.plot is not None
    with writing("plot", request.plot):
        plot_plane(_plane(request, found, Plane), request.plot)
    if request.form == "json":
        print(json.dumps(_record(request, found, notes), indent=2, allow_nan=False))
    else:
        print_table(_table(request, found))
    for note in notes:
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)
    reached = any(not one.nowhere for one in found.values())
    return reached, f"no {' and '.join(request.names)} in these ranges keep {request.limit}"


def _columns(request: Request) -> dict[float, Found]:
    """Search for the second parameter at each value of the first; values of which none can be used are left out."""
    found: dict[float, Found] = {}
    refused: list[ParameterError] = []
    first = request.free[0]
    with waiting(f"{request.circuit.upper()}: {' and '.join(request.names)}") as on_step:
        for value in request.spans[0].scan():
            on_step(f"{first.name} {format_quantity(value, first.unit)}")
            try:
                found[value] = request.sizing(value).search(request.spans[1], request.accuracy)
            except ParameterError as error:
                refused.append(error)
    if not found:
        raise refused[0]
    return found


def _check_seeds(request: Request, found: dict[float, Found]) -> None:
    """Refuse several seeds if nothing is drawn."""
    value, column = next(iter(found.items()))
    if request.seeds > 1:
        check_seeds(request.sizing(value).cases(column.best.value)[0], request.given, request.seeds)


def _notes(request: Request, found: dict[float, Found]) -> list[str]:
    """Notes on all columns, each once; with the values of the first parameter if it does not hold for all of them."""
    first, second = request.free
    where: dict[str, list[str]] = {}
    for value, one in found.items():
        for note in Sized(second.name, second.unit, one).notes:
            where.setdefault(note, []).append(format_quantity(value, first.unit))
    own = [
        note if len(values) == len(found) else f"with {first.name} {', '.join(values)}: {note}"
        for note, values in where.items()
    ]
    return [*own, *request.ties]


def _plane(request: Request, found: dict[float, Found], plane: Any) -> Any:
    """Metric over both parameters, and the crossings of the target."""
    first, second = request.free
    metrics = np.array([[sample.metric for sample in one.scan] for one in found.values()]).T
    edges = [(value, edge.holds.value) for value, one in found.items() for edge in one.edges]
    return plane(
        names=(first.name, second.name),
        units=(first.unit, second.unit),
        values=(np.array(list(found)), np.array([sample.value for sample in next(iter(found.values())).scan])),
        logarithmic=(request.spans[0].logarithmic, request.spans[1].logarithmic),
        limit=request.limit,
        metrics=metrics,
        edges=np.array(edges, dtype=np.float64).reshape(-1, 2),
    )


def _table(request: Request, found: dict[float, Found]) -> Table:
    """Build the printed table: a row for each value of the first parameter."""
    first, second = request.free
    grid = Table(title=f"{request.circuit.upper()}: {request.limit}", title_justify="left")
    grid.add_column(first.name.replace("_", " "), justify="right")
    grid.add_column(f"needed {second.name.replace('_', ' ')}", justify="right")
    for value, one in found.items():
        grid.add_row(format_quantity(value, first.unit), _needed(Sized(second.name, second.unit, one)))
    count = sum(len(one.samples) for one in found.values())
    grid.caption = f"{request.given['engine']}, {counted(count, 'circuit')}, not checked by ngspice"
    grid.caption_justify = "left"
    grid.min_width = len(grid.caption)
    return grid


def _needed(answer: Sized) -> str:
    found = answer.found
    if found.everywhere:
        return "any"
    if not found.nowhere:
        return answer.needed
    problem = next((f": {sample.problem}" for sample in found.scan if sample.problem), "")
    return shorten(f"none keeps it{problem}", LONGEST, placeholder=" ...")


def _record(request: Request, found: dict[float, Found], notes: list[str]) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    columns = [
        {
            request.names[0]: value,
            "everywhere": one.everywhere,
            "nowhere": one.nowhere,
            "edges": [{"value": edge.holds.value, "least": edge.least} for edge in one.edges],
            "intervals": [list(ends) for ends in intervals(one)],
            "samples": [
                {request.names[1]: sample.value, "metric": plain(sample.metric), "problem": sample.problem}
                for sample in one.scan
            ],
        }
        for value, one in found.items()
    ]
    return {
        "circuit": request.circuit,
        "parameters": list(request.names),
        "target": str(request.limit),
        "between": [[span.low, span.high] for span in request.spans],
        "accuracy": request.accuracy,
        "seeds": request.seeds,
        "worst": request.worst,
        "notes": notes,
        "columns": columns,
        "package_version": package_version(),
    }
