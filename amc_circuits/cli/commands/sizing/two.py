"""`amc size` with two free parameters: the line on which the target is just kept, and a picture of both."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cli.commands.sizing.request import Request
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import as_typed
from amc_circuits.files.run_folder import writing
from amc_circuits.results.tables import print_table
from amc_circuits.studies.sizing.search import Found
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted, format_quantity
from amc_circuits.values.version import package_version
from netlists import ParameterError


def size_two(request: Request) -> tuple[bool, str]:
    """Find the second parameter for some values of the first; return whether the target is kept, and a sentence."""
    found = _columns(request)
    from amc_circuits.pictures.sizing import Plane, plot_plane

    assert request.plot is not None
    with writing("plot", request.plot):
        plot_plane(_plane(request, found, Plane), request.plot)
    if request.form == "json":
        print(json.dumps(_record(request, found), indent=2, allow_nan=False))
    else:
        print_table(_table(request, found))
    for note in request.ties:
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
    if not found.edges:
        return "any" if found.everywhere else "none keeps it"
    sides = ((edge, "at least" if edge.least else "at most") for edge in found.edges)
    return ", ".join(f"{side} {answer.text(edge.holds.value)}" for edge, side in sides)


def _record(request: Request, found: dict[float, Found]) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    columns = [
        {
            request.names[0]: value,
            "everywhere": one.everywhere,
            "nowhere": one.nowhere,
            "edges": [{"value": edge.holds.value, "least": edge.least} for edge in one.edges],
            "samples": [
                {request.names[1]: number, "metric": plain(metric)}
                for number, metric in ((sample.value, sample.metric) for sample in one.scan)
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
        "notes": list(request.ties),
        "columns": columns,
        "package_version": package_version(),
    }
